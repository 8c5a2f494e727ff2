"""The variants of each block: the ways to show it, with what each costs."""

from collections.abc import Sequence
from itertools import chain
from uuid import UUID

from briefsmith.compiler.candidates import Candidate, Span, Variant
from briefsmith.compiler.counting import Counts
from briefsmith.compiler.document import SourceBlock
from briefsmith.compiler.excerpt import Ranking, fitting_spans, is_telling, likely_units, rank
from briefsmith.compiler.prepared import Material, Prepared
from briefsmith.compiler.ways import (
    Key,
    Mode,
    Way,
    asked_sizes,
    excerpt_sizes,
    is_long,
    whole,
)

_LEAST_SHOWN_TOKENS = 64  # no block adds fewer: its fence and its row take more
_LEAST_OUTLINED_TOKENS = 40
_MOST_ASKED = 9_999  # whose cites have four digits
_ANY_ROOM = 10_000_000


class Variants:
    """The ways to show blocks, whatever room there is; what was counted is kept.

    Args:
        material: The blocks.
        mode: Compilation mode; None is the default one.
        counts: Counts as the budget does.
    """

    def __init__(self, material: Material, mode: Mode | None, counts: Counts) -> None:
        self._material = material
        self._mode: Mode | None = mode
        self._counts = counts
        self._rankings: dict[UUID, Ranking] = {}
        self._cuts: dict[tuple[UUID, int], tuple[Span, ...]] = {}
        self._made: dict[Key, Variant] = {}
        counts.read_ahead([entry.block.content for entry in material.rivals])
        unasked = [each.block.content for each in material.rivals if not each.block.asked]
        self._longest_tokens = max(map(counts, unasked), default=0)
        self._asked = [entry for entry in material.rivals if entry.block.asked]
        # Not by the room, with which it grows: blocks that fit could not, in a greater one.
        self._asked_cite = _nines(max(len(material.rivals), _MOST_ASKED))
        self._asked_whole_tokens = self._tokens_whole(self._asked) if mode is None else 0

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

    def asked_tokens(self) -> int:
        """What the blocks that were asked for take together, each at its smallest; in any room."""
        shown = self._shown(self._asked, 0)
        return sum(min(variant.tokens for variant in variants) for variants in shown)

    def room_for_all(self) -> int:
        """A room that holds everything as fully as the mode shows it."""
        shown = self._shown(self._material.rivals, _ANY_ROOM)
        return sum(max(variant.tokens for variant in variants) for variants in shown)

    def are_same(self, room: int, other_room: int) -> bool:
        """Whether selection plainly takes two rooms' variants alike; False where that takes counting.

        Those of the blocks asked for never matter: either room has the fullest that fits.
        """
        less = min(room, other_room)
        cites = {self._longest_cite(room), self._longest_cite(other_room)}
        return len(cites) == 1 and not is_long(self._longest_tokens, self._mode, less)

    def _shown(self, entries: Sequence[Prepared], room: int) -> list[tuple[Variant, ...]]:
        """The variants of each block, the fullest first."""
        self._read_ahead([entry for entry in entries if self._may_be_cut(entry, room)])
        ways = [self._ways(entry, room) for entry in entries]
        self._count(list(chain.from_iterable(ways)))
        made = [[self._made[way.key] for way in each] for each in ways]
        # What shows less and takes no less is no choice.
        return [
            (each[0], *(variant for variant in each[1:] if variant.tokens < each[0].tokens))
            for each in made
        ]

    def _may_be_cut(self, entry: Prepared, room: int) -> bool:
        if entry.block.asked and self._mode is None:
            return self._asked_whole_tokens > room
        return is_long(self._counts(entry.block.content), self._mode, room)

    def _tokens_whole(self, entries: Sequence[Prepared]) -> int:
        ways = [whole(entry, self._asked_cite) for entry in entries]
        self._count(ways)
        return sum(self._made[way.key].tokens for way in ways)

    def _longest_cite(self, room: int) -> str:
        """As long as any that a brief of this room can have."""
        least = _LEAST_OUTLINED_TOKENS if self._mode == "outline" else _LEAST_SHOWN_TOKENS
        return _nines(room // least)

    def _read_ahead(self, entries: Sequence[Prepared]) -> None:
        """Counts at once what excerpts of these will ask for one by one."""
        fresh = {
            entry.block.block_id: rank(entry.reading, entry.scores)
            for entry in entries
            if entry.block.block_id not in self._rankings
        }
        self._counts.read_ahead(list(chain.from_iterable(map(likely_units, fresh.values()))))
        self._rankings |= fresh

    def _ways(self, entry: Prepared, room: int) -> list[Way]:
        """How the mode may show a block, the fullest way first."""
        asked = entry.block.asked
        cite = self._asked_cite if asked else self._longest_cite(room)
        if self._mode == "outline":
            return [Way(entry, cite, "outlined", ())]
        if not self._may_be_cut(entry, room):
            return [whole(entry, cite)]
        tokens = self._counts(entry.block.content)
        sizes = asked_sizes(tokens) if asked else excerpt_sizes(tokens, room)
        cuts = dict.fromkeys(self._cut(entry, size) for size in sizes)
        excerpts = [Way(entry, cite, "excerpted", spans) for spans in cuts if spans]
        # A text that has no excerpt, such as one long unit, comes whole or not at all.
        return excerpts if self._mode == "excerpt" and excerpts else [whole(entry, cite), *excerpts]

    def _cut(self, entry: Prepared, size: int) -> tuple[Span, ...]:
        """What an excerpt of at most so many tokens shows; () where that tells nothing."""
        key = entry.block.block_id, size
        if key not in self._cuts:
            spans = fitting_spans(self._rankings[key[0]], size, self._counts)
            tells = is_telling(entry.reading, entry.overlaps, spans)
            self._cuts[key] = spans if tells else ()
        return self._cuts[key]

    def _count(self, ways: Sequence[Way]) -> None:
        fresh = [way for way in ways if way.key not in self._made]
        texts = [way.text(self._counts(way.entry.block.content)) for way in fresh]
        for way, tokens in zip(fresh, self._counts.many(texts), strict=True):
            # At least 1, so that with no room left nothing is chosen and the budget's loop ends.
            variant = Variant(way.transformation, way.spans, max(tokens, 1), way.share)
            self._made[way.key] = variant


def _nines(count: int) -> str:
    """A cite as long as any of so many."""
    return "B" + "9" * len(str(max(count, 1)))


def _candidate(block: SourceBlock, variants: tuple[Variant, ...], content_tokens: int) -> Candidate:
    return Candidate(
        block_id=block.block_id,
        content=block.content,
        relevance=block.relevance,
        importance=block.importance,
        feedback_score=block.feedback_score,
        feedback_weight=block.feedback_weight,
        age_days=block.age_days,
        content_tokens=content_tokens,
        embedding=block.embedding,
        asked=block.asked,
        variants=variants,
    )


def _unmeasured(block: SourceBlock) -> Candidate:
    return _candidate(block, (Variant("used-as-is", ((0, len(block.content)),), 0, 1.0),), 0)
