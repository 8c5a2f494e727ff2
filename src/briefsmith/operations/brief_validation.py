"""Validating a brief, and the steps that rest on it: publishing, taking back, locking."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from briefsmith import errors
from briefsmith.compiler.document import BlockText, MediaItem, sha256_of
from briefsmith.compiler.findings import BlockNow, Demand, Material, NotedContradiction
from briefsmith.compiler.validation import validate
from briefsmith.models.task_briefs import TaskBrief
from briefsmith.operations.brief_life import BriefLife, begin_step, life_of
from briefsmith.operations.brief_texts import texts_then
from briefsmith.operations.briefs import media_of, snapshot_of
from briefsmith.operations.compositions import composition_of
from briefsmith.postgres.session import Session
from briefsmith.providers.tokenizer import TokenCounter
from briefsmith.schemas.brief_life import BriefState, BriefStep, Validation
from briefsmith.schemas.composition import Composition
from briefsmith.schemas.files import id_in_address
from briefsmith.schemas.snapshot import Snapshot
from briefsmith.store import brief_files, brief_life, events, search, task_brief_types
from briefsmith.store.search import SearchRow


@dataclass(frozen=True, slots=True)
class ValidatedBrief:
    """A brief behind a validation.

    Attributes:
        state: By then.
        is_recorded: False for a locked brief, of which nothing is written any more.
    """

    brief_id: UUID
    state: BriefState
    validation: Validation
    is_recorded: bool


async def validate_brief(session: Session, tokens: TokenCounter, brief_id: UUID) -> ValidatedBrief:
    """Looks for what is wrong with a brief's present text, and keeps what was found.

    Raises:
        BriefNotFound: There is none, or it is somebody else's.

    Emits:
        brief.validated
    """
    life = await begin_step(session, brief_id, BriefStep.VALIDATE)
    return await _validated(session, tokens, life)


async def publish_brief(session: Session, tokens: TokenCounter, brief_id: UUID) -> ValidatedBrief:
    """Publishes a brief whose present text has no error by now: it is validated in the same transaction.

    Raises:
        BriefNotFound: There is none, or it is somebody else's.
        WrongState: It is published or locked already, or there are errors: `findings` in the details.

    Emits:
        brief.validated, brief.published
    """
    life = await begin_step(session, brief_id, BriefStep.PUBLISH)
    validated = await _validated(session, tokens, life)
    if not validated.validation.ok:
        raise _not_publishable(validated)
    await brief_life.update_flags(session, brief_id, is_published=True, is_locked=False)
    await _tell(session, "brief.published", brief_id, sha256=life.text_sha256)
    return ValidatedBrief(
        brief_id, BriefState.PUBLISHED, validated.validation, is_recorded=validated.is_recorded
    )


async def unpublish_brief(session: Session, brief_id: UUID) -> BriefLife:
    """Takes a published brief back, so that it can be edited; where it stands then.

    Raises:
        BriefNotFound: There is none, or it is somebody else's.
        WrongState: It is not published, or is locked.

    Emits:
        brief.unpublished
    """
    return await _flagged(session, brief_id, BriefStep.UNPUBLISH, "brief.unpublished")


async def lock_brief(session: Session, brief_id: UUID) -> BriefLife:
    """Makes a published brief final; where it stands then.

    Only a purge still takes text out of a locked brief.

    Raises:
        BriefNotFound: There is none, or it is somebody else's.
        WrongState: It is not published, or is locked already.

    Emits:
        brief.locked
    """
    return await _flagged(session, brief_id, BriefStep.LOCK, "brief.locked")


async def _flagged(session: Session, brief_id: UUID, step: BriefStep, topic: str) -> BriefLife:
    life = await begin_step(session, brief_id, step)
    is_lock = step is BriefStep.LOCK
    await brief_life.update_flags(session, brief_id, is_published=is_lock, is_locked=is_lock)
    await _tell(session, topic, brief_id, sha256=life.text_sha256)
    brief = await brief_life.lock_brief(session, brief_id)
    return await life_of(session, brief or life.brief)


async def _tell(session: Session, topic: str, brief_id: UUID, **facts: Any) -> None:
    await events.insert_event(session, topic, {"task_brief_id": str(brief_id), **facts})


def _not_publishable(validated: ValidatedBrief) -> errors.WrongState:
    found = validated.validation
    count = "an error" if found.errors == 1 else f"{found.errors} errors"
    message = f"The brief {validated.brief_id} has {count} and was not published."
    details = {
        "id": str(validated.brief_id),
        "step": BriefStep.PUBLISH.value,
        "findings": [one.model_dump(mode="json") for one in found.findings],
    }
    hint = f"`briefsmith brief validate {validated.brief_id}` lists them, each with its mend."
    return errors.WrongState(message, hint=hint, details=details)


async def _validated(session: Session, tokens: TokenCounter, life: BriefLife) -> ValidatedBrief:
    brief_id = life.brief.id
    validation = await asyncio.to_thread(validate, await _material(session, tokens, life))
    if life.state is BriefState.LOCKED:
        return ValidatedBrief(brief_id, life.state, validation, is_recorded=False)
    output = await brief_life.insert_validation(session, brief_id, validation.model_dump_json())
    await _tell(
        session,
        "brief.validated",
        brief_id,
        output_id=str(output.id),
        sha256=validation.text_sha256,
        ok=validation.ok,
        errors=validation.errors,
        warnings=validation.warnings,
    )
    state = (await life_of(session, life.brief)).state
    return ValidatedBrief(brief_id, state, validation, is_recorded=True)


async def _material(session: Session, tokens: TokenCounter, life: BriefLife) -> Material:
    brief = life.brief
    snapshot = snapshot_of(brief)
    then: dict[UUID, BlockText] = {}
    now: list[SearchRow] = []
    if snapshot is not None:
        then = _intact(snapshot, await texts_then(session, snapshot))
        ids = [entry.block_id for entry in snapshot.blocks]
        now = await search.select_candidates(session, ids, snapshot.embedding_model or "")
    media = [MediaItem(item.image_url, item.description) for item in media_of(brief)]
    return Material(
        brief_id=brief.id,
        intent=brief.intent,
        text=life.text,
        text_tokens=tokens.count(life.text),
        snapshot=snapshot,
        media=media,
        then=then,
        now={row.block.id: _block_now(row) for row in now},
        demand=await _demand(session, brief),
        noted=_noted(snapshot, await composition_of(session, brief.id)),
        files_there=await _files_there(session, snapshot, media),
    )


async def _files_there(
    session: Session, snapshot: Snapshot | None, media: Sequence[MediaItem]
) -> set[UUID]:
    blocks = snapshot.blocks if snapshot else ()
    named = [file.file_id for entry in blocks for file in entry.files]
    named += [one for item in media if (one := id_in_address(item.image_url)) is not None]
    return await brief_files.select_files_there(session, named) if named else set()


def _noted(snapshot: Snapshot | None, composition: Composition | None) -> list[NotedContradiction]:
    """What the composer's model found contradicting, by the blocks that its cites stand for."""
    if snapshot is None or composition is None or composition.answer is None:
        return []
    cited = {entry.cite: entry.block_id for entry in snapshot.blocks}
    return [
        NotedContradiction(tuple(cited[cite] for cite in one.cites if cite in cited), one.sentence)
        for one in composition.answer.contradictions
    ]


def _intact(snapshot: Snapshot, texts: dict[UUID, BlockText]) -> dict[UUID, BlockText]:
    hashes = {entry.block_id: entry.content_sha256 for entry in snapshot.blocks}
    return {one: text for one, text in texts.items() if sha256_of(text.content) == hashes[one]}


def _block_now(row: SearchRow) -> BlockNow:
    block = row.block
    return BlockNow(
        version=block.version,
        label=block.label,
        type=block.type,
        source=block.source,
        content=block.content,
        status=block.status,
        embedding=row.vector,
    )


async def _demand(session: Session, brief: TaskBrief) -> Demand | None:
    if brief.task_brief_type_id is None:
        return None
    kind = await task_brief_types.select_type(session, brief.task_brief_type_id)
    return None if kind is None else Demand(kind.title, kind.required_context_types)
