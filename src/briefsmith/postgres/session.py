"""One transaction of one actor."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import AsyncRowFactory, class_row

from briefsmith.postgres.errors import translate
from briefsmith.sql import Query, load

T = TypeVar("T")

_SQL = load("session")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: the user whose rows are in reach, and the name that revisions remember."""

    user_id: UUID
    name: str = "user"

    @property
    def claims(self) -> str:
        """The claims of the transaction, as `auth.uid()` reads them."""
        return json.dumps({"sub": str(self.user_id), "role": "authenticated"})


class Session:
    """Runs named statements in the transaction of its actor; nobody below the edge commits."""

    def __init__(self, connection: AsyncConnection[Any], actor: Actor) -> None:
        self._connection = connection
        self.actor = actor

    async def one(self, query: Query, row: type[T], params: Mapping[str, Any] | None = None) -> T:
        """The only row of a `:one` statement; none is a fault of ours."""
        found = await self._fetch(query, class_row(row), params, ("one",))
        if len(found) != 1:
            message = f"{query.name} gave {len(found)} rows"
            raise LookupError(message)
        return found[0]

    async def maybe(
        self, query: Query, row: type[T], params: Mapping[str, Any] | None = None
    ) -> T | None:
        """The row of a `:maybe` statement, or None."""
        found = await self._fetch(query, class_row(row), params, ("maybe",))
        return found[0] if found else None

    async def many(
        self, query: Query, row: type[T], params: Mapping[str, Any] | None = None
    ) -> list[T]:
        """All rows of a `:many` statement."""
        return await self._fetch(query, class_row(row), params, ("many",))

    async def execute(self, query: Query, params: Mapping[str, Any] | None = None) -> int:
        """Runs an `:exec` statement; the number of rows that it touched."""
        assert query.shape == "exec", query.name  # noqa: S101  a fault of ours, not of a caller
        cursor = await self._connection.execute(query.text, params)
        return cursor.rowcount

    async def stream(
        self, query: Query, row: type[T], params: Mapping[str, Any] | None = None
    ) -> AsyncIterator[T]:
        """The rows of a `:many` statement through a server-side cursor, in bounded memory."""
        async with self._connection.cursor(query.name, row_factory=class_row(row)) as cursor:
            cursor.itersize = 500
            await cursor.execute(query.text, params)
            async for found in cursor:
                yield found

    async def _fetch(
        self,
        query: Query,
        factory: AsyncRowFactory[T],
        params: Mapping[str, Any] | None,
        shapes: tuple[str, ...],
    ) -> list[T]:
        assert query.shape in shapes, query.name  # noqa: S101  a fault of ours, not of a caller
        async with self._connection.cursor(row_factory=factory, binary=True) as cursor:
            await cursor.execute(query.text, params)
            return await cursor.fetchall()


@asynccontextmanager
async def begin(
    connection: AsyncConnection[Any], actor: Actor, *, read_only: bool
) -> AsyncGenerator[Session]:
    """A transaction that acts as `authenticated` with the actor's claims; all settings are local.

    Nothing is set for the connection, which behind a transaction pooler is another one each time.

    Beginning costs one round trip, ending another. `Connection.transaction()` is not used because, begun
    inside a pipeline, it keeps the connection in pipeline mode to its end.

    Raises:
        BriefsmithError: In place of every error of the database.
    """
    try:
        async with connection.pipeline():
            await connection.execute("begin read only" if read_only else "begin")
            await connection.execute(
                _SQL["set_actor"].text, {"claims": actor.claims, "name": actor.name}
            )
        try:
            yield Session(connection, actor)
        except BaseException:
            if not connection.closed:
                await connection.execute("rollback")
            raise
        await connection.execute("commit")
    except psycopg.Error as error:
        raise translate(error) from error
