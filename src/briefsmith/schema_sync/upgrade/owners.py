"""The legacy rows, owner by owner, and what becomes of them."""

import hashlib
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
from uuid import UUID

from briefsmith.postgres.legacy.connections import LegacyConnection
from briefsmith.postgres.legacy.rows import LegacyRow, legacy_rows
from briefsmith.schema_sync.upgrade.mapping import map_shared, map_user
from briefsmith.schema_sync.upgrade.rows import Outcome, SourceRow


@dataclass(slots=True)
class UserRows:
    """All legacy rows of one user; a user of None is everybody."""

    user_id: UUID | None
    rows: list[SourceRow] = field(default_factory=list[SourceRow])
    legacy: list[LegacyRow] = field(default_factory=list[LegacyRow])


class Fingerprint:
    """A hash over the hashes of rows, in the order in which they are read."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.rows = 0

    def add(self, row: LegacyRow) -> None:
        """The next row."""
        self.rows += 1
        self._hash.update(f"{row.table}\n{row.key}\n{row.sha256}\n".encode())

    def text(self) -> str:
        """In hexadecimal digits."""
        return self._hash.hexdigest()


async def fingerprints(connection: LegacyConnection) -> dict[UUID | None, Fingerprint]:
    """Of every user's rows as they are now, and of everybody's under None."""
    found: dict[UUID | None, Fingerprint] = defaultdict(Fingerprint)
    async with aclosing(legacy_rows(connection, texts=False)) as rows:
        async for row in rows:
            if row.reason is None:
                found[row.owner].add(row)
    return dict(found)


async def users(
    connection: LegacyConnection, wanted: Iterable[UUID | None] | None
) -> AsyncGenerator[UserRows]:
    """The rows of one user after the other; rows that go to the archive alone are left out.

    Args:
        connection: Inside of a transaction.
        wanted: Only these; None means everybody.
    """
    chosen = None if wanted is None else set(wanted)
    owners = None if chosen is None else [one for one in chosen if one is not None]
    current: UserRows | None = None
    async with aclosing(legacy_rows(connection, owners=owners)) as rows:
        async for row in rows:
            if row.reason is not None or (chosen is not None and row.owner not in chosen):
                continue
            if current is None or current.user_id != row.owner:
                if current is not None:
                    yield current
                current = UserRows(row.owner)
            assert row.text is not None, row.table  # noqa: S101  a fault of ours
            current.rows.append(SourceRow(row.table, row.key, row.owner, row.text, row.sha256))
            current.legacy.append(row)
    if current is not None:
        yield current


def outcome_of(one: UserRows, *, crude_labels: bool = False) -> Outcome:
    """What becomes of the rows; the argument is that of `map_user`."""
    if one.user_id is None:
        return map_shared(one.rows)
    return map_user(one.user_id, one.rows, crude_labels=crude_labels)
