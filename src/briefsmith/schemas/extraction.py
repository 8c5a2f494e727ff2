"""What taking blocks out of a file reports."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class ExtractionOutcome(StrEnum):
    """What became of a piece, or would."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    KNOWN = "known"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class ExtractedBlock:
    """A piece of a file and its block.

    Attributes:
        block_id: None for one that a dry run would add.
        place: Where in the file it stands; "" where the format knows no places.
        content: The text that was taken out; the block's own may differ where it was kept.
        awaits_review: Whether it enters no brief yet.
        kept_because: Why a block that differs from the file was left alone; None for other outcomes.
    """

    outcome: ExtractionOutcome
    block_id: UUID | None
    label: str
    place: str
    content: str
    awaits_review: bool
    kept_because: str | None = None


@dataclass(frozen=True, slots=True)
class GoneBlock:
    """A block that an earlier extraction made of a piece that is no longer taken out."""

    block_id: UUID
    label: str


@dataclass(frozen=True, slots=True)
class ExtractionReport:
    """What was taken out of a file.

    Attributes:
        notes: Sentences on what a person should know, such as pages without text.
        is_dry_run: Nothing was stored.
        is_cut_off: Whether the system kept the converter from every network.
        without_vector: Blocks that `reembed` has to see to.
    """

    file_id: UUID
    file_label: str
    file_name: str
    content_sha256: str
    kind: str
    blocks: tuple[ExtractedBlock, ...]
    gone: tuple[GoneBlock, ...]
    notes: tuple[str, ...]
    is_dry_run: bool
    is_cut_off: bool
    without_vector: int = 0
