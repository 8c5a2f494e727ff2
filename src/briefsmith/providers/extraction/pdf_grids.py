"""Pure: the lines that are drawn on a page, to grids with the characters between them."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

_NEAR = 3.0
_MOST_RULINGS = 2_000
_FEWEST_EDGES = 3
_CELL_CHARACTERS = 1_500


class Glyph(NamedTuple):
    """A character and its box in points, y upwards; a line end has no box."""

    text: str
    left: float
    bottom: float
    right: float
    top: float
    is_bold: bool = False


LINE_END = Glyph("\n", 0, 0, 0, 0)


class Ruling(NamedTuple):
    """A straight line, either flat or upright."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def is_flat(self) -> bool:
        """Whether it goes from left to right."""
        return self.right - self.left > self.top - self.bottom


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, with the heads first."""

    rows: tuple[tuple[str, ...], ...]


@dataclass(slots=True)
class Grid:
    """Columns and rows between ruled lines, and the characters in them."""

    xs: list[float]
    ys: list[float]
    cells: dict[tuple[int, int], list[str]] = field(
        default_factory=dict[tuple[int, int], list[str]]
    )

    def place_of(self, x: float, y: float) -> tuple[int, int] | None:
        """Row, from the top, and column; None outside."""
        if not (self.xs[0] <= x < self.xs[-1] and self.ys[0] <= y < self.ys[-1]):
            return None
        column, row = bisect_right(self.xs, x) - 1, bisect_right(self.ys, y) - 1
        return len(self.ys) - 2 - row, column

    def table(self) -> Table:
        """With its texts."""
        height, width = len(self.ys) - 1, len(self.xs) - 1
        return Table(
            tuple(
                tuple(
                    " ".join("".join(self.cells.get((row, column), ())).split())
                    for column in range(width)
                )
                for row in range(height)
            )
        )


def inside(grids: Iterable[Grid], glyph: Glyph) -> tuple[Grid, tuple[int, int]] | None:
    """The grid and the cell that a character is in; None outside of all."""
    x, y = (glyph.left + glyph.right) / 2, (glyph.bottom + glyph.top) / 2
    for grid in grids:
        place = grid.place_of(x, y)
        if place is not None:
            return grid, place
    return None


def _holds_cells(grid: Grid, glyphs: Sequence[Glyph]) -> bool:
    """Whether it is a table, and not a frame around running text."""
    counts: dict[tuple[int, int], int] = {}
    for glyph in glyphs:
        if not glyph.text.isspace() and (found := inside([grid], glyph)):
            counts[found[1]] = counts.get(found[1], 0) + 1
    return len(counts) > 1 and max(counts.values()) <= _CELL_CHARACTERS


def grids_of(rulings: Sequence[Ruling], glyphs: Sequence[Glyph]) -> list[Grid]:
    """The tables of a page, still empty; a frame around running text is none."""
    if len(rulings) > _MOST_RULINGS:
        return []
    grids: list[Grid] = []
    for group in _touching(rulings):
        xs = _apart(one.left for one in group if not one.is_flat)
        ys = _apart(one.bottom for one in group if one.is_flat)
        if len(xs) >= _FEWEST_EDGES and len(ys) >= _FEWEST_EDGES:
            grids.append(Grid(xs, ys))
    return [grid for grid in grids if _holds_cells(grid, glyphs)]


def _touching(rulings: Sequence[Ruling]) -> list[list[Ruling]]:
    """Lines that are connected, directly or by others."""
    left = list(rulings)
    groups: list[list[Ruling]] = []
    while left:
        group: list[Ruling] = []
        waiting = [left.pop()]
        while waiting:
            one = waiting.pop()
            group.append(one)
            waiting += [other for other in left if _touch(one, other)]
            left = [other for other in left if not _touch(one, other)]
        groups.append(group)
    return groups


def _touch(one: Ruling, other: Ruling) -> bool:
    return (
        one.left <= other.right + _NEAR
        and other.left <= one.right + _NEAR
        and one.bottom <= other.top + _NEAR
        and other.bottom <= one.top + _NEAR
    )


def _apart(places: Iterable[float]) -> list[float]:
    kept: list[float] = []
    for place in sorted(places):
        if not kept or place - kept[-1] > _NEAR:
            kept.append(place)
    return kept
