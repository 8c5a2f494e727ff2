"""What a database says of a statement that it has analysed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LiveType:
    """A type of the database.

    Attributes:
        name: As SQL writes it.
        builtin: Its internal name; None for one that PostgreSQL does not bring.
        element_oid: What it is an array of.
        labels: Of an enum, in their order.
    """

    oid: int
    name: str
    builtin: str | None
    element_oid: int | None
    labels: list[str] | None


@dataclass(frozen=True, slots=True)
class LiveColumn:
    """A column of a table or view; whether a view's may be null is not known to PostgreSQL."""

    table_oid: int
    table_name: str
    is_table: bool
    number: int
    name: str
    type_oid: int
    is_nullable: bool


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column of an answer.

    Attributes:
        is_nullable: Of the table's column that it shows; None where it shows none.
    """

    name: str
    type_oid: int
    is_nullable: bool | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the database does not take a statement."""

    sqlstate: str
    says: str


@dataclass(frozen=True, slots=True)
class Description:
    """What the database says of one statement.

    Attributes:
        parameters: Types by name; empty where it is refused.
        columns: Of the answer, in their order.
    """

    name: str
    refusal: Refusal | None
    parameters: Mapping[str, int]
    columns: Sequence[ResultColumn]


@dataclass(frozen=True, slots=True)
class Descriptions:
    """What the database says of statements, and what it takes to read that.

    Attributes:
        tables: Columns of the tables that were asked for by name; none of one that is not there.
    """

    statements: Sequence[Description]
    types: Mapping[int, LiveType]
    tables: Mapping[str, Sequence[LiveColumn]]


def together(parts: Iterable[Descriptions]) -> Descriptions:
    """What the same database said in several parts."""
    statements: list[Description] = []
    types: dict[int, LiveType] = {}
    tables: dict[str, Sequence[LiveColumn]] = {}
    for part in parts:
        statements += part.statements
        types |= part.types
        tables |= part.tables
    return Descriptions(statements, types, tables)
