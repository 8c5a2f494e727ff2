"""Statements on the views."""

from typing import TypedDict
from uuid import UUID

from briefsmith.postgres.session import Session
from briefsmith.postgres.statements import NoParameters, statement
from briefsmith.schemas.insights import BlockUsage, BriefPatterns, TypePopularity


class _Usage(TypedDict):
    user_id: UUID
    unused_only: bool
    limit: int | None


class _Of(TypedDict):
    user_id: UUID


_SELECT_BLOCK_USAGE = statement("insights.select_block_usage", _Usage, BlockUsage)
_SELECT_BRIEF_PATTERNS = statement("insights.select_brief_patterns", _Of, BriefPatterns)
_SELECT_POPULARITY = statement("insights.select_popularity", NoParameters, TypePopularity)


async def select_block_usage(
    session: Session, *, unused_only: bool, limit: int | None
) -> list[BlockUsage]:
    """Blocks by how many briefs they went into, the most used first."""
    params: _Usage = {
        "user_id": session.actor.user_id,
        "unused_only": unused_only,
        "limit": limit,
    }
    return await session.many(_SELECT_BLOCK_USAGE, params)


async def select_brief_patterns(session: Session) -> BriefPatterns | None:
    """What the actor's briefs have in common; None where there are none."""
    return await session.maybe(_SELECT_BRIEF_PATTERNS, {"user_id": session.actor.user_id})


async def select_popularity(session: Session) -> list[TypePopularity]:
    """The types of the actor's blocks, the most used first."""
    return await session.many(_SELECT_POPULARITY, {})
