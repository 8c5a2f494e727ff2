"""Blocks of an export to blocks of a store, a batch a transaction."""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any
from uuid import UUID

from briefsmith import errors
from briefsmith.documents.json_lines import ExportedBlock
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.models.enums import BlockStatus
from briefsmith.operations.block_parts import embed_parts
from briefsmith.operations.intake import Intake, tell
from briefsmith.postgres.session import Session
from briefsmith.store import context_blocks

# What a line does not change: what the store keeps by itself, and what is linked when all lines are in.
_KEPT = {
    "id",
    "version",
    "feedback_score",
    "last_used_successfully_at",
    "meta_derived_from",
    "meta_embedding_model",
    "created_at",
    "updated_at",
}
_COMPARED = set(ExportedBlock.model_fields) - _KEPT


async def take_lines(
    intake: Intake, path: str, blocks: Iterator[ExportedBlock], *, most: int, most_characters: int
) -> AsyncIterator[None]:
    """Stores batch after batch; yields after each.

    Raises:
        UnreadableDocument: At a bad line, once all that stands before it is stored.
    """
    origins: list[tuple[UUID, UUID]] = []
    stopped: errors.UnreadableDocument | None = None
    found = batches(blocks, most, most_characters)
    while True:
        try:
            batch = next(found, None)
        except errors.UnreadableDocument as error:
            stopped = error
            break
        if batch is None:
            break
        async with intake.open_session() as session:
            await _take(intake, session, path, batch)
        origins += [(one.id, one.meta_derived_from) for one in batch if one.meta_derived_from]
        yield
    if origins:
        async with intake.open_session() as session:
            children, parents = zip(*origins, strict=True)
            await context_blocks.link_derived(session, children, parents)
    if stopped is not None:
        raise stopped


def batches(
    blocks: Iterator[ExportedBlock], most: int, most_characters: int
) -> Iterator[list[ExportedBlock]]:
    """The blocks in order, so many together; each batch is at least one.

    Raises:
        UnreadableDocument: What the blocks raise, once those before it have been given out.
    """
    batch: list[ExportedBlock] = []
    characters = 0
    stopped: errors.UnreadableDocument | None = None
    while True:
        try:
            block = next(blocks, None)
        except errors.UnreadableDocument as error:
            stopped, block = error, None
        if block is None:
            break
        batch.append(block)
        characters += len(block.content)
        if len(batch) >= most or characters >= most_characters:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch
    if stopped is not None:
        raise stopped


async def _take(
    intake: Intake, session: Session, path: str, batch: Sequence[ExportedBlock]
) -> None:
    present = await context_blocks.select_blocks_by_id(session, [block.id for block in batch])
    by_id = {block.id: block for block in present}
    fresh = [block for block in batch if block.id not in by_id]
    other = [(block, by_id[block.id]) for block in batch if block.id in by_id]
    differing = [(block, now) for block, now in other if _differs(block, now)]
    intake.report.unchanged += len(other) - len(differing)
    free = await _with_free_labels(intake, session, path, differing)
    changed = await _update(intake, session, path, free)
    added = await _insert(intake, session, path, fresh)
    await tell(session, added=added, changed=changed)


def _differs(exported: ExportedBlock, present: ContextBlock) -> bool:
    theirs = present.model_dump(mode="json", exclude={"user_id"})
    # Through the same model, so that times are written in the same way.
    now = ExportedBlock.model_validate(theirs)
    return exported.model_dump(include=_COMPARED) != now.model_dump(include=_COMPARED)


async def _with_free_labels(
    intake: Intake,
    session: Session,
    path: str,
    differing: Sequence[tuple[ExportedBlock, ContextBlock]],
) -> list[tuple[ExportedBlock, ContextBlock]]:
    """Those whose label no other block has; one statement cannot let two blocks exchange theirs."""
    if not differing:
        return []
    rows = await context_blocks.select_labels(session, sorted({one.label for one, _ in differing}))
    known = {row.label: row for row in rows}
    given: set[str] = set()
    free: list[tuple[ExportedBlock, ContextBlock]] = []
    for block, present in differing:
        row = known[block.label]
        if block.status is not BlockStatus.ARCHIVED:
            if row.folded in given or (row.block is not None and row.block.id != block.id):
                clause = (
                    f"the block {present.label!r} was left: another has the label {block.label!r}"
                )
                intake.note_problem(path, errors.LabelTaken.code, clause)
                continue
            given.add(row.folded)
        free.append((block, present))
    return free


async def _update(
    intake: Intake,
    session: Session,
    path: str,
    changed: Sequence[tuple[ExportedBlock, ContextBlock]],
) -> int:
    if not changed:
        return 0
    rows = [{**_row(block), "is_whole": True} for block, _ in changed]
    vectors = await intake.embed(rows)
    made = await context_blocks.update_imported(session, rows, intake.embedder.name, vectors)
    for place, (_, present) in enumerate(changed):
        if place not in made:
            intake.note_left(path, present.label, present.status)
    texts = {
        present.id: block.content for place, (block, present) in enumerate(changed) if place in made
    }
    await embed_parts(session, intake.embedder, texts)
    intake.report.changed += len(made)
    return len(made)


async def _insert(
    intake: Intake, session: Session, path: str, fresh: Sequence[ExportedBlock]
) -> int:
    if not fresh:
        return 0
    rows = [_row(block) for block in fresh]
    vectors = await intake.embed(rows)
    made = await context_blocks.insert_blocks(session, rows, intake.embedder.name, vectors)
    for place, block in enumerate(fresh):
        if place not in made:
            clause = f"the block {block.label!r} was left out: its label or its id is taken"
            intake.note_problem(path, errors.LabelTaken.code, clause)
    texts = {made[place].id: block.content for place, block in enumerate(fresh) if place in made}
    await embed_parts(session, intake.embedder, texts)
    intake.report.added += len(made)
    return len(made)


def _row(block: ExportedBlock) -> dict[str, Any]:
    return block.model_dump(mode="json")
