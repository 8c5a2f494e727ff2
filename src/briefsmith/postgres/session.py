"""One transaction of one actor."""

import json
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Hashable,
    Mapping,
)
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypedDict, TypeVar
from uuid import UUID

import psycopg
from psycopg import AsyncConnection, AsyncCursor
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

    Args:
        aside: Starts work in a session of the same actor beside this one, unless work with its key goes on.

    Attributes:
        memory: What this process remembers of the database; any session may read what another kept, so that each
            asks first, in its own name, which rows are there.
    """

    def __init__(
        self,
        connection: AsyncConnection[Any],
        actor: Actor,
        memory: Memory,
        aside: "Aside",
        *,
        read_only: bool,
    ) -> None:
        self._connection = connection
        self._read_only = read_only
        self.aside = aside
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
        first: tuple[Statement[P_contra, T], P_contra | None],
        second: tuple[Statement[Q_contra, U], Q_contra | None],
        *,
        is_last: bool = False,
    ) -> tuple[list[T], list[U]]:
        """The rows of two statements in one round trip; of one without parameters, which is not sent, none.

        Args:
            is_last: A session that only reads ends its transaction in the same round trip; what it is asked
                later begins another.
        """
        one: AsyncCursor[T] | None = None
        other: AsyncCursor[U] | None = None
        async with self._begun(is_last=is_last, is_many=True):
            if first[1] is not None:
                one = await send(self._connection, first[0], first[1])
            if second[1] is not None:
                other = await send(self._connection, second[0], second[1])
        return (
            [] if one is None else await answer(one),
            [] if other is None else await answer(other),
        )

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
    async def _begun(self, *, is_last: bool = False, is_many: bool = False) -> AsyncGenerator[None]:
        """What is sent in it is sent in the transaction: behind what begins it where nothing was sent before.

        Args:
            is_last: Before what ends it, where it only reads.
            is_many: It is more than one statement.
        """
        ends = is_last and self._read_only
        begins, self.has_begun = not self.has_begun, True
        if not (begins or ends or is_many):
            yield
            return
        # One only: to enter a pipeline within another one costs a round trip.
        async with self._connection.pipeline():
            if begins:
                await self._connection.execute("begin read only" if self._read_only else "begin")
                await run(
                    self._connection,
                    SET_ACTOR,
                    {"claims": self.actor.claims, "name": self.actor.name},
                )
            yield
            if ends:
                await self._connection.execute("commit")
        self.has_begun = not ends


Aside = Callable[[Hashable, Callable[[Session], Awaitable[None]]], None]
"""Starts what needs a session of its own that only reads, by key; nobody waits for it."""


def _check_shape(statement: Statement[Any, Any], shape: Shape) -> None:
    # A fault of ours, not of a caller.
    assert statement.query.shape == shape, statement.name  # noqa: S101


@asynccontextmanager
async def begin(
    connection: AsyncConnection[Any],
    actor: Actor,
    memory: Memory,
    aside: Aside,
    *,
    read_only: bool,
) -> AsyncGenerator[Session]:
    """A transaction that acts as `authenticated` with the actor's claims; all settings are local.

    Nothing is set for the connection, which behind a transaction pooler is another one each time.

    Only ending costs a round trip of its own. `Connection.transaction()` is not used because, begun inside a
    pipeline, it keeps the connection in pipeline mode to its end.

    Raises:
        BriefsmithError: In place of every error of the database.
    """
    session = Session(connection, actor, memory, aside, read_only=read_only)
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
