"""The tables of the job queue, in a schema of their own."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, LiteralString, TypedDict, cast
from uuid import UUID

import psycopg
from psycopg import AsyncConnection

from briefsmith.errors import DatabaseIsNewer, InvalidSetting, MigrationFailed, NotPermitted
from briefsmith.postgres.database import connect
from briefsmith.postgres.errors import translate
from briefsmith.postgres.statements import NoParameters, fetch, run, statement

SCHEMA = "procrastinate"
_SAID = re.compile(r"^procrastinate (\d+\.\d+\.\d+)$")
_FILE = re.compile(r"^(\d+\.\d+\.\d+)_")

Version = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _State:
    is_there: bool
    comment: str | None


@dataclass(frozen=True, slots=True)
class _Person:
    id: UUID


class _Comment(TypedDict):
    comment: str


class _Path(TypedDict):
    is_local: bool


_LOCK = statement("jobs.lock", NoParameters, None, is_of_login=True)
_CREATE_SCHEMA = statement("jobs.create_schema", NoParameters, None, is_of_login=True)
_REVOKE = statement("jobs.revoke", NoParameters, None, is_of_login=True)
_SET_PATH = statement("jobs.set_path", _Path, None, is_of_login=True)
_SELECT_STATE = statement("jobs.select_state", NoParameters, _State, is_of_login=True)
_CHOOSE_COMMENT = statement("jobs.choose_comment", _Comment, None, is_of_login=True)
_SET_COMMENT = statement("jobs.set_comment", NoParameters, None, is_of_login=True)
_SELECT_PEOPLE = statement("jobs.select_people", NoParameters, _Person, is_of_login=True)


def require_package() -> None:
    """Says what is missing before anything is done.

    Raises:
        InvalidSetting: The extra is not installed.
    """
    try:
        import_module("procrastinate")
    except ImportError as error:
        message = f"The job queue needs {error.name or 'a package'}, which is not installed."
        raise InvalidSetting(message, hint="Install it: pip install 'briefsmith[jobs]'") from error


async def set_path(connection: AsyncConnection[Any]) -> None:
    """Has the queue's statements find its tables, as long as the connection lives."""
    await run(connection, _SET_PATH, {"is_local": False})


async def prepare_queue(url: str) -> None:
    """Makes the tables of the job queue, or brings them to the version of the package that is installed.

    Raises:
        DatabaseIsNewer: A later version of the package made them.
        MigrationFailed: They cannot be brought up to date.
        NotPermitted: The login may not create a schema.
        Unavailable: No database.
    """
    connection = await connect(url)
    try:
        await run(connection, _LOCK, {})
        async with connection.transaction():
            await _prepare(connection)
    except psycopg.errors.InsufficientPrivilege as error:
        message = "This login may not make the schema of the job queue."
        hint = (
            "Grant it `create` on the database, or run `briefsmith agents work` once as its owner."
        )
        raise NotPermitted(message, hint=hint) from error
    except psycopg.Error as error:
        raise translate(error) from error
    finally:
        await connection.close()  # and the lock with it


async def _prepare(connection: AsyncConnection[Any]) -> None:
    [state] = await fetch(connection, _SELECT_STATE, {})
    installed = max(version for version, _ in _migrations())
    made = _said(state.comment) if state.is_there else None
    if made == installed:
        return
    if state.is_there and made is None:
        message = "The schema procrastinate is not one that Briefsmith made."
        raise MigrationFailed(message, hint="Rename it, or use another database for it.")
    if made is not None and made > installed:
        message = (
            f"The job queue's tables are those of procrastinate {_text(made)}; "
            f"the installed one knows them up to {_text(installed)}."
        )
        raise DatabaseIsNewer(message, hint="`pip install --upgrade procrastinate`.")
    await run(connection, _CREATE_SCHEMA, {})
    await run(connection, _REVOKE, {})
    await run(connection, _SET_PATH, {"is_local": True})
    for text in _schema() if made is None else _later(made, installed):
        await connection.execute(text)
    await run(connection, _CHOOSE_COMMENT, {"comment": f"procrastinate {_text(installed)}"})
    await run(connection, _SET_COMMENT, {})


def _schema() -> list[LiteralString]:
    from procrastinate.schema import SchemaManager

    return [SchemaManager.get_schema()]


def _later(made: Version, installed: Version) -> list[LiteralString]:
    """The package's own migrations between two versions, in their order."""
    texts = [
        file.read_text(encoding="utf-8")
        for version, file in _migrations()
        if made < version <= installed
    ]
    # The package answers for them, as it does for its schema.
    return [cast("LiteralString", text) for text in texts]


def _migrations() -> Iterator[tuple[Version, Path]]:
    """The package's own migrations, by the version that they came with: many versions have none."""
    from procrastinate.schema import SchemaManager

    for file in sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql")):
        if found := _FILE.match(file.name):
            yield _version(found[1]), file


def _said(comment: str | None) -> Version | None:
    found = _SAID.match(comment or "")
    return None if found is None else _version(found[1])


def _version(text: str) -> Version:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def _text(version: Version) -> str:
    return ".".join(map(str, version))


async def select_people(url: str) -> list[UUID]:
    """Everybody who has a block in use, by a login that may see all accounts.

    Raises:
        NotPermitted: The login may not.
    """
    connection = await connect(url)
    try:
        return [row.id for row in await fetch(connection, _SELECT_PEOPLE, {})]
    except psycopg.Error as error:
        raise translate(error) from error
    finally:
        await connection.close()
