"""A brief as a value: selection to snapshot, snapshot and texts to document."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from briefsmith.compiler.candidates import Transformation
from briefsmith.compiler.excerpt import apply_spans
from briefsmith.compiler.outline import StepSpan, step_text
from briefsmith.compiler.select import Chosen, LeftOut, Selection
from briefsmith.models.enums import BlockImportance, BlockSource, BlockType
from briefsmith.schemas.snapshot import (
    SettingValue,
    Snapshot,
    SnapshotBlock,
    SnapshotLeftOut,
    SnapshotStep,
)


@dataclass(frozen=True, slots=True)
class BlockText:
    """What a block held at one version."""

    version: int
    label: str
    type: BlockType
    source: BlockSource
    content: str


@dataclass(frozen=True, slots=True)
class SourceBlock:
    """A block that may enter the brief; see `Candidate` for what the figures mean."""

    block_id: UUID
    version: int
    label: str
    type: BlockType
    source: BlockSource
    content: str
    importance: BlockImportance
    relevance: float
    feedback_score: float | None = None
    age_days: float = 0.0
    embedding: NDArray[np.float32] | None = None
    asked: bool = False

    def as_text(self) -> BlockText:
        """What the brief shows of it."""
        return BlockText(self.version, self.label, self.type, self.source, self.content)


@dataclass(frozen=True, slots=True)
class MediaItem:
    """A picture that belongs to the task, by its address."""

    image_url: str
    description: str


@dataclass(frozen=True, slots=True)
class OutlineStep:
    """One step: a block's most telling sentence.

    Attributes:
        text: One harmless line; None when the block was purged.
        cites: The blocks that it stands on.
    """

    text: str | None
    cites: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BlockSection:
    """One block in the brief.

    Attributes:
        cite: `B1`, `B2`, … in the order of the brief.
        label: None when the block was purged; so are `type` and `source`.
        tokens: What the block adds to the brief.
        text: What is shown of the content; None when it was purged, or is in the outline only.
    """

    cite: str
    block_id: UUID
    version: int
    content_sha256: str
    label: str | None
    type: BlockType | None
    source: BlockSource | None
    transformation: Transformation
    tokens: int
    text: str | None

    @property
    def is_purged(self) -> bool:
        """Nothing but id, version and hash is left of the block."""
        return self.label is None


@dataclass(frozen=True, slots=True)
class SectionGroup:
    """The blocks of one type, in the order of their cites; type None holds the purged ones."""

    type: BlockType | None
    sections: tuple[BlockSection, ...]


@dataclass(frozen=True, slots=True)
class Provenance:
    """How the brief was made: what, not when or where."""

    selector: str
    selector_settings: Mapping[str, SettingValue]
    tokenizer: str
    embedding_model: str | None
    package_version: str
    budget_tokens: int


@dataclass(frozen=True, slots=True)
class BriefDocument:
    """Everything a brief says.

    Attributes:
        mode: Compilation mode; None is the default one.
        groups: In the order of the enum, purged blocks last; empty groups are not there.
    """

    intent: str
    sub_instructions: str | None
    mode: str | None
    outline: tuple[OutlineStep, ...]
    groups: tuple[SectionGroup, ...]
    media: tuple[MediaItem, ...]
    provenance: Provenance

    @property
    def sections(self) -> tuple[BlockSection, ...]:
        """All blocks, in the order of the brief."""
        return tuple(section for group in self.groups for section in group.sections)


def sha256_of(text: str) -> str:
    """Hash of the text in UTF-8, 64 hex digits."""
    return sha256(text.encode()).hexdigest()


def fill_snapshot(
    frame: Snapshot,
    selection: Selection,
    sources: Mapping[UUID, SourceBlock],
    steps: Mapping[UUID, StepSpan],
    outside_tokens: int,
) -> Snapshot:
    """Enters a selection into a snapshot without blocks, and gives out the cites.

    Args:
        frame: All but the blocks.
        selection: What goes in and what does not.
        sources: The candidates' blocks, at least.
        steps: Outline steps; a blank block has none.
        outside_tokens: What the budget has beyond the one that selection saw.
    """
    order = {kind: place for place, kind in enumerate(BlockType)}
    chosen = sorted(
        ((sources[c.candidate.block_id], c) for c in selection.chosen),
        key=lambda pair: (order[pair[0].type], -pair[1].worth, pair[0].block_id),
    )
    blocks = (_entry(block, c, f"B{at}") for at, (block, c) in enumerate(chosen, start=1))
    left_out = (
        _left_out(sources[out.candidate.block_id], out, outside_tokens)
        for out in selection.left_out
    )
    outline = (
        SnapshotStep(block_id=block.block_id, span=step.span, is_cut=step.is_cut)
        for block, _ in chosen
        if (step := steps.get(block.block_id))
    )
    filled = {
        "blocks": tuple(blocks),
        "left_out": tuple(left_out),
        "outline": tuple(outline),
        "objective": selection.objective,
    }
    return frame.model_copy(update=filled)


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
    )


def _left_out(block: SourceBlock, out: LeftOut, outside_tokens: int) -> SnapshotLeftOut:
    enters = out.enters_at_tokens
    return SnapshotLeftOut(
        block_id=block.block_id,
        version=block.version,
        reason=out.reason.value,
        score=out.parts.worth,
        duplicate_of=out.duplicate_of,
        enters_at_tokens=None if enters is None else enters + outside_tokens,
    )


def build_document(
    snapshot: Snapshot,
    intent: str,
    sub_instructions: str | None,
    media: Sequence[MediaItem],
    blocks: Mapping[UUID, BlockText],
) -> BriefDocument:
    """Puts texts back into a snapshot; a block that is not in `blocks` counts as purged."""
    sections = [_section(entry, blocks.get(entry.block_id)) for entry in snapshot.blocks]
    return BriefDocument(
        intent=intent,
        sub_instructions=sub_instructions,
        mode=snapshot.mode,
        outline=_outline(snapshot, blocks),
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
    )


def group_by_type(sections: Sequence[BlockSection]) -> tuple[SectionGroup, ...]:
    """Sections in the order of the enum of types, and within a type as they come."""
    groups = (
        SectionGroup(kind, tuple(s for s in sections if s.type is kind))
        for kind in (*BlockType, None)
    )
    return tuple(group for group in groups if group.sections)


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
    )


def _outline(snapshot: Snapshot, blocks: Mapping[UUID, BlockText]) -> tuple[OutlineStep, ...]:
    cites = {entry.block_id: entry.cite for entry in snapshot.blocks}
    steps: list[OutlineStep] = []
    for step in snapshot.outline:
        block = blocks.get(step.block_id)
        text = step_text(block.content, StepSpan(step.span, is_cut=step.is_cut)) if block else None
        steps.append(OutlineStep(text, (cites[step.block_id],)))
    return tuple(steps)
