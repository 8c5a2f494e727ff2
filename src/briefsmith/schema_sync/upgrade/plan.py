"""The inventory of a legacy database, and what would become of each row; nothing is changed."""

from collections import Counter
from contextlib import aclosing
from dataclasses import asdict, dataclass, field
from typing import Any

from briefsmith.errors import UpgradeRefused
from briefsmith.postgres.legacy import ledger
from briefsmith.postgres.legacy.connections import LegacyConnection, open_legacy, place_of
from briefsmith.postgres.legacy.obstacles import legacy_columns, sizes
from briefsmith.postgres.legacy.rows import LEGACY_TABLES, LegacyRow, legacy_rows
from briefsmith.schema_sync.upgrade.exact_json import deep_values, loads
from briefsmith.schema_sync.upgrade.notes import notes_of
from briefsmith.schema_sync.upgrade.obstacles import check_legacy, check_way
from briefsmith.schema_sync.upgrade.owners import UserRows, outcome_of
from briefsmith.schema_sync.upgrade.report import Decision, UpgradeReport
from briefsmith.schema_sync.upgrade.rows import Json, SourceRow

_MOST_KEYS = 20
# More different keys than this are not told apart: somebody uses keys as data.
_COUNTED_KEYS = 5_000


@dataclass(slots=True)
class ColumnInventory:
    """What the values of a column are.

    Attributes:
        filled: Values that are none of the following.
        sql_null: SQL NULL.
        json_null: The JSON null.
        empty_object: {}.
        empty_array: [] or an empty array.
        empty_text: "".
        kinds: Of filled JSON values: objects, arrays, strings, numbers, booleans.
        keys: Of JSON objects, how often each key is there; the most frequent ones.
    """

    filled: int = 0
    sql_null: int = 0
    json_null: int = 0
    empty_object: int = 0
    empty_array: int = 0
    empty_text: int = 0
    kinds: Counter[str] = field(default_factory=Counter[str])
    keys: Counter[str] = field(default_factory=Counter[str])

    def add(self, value: Json) -> None:
        """A value that is not SQL NULL."""
        if value is None:
            self.json_null += 1
        elif value == {}:
            self.empty_object += 1
        elif value == []:
            self.empty_array += 1
        elif value == "":
            self.empty_text += 1
        else:
            self.filled += 1
            self.kinds[_kind(value)] += 1
            if isinstance(value, dict):
                self._count(value)

    def _count(self, value: dict[str, Json]) -> None:
        for key in value:
            if key in self.keys or len(self.keys) < _COUNTED_KEYS:
                self.keys[key] += 1

    def as_dict(self) -> dict[str, Any]:
        """As programs read it; the rarer keys are only counted."""
        plain = {**asdict(self), "kinds": dict(self.kinds)}
        plain["keys"] = dict(self.keys.most_common(_MOST_KEYS))
        plain["different_keys"] = len(self.keys)
        return plain


@dataclass(slots=True)
class TableInventory:
    """What a table holds."""

    rows: int = 0
    bytes: int = 0
    same_id: int = 0
    columns: dict[str, ColumnInventory] = field(default_factory=dict[str, ColumnInventory])


@dataclass(slots=True)
class UpgradePlan:
    """The inventory, and what would become of it.

    Attributes:
        place: Which database.
        obstacles: What stands in the way; empty where the upgrade can begin.
        tables: By name.
        users: How many have rows.
        duplicates: In words what there is more of than there may be: how often.
        outcome: What the upgrade would make, leave to the archive and decide.
        is_begun: An upgrade was begun and stopped.
    """

    place: str
    obstacles: list[str] = field(default_factory=list[str])
    tables: dict[str, TableInventory] = field(default_factory=dict[str, TableInventory])
    users: int = 0
    duplicates: Counter[str] = field(default_factory=Counter[str])
    outcome: UpgradeReport = field(default_factory=UpgradeReport)
    is_begun: bool = False

    def as_dict(self) -> dict[str, Any]:
        """As programs read it."""
        return {
            "place": self.place,
            "obstacles": self.obstacles,
            "is_begun": self.is_begun,
            "tables": {
                name: {
                    "rows": one.rows,
                    "bytes": one.bytes,
                    "same_id": one.same_id,
                    "columns": {column: found.as_dict() for column, found in one.columns.items()},
                }
                for name, one in self.tables.items()
            },
            "users": self.users,
            "duplicates": dict(self.duplicates),
            "made": self.outcome.made,
            "archived_only": self.outcome.archived_only,
            "decisions": self.outcome.as_dict()["decisions"],
            "notes": self.outcome.notes,
        }


async def plan(url: str) -> UpgradePlan:
    """Looks at every row, in one transaction that only reads.

    Raises:
        UpgradeRefused: This is no legacy database, or it was upgraded.
        Unavailable: No database.
    """
    with deep_values():
        return await _plan(url)


async def _plan(url: str) -> UpgradePlan:
    async with open_legacy(url) as connection, connection.snapshot():
        state = await ledger.read_state(connection)
        if state is not None and state.phase == "swapped":
            message = "This database was upgraded."
            hint = "`briefsmith schema upgrade --finish` drops the old tables; --undo brings them back."
            raise UpgradeRefused(message, hint=hint)
        await check_legacy(connection)
        found = UpgradePlan(place_of(url), is_begun=state is not None)
        try:
            await check_way(connection, is_begun=found.is_begun)
        except UpgradeRefused as obstacle:
            found.obstacles.append(obstacle.message)
        await _begin_tables(connection, found)
        await _look(connection, found)
        found.outcome.notes += await notes_of(connection)
    return found


async def _begin_tables(connection: LegacyConnection, found: UpgradePlan) -> None:
    for size in await sizes(connection, LEGACY_TABLES):
        found.tables[size.name] = TableInventory(bytes=size.bytes)
    for column in await legacy_columns(connection, LEGACY_TABLES):
        found.tables[column.table].columns[column.column] = ColumnInventory()


async def _look(connection: LegacyConnection, found: UpgradePlan) -> None:
    current: UserRows | None = None
    async with aclosing(legacy_rows(connection)) as rows:
        async for row in rows:
            assert row.text is not None, row.table  # noqa: S101  texts were asked for
            _take_in(found, row)
            if row.reason is not None:
                found.outcome.leave(row.table, row.reason)
                continue
            if current is None or current.user_id != row.owner:
                _settle(found, current)
                current = UserRows(row.owner)
            current.rows.append(SourceRow(row.table, row.key, row.owner, row.text, row.sha256))
    _settle(found, current)


def _take_in(found: UpgradePlan, row: LegacyRow) -> None:
    table = found.tables[row.table]
    table.rows += 1
    table.same_id += "#" in row.key
    values = loads(row.text or "null")
    assert isinstance(values, dict), row.table  # noqa: S101  a row is an object
    for name, column in table.columns.items():
        if name in values:
            column.add(values[name])
        else:
            column.sql_null += 1


def _settle(found: UpgradePlan, one: UserRows | None) -> None:
    """All rows of a user are known."""
    if one is None:
        return
    found.users += one.user_id is not None
    outcome = outcome_of(one)
    for row in outcome.rows:
        found.outcome.made[row.table] = found.outcome.made.get(row.table, 0) + 1
    for reason in outcome.reasons:
        found.outcome.decide(reason.code, Decision(reason.table, reason.key, reason.sentence))
    _count_duplicates(found, one)


def _count_duplicates(found: UpgradePlan, one: UserRows) -> None:
    labels: Counter[str] = Counter()
    primaries: Counter[str] = Counter()
    profiles = 0
    for row in one.rows:
        values = loads(row.text)
        if not isinstance(values, dict):
            continue
        label, block = values.get("label"), values.get("associated_block_id")
        if row.table == "profile_core_data":
            profiles += 1
        elif row.table == "context_blocks" and isinstance(label, str):
            if values.get("status") != "archived":
                labels[label.lower()] += 1
        elif values.get("is_primary") is True and isinstance(block, str):
            primaries[block] += 1
    found.duplicates["users with several profiles"] += profiles > 1
    found.duplicates["blocks with a label that another has"] += sum(n - 1 for n in labels.values())
    found.duplicates["files that are primary beside another"] += sum(
        n - 1 for n in primaries.values()
    )


def _kind(value: Json) -> str:
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list):
        return "array"
    if isinstance(value, str):
        return "string"
    return "boolean" if isinstance(value, bool) else "number"
