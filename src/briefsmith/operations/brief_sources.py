"""The blocks that a brief is chosen from."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from briefsmith import errors
from briefsmith.compiler.document import SourceBlock
from briefsmith.compiler.file_lines import MOST_FILES, file_shown
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.models.enums import BlockStatus
from briefsmith.postgres.session import Session
from briefsmith.providers.embeddings import Embedder
from briefsmith.schemas.files import file_address
from briefsmith.schemas.snapshot import SnapshotFile
from briefsmith.store import brief_feedback, brief_files, search, task_briefs
from briefsmith.store.brief_files import FileOfBlock
from briefsmith.store.search import SearchRow

_SECONDS_PER_DAY = 86_400


class _Files(TypedDict, total=False):
    files: tuple[SnapshotFile, ...]
    more_files: int


async def asked_blocks(
    session: Session, embedder: Embedder, ids: Sequence[UUID]
) -> list[SearchRow]:
    """The blocks that a brief has to hold, as hits.

    Raises:
        BlockNotFound: There is none with this id, or it is somebody else's.
        WrongState: It is archived or hidden, or awaits review.
    """
    if not ids:
        return []
    found = await search.select_candidates(session, ids, embedder.name)
    by_id = {row.block.id: row for row in found}
    for block_id in ids:
        row = by_id.get(block_id)
        if row is None:
            message = f"There is no block {block_id}."
            raise errors.BlockNotFound(message, details={"id": str(block_id)})
        _refuse_unusable(row)
    return found


def _refuse_unusable(row: SearchRow) -> None:
    block = row.block
    if block.status is BlockStatus.ARCHIVED:
        message = f"The block {block.id} is archived and enters no brief."
        hint = f"Restore it first: `briefsmith block restore {block.id}`."
        raise errors.WrongState(message, hint=hint, details={"id": str(block.id)})
    if block.meta_visibility == "hidden":
        message = f"The block {block.id} is hidden and enters no brief."
        hint = "Give it another visibility first."
        raise errors.WrongState(message, hint=hint, details={"id": str(block.id)})
    if block.requires_user_review:
        message = f"The block {block.id} awaits your review and enters no brief before it."
        hint = f"Accept it: `briefsmith block edit {block.id} --reviewed`."
        raise errors.WrongState(message, hint=hint, details={"id": str(block.id)})


async def source_blocks(
    session: Session, rows: Sequence[SearchRow], asked: Sequence[SearchRow]
) -> list[SourceBlock]:
    """What the compiler chooses from, with what it weighs and with the files that it shows."""
    now = await task_briefs.select_now(session)
    asked_ids = {row.block.id for row in asked}
    found = {row.block.id: row for row in asked} | {row.block.id: row for row in rows}
    best = max((row.score for row in rows), default=0.0)
    judged = [row.block.id for row in found.values() if row.block.feedback_score is not None]
    weights = await brief_feedback.select_weights(session, judged) if judged else {}
    sources = (_source(row, now, best, asked=row.block.id in asked_ids) for row in found.values())
    files = await _files(session, [row.block for row in found.values()])
    return [
        replace(
            source,
            feedback_weight=weights.get(source.block_id, 0.0),
            **files.get(source.block_id, {}),
        )
        for source in sources
    ]


def _source(row: SearchRow, now: datetime, best: float, *, asked: bool) -> SourceBlock:
    block = row.block
    age = (now - block.updated_at).total_seconds() / _SECONDS_PER_DAY
    return SourceBlock(
        block_id=block.id,
        version=block.version,
        label=block.label,
        type=block.type,
        source=block.source,
        content=block.content,
        importance=block.importance,
        relevance=min(row.score / best, 1.0) if best > 0 else 0.0,
        feedback_score=block.feedback_score,
        age_days=max(age, 0.0),
        embedding=row.vector,
        asked=asked,
    )


async def _files(session: Session, blocks: Sequence[ContextBlock]) -> dict[UUID, _Files]:
    having = [block.id for block in blocks if block.file_ids]
    if not having:
        return {}
    rows = await brief_files.select_files_of_blocks(session, having, most=MOST_FILES)
    by_block: dict[UUID, list[FileOfBlock]] = {}
    for row in rows:
        by_block.setdefault(row.block_id, []).append(row)
    return {
        block_id: _Files(
            files=tuple(_shown(row) for row in of_block),
            more_files=of_block[0].of_block - len(of_block),
        )
        for block_id, of_block in by_block.items()
    }


def _shown(row: FileOfBlock) -> SnapshotFile:
    return file_shown(
        row.id,
        label=row.label,
        note=row.note,
        name=row.file_name,
        content_type=row.content_type,
        size_bytes=row.size_bytes,
        address=file_address(row.id, row.file_url),
        is_primary=row.is_primary,
    )
