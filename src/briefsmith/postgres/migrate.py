"""Applies the migrations, as the Supabase command line would, recorded in the table that it uses."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, LiteralString, cast

import psycopg
from psycopg import AsyncConnection

from briefsmith.errors import MigrationFailed, VectorMissing
from briefsmith.sql import Migration, migrations

# Any number will do, as long as every runner takes the same one.
_LOCK: LiteralString = "select pg_advisory_lock(7208466153217749)"
_UNLOCK: LiteralString = "select pg_advisory_unlock(7208466153217749)"

_BOOKKEEPING: LiteralString = """
create schema if not exists supabase_migrations;
create table if not exists supabase_migrations.schema_migrations (
  version text primary key,
  statements text[],
  name text
);
"""

_APPLIED: LiteralString = "select version from supabase_migrations.schema_migrations"
_RECORD: LiteralString = """
insert into supabase_migrations.schema_migrations (version, statements, name) values (%s, %s, %s)
"""

NO_TRANSACTION = "-- briefsmith:no-transaction "

_LEXEME = re.compile(
    r"(?P<comment>--[^\n]*|/\*.*?\*/)"
    r"|(?<![\w$])e'(?:[^'\\]|''|\\.)*'"
    r"|'(?:[^']|'')*'"
    r'|"(?:[^"]|"")*"'
    r"|(?<![\w$])(?P<quote>\$(?:[^\W\d]\w*)?\$).*?(?P=quote)"
    r"|(?P<opening>\bbegin\s+atomic\b|\bcase\b)"
    r"|(?P<ending>\bend\b)"
    r"|;",
    re.DOTALL | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Applied:
    """What a run did: files that it applied, and how many were there already."""

    applied: tuple[str, ...]
    already: int


def split_statements(text: str) -> Iterator[str]:
    """The statements of a migration, comments kept, without their semicolons.

    Knows strings, quoted names, dollar quotes, comments that do not nest, and `begin atomic ... end`.
    """
    start = 0
    depth = 0
    for lexeme in _LEXEME.finditer(text):
        # A case outside of a body ends as well, so both count and only a body holds semicolons.
        if lexeme["opening"]:
            depth += 1
        elif lexeme["ending"]:
            depth = max(depth - 1, 0)
        elif lexeme[0] == ";" and depth == 0:
            yield text[start : lexeme.start()].strip()
            start = lexeme.end()
    if _LEXEME.sub(_without_comment, text[start:]).strip():
        yield text[start:].strip()


def _without_comment(lexeme: re.Match[str]) -> str:
    return "" if lexeme["comment"] else lexeme[0]


async def migrate(connection: AsyncConnection[Any]) -> Applied:
    """Applies what is missing; a second runner waits and then finds nothing to do.

    Args:
        connection: In autocommit mode, as a login that may create schemas and roles; not through a
            transaction pooler.

    Raises:
        MigrationFailed: Names the file and the statement; what it did is rolled back.
    """
    await connection.execute(_LOCK)
    try:
        await connection.execute(_BOOKKEEPING)
        cursor = await connection.execute(_APPLIED)
        known = {row[0] for row in await cursor.fetchall()}
        missing = [item for item in migrations() if item.version not in known]
        for migration in missing:
            await _apply(connection, migration)
        return Applied(tuple(item.file_name for item in missing), len(migrations()) - len(missing))
    finally:
        if not connection.broken:
            await connection.execute(_UNLOCK)


async def _apply(connection: AsyncConnection[Any], migration: Migration) -> None:
    if migration.text.startswith(NO_TRANSACTION):
        await _run(connection, migration)
        return
    async with connection.transaction():
        await _run(connection, migration)


async def _run(connection: AsyncConnection[Any], migration: Migration) -> None:
    statements = list(split_statements(migration.text))
    for number, statement in enumerate(statements, start=1):
        try:
            # A part of a file of this package, as literal as the whole.
            await connection.execute(cast("LiteralString", statement))
        except psycopg.Error as error:
            raise _failure(migration, number, statement, error) from error
    await connection.execute(_RECORD, (migration.version, statements, migration.name))


def _failure(
    migration: Migration, number: int, statement: str, error: psycopg.Error
) -> MigrationFailed | VectorMissing:
    says = (error.diag.message_primary or str(error)).strip().rstrip(".")
    details = {
        "file": migration.file_name,
        "statement_number": number,
        "statement": statement,
        "sqlstate": error.sqlstate,
        "server_says": says,
    }
    if 'extension "vector"' in says:
        message = "This server does not have the extension vector (pgvector)."
        return VectorMissing(message, details=details)
    code = [line for line in statement.splitlines() if line and not line.startswith("--")]
    return MigrationFailed(
        f"{migration.file_name}, statement {number} (`{code[0][:80]}`) failed: {says}.",
        hint="Nothing of the file was kept. Mend the cause and run `briefsmith init` again.",
        details=details,
    )
