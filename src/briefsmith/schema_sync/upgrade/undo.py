"""The way back, and the end: either the legacy tables come back, or they go for good."""

from briefsmith.errors import UndoRefused, UpgradeRefused
from briefsmith.postgres.legacy import ledger, swap
from briefsmith.postgres.legacy import staging as tables
from briefsmith.postgres.legacy.connections import LegacyConnection, open_legacy
from briefsmith.schema_sync.upgrade.locks import take_lock, with_patience
from briefsmith.schema_sync.upgrade.obstacles import check_dependents, legacy_names
from briefsmith.schema_sync.upgrade.swap import stop_and_exchange


async def finish(url: str) -> None:
    """Drops the legacy tables for good.

    Args:
        url: PostgreSQL address.

    Raises:
        UpgradeRefused: There is no upgrade to finish, or something hangs on the legacy tables.
        DatabaseBusy: They were in use all the time.
    """
    async with open_legacy(url) as connection:
        await take_lock(connection)
        await _finish(connection)


async def check(url: str, *, undo: bool) -> None:
    """Looks whether there is an upgrade to finish, or to undo; changes nothing.

    Raises:
        UpgradeRefused: There is none.
    """
    async with open_legacy(url) as connection:
        await (_undoable(connection) if undo else _finishable(connection))


async def _finishable(connection: LegacyConnection) -> None:
    state = await ledger.read_state(connection)
    if state is None or state.phase != "swapped":
        message = "There is no upgrade to finish here."
        raise UpgradeRefused(message, hint="`briefsmith schema upgrade --archive PATH` makes one.")


async def _undoable(connection: LegacyConnection) -> ledger.UpgradeState:
    state = await ledger.read_state(connection)
    if state is None:
        message = "There is no upgrade to undo here."
        hint = "Once it was finished, only the archive has the old rows."
        raise UpgradeRefused(message, hint=hint)
    return state


async def _finish(connection: LegacyConnection) -> None:
    await _finishable(connection)
    await check_dependents(connection, swap.LEGACY, legacy_names())

    async def work() -> None:
        await swap.drop(connection, "staging")
        await swap.drop(connection, "legacy")

    await with_patience(connection, work)


async def undo(url: str, *, discard_changes: bool) -> None:
    """Makes the database what it was before the upgrade.

    Args:
        url: PostgreSQL address.
        discard_changes: Lose what was stored since the upgrade.

    Raises:
        UndoRefused: Something was stored since; says how much in which table.
        UpgradeRefused: There is nothing to undo, or something of others hangs on the new tables.
        DatabaseBusy: The tables were in use all the time.
    """
    async with open_legacy(url) as connection:
        await take_lock(connection)
        state = await _undoable(connection)
        if state.phase == "swapped":
            await _exchange_back(connection, state, discard_changes=discard_changes)
        await clean_up(connection, state)


async def clean_up(connection: LegacyConnection, state: ledger.UpgradeState) -> None:
    """Removes all that an upgrade made, once the legacy tables are in their place."""
    there = state.surroundings

    async def work() -> None:
        await swap.drop(connection, "staging")
        if state.staging is not None:
            await swap.drop(connection, "briefsmith")
            if not there["vector"]:
                await swap.drop(connection, "vector")
            if not there["extensions"]:
                await swap.drop(connection, "extensions_schema")
        if state.moved is not None:
            if not there["schema_migrations"]:
                await swap.drop(connection, "migrations_table")
            if not there["supabase_migrations"]:
                await swap.drop(connection, "migrations_schema")
        await swap.drop(connection, "legacy")

    await with_patience(connection, work)


async def _exchange_back(
    connection: LegacyConnection, state: ledger.UpgradeState, *, discard_changes: bool
) -> None:
    assert state.moved is not None, "nothing moved"  # noqa: S101  it was written with the phase
    coming = [swap.Moved(**one) for one in state.moved["went"]]
    noted = [swap.Moved(**one) for one in state.moved["came"]]
    await check_dependents(connection, swap.PUBLIC, [one.name for one in noted])
    if not discard_changes:
        await _check_unchanged(connection)

    async def work() -> None:
        await swap.hold_writers(connection, of_final=True)
        if not discard_changes:
            await _check_unchanged(connection)
        going = await swap.present_objects(connection, swap.PUBLIC, [one.name for one in noted])
        await swap.create_staging_schema(connection)
        await swap.forget_migrations(connection)
        await ledger.set_phase(connection, "undone")
        await stop_and_exchange(connection, going, swap.STAGING, coming)

    await with_patience(connection, work)


async def _check_unchanged(connection: LegacyConnection) -> None:
    found: dict[str, str] = {}
    for table in tables.FINAL_TABLES:
        rows = await tables.changed_rows(connection, table)
        words = [
            f"{number} {what}"
            for number, what in (
                (rows.added, "added"),
                (rows.changed, "changed"),
                (rows.removed, "removed"),
            )
            if number
        ]
        if words:
            found[table] = ", ".join(words)
    if found:
        told = "; ".join(f"{table}: {words}" for table, words in found.items())
        message = f"Rows were stored since the upgrade, and would be lost ({told})."
        raise UndoRefused(message, details={"changes": found})
