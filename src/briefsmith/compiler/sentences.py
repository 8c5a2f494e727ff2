"""Cuts text into the units that an excerpt keeps or leaves out whole.

Markdown's blocks come first (fenced and indented code, headings, tables, list items, quotes,
rules); what remains is prose, cut into sentences. Every character that is not white space is in
exactly one unit, so units and the gaps between them rebuild the text.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

UnitKind = Literal["heading", "code", "table", "list_item", "quote", "rule", "sentence"]

_LONGEST_SENTENCE = 600  # characters; logs and minified text have no sentences to find

_LINE = re.compile(r"[^\r\n]*(?:\r\n|[\r\n])|[^\r\n]+")
_FENCE = re.compile(r"[ \t]*(?:(`{3,})[^`]*$|(~{3,}))")
_HEADING = re.compile(r" {0,3}#{1,6}(?:[ \t]|\s*$)")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-+)\s*$")
_LIST_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])(?:[ \t]|\s*$)")
_INTERRUPTING_ITEM = re.compile(r"[ \t]*(?:[-*+]|1[.)])[ \t]+\S")
_QUOTE = re.compile(r"[ \t]*>")
_INDENTED = re.compile(r" {4}|\t")

_CODE_SPAN = re.compile(r"`[^`]*`")
_LINE_SEPARATORS = "\u2028\u2029\x0b\x0c\x85"
_CLOSERS = "\"'”’»›)\\]*_`」』）"  # noqa: RUF001  marks of many languages
_CJK_ENDS = "。！？｡"  # noqa: RUF001  marks of many languages
_ENDS = f".!?…؟۔।॥{_CJK_ENDS}"  # noqa: RUF001  marks of many languages
_SENTENCE_END = re.compile(rf"[{_ENDS}]+[{_CLOSERS}]*|[{_LINE_SEPARATORS}]")
_WORD_BEFORE = re.compile(r"[\w.]+$")
_DOTTED = re.compile(r"(?:[^\W\d_]{1,2}\.)*[^\W\d_]")
# "am 3. Mai", "im 2. Stock"; but "see tip 3. Then"
_ORDINAL = re.compile(r"\b(?:am|ab|bis|das|de[mnrs]|die|im|seit|und|vom|zum|zur)\s+\d{1,2}$")
# Words that a full stop follows inside a sentence, in English, German, French, Spanish, Italian,
# Dutch and Portuguese.
_ABBREVIATIONS = frozenset(
    re.findall(
        r"\w+",
        "dr mr mrs ms prof st sr sra srta jr vs cf ca approx incl excl fig figs eq no nos vol ch sec pp ed "
        "eds al est dept gen col capt rev hon bzw ggf evtl inkl exkl vgl nr abs abb tab hrsg bspw "
        "sog mme mlle mm ex env art cap núm pág ud dott sig sigg ing dhr mevr bijv jan feb apr "
        "jun jul aug sep sept oct nov dec",
    )
)


@dataclass(frozen=True, slots=True)
class Unit:
    """A range of a text that is never cut inside.

    Attributes:
        start: First character.
        end: One past the last; the text between two units is white space.
        kind: What Markdown, or prose, makes of it.
    """

    start: int
    end: int
    kind: UnitKind


def split_units(text: str) -> tuple[Unit, ...]:
    """Units in their order, not overlapping, none empty; a blank text has none."""
    lines = _LINE.findall(text)
    units: list[Unit] = []
    index = start = 0
    while index < len(lines):
        kind, stop = _block(lines, index)
        end = start + sum(map(len, lines[index:stop]))
        if kind == "sentence":
            units.extend(_sentences(text, start, end))
        elif kind is not None:
            units.append(Unit(start, _trimmed(text, start, end)[1], kind))
        index, start = stop, end
    return tuple(units)


def _block(lines: Sequence[str], index: int) -> tuple[UnitKind | None, int]:
    """The block that starts on this line, and the line after it; None is a blank line."""
    line = lines[index]
    if not line.strip():
        return None, index + 1
    if kind := _starts_block(lines, index):
        return kind, _STOPS[kind](lines, index)
    if _INDENTED.match(line):
        return "code", _run(lines, index, _INDENTED)
    if index + 1 < len(lines) and _UNDERLINE.match(lines[index + 1]):
        return "heading", index + 2
    return "sentence", _end_of_prose(lines, index)


def _starts_block(lines: Sequence[str], index: int) -> UnitKind | None:
    line = lines[index]
    if _FENCE.match(line):
        return "code"
    if _HEADING.match(line):
        return "heading"
    if _is_rule(line):
        return "rule"
    if _QUOTE.match(line):
        return "quote"
    if _LIST_ITEM.match(line):
        return "list_item"
    return "table" if _starts_table(lines, index) else None


def _is_rule(line: str) -> bool:
    marks = "".join(line.split())
    return len(marks) >= 3 and marks[0] in "-*_" and not marks.strip(marks[0])  # noqa: PLR2004  Markdown's own number


def _starts_table(lines: Sequence[str], index: int) -> bool:
    if "|" not in lines[index] or index + 1 == len(lines):
        return False
    below = lines[index + 1].strip()
    return "|" in below and "-" in below and not below.strip("|:- \t")


def _end_of_fence(lines: Sequence[str], index: int) -> int:
    opening = lines[index].strip()
    mark = opening[0]
    width = len(opening) - len(opening.lstrip(mark))
    for stop in range(index + 1, len(lines)):
        closing = lines[stop].strip()
        if len(closing) >= width and not closing.strip(mark):
            return stop + 1
    return len(lines)


def _end_of_item(lines: Sequence[str], index: int) -> int:
    stop = index + 1
    while stop < len(lines) and lines[stop].strip() and not _starts_block(lines, stop):
        stop += 1
    return stop


def _end_of_table(lines: Sequence[str], index: int) -> int:
    stop = index + 2
    while stop < len(lines) and "|" in lines[stop]:
        stop += 1
    return stop


def _end_of_prose(lines: Sequence[str], index: int) -> int:
    stop = index + 1
    while stop < len(lines) and lines[stop].strip():
        kind = _starts_block(lines, stop)
        if kind and (kind != "list_item" or _INTERRUPTING_ITEM.match(lines[stop])):
            break
        stop += 1
    return stop


def _run(lines: Sequence[str], index: int, pattern: re.Pattern[str]) -> int:
    stop = index + 1
    while stop < len(lines) and pattern.match(lines[stop]) and lines[stop].strip():
        stop += 1
    return stop


def _end_of_quote(lines: Sequence[str], index: int) -> int:
    return _run(lines, index, _QUOTE)


def _one_line(_: Sequence[str], index: int) -> int:
    return index + 1


_STOPS: dict[UnitKind, Callable[[Sequence[str], int], int]] = {
    "code": _end_of_fence,
    "heading": _one_line,
    "rule": _one_line,
    "quote": _end_of_quote,
    "list_item": _end_of_item,
    "table": _end_of_table,
}


def _sentences(text: str, start: int, end: int) -> Iterator[Unit]:
    code = [match.span() for match in _CODE_SPAN.finditer(text, start, end)]
    for match in _SENTENCE_END.finditer(text, start, end):
        stop = match.end()
        while code and code[0][1] <= match.start():
            code.pop(0)
        if not (code and code[0][0] < match.start()) and _ends_sentence(text, start, match, end):
            yield from _pieces(text, start, stop)
            start = stop
    yield from _pieces(text, start, end)


def _ends_sentence(text: str, start: int, match: re.Match[str], end: int) -> bool:
    mark, stop = match[0], match.end()
    if mark in _LINE_SEPARATORS or stop == end or mark[0] in _CJK_ENDS:
        return True
    if not text[stop].isspace():
        return False
    following = text[stop : stop + 80].lstrip()[:1]
    if following.islower():
        return False
    return not (mark == "." and _is_abbreviation(text, start, match.start()))


def _is_abbreviation(text: str, start: int, stop: int) -> bool:
    found = _WORD_BEFORE.search(text[max(start, stop - 16) : stop])
    if found is None:
        return False
    word = found[0].lower()
    if word in _ABBREVIATIONS or _DOTTED.fullmatch(word):
        return True
    if not word[-1].isdecimal():
        return False
    return _ORDINAL.search(text[max(start, stop - 16) : stop].lower()) is not None


def _pieces(text: str, start: int, end: int) -> Iterator[Unit]:
    """The sentence, cut at line ends or else spaces where it is too long to be one."""
    start, end = _trimmed(text, start, end)
    while end - start > _LONGEST_SENTENCE:
        window = text[start : start + _LONGEST_SENTENCE]
        cut = window.rfind("\n")
        if cut <= 0:
            cut = max(window.rfind(" "), window.rfind("\t"))
        if cut <= 0:
            break
        yield Unit(start, _trimmed(text, start, start + cut)[1], "sentence")
        start = _trimmed(text, start + cut, end)[0]
    if start < end:
        yield Unit(start, end, "sentence")


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end
