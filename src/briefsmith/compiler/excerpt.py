"""Keeps of a long text what matters to the intent, in its order, within a token budget."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from math import log

from briefsmith.compiler.candidates import Span
from briefsmith.compiler.sentences import Unit, split_units

TokenCounter = Callable[[str], int]
"""Tokens of a text, as the reader of the brief counts them; a pure function, 0 for ''."""

ELLIPSIS = "[…]"

_FIRST_UNIT_BONUS = 0.1  # of the intent's whole weight: a lead says what a text is about
_HEADING_BONUS = 0.3  # of what the heading above scores: it names the subject of its units
_NEIGHBOUR_BONUS = 0.15  # of what each neighbour scores: an answer rarely repeats the question
_LENGTH_PENALTY = 0.4  # as `b` of BM25
_MOST_MISSES = 20  # units tried in vain before the rest counts as too long

_WORD = re.compile(r"[^\W_]+")
_NO_SPACES = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+")


@dataclass(frozen=True, slots=True)
class Reading:
    """A text, cut into units, with each unit's terms."""

    text: str
    units: tuple[Unit, ...]
    terms: tuple[frozenset[str], ...]


def read(text: str) -> Reading:
    """Cuts a text once, for weighing, excerpts and the outline alike."""
    units = split_units(text)
    terms = tuple(frozenset(_terms(text[unit.start : unit.end])) for unit in units)
    return Reading(text, units, terms)


def _terms(text: str) -> Iterator[str]:
    """Lower-cased words; scripts without spaces give their pairs of characters."""
    for word in _WORD.findall(text.lower()):
        if len(word) > 1 and _NO_SPACES.fullmatch(word):
            yield from (word[i : i + 2] for i in range(len(word) - 1))
        else:
            yield word


def term_weights(intent: str, readings: Iterable[Reading]) -> dict[str, float]:
    """How much each term of the intent tells, by its rarity in the units of these texts.

    Returns:
        A positive weight for every term of the intent, more for one that the intent repeats.

    Source: the inverse document frequency of BM25, with units for documents.
    """
    wanted = Counter(_terms(intent))
    count = 0
    found: Counter[str] = Counter()
    for reading in readings:
        count += len(reading.units)
        for terms in reading.terms:
            found.update(wanted.keys() & terms)
    return {
        term: times * log(1 + (count - found[term] + 0.5) / (found[term] + 0.5))
        for term, times in wanted.items()
    }


def unit_scores(reading: Reading, weights: Mapping[str, float]) -> tuple[float, ...]:
    """What each unit has to do with the intent, >= 0; all 0 only for a text without units."""
    plain = _overlaps(reading, weights)
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


def _overlaps(reading: Reading, weights: Mapping[str, float]) -> list[float]:
    """Weight of the intent's terms in each unit, somewhat less for a longer one."""
    mean_terms = sum(map(len, reading.terms)) / max(len(reading.terms), 1) or 1.0
    return [
        sum(weight for term, weight in weights.items() if term in terms)
        / (1 - _LENGTH_PENALTY + _LENGTH_PENALTY * len(terms) / mean_terms)
        for terms in reading.terms
    ]


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
    return fitting_spans(reading, unit_scores(reading, weights), max_tokens, count_tokens)


def fitting_spans(
    reading: Reading, scores: Sequence[float], max_tokens: int, count_tokens: TokenCounter
) -> tuple[Span, ...]:
    """`excerpt_spans` for a text that is cut and scored already."""
    if count_tokens(reading.text) <= max_tokens:
        return ((0, len(reading.text)),)
    picks = _picks(reading, scores, max_tokens, count_tokens)
    while picks:
        spans = _spans_of(reading, set(chain.from_iterable(picks)))
        # Units are counted one by one above; tokens may form across their joints.
        if count_tokens(apply_spans(reading.text, spans)) <= max_tokens:
            return spans
        picks.pop()
    return ()


def _picks(
    reading: Reading, scores: Sequence[float], max_tokens: int, count_tokens: TokenCounter
) -> list[set[int]]:
    """Units that fit, the best first, each with the heading it stands under."""
    text, units, above = reading.text, reading.units, _headings_above(reading.units)
    joint = count_tokens(f" {ELLIPSIS} ")
    used, misses = joint, 0
    picked: set[int] = set()
    picks: list[set[int]] = []
    for index in _ranking(reading.units, scores):
        heading = above[index]
        group = ({index} if heading is None else {index, heading}) - picked
        cost = joint + sum(count_tokens(text[units[i].start : units[i].end]) for i in sorted(group))
        if used + cost <= max_tokens:
            used += cost
            picked |= group
            picks.append(group)
        else:
            misses += 1
            if misses == _MOST_MISSES:
                break
    return picks


def _ranking(units: Sequence[Unit], scores: Sequence[float]) -> list[int]:
    """Units to try, the best first; a heading only comes with a unit under it."""
    indices = _bodies(units)
    if not any(scores[i] > 0 for i in indices[1:]):
        return indices
    return sorted((i for i in indices if scores[i] > 0), key=lambda i: (-scores[i], i))


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


def apply_spans(text: str, spans: Sequence[Span]) -> str:
    """The text that these ranges show, with `[…]` wherever anything but white space is missing.

    One range over everything gives the text byte for byte; no range gives ''.
    """
    if not spans or list(spans) == [(0, len(text))]:
        return text if spans else ""
    parts: list[str] = []
    position = 0
    for start, end in spans:
        parts.extend((_joint(text[position:start], is_inner=position > 0), text[start:end]))
        position = end
    parts.append(_joint(text[position:], is_inner=True).rstrip())
    return "".join(parts)


def _joint(missing: str, *, is_inner: bool) -> str:
    """What stands for a left-out part: on a line of its own where whole lines are missing."""
    if not missing.strip():
        return missing if is_inner else ""
    lines = missing.count("\n") or missing.count("\r")
    space = " " if not lines else "\n\n" if "\n\n" in missing or "\r\n\r\n" in missing else "\n"
    return f"{space}{ELLIPSIS}{space}" if is_inner else f"{ELLIPSIS}{space}"


def share_shown(reading: Reading, scores: Sequence[float], spans: Sequence[Span]) -> float:
    """How much of a text's worth these ranges keep, in (0, 1]; 1 only for all of it."""
    text = reading.text
    if list(spans) == [(0, len(text))]:
        return 1.0
    pairs = list(zip(reading.units, scores, strict=True))
    kept = sum(
        score for unit, score in pairs if any(s <= unit.start and unit.end <= e for s, e in spans)
    )
    by_score = kept / (sum(scores) or 1.0)
    by_length = sum(end - start for start, end in spans) / max(len(text), 1)
    return min(max((by_score + by_length) / 2, 0.02), 0.98)
