"""What goes into the mapping of a legacy database, and what comes out of it."""

from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias
from uuid import UUID

# Numbers are decimals with the scale that PostgreSQL prints: jsonb keeps 1.0 and 1 apart, and may hold
# more digits than int() reads.
Json: TypeAlias = "bool | Decimal | str | list[Json] | dict[str, Json] | None"


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A row of a legacy table.

    Attributes:
        key: Its id as text, with '#2', '#3' where several rows have it; 'null#1' where it is null.
        user_id: Whose it is; None is everybody's.
        text: The row as PostgreSQL prints its jsonb, without the columns that are SQL NULL.
        sha256: Of the text in UTF-8, in hexadecimal digits.
    """

    table: str
    key: str
    user_id: UUID | None
    text: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Source:
    """What of a legacy row a new row holds.

    Attributes:
        path: Where in the row, such as `$.sns_links.instagram`; with all that is below it.
    """

    table: str
    key: str
    path: str


@dataclass(frozen=True, slots=True)
class NewRow:
    """A row of a final table.

    Attributes:
        id: The legacy one where it is free; otherwise made from the source, so that it is always the same.
        values: The other columns; None is SQL NULL, and a column that is not there gets its default. Read
            back from the database, all columns.
        sources: What it holds; every value of a legacy row is held by one row.
    """

    table: str
    id: UUID
    values: dict[str, Json]
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """Something that was decided about a legacy row.

    Attributes:
        code: The kind of decision; see `briefsmith.schema_sync.upgrade.reasons`.
        sentence: For the person whose row it is.
    """

    table: str
    key: str
    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of legacy rows."""

    rows: tuple[NewRow, ...]
    reasons: tuple[Reason, ...]
