"""Pure: characters of a page and the lines drawn on it, to lines of text and tables."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from briefsmith.providers.extraction.pdf_grids import (
    LINE_END,
    Glyph,
    Grid,
    Ruling,
    Table,
    grids_of,
    inside,
)

_GAP = 1.5


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of text on a line, apart from the next one by a wide gap."""

    text: str
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text; its size is the height of its characters, in points."""

    segments: tuple[Segment, ...]
    bottom: float
    top: float
    size: float
    is_bold: bool = False

    @property
    def text(self) -> str:
        """All of it."""
        return " ".join(segment.text for segment in self.segments)

    @property
    def left(self) -> float:
        """Where it begins."""
        return self.segments[0].left


@dataclass(frozen=True, slots=True)
class Page:
    """Lines and tables in the order in which they were written."""

    elements: tuple[Line | Table, ...]
    height: float


def page_of(glyphs: Sequence[Glyph], rulings: Sequence[Ruling], height: float) -> Page:
    """The lines and tables of a page."""
    reading = _Reading(grids_of(rulings, glyphs))
    for glyph in glyphs:
        reading.take(glyph)
    reading.finish()
    found = reading.found
    return Page(tuple(one.table() if isinstance(one, Grid) else one for one in found), height)


class _Reading:
    """Characters on their way into lines and cells; a table stands where its first character came."""

    def __init__(self, grids: Sequence[Grid]) -> None:
        self.found: list[Grid | Line] = []
        self._fresh = list(grids)
        self._grids = grids
        self._pending: list[Glyph] = []
        self._cell: list[str] | None = None

    def take(self, glyph: Glyph) -> None:
        """One more character."""
        if glyph.text.isspace():
            if self._cell is None:
                self._pending.append(glyph)
            else:
                self._cell.append(" ")
            return
        found = inside(self._grids, glyph)
        if found is None:
            if self._cell is not None:
                self._cell = None
                self._pending.append(LINE_END)
            self._pending.append(glyph)
            return
        grid, place = found
        if any(one is grid for one in self._fresh):
            self.finish()
            self._fresh = [one for one in self._fresh if one is not grid]
            self.found.append(grid)
        self._cell = grid.cells.setdefault(place, [])
        self._cell.append(glyph.text)

    def finish(self) -> None:
        """What is pending is lines."""
        self.found.extend(_lines(self._pending))
        self._pending = []


def _lines(glyphs: Sequence[Glyph]) -> Iterable[Line]:
    line: list[Glyph] = []
    for glyph in [*glyphs, LINE_END]:
        if glyph.text != "\n":
            line.append(glyph)
            continue
        if made := _line(line):
            yield made
        line = []


def _line(glyphs: Sequence[Glyph]) -> Line | None:
    inked = [glyph for glyph in glyphs if not glyph.text.isspace()]
    if not inked:
        return None
    size = median(glyph.top - glyph.bottom for glyph in inked)
    segments: list[Segment] = []
    run: list[Glyph] = []
    for glyph in glyphs:
        if glyph.text.isspace():
            run.append(glyph)
            continue
        before = next((one for one in reversed(run) if not one.text.isspace()), None)
        if before is not None and glyph.left - before.right > _GAP * size:
            segments.append(_segment(run))
            run = []
        run.append(glyph)
    segments.append(_segment(run))
    bottom, top = min(one.bottom for one in inked), max(one.top for one in inked)
    return Line(tuple(segments), bottom, top, size, all(one.is_bold for one in inked))


def _segment(run: Sequence[Glyph]) -> Segment:
    inked = [glyph for glyph in run if not glyph.text.isspace()]
    text = " ".join("".join(glyph.text for glyph in run).split())
    return Segment(text, min(one.left for one in inked), max(one.right for one in inked))
