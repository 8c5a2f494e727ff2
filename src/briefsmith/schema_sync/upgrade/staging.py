"""Legacy rows to staged ones, user by user, so that a run that was stopped is gone on with."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from uuid import UUID

from briefsmith.errors import UpgradeUnproven
from briefsmith.postgres.legacy import ledger
from briefsmith.postgres.legacy import staging as tables
from briefsmith.postgres.legacy.connections import LegacyConnection
from briefsmith.schema_sync.upgrade.exact_json import dumps
from briefsmith.schema_sync.upgrade.owners import UserRows, outcome_of
from briefsmith.schema_sync.upgrade.rows import Json, NewRow, Outcome

_BATCH_ROWS = 1_000
_BATCH_CHARACTERS = 8_000_000
_OF_USERS = {
    "context_blocks",
    "block_files",
    "task_briefs",
    "brief_feedback",
    "block_change_queue",
    "agent_sessions",
    "agent_messages",
}


@dataclass(frozen=True, slots=True)
class _Made:
    """A new row with the hash of all that it was made from."""

    row: NewRow
    values: dict[str, Json]
    made: str


async def sync_user(connection: LegacyConnection, one: UserRows, fingerprint: str) -> None:
    """Brings the staged rows of a user to what the legacy rows now are, in a transaction.

    Raises:
        UpgradeUnproven: A row that was staged is not there.
    """
    try:
        await _store(connection, one, outcome_of(one), fingerprint)
    except tables.LabelsCollide:
        # Lower case is what the database's locale says, which nobody else knows.
        await _store(connection, one, outcome_of(one, crude_labels=True), fingerprint)


async def _store(
    connection: LegacyConnection, one: UserRows, outcome: Outcome, fingerprint: str
) -> None:
    hashes = {(row.table, row.key): row.sha256 for row in one.rows}
    made = {(row.table, row.id): _make(one.user_id, row, hashes) for row in outcome.rows}
    assert len(made) == len(outcome.rows), "two new rows have one id"  # noqa: S101  a fault of ours
    async with connection.transaction():
        await _apply(connection, one.user_id, made, hashes)
        await ledger.replace_reasons(connection, one.user_id, _reasons(outcome))
        await ledger.set_user(connection, one.user_id, fingerprint)


async def forget_user(connection: LegacyConnection, user_id: UUID | None) -> None:
    """Takes back what was staged of a user who has no rows any more."""
    async with connection.transaction():
        await _apply(connection, user_id, {}, {})
        await ledger.replace_reasons(connection, user_id, "[]")
        await ledger.forget_user(connection, user_id)


def _make(user_id: UUID | None, row: NewRow, hashes: Mapping[tuple[str, str], str]) -> _Made:
    values: dict[str, Json] = {**row.values, "id": str(row.id)}
    if row.table in _OF_USERS:
        values["user_id"] = str(user_id)
    origin = [
        f"{one.table} {one.key} {one.path} {hashes[one.table, one.key]}" for one in row.sources
    ]
    text = "\n".join([dumps(values), *sorted(origin)])
    return _Made(row, values, hashlib.sha256(text.encode()).hexdigest())


_MadeRows = Mapping[tuple[str, UUID], _Made]
_Names = Sequence[tuple[str, UUID]]


async def _apply(
    connection: LegacyConnection,
    user_id: UUID | None,
    wanted: _MadeRows,
    hashes: Mapping[tuple[str, str], str],
) -> None:
    staged = {
        (mark.new_table, mark.new_id): mark.made
        for mark in await ledger.staged_of(connection, user_id)
    }
    gone = [name for name in staged if name not in wanted]
    changed = [name for name in staged if name in wanted and wanted[name].made != staged[name]]
    new = [name for name in wanted if name not in staged]
    # Which columns an update has to empty; asked for here, because what follows does not wait for answers.
    columns = {name[0]: await tables.columns_of(connection, name[0]) for name in changed}
    with tables.telling_collisions():
        async with connection.pipeline():
            await _write(connection, user_id, wanted, (gone, changed, new), columns)
            await _note(connection, user_id, [wanted[name] for name in (*new, *changed)], hashes)
    noted = await ledger.staged_of(connection, user_id)
    if len(noted) != len(wanted):
        message = f"Of {len(wanted)} new rows of a user, {len(noted)} are there."
        raise UpgradeUnproven(message, details={"user_id": str(user_id)})


async def _write(
    connection: LegacyConnection,
    user_id: UUID | None,
    wanted: _MadeRows,
    names: tuple[_Names, _Names, _Names],
    columns: Mapping[str, Sequence[str]],
) -> None:
    gone, changed, new = names
    async with _as_user(connection, user_id):
        for table, ids in reversed(_by_table(gone)):
            await tables.delete_rows(connection, table, ids)
        for table, ids in _by_table(changed):
            await tables.free_rows(connection, table, ids)
        for table in tables.FINAL_TABLES:
            fresh = [wanted[name] for name in new if name[0] == table]
            other = [wanted[name] for name in changed if name[0] == table]
            await _put(connection, table, fresh, other, columns.get(table, ()))
    for table, ids in _by_table([*gone, *changed]):
        await ledger.forget_staged(connection, table, ids)


def _as_user(
    connection: LegacyConnection, user_id: UUID | None
) -> AbstractAsyncContextManager[None]:
    # What is everybody's has no user to act as; only the login may write it.
    return nullcontext() if user_id is None else tables.acting_as(connection, user_id)


def _by_table(names: Iterable[tuple[str, UUID]]) -> list[tuple[str, list[UUID]]]:
    found: dict[str, list[UUID]] = defaultdict(list)
    for table, new_id in names:
        found[table].append(new_id)
    return [(table, found[table]) for table in tables.FINAL_TABLES if table in found]


async def _put(
    connection: LegacyConnection,
    table: str,
    fresh: Sequence[_Made],
    changed: Sequence[_Made],
    every: Sequence[str],
) -> None:
    origins: dict[UUID, UUID] = {}
    for columns, rows in _groups(changed, origins):
        assigned = {name: name in columns for name in every if name != "id"}
        for text in _batches(rows):
            await tables.update_rows(connection, table, assigned, text)
    for columns, rows in _groups(fresh, origins):
        for text in _batches(rows):
            await tables.insert_rows(connection, table, columns, text)
    if origins:
        await tables.link_blocks(connection, list(origins), list(origins.values()))


def _groups(
    made: Sequence[_Made], origins: dict[UUID, UUID]
) -> Iterator[tuple[tuple[str, ...], list[dict[str, Json]]]]:
    """Rows by the columns that they have; origins of blocks are taken out, to be set when all are there."""
    found: dict[tuple[str, ...], list[dict[str, Json]]] = defaultdict(list)
    for one in made:
        values = one.values
        if one.row.table == "context_blocks":
            values = {name: value for name, value in values.items() if name != "meta_derived_from"}
            origin = one.values.get("meta_derived_from")
            if isinstance(origin, str):
                origins[one.row.id] = UUID(origin)
        found[tuple(sorted(values))].append(values)
    yield from found.items()


def _batches(rows: Iterable[Mapping[str, object]]) -> Iterator[str]:
    batch: list[str] = []
    characters = 0
    for row in rows:
        text = dumps(row)
        if batch and (len(batch) >= _BATCH_ROWS or characters + len(text) > _BATCH_CHARACTERS):
            yield f"[{','.join(batch)}]"
            batch, characters = [], 0
        batch.append(text)
        characters += len(text)
    if batch:
        yield f"[{','.join(batch)}]"


async def _note(
    connection: LegacyConnection,
    user_id: UUID | None,
    made: Sequence[_Made],
    hashes: Mapping[tuple[str, str], str],
) -> None:
    by_table: dict[str, list[_Made]] = defaultdict(list)
    for one in made:
        by_table[one.row.table].append(one)
    for table, rows in by_table.items():
        ids, marks = [one.row.id for one in rows], [one.made for one in rows]
        await tables.keep_rows(connection, user_id, table, ids, marks)
    for text in _batches(_sources(made, hashes)):
        await ledger.insert_sources(connection, user_id, text)


def _sources(
    made: Iterable[_Made], hashes: Mapping[tuple[str, str], str]
) -> Iterator[dict[str, object]]:
    for one in made:
        paths: dict[tuple[str, str], list[str]] = defaultdict(list)
        for source in one.row.sources:
            paths[source.table, source.key].append(source.path)
        for (table, key), found in paths.items():
            yield {
                "new_table": one.row.table,
                "new_id": str(one.row.id),
                "source_table": table,
                "source_key": key,
                "paths": found,
                "sha256": hashes[table, key],
            }


def _reasons(outcome: Outcome) -> str:
    return dumps(
        [
            {
                "source_table": one.table,
                "source_key": one.key,
                "code": one.code,
                "sentence": one.sentence,
            }
            for one in outcome.reasons
        ]
    )
