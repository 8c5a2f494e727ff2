"""Verbs on briefs that exist."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from briefsmith.compiler.brief import (
    CompiledBrief,
    recompile,
)
from briefsmith.compiler.document import MediaItem
from briefsmith.models.task_briefs import TaskBrief
from briefsmith.operations.brief_life import life_of, listed_state
from briefsmith.operations.brief_lookup import find_brief
from briefsmith.operations.brief_texts import texts_then
from briefsmith.operations.compositions import composition_of, redact_composition
from briefsmith.postgres.session import Session
from briefsmith.schemas.brief_life import BriefState
from briefsmith.schemas.briefs import BriefListing, Media
from briefsmith.schemas.composition import Composition
from briefsmith.schemas.pages import Placed
from briefsmith.schemas.snapshot import LEGACY_KEYS, Snapshot
from briefsmith.store import (
    brief_life,
    context_blocks,
    task_brief_outputs,
    task_briefs,
)
from briefsmith.store.task_briefs import ListedBrief

_PAGE = 100


@dataclass(frozen=True, slots=True)
class StoredBrief:
    """A brief as it stands in the database.

    Attributes:
        markdown: The present text, as it was last edited; of a purged block it says only that there was one. A
            sentence, for a brief that was compiled before the upgrade of a legacy database.
        snapshot: What went in; None for a brief that was not made here.
        labels: Labels of the blocks that still exist, as they are now.
        text_sha256: Of the present text, which an edit names to say what it was made on.
        composition: What a model answered, or why there is no answer; None where none was asked.
    """

    brief: TaskBrief
    markdown: str
    snapshot: Snapshot | None
    labels: Mapping[UUID, str]
    state: BriefState
    text_sha256: str
    composition: Composition | None


async def get_brief(session: Session, brief_id: UUID) -> StoredBrief:
    """A brief with its text.

    Raises:
        BriefNotFound: There is none, or it is somebody else's.
    """
    brief = await find_brief(session, brief_id)
    life = await life_of(session, brief)
    snapshot = snapshot_of(brief)
    ids = [part.block_id for part in snapshot.blocks] if snapshot else []
    ids += [part.block_id for part in snapshot.left_out] if snapshot else []
    blocks = await context_blocks.select_blocks_by_id(session, ids)
    labels = {block.id: block.label for block in blocks}
    return StoredBrief(
        brief=brief,
        markdown=life.output.content if life.output else _unrendered(brief),
        snapshot=snapshot,
        labels=labels,
        state=life.state,
        text_sha256=life.text_sha256,
        composition=await composition_of(session, brief_id),
    )


def _unrendered(brief: TaskBrief) -> str:
    """What there is to read of a brief that the composer made no text of."""
    held = brief.core_context_snapshot
    if not isinstance(held, dict) or LEGACY_KEYS.isdisjoint(cast("dict[str, Any]", held)):
        return ""
    return (
        "This brief was compiled before the upgrade of this database, and has no text of its own. "
        f"`briefsmith brief show {brief.id} --json` shows what it holds.\n"
    )


def snapshot_of(brief: TaskBrief) -> Snapshot | None:
    """The snapshot, checked; None where the column holds something else, as in a legacy brief."""
    try:
        return Snapshot.model_validate(brief.core_context_snapshot)
    except ValidationError:
        return None


async def list_briefs(
    session: Session, *, limit: int | None = None, before: Placed | None = None
) -> AsyncIterator[BriefListing]:
    """Briefs, the newest first, page by page.

    Args:
        limit: At most so many; None gives all.
        before: Those behind this place only; None begins with the newest.
    """
    left = limit
    while left is None or left > 0:
        size = _PAGE if left is None else min(_PAGE, left)
        page = await task_briefs.select_briefs(session, before=before, limit=size)
        for brief in page:
            yield _listing(brief)
        if len(page) < size:
            return
        before = page[-1]
        left = None if left is None else left - len(page)


def _listing(brief: ListedBrief) -> BriefListing:
    return BriefListing(
        id=brief.id,
        state=listed_state(brief),
        intent=brief.intent,
        compilation_mode=brief.compilation_mode,
        is_draft=brief.is_draft,
        is_published=brief.is_published,
        is_locked=brief.is_locked,
        created_at=brief.created_at,
        rendered_tokens=brief.rendered_tokens,
        blocks=brief.blocks,
    )


async def recompile_brief(session: Session, brief: TaskBrief) -> CompiledBrief | None:
    """The brief again, out of its snapshot and the versions that it names; what was purged is missing.

    Returns:
        None for a brief whose snapshot is not ours.
    """
    snapshot = snapshot_of(brief)
    if snapshot is None:
        return None
    texts = await texts_then(session, snapshot)
    media = [MediaItem(item.image_url, item.description) for item in media_of(brief)]
    composition = await composition_of(session, brief.id)
    answer = composition.answer if composition else None
    return await asyncio.to_thread(
        recompile, snapshot, brief.intent, brief.sub_instructions, media, texts, answer=answer
    )


def media_of(brief: TaskBrief) -> list[Media]:
    """The pictures of a brief; none where the column holds something else, as in a legacy brief."""
    try:
        return TypeAdapter(list[Media]).validate_python(brief.media or [])
    except ValidationError:
        return []


async def redact_brief(session: Session, brief: TaskBrief) -> None:
    """Takes the text of purged blocks out of what was made of a brief.

    A snapshot that cannot be read is forgotten, but for the legacy copy of the profile, which is no block's text.
    Edited texts, validations and what the composer's model answered go, because they may repeat the purged text.
    """
    # An edit that is under way would be stored behind our back, with the purged text in it.
    await brief_life.lock_brief(session, brief.id)
    await redact_composition(session, brief.id)
    compiled = await recompile_brief(session, brief)
    if compiled is None:
        text = "The text of this brief was removed, because a block in it was purged.\n"
        await task_briefs.clear_snapshot(session, brief.id)
    else:
        text = compiled.markdown
    await task_brief_outputs.update_rendered(session, brief.id, text)
    await task_brief_outputs.delete_other_outputs(session, brief.id)
