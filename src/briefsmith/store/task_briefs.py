"""Statements on `task_briefs` and what hangs on a brief from its first moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from briefsmith.models.task_briefs import TaskBrief
from briefsmith.postgres.session import Session
from briefsmith.schemas.briefs import BriefListing
from briefsmith.sql import load

_SQL = load("task_briefs")


async def insert_brief(session: Session, values: dict[str, Any]) -> TaskBrief:
    """The draft; `values` are its columns by name, JSON ones as JSON text."""
    params = {**values, "user_id": session.actor.user_id}
    return await session.one(_SQL["insert_brief"], TaskBrief, params)


async def insert_parts(
    session: Session, brief_id: UUID, content: str, uses: Sequence[tuple[UUID, str]]
) -> None:
    """Links, usage, the rendered text and the event of a draft.

    Args:
        uses: Block ids with their transformations.
    """
    params = {
        "user_id": session.actor.user_id,
        "task_brief_id": brief_id,
        "content": content,
        "block_ids": [use[0] for use in uses],
        "transformations": [use[1] for use in uses],
    }
    await session.execute(_SQL["insert_parts"], params)


async def select_brief(session: Session, brief_id: UUID) -> TaskBrief | None:
    """The brief with this id, if it is the actor's."""
    return await session.maybe(_SQL["select_brief"], TaskBrief, {"id": brief_id})


async def select_briefs(
    session: Session, *, before: BriefListing | None, limit: int
) -> list[BriefListing]:
    """A page of briefs, the newest first."""
    params = {
        "user_id": session.actor.user_id,
        "before_id": before.id if before else None,
        "before_time": before.created_at if before else None,
        "limit": limit,
    }
    return await session.many(_SQL["select_briefs"], BriefListing, params)


async def select_briefs_with_block(session: Session, block_id: UUID) -> list[TaskBrief]:
    """Briefs that a block went into."""
    return await session.many(_SQL["select_briefs_with_block"], TaskBrief, {"block_id": block_id})


async def clear_snapshot(session: Session, brief_id: UUID) -> int:
    """Forgets what went into a brief, which keeps its links."""
    return await session.execute(_SQL["clear_snapshot"], {"id": brief_id})


@dataclass(frozen=True, slots=True)
class Now:
    """The time of the transaction."""

    now: datetime


async def select_now(session: Session) -> datetime:
    """The time of the transaction, by the database's clock."""
    return (await session.one(_SQL["select_now"], Now)).now
