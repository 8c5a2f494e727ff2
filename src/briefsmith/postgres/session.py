"""One transaction of one actor."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypedDict, TypeVar
from uuid import UUID

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import class_row

from briefsmith.postgres.errors import translate
from briefsmith.postgres.memory import Memory
from briefsmith.postgres.statements import (
    P_contra,
    Statement,
    T,
    answer,
    run,
    send,
    statement,
)
from briefsmith.sql import Shape

Q_contra = TypeVar("Q_contra", bound=Mapping[str, Any], contravariant=True)
U = TypeVar("U")


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
    """Runs named statements in the transaction of its actor; nobody below the edge commits.

    The transaction begins with the first statement, in the same round trip.

    Attributes:
        memory: What this process remembers of the database; any session may read what another kept, so that each
            asks first, in its own name, which rows are there.
    """

    def __init__(
        self, connection: AsyncConnection[Any], actor: Actor, memory: Memory, *, read_only: bool
    ) -> None:
        self._connection = connection
        self._read_only = read_only
        self.actor = actor
        self.memory = memory
        self.has_begun = False

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
        async with self._begun():
            cursor = await self._connection.execute(statement.text, params)
        return cursor.rowcount

    async def both(
        self,
        first: tuple[Statement[P_contra, T], P_contra],
        second: tuple[Statement[Q_contra, U], Q_contra],
    ) -> tuple[list[T], list[U]]:
        """The rows of two statements in one round trip."""
        async with self._begun(), self._connection.pipeline():
            one = await send(self._connection, *first)
            other = await send(self._connection, *second)
        return await answer(one), await answer(other)

    async def stream(self, statement: Statement[P_contra, T], params: P_contra) -> AsyncIterator[T]:
        """The rows of a `:many` statement through a server-side cursor, in bounded memory."""
        _check_shape(statement, "many")
        assert statement.row is not None, statement.name  # noqa: S101  a fault of ours
        async with self._begun():
            pass
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
        async with self._begun():
            cursor = await send(self._connection, statement, params)
        return await answer(cursor)

    @asynccontextmanager
    async def _begun(self) -> AsyncGenerator[None]:
        """What is sent in it is sent in the transaction, behind what begins it where nothing was sent before."""
        if self.has_begun:
            yield
            return
        self.has_begun = True
        async with self._connection.pipeline():
            await self._connection.execute("begin read only" if self._read_only else "begin")
            await run(
                self._connection,
                SET_ACTOR,
                {"claims": self.actor.claims, "name": self.actor.name},
            )
            yield


def _check_shape(statement: Statement[Any, Any], shape: Shape) -> None:
    # A fault of ours, not of a caller.
    assert statement.query.shape == shape, statement.name  # noqa: S101


@asynccontextmanager
async def begin(
    connection: AsyncConnection[Any], actor: Actor, memory: Memory, *, read_only: bool
) -> AsyncGenerator[Session]:
    """A transaction that acts as `authenticated` with the actor's claims; all settings are local.

    Nothing is set for the connection, which behind a transaction pooler is another one each time.

    Only ending costs a round trip of its own. `Connection.transaction()` is not used because, begun inside a
    pipeline, it keeps the connection in pipeline mode to its end.

    Raises:
        BriefsmithError: In place of every error of the database.
    """
    session = Session(connection, actor, memory, read_only=read_only)
    try:
        try:
            yield session
        except BaseException:
            if session.has_begun and not connection.closed:
                await connection.execute("rollback")
            raise
        if session.has_begun:
            await connection.execute("commit")
    except psycopg.Error as error:
        raise translate(error) from error
