"""The verb upgrade: from the legacy schema to the final one, to its end or back."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

from briefsmith.schema_sync.upgrade.plan import UpgradePlan, plan
from briefsmith.schema_sync.upgrade.report import UpgradeReport
from briefsmith.schema_sync.upgrade.undo import check, finish, undo
from briefsmith.schema_sync.upgrade.upgrade import upgrade


async def plan_upgrade(url: str) -> UpgradePlan:
    """What a legacy database holds and what would become of it; nothing is changed.

    Raises:
        UpgradeRefused: This is no legacy database, or it was upgraded.
        Unavailable: No database.
    """
    return await plan(url)


async def upgrade_schema(url: str, archive: Path | None) -> AsyncGenerator[UpgradeReport]:
    """Brings a legacy database to the final schema; yields the growing report, the last one being whole.

    Args:
        url: PostgreSQL address.
        archive: Where the old rows are kept; None takes the file of the run that was stopped.

    Raises:
        UpgradeRefused: Something stands in the way, or a row cannot be made again from the new ones.
        InvalidInput: There is no place for the archive.
        Unavailable: No database, or it is in use all the time; the same call goes on where it was.
    """
    async with aclosing(upgrade(url, archive)) as reports:
        async for report in reports:
            yield report


async def check_upgraded(url: str, *, undo: bool) -> None:
    """Looks whether there is an upgrade to finish, or to undo; changes nothing.

    Raises:
        UpgradeRefused: There is none.
        Unavailable: No database.
    """
    await check(url, undo=undo)


async def finish_upgrade(url: str) -> None:
    """Drops the legacy tables for good.

    Raises:
        UpgradeRefused: There is no upgrade to finish, or something hangs on the legacy tables.
        Unavailable: No database, or the tables were in use all the time.
    """
    await finish(url)


async def undo_upgrade(url: str, *, discard_changes: bool = False) -> None:
    """Brings the legacy tables back as they were.

    Args:
        url: PostgreSQL address.
        discard_changes: Lose what was stored since the upgrade.

    Raises:
        UndoRefused: Something was stored since; says how much in which table.
        UpgradeRefused: There is nothing to undo, or something hangs on the new tables.
        Unavailable: No database, or the tables were in use all the time.
    """
    await undo(url, discard_changes=discard_changes)
