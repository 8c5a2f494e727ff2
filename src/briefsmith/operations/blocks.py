"""Verbs on blocks."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from briefsmith import errors
from briefsmith.documents.both_sides import both_sides
from briefsmith.models.block_revisions import BlockRevision
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.models.enums import BlockStatus
from briefsmith.operations.block_parts import embed_parts
from briefsmith.operations.briefs import redact_brief
from briefsmith.operations.embedded_texts import embedded_text
from briefsmith.postgres.session import Session
from briefsmith.providers.embeddings import Embedder
from briefsmith.schemas.blocks import BlockEdit, BlockFilter, NewBlock
from briefsmith.schemas.pages import Placed
from briefsmith.store import (
    block_change_queue,
    block_files,
    block_revisions,
    context_blocks,
    events,
    idempotent_answers,
    task_briefs,
)

_PAGE = 200
_EMBEDDED = {"label", "content"}


async def add_block(session: Session, embedder: Embedder, new: NewBlock) -> ContextBlock:
    """A new block, embedded in the transaction that writes it.

    Where the embedding service does not answer, the block goes in without a vector, and `reembed` adds it.

    Raises:
        LabelTaken: Shows the block that has the label.
        BlockNotFound: The block that it should derive from.

    Emits:
        block.created
    """
    vector = await _vector_or_none(embedder, new.label, new.content)
    if new.meta_derived_from is not None:
        await get_block(session, new.meta_derived_from)
    model = None if vector is None else embedder.name
    block = await context_blocks.insert_block(session, new, model=model, embedding=vector)
    if block is None:
        raise await label_taken(session, new.label)
    await embed_parts(session, embedder, {block.id: block.content})
    await events.insert_event(session, "block.created", _named(block))
    return block


async def label_taken(session: Session, label: str) -> errors.LabelTaken:
    """The error for a label that another block has, with that block."""
    other = await context_blocks.select_block_by_label(session, label)
    details: dict[str, Any] = {"label": label}
    if other is not None:
        details["other"] = {**_named(other), "label": other.label, "status": other.status}
    message = f"Another block has the label {label!r} already."
    return errors.LabelTaken(message, details=details)


async def get_block(session: Session, block_id: UUID) -> ContextBlock:
    """The block.

    Raises:
        BlockNotFound: There is none, or it is somebody else's.
    """
    block = await context_blocks.select_block(session, block_id)
    if block is None:
        message = f"There is no block {block_id}."
        raise errors.BlockNotFound(message, details={"id": str(block_id)})
    return block


async def list_blocks(
    session: Session,
    wanted: BlockFilter,
    *,
    limit: int | None = None,
    after: Placed | None = None,
    awaiting_review: bool = False,
) -> AsyncIterator[ContextBlock]:
    """Blocks, the oldest first, page by page.

    Args:
        limit: At most so many; None gives all.
        after: Those behind this place only; None begins at the beginning.
        awaiting_review: Those alone that enter no brief until a person accepts them.
    """
    left = limit
    while left is None or left > 0:
        size = _PAGE if left is None else min(_PAGE, left)
        page = await context_blocks.select_blocks(
            session, wanted, after=after, limit=size, awaiting_review=awaiting_review
        )
        for block in page:
            yield block
        if len(page) < size:
            return
        after = page[-1]
        left = None if left is None else left - len(page)


async def edit_block(
    session: Session,
    embedder: Embedder,
    block_id: UUID,
    edit: BlockEdit,
    *,
    expected_version: int | None = None,
) -> ContextBlock:
    """The block after the change; a revision keeps what it was.

    Args:
        expected_version: The version that the caller read; None takes the present one.

    Raises:
        StaleVersion: The block has moved on; details show both sides.
        LabelTaken: Another block has the new label.
        WrongState: It is archived, or locked and stays so.

    Emits:
        block.updated
    """
    current = await get_block(session, block_id)
    changes = edit.model_dump(exclude_unset=True)
    expected = current.version if expected_version is None else expected_version
    if expected != current.version:
        raise _stale(current, expected, changes)
    _refuse_closed(current, edit)
    if edit.label is not None and edit.label.lower() != current.label.lower():
        await _refuse_taken(session, edit.label, current)
    embedded: tuple[str, NDArray[np.float32]] | None = None
    if _EMBEDDED & changes.keys():
        text = (edit.label or current.label, edit.content or current.content)
        vector = await _vector_or_none(embedder, *text)
        embedded = None if vector is None else (embedder.name, vector)
    block = await _update(session, current, expected, edit, embedded)
    if embedded is not None:
        await embed_parts(session, embedder, {block.id: block.content})
    return block


async def _update(
    session: Session,
    current: ContextBlock,
    expected: int,
    edit: BlockEdit,
    embedded: tuple[str, NDArray[np.float32]] | None = None,
) -> ContextBlock:
    changes = edit.model_dump(exclude_unset=True)
    model, vector = embedded or (None, None)
    block = await context_blocks.update_block(
        session,
        current.id,
        expected,
        edit,
        clear=[name for name, value in changes.items() if value is None],
        model=model,
        embedding=vector,
    )
    if block is None:
        raise _stale(await get_block(session, current.id), expected, changes)
    if block.version != current.version:
        await events.insert_event(session, "block.updated", _named(block))
    return block


def _refuse_closed(current: ContextBlock, edit: BlockEdit) -> None:
    if current.status is BlockStatus.ARCHIVED:
        message = f"The block {current.id} is archived."
        hint = f"Restore it first: `briefsmith block restore {current.id}`."
        raise errors.WrongState(message, hint=hint, details=_named(current))
    if current.status is BlockStatus.LOCKED and edit.status is not BlockStatus.ACTIVE:
        message = f"The block {current.id} is locked."
        hint = f"Unlock it first: `briefsmith block edit {current.id} --status active`."
        raise errors.WrongState(message, hint=hint, details=_named(current))


async def _refuse_taken(session: Session, label: str, current: ContextBlock) -> None:
    other = await context_blocks.select_block_by_label(session, label)
    if other is not None and other.id != current.id:
        raise await label_taken(session, label)


def _stale(current: ContextBlock, expected: int, changes: dict[str, Any]) -> errors.StaleVersion:
    theirs = current.model_dump(mode="json", include=set(changes))
    sides = {name: _sides(value, theirs[name]) for name, value in changes.items()}
    message = (
        f"The block {current.id} is at version {current.version}, not at {expected}: "
        "somebody changed it meanwhile."
    )
    details = {
        "expected_version": expected,
        "current_version": current.version,
        "yours": {name: yours for name, (yours, _) in sides.items()},
        "theirs": {name: other for name, (_, other) in sides.items()},
    }
    return errors.StaleVersion(message, details=details)


def _sides(yours: object, theirs: object) -> tuple[object, object]:
    if isinstance(yours, str) and isinstance(theirs, str):
        return both_sides(yours, theirs)
    return yours, theirs


async def refresh_block(
    session: Session,
    embedder: Embedder,
    block_id: UUID,
    content: str | None,
    *,
    expected_version: int,
) -> ContextBlock:
    """The block with a text from its source, or with the word that its text still holds; no more stale.

    Args:
        content: None, or the same as before: it still holds. Another one makes the block's source `agent`.
        expected_version: The version that the caller read.

    Raises:
        StaleVersion: The block has moved on.
        WrongState: It is archived or locked.

    Emits:
        block.updated
    """
    current = await get_block(session, block_id)
    changes = {} if content is None else {"content": content}
    if expected_version != current.version:
        raise _stale(current, expected_version, changes)
    _refuse_closed(current, BlockEdit())
    changed = None if content == current.content else content
    vector = None
    if changed is not None:
        vector = await _vector_or_none(embedder, current.label, changed)
    block = await block_change_queue.refresh_block(
        session,
        block_id,
        expected_version,
        changed,
        model=None if vector is None else embedder.name,
        embedding=vector,
    )
    if block is None:
        raise _stale(await get_block(session, block_id), expected_version, changes)
    if vector is not None:
        await embed_parts(session, embedder, {block.id: block.content})
    await events.insert_event(session, "block.updated", _named(block))
    return block


async def accept_block(session: Session, block_id: UUID) -> ContextBlock:
    """The block, reviewed by a person: from now on it may enter briefs.

    Raises:
        WrongState: It is archived or locked.
    """
    current = await get_block(session, block_id)
    if not current.requires_user_review:
        return current
    edit = BlockEdit(requires_user_review=False)
    _refuse_closed(current, edit)
    return await _update(session, current, current.version, edit)


async def archive_block(session: Session, block_id: UUID) -> ContextBlock:
    """The block, out of use; it keeps its history and can come back.

    Raises:
        WrongState: It is locked.

    Emits:
        block.updated
    """
    current = await get_block(session, block_id)
    if current.status is BlockStatus.ARCHIVED:
        return current
    if current.status is BlockStatus.LOCKED:
        _refuse_closed(current, BlockEdit())
    edit = BlockEdit(status=BlockStatus.ARCHIVED)
    return await _update(session, current, current.version, edit)


async def restore_block(session: Session, block_id: UUID) -> ContextBlock:
    """The block, in use again.

    Raises:
        LabelTaken: Another block took its label meanwhile.

    Emits:
        block.updated
    """
    current = await get_block(session, block_id)
    if current.status is not BlockStatus.ARCHIVED:
        return current
    await _refuse_taken(session, current.label, current)
    edit = BlockEdit(status=BlockStatus.ACTIVE)
    return await _update(session, current, current.version, edit)


async def purge_block(session: Session, block_id: UUID) -> int:
    """Erases a block for good: text, label, history, words in the index, its text in briefs and proposals.

    Returns:
        The number of briefs whose text was changed. They keep the block's id, version and hash.

    Emits:
        block.purged
    """
    block = await get_block(session, block_id)
    # A brief that is being stored with it holds it, and is waited for: else its text would stay.
    await block_change_queue.lock_blocks(session, [block_id])
    briefs = await task_briefs.select_briefs_with_block(session, block_id)
    await block_change_queue.redact_proposals(session, block_id)
    await idempotent_answers.redact_answers(session)
    await block_files.release_files(session, block_id)
    await context_blocks.delete_block(session, block_id)
    for brief in briefs:
        await redact_brief(session, brief)
    await events.insert_event(session, "block.purged", _named(block))
    return len(briefs)


async def block_history(session: Session, block_id: UUID) -> list[BlockRevision]:
    """What the block was before each change, the newest first.

    Raises:
        BlockNotFound: There is none, or it is somebody else's.
    """
    await get_block(session, block_id)
    return await block_revisions.select_revisions(session, block_id)


async def get_block_version(session: Session, block_id: UUID, version: int) -> ContextBlock:
    """The block as it was at a version.

    Raises:
        BlockNotFound: No such block, or it never had that version.
    """
    found = await block_revisions.select_versions(session, [(block_id, version)])
    if not found:
        current = await get_block(session, block_id)
        message = f"The block {block_id} has no version {version}; the newest is {current.version}."
        raise errors.BlockNotFound(message, details={"id": str(block_id), "version": version})
    return ContextBlock.model_validate(found[0].snapshot)


async def _vector_or_none(
    embedder: Embedder, label: str, content: str
) -> NDArray[np.float32] | None:
    try:
        return (await embedder.embed([embedded_text(label, content)]))[0]
    except errors.EmbedderUnavailable:
        # The words are found all the same; `doctor` tells how many blocks wait for a vector.
        return None


def _named(block: ContextBlock) -> dict[str, Any]:
    return {"block_id": str(block.id), "version": block.version}
