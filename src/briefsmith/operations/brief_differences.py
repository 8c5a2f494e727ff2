"""Comparing briefs."""

from typing import Any
from uuid import UUID

from briefsmith.compiler.differences import BriefDifference, BriefSide, compare_sides
from briefsmith.operations.brief_life import BriefLife, read_life
from briefsmith.operations.briefs import snapshot_of
from briefsmith.postgres.session import Session
from briefsmith.store import task_brief_outputs

_COLUMNS = (
    "intent",
    "sub_instructions",
    "media",
    "meta_emotional_tone",
    "meta_scope",
    "meta_audience",
    "task_brief_type_id",
)


async def compare_briefs(
    session: Session, a: UUID, b: UUID | None = None, *, composed: bool = False
) -> BriefDifference:
    """In what the second brief differs from the first.

    Args:
        b: None compares the first as it was composed with its present text.
        composed: Compare both as they were composed, without their edits.

    Raises:
        BriefNotFound: There is no such brief, or it is somebody else's.
    """
    first = await read_life(session, a)
    if b is None:
        left = await _side(session, first, composed=True)
        return compare_sides(left, await _side(session, first, composed=False))
    left = await _side(session, first, composed=composed)
    second = await read_life(session, b)
    return compare_sides(left, await _side(session, second, composed=composed))


async def _side(session: Session, life: BriefLife, *, composed: bool) -> BriefSide:
    brief = life.brief
    text, name = life.text, str(brief.id)
    if composed:
        output = await task_brief_outputs.select_rendered(session, brief.id)
        text, name = output.content if output else "", f"{brief.id} as composed"
    settings: dict[str, Any] = brief.model_dump(mode="json", include=set(_COLUMNS))
    return BriefSide(name, text, snapshot_of(brief), settings)
