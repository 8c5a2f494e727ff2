"""What a validation looks at, and how it says what it found."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from briefsmith.compiler.document import BlockText, MediaItem
from briefsmith.compiler.fence import quoted
from briefsmith.compiler.quotations import BriefWords, read_words
from briefsmith.models.enums import BlockSource, BlockStatus, BlockType
from briefsmith.schemas.brief_life import Finding, Severity
from briefsmith.schemas.snapshot import Snapshot, SnapshotBlock

NO_KEY = "0" * 32  # of a brief without a snapshot, which quotes nothing
_LABEL_CHARS = 80


@dataclass(frozen=True, slots=True)
class BlockNow:
    """A block as it is by the time of a validation.

    Attributes:
        embedding: Of the model that the brief was made with; None where there is none.
    """

    version: int
    label: str
    type: BlockType
    source: BlockSource
    content: str
    status: BlockStatus
    embedding: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class NotedContradiction:
    """Blocks that the composer agent found contradicting each other, and what it said of them."""

    block_ids: tuple[UUID, ...]
    says: str


@dataclass(frozen=True, slots=True)
class Demand:
    """What the brief's type asks for.

    Attributes:
        title: Of the type.
        types: Block types as somebody wrote them down, in whatever form.
    """

    title: str
    types: Any


@dataclass(frozen=True)  # no slots: cached properties need a place
class Material:
    """A brief, its text and its blocks, then and now.

    Attributes:
        text: The present one.
        text_tokens: What it has of them.
        snapshot: None for a brief that was not compiled here.
        media: The brief's own; the text of a brief that was compiled here has them as well.
        then: Blocks as they went in; one that is gone, or is another text now, is missing.
        now: Blocks that still exist.
        demand: None for a brief without a type.
        noted: What the composer agent said.
        files_there: Those of the snapshot's files that still exist.
    """

    brief_id: UUID
    intent: str
    text: str
    text_tokens: int
    snapshot: Snapshot | None
    media: Sequence[MediaItem]
    then: Mapping[UUID, BlockText]
    now: Mapping[UUID, BlockNow]
    demand: Demand | None = None
    noted: Sequence[NotedContradiction] = ()
    files_there: Collection[UUID] = ()

    @cached_property
    def words(self) -> BriefWords:
        """The text, taken apart."""
        return read_words(self.text, self.snapshot.nonce if self.snapshot else NO_KEY)

    @cached_property
    def in_text(self) -> tuple[SnapshotBlock, ...]:
        """The blocks that the text still cites or quotes: what was edited out is of no concern."""
        if self.snapshot is None:
            return ()
        named = {**self.words.own_cites, **self.words.quoted_cites}
        return tuple(entry for entry in self.snapshot.blocks if entry.cite in named)

    @property
    def edit(self) -> str:
        """The command that changes the text."""
        return f"`briefsmith brief edit {self.brief_id}`"

    def named(self, entry: SnapshotBlock) -> str:
        """A block for people: its cite and its label."""
        now, then = self.now.get(entry.block_id), self.then.get(entry.block_id)
        block = now or then
        return f"[{entry.cite}] {quoted(block.label, _LABEL_CHARS)}" if block else f"[{entry.cite}]"


def error(name: str, sentence: str, mend: str, **details: Any) -> Finding:
    """What keeps a brief from being published."""
    return Finding(
        name=name, severity=Severity.ERROR, sentence=sentence, mend=mend, details=details
    )


def warning(name: str, sentence: str, mend: str, **details: Any) -> Finding:
    """What somebody should look at."""
    return Finding(
        name=name, severity=Severity.WARNING, sentence=sentence, mend=mend, details=details
    )
