"""What use tells: of blocks, of briefs, of types."""

from briefsmith.postgres.session import Session
from briefsmith.schemas.insights import BlockUsage, BriefPatterns, TypePopularity
from briefsmith.store import insights


async def block_usage(
    session: Session, *, unused_only: bool = False, limit: int | None = None
) -> list[BlockUsage]:
    """Every block with the briefs it went into, the most used first; archived ones too.

    Args:
        unused_only: Only blocks that no brief has used.
        limit: At most so many; None gives all.
    """
    return await insights.select_block_usage(session, unused_only=unused_only, limit=limit)


async def brief_patterns(session: Session) -> BriefPatterns:
    """What the person's briefs have in common; without any brief, all of it is empty."""
    found = await insights.select_brief_patterns(session)
    return found or BriefPatterns(0, None, None, None)


async def type_popularity(session: Session) -> list[TypePopularity]:
    """The types that the person has blocks of, the most used first."""
    return await insights.select_popularity(session)
