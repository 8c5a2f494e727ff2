"""Databases that live for a moment: a schema is made in one to see how PostgreSQL reads it."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from secrets import token_hex
from typing import Any, LiteralString, cast

import psycopg
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo

from briefsmith.errors import MigrationFailed
from briefsmith.postgres.database import connect
from briefsmith.postgres.errors import translate
from briefsmith.postgres.inspection import Inspection
from briefsmith.postgres.migrate import split_statements
from briefsmith.sql import surroundings

# Statements that PostgreSQL runs outside of a transaction alone.
_ALONE = psycopg.errors.ActiveSqlTransaction


class Scratch(Inspection):
    """An empty database of ours, with what Supabase supplies: roles, the schema auth, vector."""

    async def run(self, name: str, text: str) -> None:
        """One file of SQL, in one transaction if it may be.

        Args:
            name: What it is called when it fails.

        Raises:
            MigrationFailed: Names file and statement.
        """
        statements = list(split_statements(text))
        try:
            async with self._connection.transaction():
                await self._run_each(name, statements)
        except MigrationFailed as error:
            if not isinstance(error.__cause__, _ALONE):
                raise
            await self._run_each(name, statements)

    async def attempt(self, statements: Iterable[str]) -> list[str]:
        """Each statement by itself; what the server said of those that failed."""
        said: list[str] = []
        for statement in statements:
            try:
                # Made of names and definitions that a server printed.
                await self._connection.execute(cast("LiteralString", statement))
            except psycopg.Error as error:
                said.append(f"{str(error).splitlines()[0]} in: {statement}")
        return said

    async def _run_each(self, name: str, statements: Iterable[str]) -> None:
        for number, statement in enumerate(statements, start=1):
            try:
                # The person's own file, run in a database that holds nothing.
                await self._connection.execute(cast("LiteralString", statement))
            except psycopg.Error as error:
                says = (error.diag.message_primary or str(error)).strip().rstrip(".")
                message = f"{name}, statement {number}, failed: {says}."
                raise MigrationFailed(message, hint="Nothing of yours was changed.") from error


@asynccontextmanager
async def scratch_database(server_url: str) -> AsyncGenerator[Scratch]:
    """A database that is dropped at the end of the block.

    Args:
        server_url: A server where the login may make databases and roles.
    """
    name = f"briefsmith_scratch_{token_hex(6)}"
    server = await connect(server_url)
    try:
        await _execute(server, f"create database {name} template template0")
        try:
            url = make_conninfo(server_url, dbname=name)
            scratch = Scratch(await connect(url), url)
            try:
                await scratch.run("surroundings", surroundings())
                yield scratch
            finally:
                await scratch.close()
        finally:
            await _execute(server, f"drop database {name} with (force)")
    except psycopg.Error as error:
        raise translate(error) from error
    finally:
        await server.close()


async def _execute(connection: AsyncConnection[Any], statement: str) -> None:
    # The name is made of letters and digits of our own.
    await connection.execute(cast("LiteralString", statement))
