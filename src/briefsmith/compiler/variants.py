"""The ways to show each block in a brief, and what each way costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal, get_args
from uuid import UUID

from briefsmith.compiler.candidates import Candidate, Span, Transformation, Variant
from briefsmith.compiler.counting import Counts
from briefsmith.compiler.document import BlockSection, OutlineStep, SourceBlock, sha256_of
from briefsmith.compiler.excerpt import (
    Ranking,
    apply_spans,
    fitting_spans,
    is_telling,
    likely_units,
    rank,
    share_shown,
)
from briefsmith.compiler.fence import LONGEST_NONCE
from briefsmith.compiler.outline import step_text
from briefsmith.compiler.prepared import Material, Prepared
from briefsmith.compiler.render import render_share

Mode = Literal["verbatim", "excerpt", "outline"]

MODES: tuple[Mode, ...] = get_args(Mode)
"""Compilation modes by name; None stands for the default: whole blocks, long ones excerpted."""

_FAIR_SHARES = 6  # a block longer than this part of the budget may also come excerpted
_SHORT_TOKENS = 80  # a text up to here is shown whole even where excerpts are asked for
_LEAST_EXCERPT_TOKENS = 24
_LEAST_SHOWN_TOKENS = 64  # no block adds fewer: its fence and its row take more
_LEAST_OUTLINED_TOKENS = 40
_ANY_ROOM = 10_000_000
_MOST_AROUND_TOKENS = 1000  # that a block adds beside its text

_Key = tuple[UUID, tuple[Span, ...]]


@dataclass(frozen=True, slots=True)
class _Way:
    """A variant before its tokens are counted."""

    entry: Prepared
    transformation: Transformation
    spans: tuple[Span, ...]

    @property
    def key(self) -> _Key:
        """Tells it from the others of one mode."""
        return self.entry.block.block_id, self.spans

    @property
    def share(self) -> float:
        shown = self.spans
        if self.transformation == "outlined":
            shown = (self.entry.step.span,) if self.entry.step else ()
        return share_shown(self.entry.reading, self.entry.scores, shown)


class Variants:
    """The ways to show blocks, whatever room there is; what was counted is kept.

    Args:
        material: The blocks.
        mode: Compilation mode; None is the default one.
        counts: Counts as the budget does.
    """

    def __init__(self, material: Material, mode: Mode | None, counts: Counts) -> None:
        self._material = material
        self._mode = mode
        self._counts = counts
        self._rankings: dict[UUID, Ranking] = {}
        self._cuts: dict[tuple[UUID, int], tuple[Span, ...]] = {}
        self._made: dict[tuple[_Key, str], Variant] = {}
        contents = [entry.block.content for entry in material.rivals]
        counts.read_ahead(contents)
        self._longest_tokens = max(map(counts, contents), default=0)

    def candidates(self, room: int) -> list[Candidate]:
        """What selection chooses from.

        Only rivals are counted. The others, which no selection takes, have 0 tokens.

        Args:
            room: Tokens left for blocks.
        """
        shown = self._shown(self._material.rivals, room)
        rivals = [
            _candidate(entry.block, variants, self._counts(entry.block.content))
            for entry, variants in zip(self._material.rivals, shown, strict=True)
        ]
        return [*rivals, *map(_unmeasured, self._material.others)]

    def asked_tokens(self, room: int) -> int:
        """What the blocks that were asked for take together, each at its smallest."""
        asked = [entry for entry in self._material.rivals if entry.block.asked]
        return sum(min(v.tokens for v in variants) for variants in self._shown(asked, room))

    def room_for_all(self) -> int:
        """A room that holds everything as fully as the mode shows it."""
        shown = self._shown(self._material.rivals, _ANY_ROOM)
        return sum(max(variant.tokens for variant in variants) for variants in shown)

    def are_same(self, room: int, other_room: int) -> bool:
        """Whether two rooms plainly have the same variants; False where that takes counting."""
        less = min(room, other_room)
        cites = {self._longest_cite(room), self._longest_cite(other_room)}
        return len(cites) == 1 and not self._is_cut(self._longest_tokens, less)

    def _shown(self, entries: Sequence[Prepared], room: int) -> list[tuple[Variant, ...]]:
        """The variants of each block, the fullest first."""
        self._read_ahead([entry for entry in entries if self._may_be_cut(entry, room)])
        cite = self._longest_cite(room)
        ways = [self._ways(entry, room) for entry in entries]
        self._count(list(chain.from_iterable(ways)), cite)
        made = [[self._made[way.key, cite] for way in each] for each in ways]
        # What shows less and takes no less is no choice.
        return [
            (each[0], *(variant for variant in each[1:] if variant.tokens < each[0].tokens))
            for each in made
        ]

    def _may_be_cut(self, entry: Prepared, room: int) -> bool:
        return self._is_cut(self._counts(entry.block.content), room)

    def _is_cut(self, tokens: int, room: int) -> bool:
        if self._mode in {"outline", "verbatim"}:
            return False
        most = _SHORT_TOKENS if self._mode == "excerpt" else room // _FAIR_SHARES
        return tokens > most

    def _longest_cite(self, room: int) -> str:
        """As long as any that a brief of this room can have."""
        least = _LEAST_OUTLINED_TOKENS if self._mode == "outline" else _LEAST_SHOWN_TOKENS
        return "B" + "9" * len(str(max(room // least, 1)))

    def _read_ahead(self, entries: Sequence[Prepared]) -> None:
        """Counts at once what excerpts of these will ask for one by one."""
        fresh = {
            entry.block.block_id: rank(entry.reading, entry.scores)
            for entry in entries
            if entry.block.block_id not in self._rankings
        }
        self._counts.read_ahead(list(chain.from_iterable(map(likely_units, fresh.values()))))
        self._rankings |= fresh

    def _ways(self, entry: Prepared, room: int) -> list[_Way]:
        """How the mode may show a block, the fullest way first."""
        if self._mode == "outline":
            return [_Way(entry, "outlined", ())]
        whole = _Way(entry, "used-as-is", ((0, len(entry.block.content)),))
        if not self._may_be_cut(entry, room):
            return [whole]
        cuts = [self._cut(entry, size) for size in self._sizes(entry, room)]
        excerpts = [_Way(entry, "excerpted", spans) for spans in dict.fromkeys(cuts) if spans]
        # A text that has no excerpt, such as one long unit, comes whole or not at all.
        return excerpts if self._mode == "excerpt" and excerpts else [whole, *excerpts]

    def _sizes(self, entry: Prepared, room: int) -> list[int]:
        """Tokens that excerpts may have, the most first."""
        whole = self._counts(entry.block.content)
        half = whole // 2
        # Half the room too, so that one long text that is all there is does not leave most unused.
        sizes = {half, whole // 4, min(room // _FAIR_SHARES, half), min(room // 2, half)}
        return [n for n in sorted(sizes, reverse=True) if _LEAST_EXCERPT_TOKENS <= n <= room]

    def _cut(self, entry: Prepared, size: int) -> tuple[Span, ...]:
        """What an excerpt of at most so many tokens shows; () where that tells nothing."""
        key = entry.block.block_id, size
        if key not in self._cuts:
            spans = fitting_spans(self._rankings[key[0]], size, self._counts)
            tells = is_telling(entry.reading, entry.overlaps, spans)
            self._cuts[key] = spans if tells else ()
        return self._cuts[key]

    def _count(self, ways: Sequence[_Way], cite: str) -> None:
        fresh = [way for way in ways if (way.key, cite) not in self._made]
        texts = [_rendered(way, cite, self._counts(way.entry.block.content)) for way in fresh]
        for way, tokens in zip(fresh, self._counts.many(texts), strict=True):
            # At least 1, so that with no room left nothing is chosen and the budget's loop ends.
            variant = Variant(way.transformation, way.spans, max(tokens, 1), way.share)
            self._made[way.key, cite] = variant


def _candidate(block: SourceBlock, variants: tuple[Variant, ...], content_tokens: int) -> Candidate:
    return Candidate(
        block_id=block.block_id,
        content=block.content,
        relevance=block.relevance,
        importance=block.importance,
        feedback_score=block.feedback_score,
        age_days=block.age_days,
        content_tokens=content_tokens,
        embedding=block.embedding,
        asked=block.asked,
        variants=variants,
    )


def _unmeasured(block: SourceBlock) -> Candidate:
    return _candidate(block, (Variant("used-as-is", ((0, len(block.content)),), 0, 1.0),), 0)


def _rendered(way: _Way, cite: str, content_tokens: int) -> str:
    """All that a variant adds to the brief, whatever its key, with figures as long as they get."""
    block, step = way.entry.block, way.entry.step
    section = BlockSection(
        cite=cite,
        block_id=block.block_id,
        version=block.version,
        content_sha256=sha256_of(block.content),
        label=block.label,
        type=block.type,
        source=block.source,
        transformation=way.transformation,
        tokens=10 ** max(4, len(str(content_tokens + _MOST_AROUND_TOKENS))) - 1,
        text=None if way.transformation == "outlined" else apply_spans(block.content, way.spans),
    )
    line = OutlineStep(step_text(block.content, step), (cite,)) if step else None
    return render_share(section, line, LONGEST_NONCE)
