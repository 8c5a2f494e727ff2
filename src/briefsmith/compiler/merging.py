"""One text out of several that say nearly the same: everything that any of them says, and once.

The first text stays as it is. Of each further one, the sentences that the text has already (up to case, white
space, and the marks around a sentence) are folded; the others go in behind the sentence that they follow in their
own text. Nothing is folded that only looks alike: a changed number or word is another sentence, and the same
words under another heading or list item are about something else.

Source: docs/decisions/0015-agents-propose-and-people-decide.md
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from briefsmith.compiler.sentences import Unit, UnitKind, split_units

_PLAIN = str.maketrans(
    {
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT DOUBLE QUOTATION MARK}": '"',
        "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
        "\N{MINUS SIGN}": "-",
    }
)
_QUOTES = " \t*_`\"'"
_ENDS = _QUOTES + ".,;:!"  # no question mark: with one, it is another sentence
_MARKERS: dict[UnitKind, re.Pattern[str]] = {
    "heading": re.compile(r"^ {0,3}#{1,6}(?=\s|$)|\s#+\s*$|\n {0,3}(?:=+|-+)\s*$"),
    "list_item": re.compile(r"^[ \t]*(?:[-*+]|\d{1,9}[.)])(?=\s|$)"),
    "quote": re.compile(r"^[ \t]*>", re.MULTILINE),
}
_HASHES = re.compile(r" {0,3}(#{1,6})(?=\s|$)")


@dataclass(frozen=True, slots=True)
class _Part:
    """A sentence, heading, list item or the like.

    Attributes:
        number: Its place in its own text.
        gap: White space between the part before it there and this one.
        said: What it says, up to normalisation; empty for a rule.
        depth: Level of a heading, indentation of a list item; else 0.
        heading: What the nearest heading above says; empty without one.
        parents: What the list items above say that this one belongs to.
    """

    number: int
    text: str
    kind: UnitKind
    gap: str
    said: str
    depth: int
    heading: str
    parents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    """A part of the merged text, and whether it is one that the first text had not."""

    part: _Part
    is_new: bool


def merge_texts(texts: Sequence[str]) -> str:
    """A text that holds every sentence of every one, up to normalisation.

    Whoever stores it asks `lost_sentences` first: no text can be put behind a fence of code that is never closed.

    Args:
        texts: At least one; the first is kept as it is.
    """
    merged = texts[0]
    for text in texts[1:]:
        merged = _merged(merged, text)
    return merged


def lost_sentences(merged: str, texts: Iterable[str]) -> frozenset[str]:
    """What the texts say, up to normalisation, and the merged one does not; empty where nothing is lost."""
    has = said_in(merged)
    return frozenset[str]().union(*(said_in(text) - has for text in texts))


def said_in(text: str) -> frozenset[str]:
    """Every sentence of a text, up to normalisation."""
    return frozenset(part.said for part in _parts(text) if part.said)


def _merged(text: str, other: str) -> str:
    parts, others = _parts(text), _parts(other)
    if not parts:
        return other
    woven = _joined(text, _woven(parts, others))
    if _keeps_all(woven, parts, others) and not lost_sentences(woven, (text, other)):
        return woven
    # An open fence of code, for one, swallows what is put behind it.
    one_after_the_other = f"{text}\n\n{other}"
    if lost_sentences(one_after_the_other, (text, other)):
        return f"{other}\n\n{text}"
    return one_after_the_other


def _keeps_all(woven: str, parts: Sequence[_Part], others: Sequence[_Part]) -> bool:
    """Whether every part stands under its heading still, or says what the first text says of the same."""
    stated = {(part.said, part.heading) for part in _parts(woven)}
    places = _by_words(parts)
    new = [one for one in others if _place(parts, places.get(one.said, []), one, None) is None]
    return stated >= {(part.said, part.heading) for part in (*parts, *new) if part.said}


# ---- taking a text apart


def _parts(text: str) -> list[_Part]:
    parts: list[_Part] = []
    headings, parents, end = list[tuple[int, str]](), list[tuple[int, str]](), 0
    for unit in split_units(text):
        shown = text[unit.start : unit.end]
        said, depth = _said(shown, unit), _depth(shown, unit)
        if unit.kind == "heading":
            headings = [one for one in headings if one[0] < depth]
        parents = [one for one in parents if unit.kind == "list_item" and one[0] < depth]
        above = headings[-1][1] if headings else ""
        gap, over = text[end : unit.start], tuple(one[1] for one in parents)
        parts.append(_Part(len(parts), shown, unit.kind, gap, said, depth, above, over))
        end = unit.end
        if unit.kind == "heading":
            headings.append((depth, said))
        elif unit.kind == "list_item":
            parents.append((depth, said))
    return parts


def _said(shown: str, unit: Unit) -> str:
    if unit.kind == "rule":
        return ""
    if unit.kind == "code":  # case, marks and white space are what code is made of
        return "\n".join(line.rstrip() for line in shown.splitlines())
    marker = _MARKERS.get(unit.kind)
    plain = marker.sub(" ", shown) if marker else shown
    folded = unicodedata.normalize("NFC", plain).translate(_PLAIN).casefold()
    return " ".join(folded.split()).lstrip(_QUOTES).rstrip(_ENDS)


def _depth(shown: str, unit: Unit) -> int:
    if unit.kind == "list_item":
        return len(shown.expandtabs(4)) - len(shown.expandtabs(4).lstrip())
    if unit.kind != "heading":
        return 0
    hashes = _HASHES.match(shown)
    return len(hashes[1]) if hashes else 1


# ---- and together


def _woven(parts: Sequence[_Part], others: Sequence[_Part]) -> list[_Row]:
    """Every part of the one, and the new ones of the other behind what they follow there."""
    places = _by_words(parts)
    behind: dict[int, list[_Part]] = {}
    waiting: list[_Part] = []  # new ones before the first that both texts have
    at: int | None = None
    for part in _without_repeats(others):
        found = _place(parts, places.get(part.said, []), part, at)
        if found is not None:
            if at is None and not any(one.kind == "heading" for one in waiting):
                behind.setdefault(found - 1, []).extend(waiting)
                waiting = []
            at = found
        elif at is None:
            waiting.append(part)
        else:
            at = _end_of_section(parts, at, part)
            behind.setdefault(at, []).append(part)
    rows = [_Row(part, is_new=True) for part in behind.get(-1, [])]
    for place, part in enumerate(parts):
        rows.append(_Row(part, is_new=False))
        rows += [_Row(new, is_new=True) for new in behind.get(place, [])]
    return rows + [_Row(part, is_new=True) for part in waiting]


def _by_words(parts: Iterable[_Part]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for part in parts:
        places.setdefault(part.said, []).append(part.number)
    return places


def _without_repeats(parts: Iterable[_Part]) -> list[_Part]:
    """What says something, each thing of the same once."""
    first = {(part.said, part.heading, part.parents): part for part in reversed(list(parts))}
    return sorted((one for one in first.values() if one.said), key=lambda one: one.number)


def _place(
    parts: Sequence[_Part], places: Sequence[int], wanted: _Part, at: int | None
) -> int | None:
    """Where a part says the same of the same: rather behind `at` than before it; None where none does."""
    found = [place for place in places if _is_same(parts[place], wanted)]
    later = [place for place in found if at is None or place > at]
    return next(iter(later or found), None)


def _is_same(one: _Part, other: _Part) -> bool:
    if one.said != other.said or one.parents != other.parents:
        return False
    return one.heading == other.heading or not one.heading or not other.heading


def _end_of_section(parts: Sequence[_Part], at: int, new: _Part) -> int:
    """The last part that a new one may not come between: what stands under a heading or item stays under it."""
    while at + 1 < len(parts):
        following = parts[at + 1]
        if new.kind == "heading":
            belongs = following.kind != "heading" or following.depth > new.depth
        elif new.kind == "list_item":
            belongs = following.kind == "list_item" and following.depth > new.depth
        else:
            belongs = following.kind == "list_item" and parts[at].kind == "list_item"
        if not belongs:
            break
        at += 1
    return at


def _joined(text: str, rows: Sequence[_Row]) -> str:
    """The parts with what was between them, or with what keeps apart those that were not together."""
    start = text[: len(text) - len(text.lstrip())] if rows[0].is_new else rows[0].part.gap
    pieces = [start, rows[0].part.text]
    for before, row in pairwise(rows):
        together = before.is_new == row.is_new and before.part.number == row.part.number - 1
        pieces += [row.part.gap if together else _between(before.part, row.part), row.part.text]
    return "".join(pieces) + text[len(text.rstrip()) :]


def _between(before: _Part, part: _Part) -> str:
    if before.kind == part.kind == "list_item":
        return "\n"
    if before.kind == part.kind == "sentence":
        side_by_side = split_units(f"{before.text} {part.text}")
        if [unit.end - unit.start for unit in side_by_side] == [len(before.text), len(part.text)]:
            return " "
    return "\n\n"
