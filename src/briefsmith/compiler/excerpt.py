"""Keeps of a long text what matters to the intent, in its order, within a token budget."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from math import log

from briefsmith.compiler.candidates import Span
from briefsmith.compiler.counting import TokenCounter
from briefsmith.compiler.sentences import Unit, split_units
from briefsmith.compiler.spans import ELLIPSIS, apply_spans
from briefsmith.compiler.terms import terms_of

_FIRST_UNIT_BONUS = 0.1  # of the intent's whole weight: a lead says what a text is about
_HEADING_BONUS = 0.3  # of what the heading above scores: it names the subject of its units
_NEIGHBOUR_BONUS = 0.15  # of what each neighbour scores: an answer rarely repeats the question
_LENGTH_PENALTY = 0.4  # as `b` of BM25
_LEAST_TELLING = 0.5  # of what a part of the text tells on the average
_MOST_MISSES = 20  # units tried in vain before the rest counts as too long
_LIKELY_UNITS = 3 * _MOST_MISSES  # that most excerpts are made from


@dataclass(frozen=True, slots=True)
class Reading:
    """A text, cut into units, with each unit's terms."""

    text: str
    units: tuple[Unit, ...]
    terms: tuple[frozenset[str], ...]


@dataclass(frozen=True, slots=True)
class Ranking:
    """A text's units in the order in which excerpts take them.

    Attributes:
        order: Indices of the units to try, the best first.
        above: For each unit, the index of the heading that it stands under.
    """

    reading: Reading
    order: tuple[int, ...]
    above: tuple[int | None, ...]


def read(text: str) -> Reading:
    """Cuts a text once, for weighing, excerpts and the outline alike."""
    units = split_units(text)
    terms = tuple(frozenset(terms_of(text[unit.start : unit.end])) for unit in units)
    return Reading(text, units, terms)


def term_weights(intent: str, readings: Iterable[Reading]) -> dict[str, float]:
    """How much each term of the intent tells, by its rarity in the units of these texts.

    Returns:
        A positive weight for every term of the intent, more for one that the intent repeats.

    Source: the inverse document frequency of BM25, with units for documents.
    """
    wanted = Counter(terms_of(intent))
    asked = frozenset(wanted)
    units = [terms for reading in readings for terms in reading.terms]
    count = len(units)
    found = Counter(chain.from_iterable(asked & terms for terms in units))
    return {
        term: times * log(1 + (count - found[term] + 0.5) / (found[term] + 0.5))
        for term, times in wanted.items()
    }


def unit_scores(reading: Reading, weights: Mapping[str, float]) -> tuple[float, ...]:
    """What each unit has to do with the intent, >= 0; all 0 only for a text without units."""
    return placed_scores(reading, unit_overlaps(reading, weights), weights)


def placed_scores(
    reading: Reading, plain: Sequence[float], weights: Mapping[str, float]
) -> tuple[float, ...]:
    """`unit_scores` from overlaps: each unit gains by where it stands, too."""
    above = _headings_above(reading.units)
    scores: list[float] = []
    for index, own in enumerate(plain):
        heading = above[index]
        score = own + (_HEADING_BONUS * plain[heading] if heading is not None else 0.0)
        for beside in (index - 1, index + 1):
            if 0 <= beside < len(plain):
                score += _NEIGHBOUR_BONUS * plain[beside]
        scores.append(score)
    if scores:
        scores[_bodies(reading.units)[0]] += _FIRST_UNIT_BONUS * (sum(weights.values()) or 1.0)
    return tuple(scores)


def unit_overlaps(reading: Reading, weights: Mapping[str, float]) -> list[float]:
    """Weight of the intent's terms in each unit itself, somewhat less for a longer one."""
    asked = frozenset(weights)
    mean_terms = sum(map(len, reading.terms)) / max(len(reading.terms), 1) or 1.0
    overlaps: list[float] = []
    for terms in reading.terms:
        shared = asked & terms
        # In the order of the weights, so that the sum does not depend on a set's.
        weight = sum(weights[term] for term in weights if term in shared) if shared else 0.0
        length = 1 - _LENGTH_PENALTY + _LENGTH_PENALTY * len(terms) / mean_terms
        overlaps.append(weight / length)
    return overlaps


def _bodies(units: Sequence[Unit]) -> list[int]:
    """The units that may stand alone; all of them where there are only headings and rules."""
    bodies = [i for i, unit in enumerate(units) if unit.kind not in {"heading", "rule"}]
    return bodies or list(range(len(units)))


def _headings_above(units: Sequence[Unit]) -> list[int | None]:
    last: int | None = None
    above: list[int | None] = []
    for index, unit in enumerate(units):
        is_heading = unit.kind == "heading"
        above.append(None if is_heading else last)
        last = index if is_heading else last
    return above


def excerpt_spans(
    text: str, weights: Mapping[str, float], max_tokens: int, count_tokens: TokenCounter
) -> tuple[Span, ...]:
    """What to keep of a text so that `apply_spans` of it has at most `max_tokens`.

    Args:
        text: The whole text.
        weights: Terms of the intent with their weights, as `term_weights` gives them.
        max_tokens: The most that the excerpt may have, ellipses included.
        count_tokens: Counts as the budget does.

    Returns:
        Ranges in order; one range over everything where the text fits; none where no unit does.
    """
    reading = read(text)
    return fitting_spans(rank(reading, unit_scores(reading, weights)), max_tokens, count_tokens)


def rank(reading: Reading, scores: Sequence[float]) -> Ranking:
    """The units in the order in which excerpts of any size take them."""
    above = tuple(_headings_above(reading.units))
    return Ranking(reading, tuple(_order(reading.units, scores)), above)


def _order(units: Sequence[Unit], scores: Sequence[float]) -> list[int]:
    """Units to try, the best first; a heading only comes with a unit under it."""
    indices = _bodies(units)
    if not any(scores[i] > 0 for i in indices[1:]):
        return indices
    return sorted((i for i in indices if scores[i] > 0), key=lambda i: (-scores[i], i))


def likely_units(ranking: Ranking) -> list[str]:
    """Texts of the units that excerpts will ask the tokens of, as good as always."""
    best = ranking.order[:_LIKELY_UNITS]
    headings = {above for i in best if (above := ranking.above[i]) is not None}
    return [_unit_text(ranking.reading, i) for i in sorted({*best, *headings})]


def _unit_text(reading: Reading, index: int) -> str:
    return reading.text[reading.units[index].start : reading.units[index].end]


def fitting_spans(
    ranking: Ranking, max_tokens: int, count_tokens: TokenCounter
) -> tuple[Span, ...]:
    """`excerpt_spans` for a text that is cut and ranked already."""
    text = ranking.reading.text
    if count_tokens(text) <= max_tokens:
        return ((0, len(text)),)
    picks = _picks(ranking, max_tokens, count_tokens)
    while picks:
        spans = _spans_of(ranking.reading, set(chain.from_iterable(picks)))
        # Units are counted one by one above; tokens may form across their joints.
        if count_tokens(apply_spans(text, spans)) <= max_tokens:
            return spans
        picks.pop()
    return ()


def _picks(ranking: Ranking, max_tokens: int, count_tokens: TokenCounter) -> list[set[int]]:
    """Units that fit, the best first, each with the heading it stands under."""
    joint = count_tokens(f" {ELLIPSIS} ")
    used, misses = joint, 0
    picked: set[int] = set()
    picks: list[set[int]] = []
    for index in ranking.order:
        heading = ranking.above[index]
        group = ({index} if heading is None else {index, heading}) - picked
        cost = joint + sum(count_tokens(_unit_text(ranking.reading, i)) for i in sorted(group))
        if used + cost <= max_tokens:
            used += cost
            picked |= group
            picks.append(group)
        else:
            misses += 1
            if misses == _MOST_MISSES:
                break
    return picks


def _spans_of(reading: Reading, picked: set[int]) -> tuple[Span, ...]:
    if len(picked) == len(reading.units):
        return ((0, len(reading.text)),)
    spans: list[Span] = []
    previous = -2
    for index in sorted(picked):
        unit = reading.units[index]
        if index == previous + 1:
            spans[-1] = (spans[-1][0], unit.end)
        else:
            spans.append((unit.start, unit.end))
        previous = index
    return tuple(spans)


def share_shown(reading: Reading, scores: Sequence[float], spans: Sequence[Span]) -> float:
    """How much of a text's worth these ranges keep, in (0, 1]; 1 only for all of it."""
    if list(spans) == [(0, len(reading.text))]:
        return 1.0
    by_score = sum(_scores_inside(reading.units, scores, spans)) / (sum(scores) or 1.0)
    by_length = sum(end - start for start, end in spans) / max(len(reading.text), 1)
    return min(max((by_score + by_length) / 2, 0.02), 0.98)


def is_telling(reading: Reading, overlaps: Sequence[float], spans: Sequence[Span]) -> bool:
    """Whether these ranges have to do with the intent, as the text has.

    A lead such as "One line each." before a table that does not fit is an excerpt of nothing.
    """
    shown = sum(_scores_inside(reading.units, overlaps, spans)) / (sum(overlaps) or 1.0)
    length = sum(end - start for start, end in spans) / max(len(reading.text), 1)
    return not any(overlaps) or shown >= _LEAST_TELLING * length


def _scores_inside(
    units: Sequence[Unit], scores: Sequence[float], spans: Sequence[Span]
) -> Iterator[float]:
    """Scores of the units that lie whole inside a span."""
    at = 0
    for unit, score in zip(units, scores, strict=True):
        while at < len(spans) and spans[at][1] < unit.end:
            at += 1
        if at < len(spans) and spans[at][0] <= unit.start:
            yield score
