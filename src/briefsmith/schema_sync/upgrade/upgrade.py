"""The way from the legacy schema to the final one, in steps that can be stopped and gone on with."""

import hashlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

from briefsmith import __version__
from briefsmith.errors import InvalidInput, UpgradeRefused
from briefsmith.postgres.legacy import ledger, swap
from briefsmith.postgres.legacy import staging as tables
from briefsmith.postgres.legacy.connections import LegacyConnection, open_legacy
from briefsmith.postgres.legacy.obstacles import login_facts
from briefsmith.postgres.legacy.rows import legacy_rows
from briefsmith.schema_sync.upgrade import archive, owners, staging
from briefsmith.schema_sync.upgrade.exact_json import deep_values
from briefsmith.schema_sync.upgrade.locks import take_lock, with_patience
from briefsmith.schema_sync.upgrade.notes import notes_of
from briefsmith.schema_sync.upgrade.obstacles import check_legacy, check_way
from briefsmith.schema_sync.upgrade.proof import check_strays, prove_user
from briefsmith.schema_sync.upgrade.report import Decision, UpgradeReport
from briefsmith.schema_sync.upgrade.swap import (
    Differences,
    differences,
    exchange_tables,
    settled_users,
)
from briefsmith.schema_sync.upgrade.undo import clean_up

# So many rows of changed users may be left to the moment in which writers wait.
_FEW_ROWS = 500
_ROUNDS = 8
_SLOWEST = 0.8
_TOLD_EVERY = 500


async def upgrade(url: str, archive_path: Path | None) -> AsyncGenerator[UpgradeReport]:
    """Brings a legacy database to the final schema; yields the growing report.

    Readers and writers work on the legacy tables all the while; at the end writers wait for what changed
    meanwhile, and readers for the moment of the exchange. A run that was stopped, at any point, is gone on with.

    Args:
        url: PostgreSQL address.
        archive_path: Where the archive goes; None takes that of the run that was stopped.

    Raises:
        UpgradeRefused: Something stands in the way; nothing was changed.
        UpgradeUnproven: A row cannot be made again from the new ones; the legacy tables stay in use.
        DatabaseBusy: Another upgrade runs, or the tables were in use all the time.
        InvalidInput: There is no place for the archive.
    """
    with deep_values():
        async with aclosing(_steps(url, archive_path)) as reports:
            async for report in reports:
                yield report


async def _steps(url: str, archive_path: Path | None) -> AsyncGenerator[UpgradeReport]:
    async with open_legacy(url) as writing, open_legacy(url) as reading:
        await take_lock(writing)
        state = await _begin(writing, archive_path)
        report = UpgradeReport(archive=state.archive_path)
        if state.phase != "swapped":
            async with aclosing(_archive(writing, reading, state, report)) as steps:
                async for _ in steps:
                    yield report
            state = await _state(writing)
            async with aclosing(_stage(writing, reading, state, report)) as steps:
                async for _ in steps:
                    yield report
            yield report.begin("swap", 0)
            report.notes += await notes_of(writing)
            await exchange_tables(writing, reading, state)
        await with_patience(writing, lambda: swap.drop(writing, "staging"))
        await _conclude(writing, report)
        yield report


async def _begin(writing: LegacyConnection, given: Path | None) -> ledger.UpgradeState:
    state = await ledger.read_state(writing)
    if state is not None and state.phase == "swapped":
        return state
    if state is not None and state.phase == "undone":
        await clean_up(writing, state)
        state = None
    if state is None and await _is_final(writing):
        message = "This database has the present schema; there is nothing to upgrade."
        raise UpgradeRefused(message, hint="`briefsmith schema verify` compares it.")
    await check_legacy(writing)
    await check_way(writing, is_begun=state is not None)
    path = _place(given, state)
    if path is None:
        message = "The upgrade needs a place for the archive of the old rows."
        raise InvalidInput(message, hint="Name a file with --archive PATH.")
    archive.check_free(path, None if state is None else state.id)
    if state is None:
        await ledger.create_ledger(writing, str(path))
    else:
        await ledger.set_archive(writing, str(path), None)
    return await _state(writing)


def _place(given: Path | None, state: ledger.UpgradeState | None) -> Path | None:
    if given is not None:
        return given.absolute()
    return None if state is None else Path(state.archive_path)


async def _state(writing: LegacyConnection) -> ledger.UpgradeState:
    state = await ledger.read_state(writing)
    assert state is not None, "no state"  # noqa: S101  it was just written
    return state


async def _is_final(writing: LegacyConnection) -> bool:
    found = await login_facts(writing)
    return not found.is_legacy and found.has_briefsmith


async def _archive(
    writing: LegacyConnection,
    reading: LegacyConnection,
    state: ledger.UpgradeState,
    report: UpgradeReport,
) -> AsyncGenerator[None]:
    """All rows of one moment into the file, and their hashes into the ledger."""
    report.begin("archive", 0)
    file = archive.Archive(Path(state.archive_path), state.id)
    try:
        async with reading.snapshot(), writing.transaction():
            async with (
                ledger.replace_rows(writing) as rows,
                aclosing(legacy_rows(reading)) as legacy,
            ):
                async for row in legacy:
                    file.add(row)
                    await rows.add(row)
                    report.done += 1
                    if report.done % _TOLD_EVERY == 0:
                        yield
            size = file.finish()
            await ledger.set_archive(writing, state.archive_path, size)
    finally:
        file.abandon()
    yield


async def _stage(
    writing: LegacyConnection,
    reading: LegacyConnection,
    state: ledger.UpgradeState,
    report: UpgradeReport,
) -> AsyncGenerator[None]:
    """Stages and compares, again and again, until little changes meanwhile."""
    await _prepare(writing, state)
    last = 0
    for number in range(_ROUNDS):
        async with reading.snapshot():
            found = await differences(reading, await ledger.user_marks(reading))
            # Whoever writes all the while is caught up at the end.
            if number and (found.rows <= _FEW_ROWS or found.rows > last * _SLOWEST):
                break
            last = found.rows
            if number:
                report.changed_meanwhile += len(found.changed)
            async with aclosing(_stage_round(writing, reading, found, report)) as steps:
                async for _ in steps:
                    yield
        async with reading.snapshot():
            report.begin("prove", found.rows)
            async with aclosing(settled_users(reading)) as users:
                async for one in users:
                    await prove_user(reading, one)
                    await ledger.set_proven(writing, one.user_id)
                    report.done += len(one.rows)
                    yield
    await check_strays(writing)
    await tables.analyze_staging(writing)


async def _stage_round(
    writing: LegacyConnection,
    reading: LegacyConnection,
    found: Differences,
    report: UpgradeReport,
) -> AsyncGenerator[None]:
    report.begin("stage", found.rows)
    for user in found.gone:
        await staging.forget_user(writing, user)
    async with aclosing(owners.users(reading, found.changed)) as users:
        async for one in users:
            await staging.sync_user(writing, one, found.now[one.user_id].text())
            report.done += len(one.rows)
            yield


async def _prepare(writing: LegacyConnection, state: ledger.UpgradeState) -> None:
    """Makes the staging tables; those of another version of this package are made anew."""
    text = "\n".join([__version__, *tables.staged_schema()])
    wanted = hashlib.sha256(text.encode()).hexdigest()
    if state.staging == wanted:
        return

    async def make() -> None:
        if state.staging is not None:
            await swap.drop(writing, "staging")
            await swap.drop(writing, "briefsmith")
            await ledger.forget_all_staged(writing)
        async with swap.giving_up():
            await tables.create_staging(writing)
        await ledger.set_staging(writing, wanted)
        await ledger.set_phase(writing, "stage")

    await with_patience(writing, make)


async def _conclude(writing: LegacyConnection, report: UpgradeReport) -> None:
    report.begin("done", 0)
    report.legacy = {one.name: one.number for one in await ledger.counts(writing, "legacy")}
    report.made = {one.name: one.number for one in await ledger.counts(writing, "made")}
    for one in await ledger.counts(writing, "archived_only"):
        report.leave(one.name, one.detail or "", one.number)
    for mark in await ledger.reasons(writing):
        report.decide(mark.name, Decision(mark.source_table, mark.source_key, mark.sentence))
