"""Tables for people: as wide as the terminal, written row by row in bounded memory."""

import shutil
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from briefsmith.config import load_settings
from briefsmith.faces.cli.folding import cell_width, fold
from briefsmith.faces.cli.output import printable

_GAP = "  "
_INDENT = "  "
_FIRST_ROWS = 200  # these decide how wide the columns are
_NARROWEST_TEXT = 24
_WIDEST_IN_A_PIPE = 60
_LONGEST_BAR = 20
_BOLD, _GREEN, _RED, _PLAIN = "\x1b[1m", "\x1b[32m", "\x1b[31m", "\x1b[0m"


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Attributes:
        right: Numbers stand right.
        folds: Text that may take several lines; where the terminal is too narrow for it beside the
            other columns, it stands below them.
        judges: Cells say `ok` or what else.
    """

    name: str
    right: bool = False
    folds: bool = False
    judges: bool = False


def number(name: str) -> Column:
    """A column of numbers."""
    return Column(name, right=True)


def text(name: str) -> Column:
    """A column of text that may be folded."""
    return Column(name, folds=True)


def bar(value: float, most: float) -> str:
    """A bar as long as the value is beside the greatest; something for everything above nothing."""
    if value <= 0 or most <= 0:
        return ""
    full = "█" if (sys.stdout.encoding or "").lower().replace("-", "") == "utf8" else "#"
    return full * max(round(_LONGEST_BAR * value / most), 1)


@dataclass(slots=True)
class Rows:
    """Takes the rows of a table; the first ones wait until it is clear how wide the columns are."""

    columns: Sequence[Column]
    title: str = ""
    count: int = 0
    _waiting: list[Sequence[str]] = field(default_factory=list[Sequence[str]])
    _layout: "_Layout | None" = None

    def add(self, *cells: str) -> None:
        """One row; a cell is one line of text."""
        self.count += 1
        row = [printable(cell) for cell in cells]
        if self._layout is not None:
            self._layout.write(row)
            return
        self._waiting.append(row)
        if len(self._waiting) == _FIRST_ROWS:
            self.flush()

    def flush(self) -> None:
        """Writes what waits; no row at all is no table."""
        if not self._waiting:
            return
        self._layout = _layout(self.columns, self._waiting)
        self._layout.write_head(self.title)
        for row in self._waiting:
            self._layout.write(row)
        self._waiting = []


@contextmanager
def table(*columns: Column, title: str = "") -> Generator[Rows]:
    """A table whose rows are added within the block, and all written at its end."""
    rows = Rows(columns, title)
    yield rows
    rows.flush()


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where cells go.

    Attributes:
        widths: Of the columns that stand side by side; None for one that stands below.
        line: Places on a line of the terminal; None in a pipe, where each row is one line.
        styled: Whether there are colours.
    """

    columns: Sequence[Column]
    widths: Sequence[int | None]
    line: int | None
    styled: bool

    def write_head(self, title: str) -> None:
        if title:
            sys.stdout.write(self._style(printable(title), _BOLD) + "\n")
        names = [column.name for column in self.columns]
        self._write_line(names, _BOLD)
        if below := self._below(names):
            sys.stdout.write(_INDENT + self._style(", ".join(below), _BOLD) + "\n")

    def write(self, row: Sequence[str]) -> None:
        if self.line is None:
            self._write_line(row)
            return
        columns = [
            [] if width is None else fold(cell, width)
            for cell, width in zip(row, self.widths, strict=True)
        ]
        for place in range(max(map(len, columns))):
            self._write_line([lines[place] if place < len(lines) else "" for lines in columns])
        for cell in self._below(row):
            for part in fold(cell, self.line - len(_INDENT)):
                sys.stdout.write(_INDENT + part + "\n")

    def _below(self, row: Sequence[str]) -> list[str]:
        return [
            cell for cell, width in zip(row, self.widths, strict=True) if width is None and cell
        ]

    def _write_line(self, row: Sequence[str], style: str = "") -> None:
        cells: list[str] = []
        for column, cell, width in zip(self.columns, row, self.widths, strict=True):
            if width is None:
                continue
            blanks = " " * (width - cell_width(cell))
            judged = (_GREEN if cell == "ok" else _RED) if column.judges else ""
            shown = self._style(cell, style or judged)
            cells.append(blanks + shown if column.right else shown + blanks)
        sys.stdout.write(_GAP.join(cells).rstrip() + "\n")

    def _style(self, cell: str, style: str) -> str:
        return f"{style}{cell}{_PLAIN}" if self.styled and style and cell else cell


def _layout(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> _Layout:
    natural = [
        max(cell_width(cell) for cell in (column.name, *(row[place] for row in rows)))
        for place, column in enumerate(columns)
    ]
    if not sys.stdout.isatty():
        widths = [min(width, _WIDEST_IN_A_PIPE) for width in natural]
        return _Layout(columns, widths, line=None, styled=False)
    line = shutil.get_terminal_size().columns
    return _Layout(
        columns, _fitted(columns, natural, line), line=line, styled=load_settings().styled
    )


def _fitted(columns: Sequence[Column], natural: Sequence[int], line: int) -> list[int | None]:
    """Widths on a line: texts share what the others leave, or stand below where that is little."""
    texts = [place for place, column in enumerate(columns) if column.folds]
    others = sum(width for place, width in enumerate(natural) if place not in texts)
    room = line - others - len(_GAP) * (len(columns) - 1)
    widths: list[int | None] = [*natural]
    for left, place in enumerate(sorted(texts, key=lambda place: natural[place])):
        part = min(natural[place], room // (len(texts) - left))
        if part < min(_NARROWEST_TEXT, natural[place]):
            return [None if column.folds else natural[at] for at, column in enumerate(columns)]
        widths[place] = part
        room -= part
    return widths
