"""A database looked at from outside: no actor, no row of anybody's."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import class_row

from briefsmith.errors import NotPermitted, Unavailable
from briefsmith.postgres.catalog import CatalogRow, read_catalog
from briefsmith.postgres.database import connect, has_unsafe_row_security, place_of
from briefsmith.postgres.descriptions import Descriptions, together
from briefsmith.postgres.errors import translate
from briefsmith.postgres.migrate import KnownVersion
from briefsmith.postgres.preparing import describe
from briefsmith.postgres.statements import NoParameters, Statement, fetch, run, statement
from briefsmith.sql import Query

_APPLIED_MIGRATIONS = statement(
    "catalog.applied_migrations", NoParameters, KnownVersion, is_of_login=True
)
_BEGIN_CHECKS = statement("data_checks.begin_checks", NoParameters, None, is_of_login=True)


@dataclass(frozen=True, slots=True)
class CountedRows:
    """How many rows a check found, and some of them by name."""

    found: int
    examples: list[str]


class Inspection:
    """Reads what a database says of itself.

    Attributes:
        place: Which database, without login and password.
    """

    def __init__(self, connection: AsyncConnection[Any], url: str) -> None:
        self._connection = connection
        self._beside: AsyncConnection[Any] | None = None
        self._url = url
        self.place = place_of(url)

    @property
    def server_version(self) -> int:
        """As PostgreSQL numbers it: 180001."""
        return self._connection.info.server_version

    @property
    def server_version_text(self) -> str:
        """As PostgreSQL writes it: 18.1."""
        return self._connection.info.parameter_status("server_version") or str(self.server_version)

    @property
    def has_unsafe_row_security(self) -> bool:
        """Whether row level security has a known fault on this server."""
        return has_unsafe_row_security(self.server_version)

    async def catalog(self, schemas: Sequence[str]) -> list[CatalogRow]:
        """Every object of the schemas."""
        return await read_catalog(self._connection, schemas)

    async def migrations(self) -> list[str] | None:
        """Versions of this package's migrations that it has, sorted; None where the login may not look."""
        try:
            rows = await fetch(self._connection, _APPLIED_MIGRATIONS, {})
            return [row.version for row in rows]
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
            return []
        except psycopg.errors.InsufficientPrivilege:
            return None

    async def describe(
        self, statements: Sequence[Statement[Any, Any]], tables: Sequence[str]
    ) -> Descriptions:
        """What the database says of statements, none of which is run, and of tables.

        Half of the statements each by two connections, since it is the server that takes the time.
        """
        if self._beside is None:
            try:
                self._beside = await connect(self._url, prepared_statements=False)
            except Unavailable:  # there is room for one alone
                return await describe(self._connection, statements, tables)
        # Both end before an error is told: what one has begun is nobody's to look after later.
        halves = await asyncio.gather(
            describe(self._connection, statements[::2], tables),
            describe(self._beside, statements[1::2]),
            return_exceptions=True,
        )
        return together(_no_error(half) for half in halves)

    async def close(self) -> None:
        """Closes what it opened."""
        await self._connection.close()
        if self._beside is not None:
            await self._beside.close()

    async def count_rows(
        self, queries: Sequence[Query], params: Mapping[str, Any]
    ) -> list[CountedRows]:
        """What each check of rows found, all of them in one snapshot and one round trip.

        Raises:
            NotPermitted: Row level security hides rows from this login, or it may not read them.
        """
        cursors = [self._connection.cursor(row_factory=class_row(CountedRows)) for _ in queries]
        await self._connection.execute("begin isolation level repeatable read read only")
        try:
            async with self._connection.pipeline():
                await run(self._connection, _BEGIN_CHECKS, {})
                for query, cursor in zip(queries, cursors, strict=True):
                    await cursor.execute(query.text, params)
            return [row for cursor in cursors for row in await cursor.fetchall()]
        except psycopg.errors.InsufficientPrivilege as error:
            message = (
                "This login does not see everybody's rows, so it cannot say that all are right."
            )
            hint = "Use a login that bypasses row level security (on Supabase, postgres)."
            raise NotPermitted(message, hint=hint) from error
        finally:
            await self._connection.execute("rollback")


def _no_error(half: Descriptions | BaseException) -> Descriptions:
    if isinstance(half, BaseException):
        raise half
    return half


@asynccontextmanager
async def inspect_database(url: str) -> AsyncGenerator[Inspection]:
    """A connection to look at a database with.

    Raises:
        DatabaseUnreachable: Nobody answers, or the login is refused.
        InvalidSetting: The address is none.
    """
    inspection = Inspection(await connect(url, prepared_statements=False), url)
    try:
        yield inspection
    except psycopg.Error as error:
        raise translate(error) from error
    finally:
        await inspection.close()
