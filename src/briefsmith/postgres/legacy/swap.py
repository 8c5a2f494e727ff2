"""The exchange of legacy and final tables in one transaction, and the way back."""

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import LiteralString, cast

import psycopg

from briefsmith.postgres.legacy.connections import LegacyConnection
from briefsmith.postgres.migrate import split_statements
from briefsmith.sql import load, load_legacy, migrations

_SQL = load_legacy("swap")
_MIGRATIONS = load("migrations")

LEGACY, STAGING, PUBLIC = "briefsmith_legacy", "briefsmith_staging", "public"

# How long others may have to wait behind a lock that is waited for, in milliseconds.
LOCK_WAIT = 150
STOP_WAIT = 100


class NotNow(Exception):
    """A lock was not to be had in time; nothing is locked any more."""


@dataclass(frozen=True, slots=True)
class Moved:
    """An object that changes its schema: a table, a view or a type."""

    name: str
    kind: str


@asynccontextmanager
async def giving_up() -> AsyncGenerator[None]:
    """Turns a lock that is not to be had into `NotNow`.

    Raises:
        NotNow: Somebody has the lock.
    """
    try:
        yield
    except (
        psycopg.errors.LockNotAvailable,
        psycopg.errors.QueryCanceled,
        psycopg.errors.DeadlockDetected,
    ) as error:
        raise NotNow from error


async def be_patient(connection: LegacyConnection, milliseconds: int = LOCK_WAIT) -> None:
    """How long to wait for a lock, to the end of the transaction."""
    await connection.execute(_SQL["patience"], {"milliseconds": str(milliseconds)})


async def hold_writers(connection: LegacyConnection, *, of_final: bool = False) -> None:
    """Keeps others from writing to the legacy (or final) tables to the end of the transaction; they read.

    Raises:
        NotNow: Somebody is writing.
    """
    async with giving_up():
        await connection.execute(_SQL["hold_writers_of_final" if of_final else "hold_writers"])


async def staged_objects(connection: LegacyConnection) -> list[Moved]:
    """All that the staging schema will give."""
    return await connection.many(_SQL["name_staged"], Moved)


async def present_objects(
    connection: LegacyConnection, schema: str, names: Sequence[str]
) -> list[Moved]:
    """Those of the names that there are in a schema."""
    return await connection.many(
        _SQL["name_present"], Moved, {"schema": schema, "names": list(names)}
    )


async def exchange(
    connection: LegacyConnection, going: Sequence[Moved], away: str, coming: Sequence[Moved]
) -> None:
    """Moves objects out of public and others from `STAGING` (or `LEGACY`) into it, while nobody reads.

    Args:
        connection: Inside of a transaction.
        going: What goes.
        away: Where to.
        coming: What comes, from the other one of the two schemas.

    Raises:
        NotNow: Somebody reads for longer than others may wait.
    """
    origin = STAGING if away == LEGACY else LEGACY
    async with giving_up(), connection.transaction():
        await connection.execute(_SQL["limit_statement"], {"milliseconds": str(STOP_WAIT)})
        views_first = sorted(going, key=lambda one: one.kind != "view")
        # A materialized view takes no lock but the one of its move.
        names = [f"{PUBLIC}.{one.name}" for one in views_first if one.kind in {"view", "table"}]
        await connection.execute(_SQL["stop_all"], names={"the_names": ", ".join(names)})
        async with connection.raw.pipeline():
            await connection.execute(_SQL["limit_statement"], {"milliseconds": "0"})
            for one in going:
                await _move(connection, one, PUBLIC, away)
            for one in coming:
                await _move(connection, one, origin, PUBLIC)


async def _move(connection: LegacyConnection, one: Moved, origin: str, target: str) -> None:
    query = _SQL["move_type" if one.kind == "type" else "move_relation"]
    names = {"the_name": one.name, "from_schema": origin, "to_schema": target}
    await connection.execute(query, names=names)


async def settle_functions(connection: LegacyConnection) -> None:
    """Makes ready what runs on its own once the staged tables are in their place."""
    await connection.execute(_SQL["wake_triggers"])
    await connection.execute(_SQL["settle_functions"])


async def add_data(connection: LegacyConnection) -> None:
    """Gives the staged tables the rows that migrations make, where they have none of that name."""
    for one in migrations():
        if one.is_data:
            for statement in split_statements(one.text):
                # Parts of the package's own migrations.
                text = cast("LiteralString", statement.replace(f"{PUBLIC}.", f"{STAGING}."))
                await connection.raw.execute(text)
    await be_patient(connection)  # as it was before the migration's own setting
    await connection.execute(_SQL["keep_data"])


async def record_migrations(connection: LegacyConnection) -> None:
    """Says in the table of the Supabase command line that the schema is the present one."""
    await connection.execute(_MIGRATIONS["create_schema"])
    await connection.execute(_MIGRATIONS["create_table"])
    for one in migrations():
        params = {
            "version": one.version,
            "statements": list(split_statements(one.text)),
            "name": one.name,
        }
        await connection.execute(_MIGRATIONS["insert_migration"], params)


async def set_moved(
    connection: LegacyConnection, phase: str, went: Sequence[Moved], came: Sequence[Moved]
) -> None:
    """Notes what was exchanged, for the way back."""
    moved = {
        "went": [{"name": one.name, "kind": one.kind} for one in went],
        "came": [{"name": one.name, "kind": one.kind} for one in came],
    }
    await connection.execute(_SQL["set_moved"], {"phase": phase, "moved": json.dumps(moved)})


async def create_staging_schema(connection: LegacyConnection) -> None:
    """A place for the final tables on their way out."""
    await connection.execute(_SQL["create_staging"])


async def forget_migrations(connection: LegacyConnection) -> None:
    """The schema is not the present one any more."""
    versions = [one.version for one in migrations()]
    await connection.execute(_SQL["forget_migrations"], {"versions": versions})


async def drop(connection: LegacyConnection, what: str) -> None:
    """Drops one of: staging, briefsmith, legacy, migrations_table, migrations_schema, vector, extensions_schema.

    Raises:
        NotNow: Somebody is reading what would go, or accounts, which it refers to.
    """
    async with giving_up():
        await connection.execute(_SQL[f"drop_{what}"])
