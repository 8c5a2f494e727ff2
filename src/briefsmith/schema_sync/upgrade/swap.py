"""The exchange: what changed meanwhile is caught up and compared, and the tables change places.

Every row is compared with what can be made again of it, in one snapshot, before writers have to wait. While
they wait, the hash of every row says which users' rows are not those any more; these are staged and compared
again. So at the exchange all rows are proven, and writers have waited for hashes and changes alone.
"""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from briefsmith.errors import UpgradeUnproven
from briefsmith.postgres.legacy import ledger, swap
from briefsmith.postgres.legacy.connections import LegacyConnection
from briefsmith.postgres.legacy.rows import LegacyRow, legacy_rows
from briefsmith.schema_sync.upgrade import archive, owners, staging
from briefsmith.schema_sync.upgrade.locks import with_patience
from briefsmith.schema_sync.upgrade.obstacles import check_way, legacy_names
from briefsmith.schema_sync.upgrade.proof import check_strays, prove_user

# How often to look for a moment in which nobody reads, before writers are let through.
_STOPS = 20


@dataclass(frozen=True, slots=True)
class Differences:
    """Users whose staged rows are not what their legacy rows now are."""

    now: dict[UUID | None, owners.Fingerprint]
    changed: set[UUID | None]
    gone: set[UUID | None]

    @property
    def rows(self) -> int:
        """How many rows the changed users have."""
        return sum(self.now[user].rows for user in self.changed)


async def differences(reading: LegacyConnection, marks: list[ledger.UserMark]) -> Differences:
    """Compares the hash of every legacy row with that of the state in which it was staged."""
    now = await owners.fingerprints(reading)
    known = {mark.user_id: mark.fingerprint for mark in marks}
    changed = {user for user, found in now.items() if known.get(user) != found.text()}
    return Differences(now, changed, set(known) - set(now))


async def exchange_tables(
    writing: LegacyConnection, reading: LegacyConnection, state: ledger.UpgradeState
) -> None:
    """One attempt after the other until the final tables are in use.

    Raises:
        DatabaseBusy: The legacy tables were in use all the time.
        UpgradeUnproven: A row changed meanwhile and cannot be made again.
    """
    await with_patience(writing, lambda: _attempt(writing, reading, state))


async def _attempt(
    writing: LegacyConnection, reading: LegacyConnection, state: ledger.UpgradeState
) -> None:
    await swap.hold_writers(writing)
    await check_way(writing, is_begun=True)
    # Nobody writes any more, so the other connection sees what this one does.
    async with reading.snapshot():
        late = await _catch_up(writing, reading)
    assert state.archive_bytes is not None, "no archive"  # noqa: S101  a fault of ours
    archive.append(Path(state.archive_path), state.id, state.archive_bytes, late)
    await check_strays(writing)
    await _check_proven(writing)
    going = await swap.present_objects(writing, swap.PUBLIC, legacy_names())
    coming = await swap.staged_objects(writing)
    await swap.settle_functions(writing)
    await swap.add_data(writing)
    await swap.record_migrations(writing)
    await swap.set_moved(writing, "swapped", going, coming)
    # From here on readers wait.
    await stop_and_exchange(writing, going, swap.LEGACY, coming)


async def stop_and_exchange(
    writing: LegacyConnection,
    going: list[swap.Moved],
    away: str,
    coming: list[swap.Moved],
) -> None:
    """Tries a few times to find the moment in which nobody reads.

    Raises:
        NotNow: There was none.
    """
    for _ in range(_STOPS - 1):
        try:
            await swap.exchange(writing, going, away, coming)
        except swap.NotNow:
            # Those who waited behind us go on meanwhile.
            await asyncio.sleep(random.uniform(0.05, 0.25))  # noqa: S311  no secret
        else:
            return
    await swap.exchange(writing, going, away, coming)


async def _catch_up(writing: LegacyConnection, reading: LegacyConnection) -> list[LegacyRow]:
    """Stages and proves what changed since; gives the rows that the archive does not have."""
    found = await differences(reading, await ledger.user_marks(writing))
    for user in found.gone:
        await staging.forget_user(writing, user)
    late: list[LegacyRow] = []
    async with aclosing(owners.users(reading, found.changed)) as users:
        async for one in users:
            await staging.sync_user(writing, one, found.now[one.user_id].text())
            await prove_user(writing, one)
            await ledger.set_proven(writing, one.user_id)
            known = await _archived(writing, one.user_id)
            late += [row for row in one.legacy if (row.table, row.key, row.sha256) not in known]
    return late + await _late_orphans(writing, reading)


async def _late_orphans(writing: LegacyConnection, reading: LegacyConnection) -> list[LegacyRow]:
    known = await _archived(writing, None)
    async with aclosing(legacy_rows(reading, owners=[])) as rows:
        return [
            row
            async for row in rows
            if row.reason is not None and (row.table, row.key, row.sha256) not in known
        ]


async def _archived(writing: LegacyConnection, user_id: UUID | None) -> set[tuple[str, str, str]]:
    marks = await ledger.archived_of(writing, user_id)
    return {(mark.source_table, mark.source_key, mark.sha256) for mark in marks}


async def _check_proven(writing: LegacyConnection) -> None:
    unproven = [mark for mark in await ledger.user_marks(writing) if not mark.proven]
    if unproven:
        message = f"The rows of {len(unproven)} users were not compared."
        raise UpgradeUnproven(message)


async def settled_users(reading: LegacyConnection) -> AsyncGenerator[owners.UserRows]:
    """Users whose rows are what was staged, and that were not proven yet; for the caller to prove."""
    marks = await ledger.user_marks(reading)
    found = await differences(reading, marks)
    wanted = {
        mark.user_id
        for mark in marks
        if not mark.proven and mark.user_id not in found.changed | found.gone
    }
    if wanted:
        async with aclosing(owners.users(reading, wanted)) as users:
            async for one in users:
                yield one
