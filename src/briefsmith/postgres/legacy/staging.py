"""The final tables while they are filled."""

from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import LiteralString, cast
from uuid import UUID

import psycopg

from briefsmith.postgres.legacy.connections import LegacyConnection
from briefsmith.postgres.migrate import split_statements
from briefsmith.postgres.session import Actor
from briefsmith.sql import load_legacy, schema_statements, surroundings

_SQL = load_legacy("staging")

# By foreign keys: what is referred to comes first.
FINAL_TABLES = (
    "task_brief_types",
    "context_blocks",
    "block_files",
    "task_briefs",
    "block_brief_link",
    "deployment_configs",
    "task_brief_outputs",
    "brief_feedback",
    "block_usage_history",
    "block_change_queue",
    "block_revisions",
    "agent_sessions",
    "agent_messages",
)
_FREED = ("context_blocks", "block_files", "task_brief_types")


class LabelsCollide(Exception):
    """The database takes two labels for the same that were told apart."""


@dataclass(frozen=True, slots=True)
class StagedText:
    """A staged row as PostgreSQL prints it."""

    id: UUID
    text: str


@dataclass(frozen=True, slots=True)
class Strays:
    """Rows that nobody knows, and rows that are not there."""

    unknown: int
    missing: int


@dataclass(frozen=True, slots=True)
class ChangedRows:
    """What became of the rows of a table since they were staged."""

    added: int
    removed: int
    changed: int


@dataclass(frozen=True, slots=True)
class _Name:
    name: str


@cache
def staged_schema() -> tuple[str, ...]:
    """The statements of the final schema, with the tables in the staging schema."""
    text = schema_statements().replace("public.", "briefsmith_staging.")
    return tuple(split_statements(text))


async def create_staging(connection: LegacyConnection) -> None:
    """The final schema beside the legacy one; inside of a transaction."""
    await connection.execute(_SQL["search_path"])
    await connection.raw.execute(surroundings())
    await connection.execute(_SQL["create"])
    for statement in staged_schema():
        # Parts of the package's own schema.
        await connection.raw.execute(cast("LiteralString", statement))
    await connection.execute(_SQL["rest_triggers"])


@asynccontextmanager
async def acting_as(connection: LegacyConnection, user_id: UUID) -> AsyncGenerator[None]:
    """Row level security holds the block to the rows of a user; inside of a transaction."""
    await connection.execute(_SQL["act_as"], {"claims": Actor(user_id).claims})
    yield
    await connection.execute(_SQL["act_as_login"])


async def insert_rows(
    connection: LegacyConnection, table: str, columns: Sequence[str], rows: str
) -> None:
    """New rows; `rows` is a JSON array of objects that all have these columns."""
    names = {"the_table": table, "the_columns": ", ".join(columns)}
    await connection.execute(_SQL["insert"], {"rows": rows}, names)


async def update_rows(
    connection: LegacyConnection, table: str, assigned: Mapping[str, bool], rows: str
) -> None:
    """Rows made anew.

    Args:
        connection: Inside of a transaction.
        table: Its table.
        assigned: All columns but the id: whether the rows have it, or it gets its default.
        rows: A JSON array of objects.
    """
    parts = [
        f"{name} = " + (f"given.{name}" if is_given else "default")
        for name, is_given in assigned.items()
    ]
    names = {"the_table": table, "the_assignments": ", ".join(parts)}
    await connection.execute(_SQL["update"], {"rows": rows}, names)


@contextmanager
def telling_collisions() -> Generator[None]:
    """Tells labels that collide from what else may be wrong.

    Raises:
        LabelsCollide: Two blocks have one label.
    """
    try:
        yield
    except psycopg.errors.UniqueViolation as error:
        if error.diag.constraint_name == "context_blocks_label_key":
            raise LabelsCollide from error
        raise


async def delete_rows(connection: LegacyConnection, table: str, ids: Sequence[UUID]) -> None:
    """Rows that nothing stands for any more."""
    await connection.execute(_SQL["delete"], {"ids": list(ids)}, {"the_table": table})


async def free_rows(connection: LegacyConnection, table: str, ids: Sequence[UUID]) -> None:
    """Takes from rows that will be updated what no two rows may have."""
    if table in _FREED:
        await connection.execute(_SQL[f"free_{table}"], {"ids": list(ids)})


async def link_blocks(
    connection: LegacyConnection, ids: Sequence[UUID], origins: Sequence[UUID]
) -> None:
    """Says which block each derives from."""
    await connection.execute(_SQL["link_blocks"], {"ids": list(ids), "origins": list(origins)})


async def columns_of(connection: LegacyConnection, table: str) -> list[str]:
    """The columns of a staged table."""
    found = await connection.many(_SQL["columns"], _Name, names={"the_table": table})
    return [row.name for row in found]


async def keep_rows(
    connection: LegacyConnection,
    user_id: UUID | None,
    table: str,
    ids: Sequence[UUID],
    made: Sequence[str],
) -> None:
    """Notes staged rows with their hashes."""
    params = {"user_id": user_id, "ids": list(ids), "made": list(made)}
    await connection.execute(_SQL["keep"], params, {"the_table": table})


async def staged_texts(
    connection: LegacyConnection, table: str, user_id: UUID | None
) -> list[StagedText]:
    """The staged rows of a user; None is what is everybody's."""
    return await connection.many(
        _SQL["rows_of"], StagedText, {"user_id": user_id}, {"the_table": table}
    )


async def strays(connection: LegacyConnection, table: str) -> Strays:
    """Whether the rows of a staged table are those that were noted."""
    [found] = await connection.many(_SQL["strays"], Strays, names={"the_table": table})
    return found


async def analyze_staging(connection: LegacyConnection) -> None:
    """Gives the planner its statistics before anybody asks the new tables."""
    for table in FINAL_TABLES:
        await connection.execute(_SQL["analyze"], names={"the_table": table})


async def changed_rows(connection: LegacyConnection, table: str) -> ChangedRows:
    """What became of a table since the exchange."""
    [found] = await connection.many(_SQL["changed_rows"], ChangedRows, names={"the_table": table})
    return found
