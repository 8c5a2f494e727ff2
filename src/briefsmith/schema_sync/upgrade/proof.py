"""Whether every legacy row can be made again from the staged ones, in one snapshot."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from uuid import UUID

from briefsmith.errors import UpgradeUnproven
from briefsmith.postgres.legacy import ledger
from briefsmith.postgres.legacy import staging as tables
from briefsmith.postgres.legacy.connections import LegacyConnection
from briefsmith.schema_sync.upgrade.exact_json import dumps, loads
from briefsmith.schema_sync.upgrade.owners import UserRows
from briefsmith.schema_sync.upgrade.rebuild import rebuild
from briefsmith.schema_sync.upgrade.rows import Json, NewRow, Source


async def staged_rows(connection: LegacyConnection, user_id: UUID | None) -> AsyncIterator[NewRow]:
    """What the database holds of a user, with where it comes from."""
    sources: dict[tuple[str, UUID], list[Source]] = defaultdict(list)
    for mark in await ledger.sources_of(connection, user_id):
        sources[mark.new_table, mark.new_id] += [
            Source(mark.source_table, mark.source_key, path) for path in mark.paths
        ]
    names = {mark.new_table for mark in await ledger.staged_of(connection, user_id)}
    for table in (name for name in tables.FINAL_TABLES if name in names):
        for row in await tables.staged_texts(connection, table, user_id):
            values = loads(row.text)
            assert isinstance(values, dict), table  # noqa: S101  a row is an object
            del values["id"]
            yield NewRow(table, row.id, values, tuple(sources[table, row.id]))


async def prove_user(connection: LegacyConnection, one: UserRows) -> None:
    """Makes a user's legacy rows again and compares them with what they are.

    Args:
        connection: Where legacy and staged rows are seen in one state.
        one: The legacy rows.

    Raises:
        UpgradeUnproven: Names the first row and place that differ.
    """
    rows = [row async for row in staged_rows(connection, one.user_id)]
    rebuilt = rebuild(rows)
    for row in one.rows:
        expected = loads(row.text)
        if (row.table, row.key) not in rebuilt:
            raise _unproven(row.table, row.key, "$")
        found = rebuilt.pop((row.table, row.key))
        if dumps(expected) != dumps(found):
            raise _unproven(row.table, row.key, _difference(expected, found))
    for table, key in rebuilt:
        raise _unproven(table, key, "$")


async def check_strays(connection: LegacyConnection) -> None:
    """Whether the staged tables hold what was noted, row for row.

    Raises:
        UpgradeUnproven: Names the table.
    """
    for table in tables.FINAL_TABLES:
        found = await tables.strays(connection, table)
        if found.unknown or found.missing:
            message = (
                f"The new table {table} has {found.unknown} rows that nothing stands for, "
                f"and lacks {found.missing}."
            )
            raise UpgradeUnproven(message, details={"table": table})


def _unproven(table: str, key: str, path: str) -> UpgradeUnproven:
    message = f"The row {key} of {table} cannot be made again from the new rows: {path} differs."
    return UpgradeUnproven(message, details={"table": table, "key": key, "path": path})


def _difference(expected: Json, found: Json, path: str = "$") -> str:
    """The first place where two values differ."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return _first(expected, found, path)
    if isinstance(expected, list) and isinstance(found, list):
        return _first(dict(_numbered(expected)), dict(_numbered(found)), path)
    return path


def _first(expected: Mapping[str, Json], found: Mapping[str, Json], path: str) -> str:
    for name in sorted({*expected, *found}):
        if name not in expected or name not in found:
            return f"{path}.{name}"
        if dumps(expected[name]) != dumps(found[name]):
            return _difference(expected[name], found[name], f"{path}.{name}")
    return path


def _numbered(items: list[Json]) -> list[tuple[str, Json]]:
    return [(str(place), item) for place, item in enumerate(items)]
