"""One transaction of one actor."""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypedDict
from uuid import UUID

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import class_row

from briefsmith.postgres.errors import translate
from briefsmith.postgres.statements import P_contra, Statement, T, fetch, run, statement
from briefsmith.sql import Shape


class _Acting(TypedDict):
    claims: str
    name: str


SET_ACTOR = statement("session.set_actor", _Acting, None, is_of_login=True)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: the user whose rows are in reach, and the name that revisions remember.

    Attributes:
        token_claims: What a checked token of the user claims, as JSON, with the same `sub`; None without a token.
    """

    user_id: UUID
    name: str = "user"
    token_claims: str | None = None

    @property
    def claims(self) -> str:
        """The claims of the transaction, as `auth.uid()` reads them."""
        if self.token_claims is not None:
            return self.token_claims
        return json.dumps({"sub": str(self.user_id), "role": "authenticated"})


class Session:
    """Runs named statements in the transaction of its actor; nobody below the edge commits."""

    def __init__(self, connection: AsyncConnection[Any], actor: Actor) -> None:
        self._connection = connection
        self.actor = actor

    async def one(self, statement: Statement[P_contra, T], params: P_contra) -> T:
        """The only row of a `:one` statement; none is a fault of ours."""
        found = await self._fetch(statement, params, "one")
        if len(found) != 1:
            message = f"{statement.name} gave {len(found)} rows"
            raise LookupError(message)
        return found[0]

    async def maybe(self, statement: Statement[P_contra, T], params: P_contra) -> T | None:
        """The row of a `:maybe` statement, or None."""
        found = await self._fetch(statement, params, "maybe")
        return found[0] if found else None

    async def many(self, statement: Statement[P_contra, T], params: P_contra) -> list[T]:
        """All rows of a `:many` statement."""
        return await self._fetch(statement, params, "many")

    async def execute(self, statement: Statement[P_contra, None], params: P_contra) -> int:
        """Runs an `:exec` statement; the number of rows that it touched."""
        _check_shape(statement, "exec")
        return await run(self._connection, statement, params)

    async def stream(self, statement: Statement[P_contra, T], params: P_contra) -> AsyncIterator[T]:
        """The rows of a `:many` statement through a server-side cursor, in bounded memory."""
        _check_shape(statement, "many")
        assert statement.row is not None, statement.name  # noqa: S101  a fault of ours
        cursor = self._connection.cursor(statement.name, row_factory=class_row(statement.row))
        async with cursor:
            cursor.itersize = 500
            await cursor.execute(statement.text, params, binary=True)
            async for found in cursor:
                yield found

    async def _fetch(
        self, statement: Statement[P_contra, T], params: P_contra, shape: Shape
    ) -> list[T]:
        _check_shape(statement, shape)
        return await fetch(self._connection, statement, params)


def _check_shape(statement: Statement[Any, Any], shape: Shape) -> None:
    # A fault of ours, not of a caller.
    assert statement.query.shape == shape, statement.name  # noqa: S101


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
            await run(connection, SET_ACTOR, {"claims": actor.claims, "name": actor.name})
        try:
            yield Session(connection, actor)
        except BaseException:
            if not connection.closed:
                await connection.execute("rollback")
            raise
        await connection.execute("commit")
    except psycopg.Error as error:
        raise translate(error) from error
