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
    Reading,
    apply_spans,
    fitting_spans,
    likely_units,
    rank,
    read,
    share_shown,
    term_weights,
    unit_scores,
)
from briefsmith.compiler.outline import StepSpan, find_step, step_text
from briefsmith.compiler.render import render_share
from briefsmith.compiler.worth import SelectionSettings, rated_relevance

Mode = Literal["verbatim", "excerpt", "outline"]

MODES: tuple[Mode, ...] = get_args(Mode)
"""Compilation modes by name; None stands for the default: whole blocks, long ones excerpted."""

_FAIR_SHARES = 6  # a block longer than this part of the budget may also come excerpted
_SHORT_TOKENS = 80  # a text up to here is shown whole even where excerpts are asked for
_LEAST_EXCERPT_TOKENS = 24


@dataclass(frozen=True, slots=True)
class Prepared:
    """A block, read once for all that follows.

    Attributes:
        is_rival: It may enter the brief: relevant enough, or asked for. The others are not scored.
        scores: Of the units of `reading`; () unless it is a rival.
        step: Its sentence for the outline; None for a blank block, and unless it is a rival.
    """

    block: SourceBlock
    reading: Reading
    is_rival: bool
    scores: tuple[float, ...] = ()
    step: StepSpan | None = None


@dataclass(frozen=True, slots=True)
class Room:
    """What there is to fill.

    Attributes:
        tokens: Left for blocks.
        mode: Compilation mode; None is the default one.
        nonce: The key of the brief.
    """

    tokens: int
    mode: Mode | None
    nonce: str


@dataclass(frozen=True, slots=True)
class _Way:
    """A variant before its tokens are counted."""

    entry: Prepared
    transformation: Transformation
    spans: tuple[Span, ...]

    @property
    def share(self) -> float:
        shown = self.spans
        if self.transformation == "outlined":
            shown = (self.entry.step.span,) if self.entry.step else ()
        return share_shown(self.entry.reading, self.entry.scores, shown)


def prepare(
    intent: str, blocks: Sequence[SourceBlock], settings: SelectionSettings
) -> list[Prepared]:
    """Every block, by block_id, its units weighed against the intent."""
    # In one order, so that sums of floats do not depend on the caller's.
    ordered = sorted(blocks, key=lambda block: block.block_id)
    readings = [read(block.content) for block in ordered]
    weights = term_weights(intent, readings)
    best = max((block.relevance for block in ordered), default=0.0)
    prepared: list[Prepared] = []
    for block, reading in zip(ordered, readings, strict=True):
        if not block.asked and rated_relevance(block.relevance, best, settings) <= 0:
            prepared.append(Prepared(block, reading, is_rival=False))
            continue
        scores = unit_scores(reading, weights)
        step = find_step(reading, scores)
        prepared.append(Prepared(block, reading, is_rival=True, scores=scores, step=step))
    return prepared


def make_candidates(prepared: Sequence[Prepared], room: Room, counts: Counts) -> list[Candidate]:
    """What selection chooses from, in the order given.

    Only rivals are counted. The others, which no selection takes, have 0 tokens.
    """
    rivals = [entry for entry in prepared if entry.is_rival]
    counts.read_ahead([entry.block.content for entry in rivals])
    ways = _all_ways(rivals, room, counts)
    tokens = counts.many([_rendered(way, room.nonce) for way in ways])
    variants: dict[UUID, list[Variant]] = {}
    for way, count in zip(ways, tokens, strict=True):
        # At least 1, so that with no room left nothing is chosen and the budget's loop ends.
        variant = Variant(way.transformation, way.spans, max(count, 1), way.share)
        shown = variants.setdefault(way.entry.block.block_id, [])
        if not shown or variant.tokens < shown[0].tokens:
            shown.append(variant)
    return [_candidate(entry, variants.get(entry.block.block_id), counts) for entry in prepared]


def _candidate(entry: Prepared, variants: Sequence[Variant] | None, counts: Counts) -> Candidate:
    block = entry.block
    unmeasured = Variant("used-as-is", ((0, len(block.content)),), 0, 1.0)
    return Candidate(
        block_id=block.block_id,
        content=block.content,
        relevance=block.relevance,
        importance=block.importance,
        feedback_score=block.feedback_score,
        age_days=block.age_days,
        content_tokens=counts(block.content) if entry.is_rival else 0,
        embedding=block.embedding,
        asked=block.asked,
        variants=tuple(variants or (unmeasured,)),
    )


def _all_ways(rivals: Sequence[Prepared], room: Room, counts: Counts) -> list[_Way]:
    """How the mode may show each block, block after block, the fullest way first."""
    rankings = {
        entry.block.block_id: rank(entry.reading, entry.scores)
        for entry in rivals
        if _may_be_cut(counts(entry.block.content), room)
    }
    units = chain.from_iterable(map(likely_units, rankings.values()))
    counts.read_ahead(list(units))
    return [
        way
        for entry in rivals
        for way in _ways(entry, rankings.get(entry.block.block_id), room, counts)
    ]


def _may_be_cut(tokens: int, room: Room) -> bool:
    if room.mode in {"outline", "verbatim"}:
        return False
    return tokens > (_SHORT_TOKENS if room.mode == "excerpt" else room.tokens // _FAIR_SHARES)


def _ways(entry: Prepared, ranking: Ranking | None, room: Room, counts: Counts) -> list[_Way]:
    text = entry.block.content
    if room.mode == "outline":
        return [_Way(entry, "outlined", ())]
    whole = _Way(entry, "used-as-is", ((0, len(text)),))
    if ranking is None:
        return [whole]
    half, fair_tokens = counts(text) // 2, room.tokens // _FAIR_SHARES
    # Half the room too, so that one long text that is all there is does not leave most unused.
    sizes = {half, counts(text) // 4, min(fair_tokens, half), min(room.tokens // 2, half)}
    cuts = [
        fitting_spans(ranking, size, counts)
        for size in sorted(sizes, reverse=True)
        if _LEAST_EXCERPT_TOKENS <= size <= room.tokens
    ]
    excerpts = [_Way(entry, "excerpted", spans) for spans in dict.fromkeys(cuts) if spans]
    # A text that is one long unit has no excerpt: it comes whole or not at all.
    return excerpts if room.mode == "excerpt" and excerpts else [whole, *excerpts]


def _rendered(way: _Way, nonce: str) -> str:
    """All that a variant adds to the brief."""
    block, step = way.entry.block, way.entry.step
    section = BlockSection(
        cite="B99",
        block_id=block.block_id,
        version=block.version,
        content_sha256=sha256_of(block.content),
        label=block.label,
        type=block.type,
        source=block.source,
        transformation=way.transformation,
        tokens=9999,
        text=None if way.transformation == "outlined" else apply_spans(block.content, way.spans),
    )
    line = OutlineStep(step_text(block.content, step), ("B99",)) if step else None
    return render_share(section, line, nonce)
