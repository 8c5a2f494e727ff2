"""The legacy rows as a stream, ordered by owner, in bounded memory."""

import heapq
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from uuid import UUID

import psycopg
from psycopg import AsyncServerCursor
from psycopg.rows import class_row

from briefsmith.postgres.legacy.connections import LegacyConnection, named
from briefsmith.sql import load_legacy

_SQL = load_legacy("rows")

LEGACY_TABLES = tuple(name for name in _SQL if name != "of_owners")

# A row may hold a megabyte, a hash holds 64 bytes.
_TEXTS_AT_ONCE = 25
_HASHES_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class LegacyRow:
    """One row of a legacy table.

    Attributes:
        table: Its table.
        key: Its id, with a number behind it where several rows have it.
        owner: Whose it is; None where it is everybody's, and where it has a reason.
        reason: Why it goes to the archive alone, a sentence; None where it does not.
        text: The row as PostgreSQL prints it as jsonb, without the columns that are SQL NULL; None where
            only hashes were asked for.
        sha256: Of the text, in hexadecimal digits.
    """

    table: str
    key: str
    owner: UUID | None
    reason: str | None
    text: str | None
    sha256: str


@dataclass(frozen=True, slots=True)
class _Read:
    key: str
    owner: UUID | None
    reason: str | None
    text: str | None
    sha256: str


class _Table:
    """The rows of one table that are still to come."""

    def __init__(self, name: str, cursor: AsyncServerCursor[_Read], at_once: int) -> None:
        self._name = name
        self._cursor = cursor
        self._at_once = at_once
        self._waiting: deque[_Read] = deque()

    async def next(self) -> LegacyRow | None:
        if not self._waiting:
            self._waiting.extend(await self._cursor.fetchmany(self._at_once))
        if not self._waiting:
            return None
        one = self._waiting.popleft()
        return LegacyRow(self._name, one.key, one.owner, one.reason, one.text, one.sha256)


async def legacy_rows(
    connection: LegacyConnection, *, owners: Sequence[UUID] | None = None, texts: bool = True
) -> AsyncGenerator[LegacyRow]:
    """Rows of all legacy tables: first those without an owner, then owner by owner, table by table.

    Args:
        connection: Inside of a transaction.
        owners: Only theirs and those without an owner; None means all rows.
        texts: Give the texts as well as their hashes.
    """
    at_once = _TEXTS_AT_ONCE if texts else _HASHES_AT_ONCE
    params = {"owners": None if owners is None else list(owners), "texts": texts}
    tables: list[_Table] = []
    cursors: list[AsyncServerCursor[_Read]] = []
    try:
        for name in LEGACY_TABLES:
            cursor = connection.raw.cursor(f"legacy_{name}", row_factory=class_row(_Read))
            cursors.append(cursor)
            text = named(_SQL["of_owners"], {"legacy_rows": _SQL[name].text})
            await cursor.execute(text, params)
            tables.append(_Table(name, cursor, at_once))
        async with aclosing(_merged(tables)) as rows:
            async for row in rows:
                yield row
    finally:
        for cursor in cursors:
            # Of a transaction that failed, or a connection that broke off, nothing is left to close.
            with suppress(psycopg.Error):
                await cursor.close()


async def _merged(tables: Sequence[_Table]) -> AsyncGenerator[LegacyRow]:
    waiting: list[tuple[int, int, LegacyRow]] = []
    for place, table in enumerate(tables):
        await _push(waiting, place, table)
    while waiting:
        _, place, row = heapq.heappop(waiting)
        yield row
        await _push(waiting, place, tables[place])


async def _push(waiting: list[tuple[int, int, LegacyRow]], place: int, table: _Table) -> None:
    row = await table.next()
    if row is not None:
        # PostgreSQL orders uuids by their bytes, and rows of nobody come first.
        number = -1 if row.owner is None else row.owner.int
        heapq.heappush(waiting, (number, place, row))
