"""Cutting what is too long for one piece, at the gentlest place there is."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from briefsmith.documents.pieces import BLOCK_CHARACTERS, PART_CHARACTERS

_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]*\s+|[。！？][」』”’）]*")  # noqa: RUF001  full-width marks end sentences


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to `end` of a text."""

    start: int
    end: int

    @property
    def size(self) -> int:
        """In characters."""
        return self.end - self.start


def pack(spans: Iterable[Span]) -> Iterator[list[Span]]:
    """Spans in order, as many together as stay within 4,000 characters; a longer one is alone."""
    part: list[Span] = []
    size = 0
    for span in spans:
        if part and size + span.size > PART_CHARACTERS:
            yield part
            part, size = [], 0
        part.append(span)
        size += span.size
    if part:
        yield part


def spans_between(starts: Iterable[int], span: Span) -> list[Span]:
    """The span, cut before each of `starts` that lies inside it."""
    edges = [span.start, *(at for at in starts if span.start < at < span.end), span.end]
    return [Span(edges[i], edges[i + 1]) for i in range(len(edges) - 1)]


def cut_paragraph(text: str, span: Span) -> Iterator[Span]:
    """A paragraph of more than 8,000 characters by lines, and such a line by sentences.

    A line without sentences is cut between words; a word is never cut.
    """
    if span.size <= BLOCK_CHARACTERS:
        yield span
        return
    start = span.start
    while start < span.end:
        end = text.find("\n", start, span.end) + 1 or span.end
        line = Span(start, end)
        yield from _cut_line(text, line) if line.size > BLOCK_CHARACTERS else (line,)
        start = end


def _cut_line(text: str, line: Span) -> Iterator[Span]:
    start = line.start
    while line.end - start > PART_CHARACTERS:
        end = _gentlest(text, start, line.end)
        yield Span(start, end)
        start = end
    if start < line.end:
        yield Span(start, line.end)


def _gentlest(text: str, start: int, end: int) -> int:
    """Behind the last sentence within 4,000 characters, else the last word, else the first."""
    window = start + PART_CHARACTERS
    sentences = [match.end() for match in _SENTENCE_END.finditer(text, start, window)]
    if sentences:
        return sentences[-1]
    words = [match.end() for match in re.compile(r"\S\s+").finditer(text, start, window)]
    if words:
        return words[-1]
    word_end = re.compile(r"\s+").search(text, window, end)
    return word_end.end() if word_end else end


def content_of(text: str, spans: Sequence[Span]) -> str:
    """The text of the spans without blank lines at the ends; a gap becomes one blank line."""
    runs: list[Span] = []
    for span in spans:
        if runs and runs[-1].end == span.start:
            runs[-1] = Span(runs[-1].start, span.end)
        else:
            runs.append(span)
    trimmed = (_without_blank_ends(text[run.start : run.end]) for run in runs)
    return "\n\n".join(run for run in trimmed if run)


def _without_blank_ends(text: str) -> str:
    """Only whole lines go: the indentation of code and spaces at a line's end are content."""
    inked = len(text.rstrip())
    if not inked:
        return ""
    first = len(text) - len(text.lstrip())
    start = text.rfind("\n", 0, first) + 1
    end = text.find("\n", inked)
    return text[start:] if end < 0 else text[start:end]
