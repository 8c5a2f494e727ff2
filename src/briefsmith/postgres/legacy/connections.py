"""Connections to a database that is upgraded, and statements with names of the package's own in them."""

import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, LiteralString, TypeVar, cast

import psycopg
from psycopg import AsyncConnection, IsolationLevel
from psycopg.rows import class_row

from briefsmith.postgres.database import connect, place_of, refuse_transaction_pooler
from briefsmith.postgres.errors import translate
from briefsmith.sql import Query, load_legacy

T = TypeVar("T")

_SETTLE = load_legacy("obstacles")["settle_session"]
_WORD = re.compile(r"[a-z_]+")


class LegacyConnection:
    """One connection as the login, with no actor; rows are printed in one way whatever its defaults are."""

    def __init__(self, raw: AsyncConnection[Any]) -> None:
        self.raw = raw

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[None]:
        """Committed at the end of the block; inside of another one, a savepoint."""
        async with self.raw.transaction():
            yield

    @asynccontextmanager
    async def snapshot(self) -> AsyncGenerator[None]:
        """A transaction that changes nothing and sees one state of everything."""
        await self.raw.set_isolation_level(IsolationLevel.REPEATABLE_READ)
        await self.raw.set_read_only(True)
        try:
            async with self.raw.transaction():
                yield
        finally:
            if not self.raw.closed:
                await self.raw.set_isolation_level(None)
                await self.raw.set_read_only(None)

    @asynccontextmanager
    async def pipeline(self) -> AsyncGenerator[None]:
        """Statements of the block are sent without waiting for each other's answers; errors come at its end."""
        async with self.raw.pipeline():
            yield

    async def many(
        self,
        query: Query,
        row: type[T],
        params: Mapping[str, Any] | None = None,
        names: Mapping[str, str] | None = None,
    ) -> list[T]:
        """All rows of the answer.

        Args:
            query: What is sent.
            row: What each row becomes.
            params: By placeholder.
            names: By the word that stands for each in the query.
        """
        async with self.raw.cursor(row_factory=class_row(row)) as cursor:
            await cursor.execute(named(query, names), params)
            return await cursor.fetchall()

    async def execute(
        self,
        query: Query,
        params: Mapping[str, Any] | None = None,
        names: Mapping[str, str] | None = None,
    ) -> int:
        """The number of rows that a statement touched; the arguments are those of `many`."""
        cursor = await self.raw.execute(named(query, names), params)
        return cursor.rowcount


def named(query: Query, names: Mapping[str, str] | None) -> LiteralString:
    """The text of a query with names in the places of the words that stand for them."""
    if not names:
        return query.text
    text = _WORD.sub(lambda found: names.get(found[0], found[0]), query.text)
    # Names and fragments of the package's own, or names that the catalog quoted.
    return cast("LiteralString", text)


@asynccontextmanager
async def open_legacy(url: str) -> AsyncGenerator[LegacyConnection]:
    """A connection as the login.

    Raises:
        InvalidSetting: The address is none, or that of a transaction pooler.
        Unavailable: No connection, or it broke off.
    """
    refuse_transaction_pooler(url, "An upgrade does")
    raw = await connect(url, prepared_statements=False)
    try:
        connection = LegacyConnection(raw)
        await connection.execute(_SETTLE)
        yield connection
    except psycopg.Error as error:
        raise translate(error) from error
    finally:
        await raw.close()


__all__ = ["LegacyConnection", "named", "open_legacy", "place_of"]
