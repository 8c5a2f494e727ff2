"""What stands in the way of an upgrade, found before anything is done."""

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import cache

from briefsmith.errors import NotMigrated, UpgradeRefused, VectorMissing
from briefsmith.postgres.legacy import obstacles as facts
from briefsmith.postgres.legacy.connections import LegacyConnection
from briefsmith.postgres.legacy.rows import LEGACY_TABLES
from briefsmith.sql import schema_statements

LEGACY_VIEWS = (
    "block_usage_summary",
    "view_block_popularity_by_type",
    "view_block_usage_summary",
    "view_user_brief_patterns",
)
# What the legacy schema had and the final one has not, as words in the text of routines.
REMOVED = ("profile_core_data", "core_profile_data")

_MADE = re.compile(
    r"^\s*create (?:unique )?(?P<kind>table|view|index|type) (?:public\.)?(?P<name>\w+)"
    r"|\bconstraint (?P<constraint>\w+) (?:primary key|unique)",
    re.MULTILINE,
)
# What the reading statements rely on; all other columns are taken as they are.
_KEYS: dict[str, dict[str, str]] = {
    "task_brief_types": {"id": "uuid", "required_context_types": "jsonb", "agent_flow": "jsonb"},
    "profile_core_data": {"id": "uuid", "user_id": "uuid", "sns_links": "jsonb"},
    "context_blocks": {"id": "uuid", "user_id": "uuid"},
    "block_files": {"id": "uuid", "user_id": "uuid"},
    "task_briefs": {
        "id": "uuid",
        "user_id": "uuid",
        "media": "jsonb",
        "core_profile_data": "jsonb",
        "core_context_snapshot": "jsonb",
    },
    "deployment_configs": {"id": "uuid", "task_brief_id": "uuid"},
    "task_brief_outputs": {"id": "uuid", "task_brief_id": "uuid"},
    "block_usage_history": {"id": "uuid", "block_id": "uuid", "used_in_task_id": "uuid"},
    "agent_sessions": {"id": "uuid", "user_id": "uuid", "metadata": "jsonb", "inputs": "jsonb"},
    "agent_messages": {"id": "uuid", "user_id": "uuid", "message_content": "jsonb"},
}


@cache
def final_names() -> frozenset[str]:
    """Every name that the final schema needs in public: tables, views, indexes and types."""
    found = _MADE.finditer(schema_statements())
    return frozenset(one["name"] or one["constraint"] for one in found)


@cache
def final_types() -> tuple[str, ...]:
    """The enums of the final schema; the legacy ones have the same names."""
    found = _MADE.finditer(schema_statements())
    return tuple(sorted(one["name"] for one in found if one["kind"] == "type"))


def legacy_names() -> tuple[str, ...]:
    """Tables, views and enums that go when the final ones come."""
    return (*LEGACY_TABLES, *LEGACY_VIEWS, *final_types())


async def check_legacy(connection: LegacyConnection) -> None:
    """Whether this is a legacy database whose every row this login may read.

    Raises:
        UpgradeRefused: It is none, or something is missing; names what.
        NotMigrated: It has no schema of ours at all.
    """
    found = await facts.login_facts(connection)
    if not found.is_legacy:
        message = "This database does not have the legacy schema (profile_core_data)."
        raise NotMigrated(message)
    if not found.has_users:
        _refuse("This database has no table auth.users, so nobody owns the rows.")
    if found.encoding != "UTF8":
        _refuse(f"This database has the encoding {found.encoding}; only UTF8 can be upgraded.")
    if not found.sees_all:
        message = f"The login {found.login} does not see everybody's rows."
        hint = "Use one that bypasses row level security (on Supabase, postgres)."
        raise UpgradeRefused(message, hint=hint)
    await _check_tables(connection)


async def check_way(connection: LegacyConnection, *, is_begun: bool) -> None:
    """Whether the final schema can take the place of the legacy one.

    Args:
        connection: As the login.
        is_begun: The schemas of an upgrade under way may be there.

    Raises:
        UpgradeRefused: Names what is in the way.
        VectorMissing: The server lacks pgvector.
    """
    found = await facts.login_facts(connection)
    if not found.has_vector:
        message = "This server does not have the extension vector (pgvector)."
        raise VectorMissing(message)
    if not found.may_create or not found.may_create_in_public:
        place = "database" if not found.may_create else "schema public"
        _refuse(f"The login {found.login} may not create anything in the {place}.")
    present = {
        "briefsmith": found.has_briefsmith,
        "briefsmith_staging": found.has_staging,
        "briefsmith_legacy": found.has_legacy_schema,
    }
    if not is_begun:
        _refuse_any("Schemas of these names are there already", sorted(_true(present)))
    await _check_names(connection)
    await check_dependents(connection, "public", legacy_names())


async def check_dependents(connection: LegacyConnection, schema: str, names: Sequence[str]) -> None:
    """Whether anything of others hangs on relations or enums.

    Raises:
        UpgradeRefused: Names what does.
    """
    hanging = await facts.dependents(connection, schema, names)
    _refuse_any(f"Something of yours depends on tables of {schema} that will go", hanging)


async def _check_tables(connection: LegacyConnection) -> None:
    columns = await facts.legacy_columns(connection, [*LEGACY_TABLES, *LEGACY_VIEWS])
    tables: dict[str, dict[str, str]] = defaultdict(dict)
    for one in columns:
        tables[one.table][one.column] = one.type
    kinds = {one.table: one.kind for one in columns}
    _refuse_any(
        "The database is no whole legacy database; it lacks",
        [f"the table {name}" for name in LEGACY_TABLES if kinds.get(name) != "r"],
    )
    _refuse_any(
        "These columns are not what the legacy schema has",
        [
            f"{table}.{column} ({tables[table].get(column, 'missing')} in place of {type_})"
            for table, needed in _KEYS.items()
            for column, type_ in needed.items()
            if tables[table].get(column) != type_
        ],
    )
    foreign = sorted({one.table for one in columns if not one.is_ours})
    _refuse_any("These belong to another login", foreign)


async def _check_names(connection: LegacyConnection) -> None:
    taken = await facts.taken_names(connection, sorted(final_names()), legacy_names())
    _refuse_any("Names that the final schema needs are taken", taken)
    _refuse_any(
        "These belong to another login", await facts.foreign_types(connection, final_types())
    )


def _true(found: dict[str, bool]) -> list[str]:
    return [name for name, value in found.items() if value]


def _refuse_any(what: str, found: Sequence[str]) -> None:
    if found:
        _refuse(f"{what}: {', '.join(found)}.", found)


def _refuse(message: str, found: Sequence[str] = ()) -> None:
    raise UpgradeRefused(message, details={"found": list(found)} if found else None)
