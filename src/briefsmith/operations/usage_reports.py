"""What the observer finds: blocks, files and briefs that nobody looks after; looked up, and reported as an event."""

from collections.abc import Sequence
from itertools import groupby

from briefsmith.postgres.session import Session
from briefsmith.schemas.reports import (
    USAGE_TOPIC,
    AgedBlock,
    AgeKind,
    BlockState,
    DeadFile,
    MovedBlock,
    OutdatedBrief,
    UsageReport,
    UsageSettings,
)
from briefsmith.store import block_reports, events
from briefsmith.store.block_reports import AgedRow, MovedRow


async def report_usage(session: Session, settings: UsageSettings) -> UsageReport:
    """Blocks that are stale or unused, files that lead nowhere, and briefs on outdated context.

    Emits:
        block.usage_report
    """
    limit = settings.most_findings
    stale = await block_reports.select_stale_blocks(session, days=settings.stale_days, limit=limit)
    unused = await block_reports.select_unused_blocks(
        session, days=settings.unused_days, limit=limit
    )
    files = await block_reports.select_dead_files(session, limit=limit)
    moved = await block_reports.select_moved_blocks(session, limit=limit)
    report = UsageReport(
        stale_days=settings.stale_days,
        unused_days=settings.unused_days,
        aged=(*(_aged("stale", row) for row in stale), *(_aged("unused", row) for row in unused)),
        dead_files=tuple(
            DeadFile(kind=row.kind, file_id=row.file_id, block_id=row.block_id) for row in files
        ),
        outdated_briefs=_by_brief(moved),
        left_out=sum(rows[0].total - len(rows) for rows in (stale, unused, files, moved) if rows),
    )
    await events.insert_event(session, USAGE_TOPIC, report.model_dump(mode="json"))
    return report


def _aged(kind: AgeKind, row: AgedRow) -> AgedBlock:
    block = BlockState(
        block_id=row.block_id, version=row.version, content_sha256=row.content_sha256
    )
    return AgedBlock(kind=kind, block=block, days=row.days)


def _by_brief(rows: Sequence[MovedRow]) -> tuple[OutdatedBrief, ...]:
    return tuple(
        OutdatedBrief(
            task_brief_id=brief_id,
            blocks=tuple(
                MovedBlock(
                    block_id=row.block_id,
                    version=row.version,
                    now=row.now_version,
                    change=row.change,
                )
                for row in moved
            ),
        )
        for brief_id, moved in groupby(rows, key=lambda row: row.task_brief_id)
    )
