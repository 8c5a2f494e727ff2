"""From a selection to the snapshot of a brief, and from a snapshot and texts to the brief."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from briefsmith.compiler.answers import MAX_SAID_CHARS
from briefsmith.compiler.document import (
    BlockSection,
    BlockText,
    BriefDocument,
    ComposedParts,
    MediaItem,
    OutlineStep,
    Provenance,
    SaidContradiction,
    SourceBlock,
    group_by_type,
    sha256_of,
)
from briefsmith.compiler.fence import one_line
from briefsmith.compiler.outline import StepSpan, step_text
from briefsmith.compiler.select import Chosen, LeftOut, LeftOutReason, Selection
from briefsmith.compiler.spans import apply_spans
from briefsmith.models.enums import BlockType
from briefsmith.schemas.composition import OutlineAnswer
from briefsmith.schemas.snapshot import Snapshot, SnapshotBlock, SnapshotLeftOut, SnapshotStep

_FIRST_SELECTOR = "knapsack-1"
_FACTORS = ("relevance", "importance", "feedback", "freshness", "size", "novelty")
_MOST_EXPLAINED = 200  # left out: with the factors of all, a large brief's snapshot grew by a third


def fill_snapshot(
    frame: Snapshot,
    selection: Selection,
    sources: Mapping[UUID, SourceBlock],
    steps: Mapping[UUID, StepSpan],
) -> Snapshot:
    """Enters a selection into a snapshot without blocks, and gives out the cites.

    Args:
        frame: All but the blocks.
        selection: What goes in and what does not.
        sources: The candidates' blocks, at least.
        steps: Outline steps; a blank block has none.
    """
    order = {kind: place for place, kind in enumerate(BlockType)}
    chosen = sorted(
        ((sources[c.candidate.block_id], c) for c in selection.chosen),
        key=lambda pair: (order[pair[0].type], -pair[1].worth, pair[0].block_id),
    )
    blocks = (_entry(block, c, f"B{at}") for at, (block, c) in enumerate(chosen, start=1))
    outline = (
        SnapshotStep(block_id=block.block_id, span=step.span, is_cut=step.is_cut)
        for block, _ in chosen
        if (step := steps.get(block.block_id))
    )
    filled = {
        "blocks": tuple(blocks),
        "left_out": left_out_entries(selection, sources, 0),
        "outline": tuple(outline),
        "objective": selection.objective,
    }
    return frame.model_copy(update=filled)


def left_out_entries(
    selection: Selection, sources: Mapping[UUID, SourceBlock], outside_tokens: int
) -> tuple[SnapshotLeftOut, ...]:
    """What a snapshot says of the blocks that are not in the brief.

    Args:
        selection: What goes in and what does not.
        sources: The candidates' blocks, at least.
        outside_tokens: What the budget has beyond the one that selection saw.
    """
    return tuple(
        _left_out(
            sources[out.candidate.block_id],
            out,
            outside_tokens,
            _factors(out) if at < _MOST_EXPLAINED else None,
        )
        for at, out in enumerate(selection.left_out)
    )


def _entry(block: SourceBlock, chosen: Chosen, cite: str) -> SnapshotBlock:
    parts = chosen.parts.as_dict().items()
    return SnapshotBlock(
        block_id=block.block_id,
        version=block.version,
        content_sha256=sha256_of(block.content),
        transformation=chosen.variant.transformation,
        spans=chosen.variant.spans,
        tokens=chosen.variant.tokens,
        score=chosen.worth,
        parts={name: value for name, value in parts if value is not None},
        cite=cite,
        files=block.files,
        more_files=block.more_files,
    )


def _left_out(
    block: SourceBlock, out: LeftOut, outside_tokens: int, parts: dict[str, float] | None
) -> SnapshotLeftOut:
    enters = out.enters_at_tokens
    return SnapshotLeftOut(
        block_id=block.block_id,
        version=block.version,
        reason=out.reason.value,
        score=out.parts.worth,
        duplicate_of=out.duplicate_of,
        enters_at_tokens=None if enters is None else enters + outside_tokens,
        parts=parts,
    )


def _factors(out: LeftOut) -> dict[str, float] | None:
    """What the score is the product of, in few digits."""
    if out.reason is LeftOutReason.NOT_RELEVANT_ENOUGH:
        return None  # the relevance decided alone
    parts = out.parts.as_dict()
    return {name: float(f"{parts[name]:.4g}") for name in _FACTORS}


def build_document(
    snapshot: Snapshot,
    intent: str,
    sub_instructions: str | None,
    media: Sequence[MediaItem],
    blocks: Mapping[UUID, BlockText],
    *,
    answer: OutlineAnswer | None = None,
) -> BriefDocument:
    """Puts texts back into a snapshot; a block that is not in `blocks` counts as purged.

    Args:
        answer: The model's that makes the outline. It goes unheeded where a block is purged, as it may repeat its text.
    """
    if answer is not None and not all(entry.block_id in blocks for entry in snapshot.blocks):
        answer = None
    sections = [_section(entry, blocks.get(entry.block_id)) for entry in snapshot.blocks]
    return BriefDocument(
        intent=intent,
        sub_instructions=sub_instructions,
        mode=snapshot.mode,
        outline=_outline(snapshot, blocks, answer),
        groups=group_by_type(sections),
        media=tuple(media),
        provenance=Provenance(
            selector=snapshot.selector.name,
            selector_settings=dict(sorted(snapshot.selector.settings.items())),
            tokenizer=snapshot.tokenizer,
            embedding_model=snapshot.embedding_model,
            package_version=snapshot.package_version,
            budget_tokens=snapshot.budget_tokens,
        ),
        lacks_room=_lacks_room(snapshot),
        composed=None if answer is None else _composed(answer),
    )


def _lacks_room(snapshot: Snapshot) -> bool:
    # Briefs of the first selector say in either case that nothing matched, and have to say it again.
    return snapshot.selector.name != _FIRST_SELECTOR and any(
        out.reason == LeftOutReason.OVER_BUDGET for out in snapshot.left_out
    )


def _section(entry: SnapshotBlock, block: BlockText | None) -> BlockSection:
    has_text = block is not None and entry.transformation != "outlined"
    return BlockSection(
        cite=entry.cite,
        block_id=entry.block_id,
        version=entry.version,
        content_sha256=entry.content_sha256,
        label=block.label if block else None,
        type=block.type if block else None,
        source=block.source if block else None,
        transformation=entry.transformation,
        tokens=entry.tokens,
        text=apply_spans(block.content, entry.spans) if block and has_text else None,
        files=entry.files if block else (),
        more_files=entry.more_files if block else 0,
    )


def _outline(
    snapshot: Snapshot, blocks: Mapping[UUID, BlockText], answer: OutlineAnswer | None
) -> tuple[OutlineStep, ...]:
    """The model's steps, then those of blocks that nothing else would show; by extraction, one of each block."""
    entries = {entry.block_id: entry for entry in snapshot.blocks}
    given = answer.outline if answer is not None else ()
    steps = [OutlineStep(one_line(step.text, MAX_SAID_CHARS), step.cites) for step in given]
    cited = {cite for step in given for cite in step.cites}
    for step in snapshot.outline:
        entry = entries[step.block_id]
        if answer is not None and (entry.transformation != "outlined" or entry.cite in cited):
            continue
        block = blocks.get(step.block_id)
        text = step_text(block.content, StepSpan(step.span, is_cut=step.is_cut)) if block else None
        steps.append(OutlineStep(text, (entry.cite,)))
    return tuple(steps)


def _composed(answer: OutlineAnswer) -> ComposedParts:
    return ComposedParts(
        title=one_line(answer.title, MAX_SAID_CHARS),
        steps=len(answer.outline),
        open_questions=tuple(one_line(text, MAX_SAID_CHARS) for text in answer.open_questions),
        contradictions=tuple(
            SaidContradiction(found.cites, one_line(found.sentence, MAX_SAID_CHARS))
            for found in answer.contradictions
        ),
    )
