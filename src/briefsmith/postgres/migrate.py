"""Applies the migrations, as the Supabase command line would, recorded in the table that it uses."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString, TypedDict, cast

import psycopg
from psycopg import AsyncConnection

from briefsmith.errors import (
    BriefsmithError,
    DatabaseBusy,
    DatabaseIsNewer,
    DiskFull,
    MigrationFailed,
    VectorMissing,
)
from briefsmith.postgres.errors import translate
from briefsmith.postgres.statements import NoParameters, fetch, run, statement
from briefsmith.sql import Migration, migrations


class _Record(TypedDict):
    version: str
    statements: list[str]
    name: str


@dataclass(frozen=True, slots=True)
class KnownVersion:
    """A migration that a database has had."""

    version: str


@dataclass(frozen=True, slots=True)
class NamedVersion(KnownVersion):
    """The same by name: ours begin with `briefsmith_`; a project has its own beside them."""

    name: str


_LOCK = statement("migrations.lock", NoParameters, None, is_of_login=True)
_UNLOCK = statement("migrations.unlock", NoParameters, None, is_of_login=True)
_CREATE_SCHEMA = statement("migrations.create_schema", NoParameters, None, is_of_login=True)
_CREATE_TABLE = statement("migrations.create_table", NoParameters, None, is_of_login=True)
_SELECT_VERSIONS = statement(
    "migrations.select_versions", NoParameters, NamedVersion, is_of_login=True
)
_INSERT_MIGRATION = statement("migrations.insert_migration", _Record, None, is_of_login=True)

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
        DatabaseIsNewer: It has migrations of a later package.
        MigrationFailed: Names the file and the statement; what it did is rolled back.
    """
    await run(connection, _LOCK, {})
    try:
        await run(connection, _CREATE_SCHEMA, {})
        await run(connection, _CREATE_TABLE, {})
        rows = await fetch(connection, _SELECT_VERSIONS, {})
        known = {row.version for row in rows}
        ours = {item.version for item in migrations()}
        later = sorted(
            row.version
            for row in rows
            if row.name.startswith("briefsmith_") and row.version not in ours
        )
        if later:
            raise newer(later)
        missing = [item for item in migrations() if item.version not in known]
        for migration in missing:
            await _apply(connection, migration)
        return Applied(tuple(item.file_name for item in missing), len(migrations()) - len(missing))
    finally:
        if not connection.broken:
            await run(connection, _UNLOCK, {})


def newer(unknown: Sequence[str]) -> DatabaseIsNewer:
    """Why a database of a later package is left alone.

    Args:
        unknown: Versions of its migrations, in order.
    """
    message = f"The database is newer than this package: it has migration {unknown[-1]}."
    return DatabaseIsNewer(message, details={"unknown": list(unknown)})


async def _apply(connection: AsyncConnection[Any], migration: Migration) -> None:
    if migration.text.startswith(NO_TRANSACTION):
        await _run(connection, migration)
        return
    async with connection.transaction():
        await _run(connection, migration)


async def _run(connection: AsyncConnection[Any], migration: Migration) -> None:
    statements = list(split_statements(migration.text))
    for number, part in enumerate(statements, start=1):
        try:
            # A part of a file of this package, as literal as the whole.
            await connection.execute(cast("LiteralString", part))
        except psycopg.Error as error:
            raise _failure(migration, number, part, error) from error
    await run(
        connection,
        _INSERT_MIGRATION,
        {"version": migration.version, "statements": statements, "name": migration.name},
    )


def _failure(
    migration: Migration, number: int, statement: str, error: psycopg.Error
) -> BriefsmithError:
    known = translate(error)
    if isinstance(known, DatabaseBusy | DiskFull):
        return known  # no fault of the migration: the same may work later
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
