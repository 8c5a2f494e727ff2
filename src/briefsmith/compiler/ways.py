"""The ways to show a block in a brief, before what each costs is known.

A block that nobody named is cut by the room that there is. One that was asked for is cut only
where all of those do not fit as they are, and by steps of its own length: how small they can get
does not depend on the room, so that a budget in which they fit is enough, and any greater one.
"""

from dataclasses import dataclass
from typing import Literal, get_args
from uuid import UUID

from briefsmith.compiler.candidates import Span, Transformation
from briefsmith.compiler.document import BlockSection, OutlineStep, sha256_of
from briefsmith.compiler.excerpt import share_shown
from briefsmith.compiler.fence import LONGEST_NONCE
from briefsmith.compiler.outline import step_text
from briefsmith.compiler.prepared import Prepared
from briefsmith.compiler.render import render_share
from briefsmith.compiler.spans import apply_spans

Mode = Literal["verbatim", "excerpt", "outline"]

MODES: tuple[Mode, ...] = get_args(Mode)
"""Compilation modes by name; None stands for the default: whole blocks, long ones excerpted."""

_FAIR_SHARES = 6  # a block longer than this part of the budget may also come excerpted
_SHORT_TOKENS = 80  # a text up to here is shown whole even where excerpts are asked for
_LEAST_EXCERPT_TOKENS = 24
_MOST_AROUND_TOKENS = 1000  # that a block adds beside its text

Key = tuple[UUID, tuple[Span, ...], str]


@dataclass(frozen=True, slots=True)
class Way:
    """A variant before its tokens are counted.

    Attributes:
        cite: As long as any that it can get.
    """

    entry: Prepared
    cite: str
    transformation: Transformation
    spans: tuple[Span, ...]

    @property
    def key(self) -> Key:
        """Tells it from the others of one mode."""
        return self.entry.block.block_id, self.spans, self.cite

    @property
    def share(self) -> float:
        """How much of the block's worth it shows."""
        shown = self.spans
        if self.transformation == "outlined":
            shown = (self.entry.step.span,) if self.entry.step else ()
        return share_shown(self.entry.reading, self.entry.scores, shown)

    def text(self, content_tokens: int) -> str:
        """All that it adds to the brief, whatever its key, with figures as long as they get.

        Args:
            content_tokens: Of the whole block.
        """
        block, step = self.entry.block, self.entry.step
        is_outlined = self.transformation == "outlined"
        section = BlockSection(
            cite=self.cite,
            block_id=block.block_id,
            version=block.version,
            content_sha256=sha256_of(block.content),
            label=block.label,
            type=block.type,
            source=block.source,
            transformation=self.transformation,
            tokens=10 ** max(4, len(str(content_tokens + _MOST_AROUND_TOKENS))) - 1,
            text=None if is_outlined else apply_spans(block.content, self.spans),
            files=block.files,
            more_files=block.more_files,
        )
        line = OutlineStep(step_text(block.content, step), (self.cite,)) if step else None
        return render_share(section, line, LONGEST_NONCE)


def whole(entry: Prepared, cite: str) -> Way:
    """The block as it is."""
    return Way(entry, cite, "used-as-is", ((0, len(entry.block.content)),))


def is_long(tokens: int, mode: Mode | None, room: int) -> bool:
    """Whether a text may come excerpted.

    Args:
        tokens: Of the text.
        mode: Compilation mode; None is the default one.
        room: Tokens left for blocks.
    """
    if mode in {"outline", "verbatim"}:
        return False
    return tokens > (_SHORT_TOKENS if mode == "excerpt" else room // _FAIR_SHARES)


def excerpt_sizes(tokens: int, room: int) -> list[int]:
    """Tokens that excerpts of a text may have, the most first."""
    half = tokens // 2
    # Half the room too, so that one long text that is all there is does not leave most unused.
    sizes = {half, tokens // 4, min(room // _FAIR_SHARES, half), min(room // 2, half)}
    return [n for n in sorted(sizes, reverse=True) if _LEAST_EXCERPT_TOKENS <= n <= room]


def asked_sizes(tokens: int) -> list[int]:
    """The same of a text that was asked for: its half again and again, whatever the room."""
    halves = (tokens >> times for times in range(1, tokens.bit_length()))
    return [n for n in halves if n >= _LEAST_EXCERPT_TOKENS]
