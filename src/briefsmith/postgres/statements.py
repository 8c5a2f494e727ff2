"""Named queries with the Python types that they are used with, so that both can be held to the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, LiteralString, TypedDict, TypeVar, overload

from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import class_row
from pydantic import ValidationError

from briefsmith.errors import SchemaDrifted
from briefsmith.sql import Query, load

# What a statement takes: a checker then reads a dict literal as the TypedDict that is asked for.
P_contra = TypeVar("P_contra", bound=Mapping[str, Any], contravariant=True)
T = TypeVar("T")


class NoParameters(TypedDict):
    """Of a statement that takes none."""


@dataclass(frozen=True, slots=True)
class Statement(Generic[P_contra, T]):
    """A query and its types; one that is sent stands in a module of `store/` or `postgres/`, by name.

    Attributes:
        query: What is sent.
        params: Its parameters by name, a TypedDict.
        row: What a row of its answer becomes; None where it has none, or nobody reads it.
        is_of_login: Sent before there is an actor, with the rights of the login.
    """

    query: Query
    params: type[P_contra]
    row: type[T] | None
    is_of_login: bool = False

    @property
    def name(self) -> str:
        """`<file>.<query>`."""
        return self.query.name

    @property
    def text(self) -> LiteralString:
        """The SQL, with named placeholders."""
        return self.query.text


@overload
def statement(
    name: str, params: type[P_contra], row: type[T], *, is_of_login: bool = False
) -> Statement[P_contra, T]: ...


@overload
def statement(
    name: str, params: type[P_contra], row: None, *, is_of_login: bool = False
) -> Statement[P_contra, None]: ...


def statement(
    name: str, params: type[P_contra], row: type[T] | None, *, is_of_login: bool = False
) -> Statement[P_contra, T] | Statement[P_contra, None]:
    """Declares how a named query is used.

    Args:
        name: `<file>.<query>` in `sql/queries`.
        params: As in `Statement`.
        row: As in `Statement`.
        is_of_login: As in `Statement`.
    """
    file, _, query = name.partition(".")
    return Statement(load(file)[query], params, row, is_of_login)


async def send(
    connection: AsyncConnection[Any], statement: Statement[P_contra, T], params: P_contra
) -> AsyncCursor[T]:
    """A statement on its way; within a pipeline, its answer is there when that has ended."""
    # A statement whose rows nobody reads is a fault of ours and of no caller.
    assert statement.row is not None, statement.name  # noqa: S101
    cursor = connection.cursor(row_factory=class_row(statement.row), binary=True)
    await cursor.execute(statement.text, params)
    return cursor


async def answer(cursor: AsyncCursor[T]) -> list[T]:
    """All rows of what was asked."""
    try:
        return await cursor.fetchall()
    except ValidationError as error:
        raise misfit(error) from error


async def fetch(
    connection: AsyncConnection[Any], statement: Statement[P_contra, T], params: P_contra
) -> list[T]:
    """All rows of the answer."""
    return await answer(await send(connection, statement, params))


def misfit(error: ValidationError) -> SchemaDrifted:
    """What is told of a row that this package does not know, as a column of somebody's own makes it."""
    found = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(map(str, found["loc"])) or "a value"
    message = f"The database has something that this package does not know: {error.title}.{place}."
    hint = "`briefsmith schema verify` says what it is, and what mends it."
    return SchemaDrifted(message, hint=hint, details={"row": error.title, "place": place})


async def run(
    connection: AsyncConnection[Any], statement: Statement[P_contra, None], params: P_contra
) -> int:
    """The number of rows that a statement touched."""
    cursor = await connection.execute(statement.text, params)
    return cursor.rowcount
