"""Statements on `task_briefs` and what hangs on a brief from its first moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from briefsmith.models.task_briefs import TaskBrief
from briefsmith.postgres.session import Session
from briefsmith.postgres.statements import NoParameters, statement
from briefsmith.schemas.pages import Placed


class NewBriefColumns(TypedDict):
    """Columns of a draft, JSON ones as JSON text."""

    intent: str
    sub_instructions: str | None
    media: str | None
    compilation_mode: str | None
    core_context_snapshot: str
    meta_emotional_tone: list[str]
    meta_scope: str | None
    meta_audience: str | None
    task_brief_type_id: UUID | None


class _NewBrief(NewBriefColumns):
    user_id: UUID


class _NewParts(TypedDict):
    user_id: UUID
    task_brief_id: UUID
    content: str
    block_ids: list[UUID]
    transformations: list[str]


class _Id(TypedDict):
    id: UUID


class _Page(TypedDict):
    user_id: UUID
    before_id: UUID | None
    before_time: datetime | None
    limit: int


class _OfBlock(TypedDict):
    block_id: UUID


class _Blocks(TypedDict):
    block_ids: list[UUID]


@dataclass(frozen=True, slots=True)
class UsedBlock:
    """A block that there still is."""

    id: UUID


@dataclass(frozen=True, slots=True)
class ListedBrief:
    """A brief in a list, and what its state is made of.

    Attributes:
        text_agent: Who made the present text; None where there is none.
        text_sha256: Of the present text.
        validation: What the newest validation found, as JSON that nobody has checked.
    """

    id: UUID
    intent: str
    compilation_mode: str | None
    is_draft: bool
    is_published: bool
    is_locked: bool
    created_at: datetime
    rendered_tokens: int | None
    blocks: int
    text_agent: str | None
    text_sha256: str
    validation: str | None


@dataclass(frozen=True, slots=True)
class Now:
    """The time of the transaction."""

    now: datetime


_INSERT_BRIEF = statement("task_briefs.insert_brief", _NewBrief, TaskBrief)
_LOCK_USED_BLOCKS = statement("task_briefs.lock_used_blocks", _Blocks, UsedBlock)
_INSERT_PARTS = statement("task_briefs.insert_parts", _NewParts, None)
_SELECT_BRIEF = statement("task_briefs.select_brief", _Id, TaskBrief)
_SELECT_BRIEFS = statement("task_briefs.select_briefs", _Page, ListedBrief)
_SELECT_BRIEFS_WITH_BLOCK = statement("task_briefs.select_briefs_with_block", _OfBlock, TaskBrief)
_CLEAR_SNAPSHOT = statement("task_briefs.clear_snapshot", _Id, None)
_SELECT_NOW = statement("task_briefs.select_now", NoParameters, Now)


async def insert_brief(session: Session, columns: NewBriefColumns) -> TaskBrief:
    """The draft."""
    return await session.one(_INSERT_BRIEF, {**columns, "user_id": session.actor.user_id})


async def lock_used_blocks(session: Session, block_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these blocks there still are; nobody purges them until the transaction ends."""
    rows = await session.many(_LOCK_USED_BLOCKS, {"block_ids": [*block_ids]})
    return {row.id for row in rows}


async def insert_parts(
    session: Session, brief_id: UUID, content: str, uses: Sequence[tuple[UUID, str]]
) -> None:
    """Links, usage, the rendered text and the event of a draft.

    Args:
        uses: Block ids with their transformations.
    """
    params: _NewParts = {
        "user_id": session.actor.user_id,
        "task_brief_id": brief_id,
        "content": content,
        "block_ids": [use[0] for use in uses],
        "transformations": [use[1] for use in uses],
    }
    await session.execute(_INSERT_PARTS, params)


async def select_brief(session: Session, brief_id: UUID) -> TaskBrief | None:
    """The brief with this id, if it is the actor's."""
    return await session.maybe(_SELECT_BRIEF, {"id": brief_id})


async def select_briefs(
    session: Session, *, before: Placed | None, limit: int
) -> list[ListedBrief]:
    """A page of briefs, the newest first."""
    params: _Page = {
        "user_id": session.actor.user_id,
        "before_id": before.id if before else None,
        "before_time": before.created_at if before else None,
        "limit": limit,
    }
    return await session.many(_SELECT_BRIEFS, params)


async def select_briefs_with_block(session: Session, block_id: UUID) -> list[TaskBrief]:
    """Briefs that a block went into."""
    return await session.many(_SELECT_BRIEFS_WITH_BLOCK, {"block_id": block_id})


async def clear_snapshot(session: Session, brief_id: UUID) -> int:
    """Forgets what went into a brief, which keeps its links."""
    return await session.execute(_CLEAR_SNAPSHOT, {"id": brief_id})


async def select_now(session: Session) -> datetime:
    """The time of the transaction, by the database's clock."""
    return (await session.one(_SELECT_NOW, {})).now
