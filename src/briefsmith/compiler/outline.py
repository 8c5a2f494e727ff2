"""An outline by extraction: of each block, the sentence that matters most to the intent."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from briefsmith.compiler.candidates import Span
from briefsmith.compiler.excerpt import Reading
from briefsmith.compiler.fence import one_line

MAX_STEP_WORDS = 24
MAX_STEP_CHARS = 200  # scripts without spaces have no words to count

_READABLE = frozenset({"sentence", "list_item", "quote"})
_FEWEST_WORDS = 4  # of a sentence that tells something by itself; "Two remarks." does not
_LINE = re.compile(r"[^\r\n]+")
_AROUND_CELLS = "| \t"
_WORD = re.compile(r"[^\s\x00-\x20\x7f-\xa0]+")  # as `one_line` parts them
_MARKER = re.compile(r"\s*(?:(?:[-*+>]|#{1,6}|\d{1,9}[.)])\s+|>)+(?:\[[ xX]\]\s+)?")


@dataclass(frozen=True, slots=True)
class StepSpan:
    """Where a step stands in its block's text.

    Attributes:
        span: Character range of the block's content.
        is_cut: The sentence goes on after it.
    """

    span: Span
    is_cut: bool


def find_step(reading: Reading, scores: Sequence[float]) -> StepSpan | None:
    """The sentence that scores best, cut at a word; the first of equals; None in a blank text.

    One of a few words is taken only where all are; of a text without sentences the heading, or the first row of a table.
    """
    indices = _candidates(reading)
    if not indices:
        return None
    unit = reading.units[max(indices, key=lambda i: (scores[i], -i))]
    if unit.kind == "table" and (row := _first_row(reading.text, unit.start, unit.end)):
        end = _cut(reading.text, *row)
        return StepSpan((row[0], end), is_cut=end < row[1])
    marker = unit.kind != "sentence" and _MARKER.match(reading.text, unit.start, unit.end)
    start = marker.end() if marker and marker.end() < unit.end else unit.start
    end = _cut(reading.text, start, unit.end)
    return StepSpan((start, end), is_cut=end < unit.end)


def _candidates(reading: Reading) -> list[int]:
    kinds = [unit.kind for unit in reading.units]
    readable = [i for i, kind in enumerate(kinds) if kind in _READABLE]
    telling = [i for i in readable if _words(reading, i) >= _FEWEST_WORDS]
    headings = [i for i, kind in enumerate(kinds) if kind == "heading"]
    return telling or readable or headings or list(range(len(kinds)))


def _first_row(text: str, start: int, end: int) -> Span | None:
    """The first line with a letter or a digit in it, without the bars around its cells."""
    for line in _LINE.finditer(text, start, end):
        cells = line[0].strip(_AROUND_CELLS)
        if any(map(str.isalnum, cells)):
            first = line.start() + line[0].index(cells)
            return first, first + len(cells)
    return None


def _words(reading: Reading, index: int) -> int:
    unit = reading.units[index]
    return sum(1 for _ in _WORD.finditer(reading.text, unit.start, unit.end))


def _cut(text: str, start: int, end: int) -> int:
    stop = start
    for number, word in enumerate(_WORD.finditer(text, start, end)):
        if number == MAX_STEP_WORDS or word.end() > start + MAX_STEP_CHARS:
            return stop if stop > start else start + MAX_STEP_CHARS
        stop = word.end()
    return end


def step_text(content: str, step: StepSpan) -> str:
    """The step as one harmless line, without its quotation marks."""
    start, end = step.span
    return one_line(content[start:end], MAX_STEP_CHARS) + ("…" if step.is_cut else "")
