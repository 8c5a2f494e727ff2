"""What is proposed about what was found: one table, read by finding and by type of block.

Nothing in it is applied by an agent. Only the researcher applies anything by itself, and only a text from a
block's own file, where the person left the block to agents.

Source: docs/decisions/0015-agents-propose-and-people-decide.md
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from briefsmith.models.context_blocks import ContextBlock
from briefsmith.models.enums import (
    BlockImportance,
    BlockSource,
    BlockStatus,
    BlockType,
    BlockUpdatePolicy,
)
from briefsmith.schemas.reports import AgeKind, AuditKind


class Remedy(StrEnum):
    """What may be proposed."""

    MERGE = "merge"
    """One block with what all say; they are archived. Where one is locked, or comes from a file, the others are
    archived if it says all that they say."""
    KEEP_ONE = "keep_one"
    """The more trusted one stays, the other is archived. Where both are locked, a question is added."""
    RENAME = "rename"
    """The most trusted one keeps its label, another gets one that tells them apart."""
    CONFIRM = "confirm"
    """The person says that the text still holds; only of blocks that are to be refreshed."""
    ARCHIVE = "archive"
    """It goes out of use, and keeps its history."""
    NOTHING = "nothing"
    """It stands in the report."""


_EVERY = dict.fromkeys(BlockType, Remedy.NOTHING)

RULES: Mapping[AuditKind | AgeKind, Mapping[BlockType, Remedy]] = {
    "same_text": {**_EVERY, **dict.fromkeys(BlockType, Remedy.MERGE)},
    "same_label": {**_EVERY, **dict.fromkeys(BlockType, Remedy.RENAME)},
    "contradiction": {
        **dict.fromkeys(BlockType, Remedy.KEEP_ONE),
        BlockType.QUESTION: Remedy.NOTHING,  # asks, and claims nothing
    },
    "stale": {
        **dict.fromkeys(BlockType, Remedy.CONFIRM),
        BlockType.QUESTION: Remedy.NOTHING,  # stays open until it is answered
        BlockType.STYLE_GUIDE: Remedy.NOTHING,  # holds until somebody changes it
        BlockType.GUIDE: Remedy.NOTHING,
    },
    "unused": {
        **dict.fromkeys(BlockType, Remedy.ARCHIVE),
        BlockType.STYLE_GUIDE: Remedy.NOTHING,  # is there for the day on which it is needed
        BlockType.GUIDE: Remedy.NOTHING,
    },
}


@dataclass(frozen=True, slots=True)
class ManagerSettings:
    """Bounds of the block manager.

    Attributes:
        merged_most_chars: A merge that would make a longer text than this, and than the longest of its texts, is not
            proposed: a block that fits no brief helps nobody, and one that grows with every merge costs more
            with every brief.
        most_proposals: In one run; the next run has the others.
    """

    merged_most_chars: int = 16_000
    most_proposals: int = 100


def remedy_for(kind: AuditKind | AgeKind, blocks: Iterable[ContextBlock]) -> Remedy:
    """What the table says of blocks together: nothing, as soon as it says so of one of them."""
    remedies = {RULES[kind][block.type] for block in blocks}
    return remedies.pop() if len(remedies) == 1 else Remedy.NOTHING


_SOURCES = (BlockSource.USER, BlockSource.IMPORTED, BlockSource.PARSER, BlockSource.AGENT)
_IMPORTANCES = tuple(BlockImportance)


def by_trust(blocks: Iterable[ContextBlock], reviewed: Iterable[UUID] = ()) -> list[ContextBlock]:
    """The most trusted first: locked, then reviewed or kept from agents, then by source, importance and age.

    Args:
        blocks: In any order.
        reviewed: Those that a person has read and let pass.
    """
    seen = set(reviewed)

    def rank(block: ContextBlock) -> tuple[bool, bool, int, int, float, UUID]:
        is_kept = block.id in seen or block.update_policy is BlockUpdatePolicy.MANUAL
        return (
            block.status is not BlockStatus.LOCKED,
            not is_kept,
            _SOURCES.index(block.source),
            _IMPORTANCES.index(block.importance),
            -block.updated_at.timestamp(),
            block.id,
        )

    return sorted(blocks, key=rank)


def least_trusted_source(blocks: Iterable[ContextBlock]) -> BlockSource:
    """Of what comes from several, the one that decides how far the whole is trusted."""
    return max((block.source for block in blocks), key=_SOURCES.index)


def is_fixed(block: ContextBlock) -> bool:
    """Whether its text is not to be put into another block: it is locked, or comes anew from its file."""
    return block.status is BlockStatus.LOCKED or block.meta_refreshable
