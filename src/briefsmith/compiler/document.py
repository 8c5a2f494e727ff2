"""A brief as a value, and the blocks that it is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from briefsmith.compiler.candidates import Transformation
from briefsmith.models.enums import BlockImportance, BlockSource, BlockType
from briefsmith.schemas.snapshot import SettingValue, SnapshotFile


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
    """A block that may enter the brief; see `Candidate` for what the figures mean.

    Attributes:
        files: Those that the brief shows, as `files_shown` gives them.
        more_files: How many it has beside those.
    """

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
    feedback_weight: float = 0.0
    files: tuple[SnapshotFile, ...] = ()
    more_files: int = 0

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
    """One step: a block's most telling sentence, or what a model made of some blocks.

    Attributes:
        text: One harmless line; None when the block was purged.
        cites: The blocks that it stands on.
    """

    text: str | None
    cites: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SaidContradiction:
    """What a model says of two blocks that cannot both be right."""

    cites: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class ComposedParts:
    """What a model wrote beside the steps of the outline; every text is one harmless line.

    Attributes:
        steps: How many steps are the model's, which come first; the others are quoted from blocks.
    """

    title: str
    steps: int
    open_questions: tuple[str, ...] = ()
    contradictions: tuple[SaidContradiction, ...] = ()


@dataclass(frozen=True, slots=True)
class BlockSection:
    """One block in the brief.

    Attributes:
        cite: `B1`, `B2`, … in the order of the brief.
        label: None when the block was purged; so are `type` and `source`.
        tokens: What the block adds to the brief.
        text: What is shown of the content; None when it was purged, or is in the outline only.
        files: Of the block; none when it was purged.
        more_files: How many it has beside those.
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
    files: tuple[SnapshotFile, ...] = ()
    more_files: int = 0

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
        lacks_room: Something matched that the budget did not hold.
        composed: None where no model wrote the outline.
    """

    intent: str
    sub_instructions: str | None
    mode: str | None
    outline: tuple[OutlineStep, ...]
    groups: tuple[SectionGroup, ...]
    media: tuple[MediaItem, ...]
    provenance: Provenance
    lacks_room: bool = False
    composed: ComposedParts | None = None

    @property
    def sections(self) -> tuple[BlockSection, ...]:
        """All blocks, in the order of the brief."""
        return tuple(section for group in self.groups for section in group.sections)


def sha256_of(text: str) -> str:
    """Hash of the text in UTF-8, 64 hex digits."""
    return sha256(text.encode()).hexdigest()


def group_by_type(sections: Sequence[BlockSection]) -> tuple[SectionGroup, ...]:
    """Sections in the order of the enum of types, and within a type as they come."""
    groups = (
        SectionGroup(kind, tuple(s for s in sections if s.type is kind))
        for kind in (*BlockType, None)
    )
    return tuple(group for group in groups if group.sections)
