"""Pure: lines and tables of pages to Markdown. Headings are told by size, lists by their marks."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from briefsmith.providers.extraction.headings import heading, plain_line
from briefsmith.providers.extraction.pdf_grids import Table
from briefsmith.providers.extraction.pdf_page import Line, Page
from briefsmith.providers.extraction.tables import tables

_LARGER = 1.12
_BOLD_CHARACTERS = 100
_MOST_BOLD = 0.2
_HEADING_CHARACTERS = 200
_DEEPEST = 4
_MARGIN = 0.1
_FEWEST_REPEATS = 3
_PARAGRAPH_GAP = 0.5
_HEADING_GAP = 0.3
_ROW_GAP = 1.0
_FEWEST_ROWS = 3
_FAR = 2.0
_BULLET = re.compile(r"[•◦▪▫‣⁃●○■□–\uf0b7\uf0a7·*-]\s+(?=\S)")  # noqa: RUF001  marks that lists have
_NUMBER = re.compile(r"(\d{1,3})[.)]\s+(?=\S)")
_LEADERS = re.compile(r"\s*(?:\.\s?){5,}")
_HYPHEN = re.compile(r"[a-zà-ÿ][-\u00ad]$")


def markdown_pages(pages: Sequence[Page]) -> list[str]:
    """Markdown of each page; what pages repeat in their margins is left out."""
    repeated = _repeated(pages)
    kept = [[one for one in page.elements if _key(one, page) not in repeated] for page in pages]
    levels = _levels(kept)
    return ["\n\n".join(_blocks(elements, levels)) for elements in kept]


def _key(element: Line | Table, page: Page) -> tuple[str, int] | None:
    """What a line in a margin says, whatever its numbers are, and where; None elsewhere."""
    if isinstance(element, Table):
        return None
    if page.height * _MARGIN < element.bottom < page.height * (1 - _MARGIN):
        return None
    return re.sub(r"\d+", "#", element.text), round(element.bottom / 4)


def _repeated(pages: Sequence[Page]) -> set[tuple[str, int]]:
    counts: Counter[tuple[str, int]] = Counter()
    for page in pages:
        counts.update({key for one in page.elements if (key := _key(one, page)) is not None})
    least = max(_FEWEST_REPEATS, len(pages) // 2)
    return {key for key, count in counts.items() if count >= least}


@dataclass(frozen=True, slots=True)
class _Levels:
    """How headings are told from running text.

    Attributes:
        by_size: Levels of the sizes above that of running text.
        bold: Level of short bold lines in the size of running text; 0 where bold says nothing.
    """

    by_size: dict[float, int]
    body: float
    bold: int

    def of(self, element: Line | Table) -> int:
        """Level of a heading; 0 for everything else."""
        if isinstance(element, Table) or len(element.text) > _HEADING_CHARACTERS:
            return 0
        if not any(char.isalpha() for char in element.text) or _LEADERS.search(element.text):
            return 0
        if level := self.by_size.get(_size(element), 0):
            return level
        is_title = element.is_bold and len(element.segments) == 1 and _size(element) == self.body
        is_short = len(element.text) <= _BOLD_CHARACTERS and element.text[-1] not in ".,;"
        return self.bold if is_title and is_short else 0


def _levels(pages: Sequence[Sequence[Line | Table]]) -> _Levels:
    weights: Counter[float] = Counter()
    bold = 0
    for one in (one for elements in pages for one in elements if isinstance(one, Line)):
        weights[_size(one)] += len(one.text)
        bold += len(one.text) if one.is_bold else 0
    if not weights:
        return _Levels({}, 0, 0)
    body = max(weights, key=lambda size: (weights[size], -size))
    larger = sorted((size for size in weights if size >= body * _LARGER), reverse=True)
    levels = {size: min(rank, _DEEPEST) for rank, size in enumerate(larger, start=1)}
    tells = bold <= weights.total() * _MOST_BOLD
    return _Levels(levels, body, min(len(larger) + 1, _DEEPEST) if tells else 0)


def _size(line: Line) -> float:
    return round(line.size * 2) / 2


def _blocks(elements: Sequence[Line | Table], levels: _Levels) -> Iterator[str]:
    for run in _runs(elements, levels):
        first = run[0]
        if isinstance(first, Table):
            rows = enumerate(first.rows, start=1)
            yield from (text for _, _, text in tables(rows))
            continue
        lines = [one for one in run if isinstance(one, Line)]
        level = levels.of(first)
        if level:
            yield heading(level, _joined(lines))
        elif _is_columns(lines):
            rows = enumerate([[part.text for part in line.segments] for line in lines], start=1)
            yield from (text for _, _, text in tables(rows))
        else:
            yield _paragraph(lines)


def _runs(elements: Sequence[Line | Table], levels: _Levels) -> Iterator[list[Line | Table]]:
    """What belongs together: the lines of a heading, a paragraph, a list or a table without lines."""
    if not elements:
        return
    run: list[Line | Table] = [elements[0]]
    for before, one in pairwise(elements):
        if _goes_on(before, one, levels):
            run.append(one)
        else:
            yield run
            run = [one]
    yield run


def _goes_on(before: Line | Table, one: Line | Table, levels: _Levels) -> bool:
    if isinstance(before, Table) or isinstance(one, Table):
        return False
    level, width = levels.of(one), len(one.segments)
    if level != levels.of(before) or _size(before) != _size(one):
        return False
    if level and _is_item(one):
        return False
    if not level and width != len(before.segments):
        return False
    if level:
        room = _HEADING_GAP
    else:
        room = _ROW_GAP if width > 1 or _is_item(before) or _is_item(one) else _PARAGRAPH_GAP
    return -_FAR * one.size < before.bottom - one.top < room * one.size


def _is_item(line: Line) -> bool:
    """Whether a line begins an entry: of a list, or of a table of contents."""
    text = line.text
    return bool(_BULLET.match(text) or _NUMBER.match(text) or _LEADERS.search(text))


def _is_columns(lines: Sequence[Line]) -> bool:
    """Whether lines with gaps stand under each other, as the rows of a table without lines do."""
    width = len(lines[0].segments)
    if width < 2 or len(lines) < _FEWEST_ROWS:  # noqa: PLR2004  one column is no table
        return False
    near = lines[0].size
    for column in range(width):
        lefts = [line.segments[column].left for line in lines]
        rights = [line.segments[column].right for line in lines]
        if max(lefts) - min(lefts) > near and max(rights) - min(rights) > near:
            return False
    return True


def _paragraph(lines: Sequence[Line]) -> str:
    """A paragraph, or a list, whose items begin with marks."""
    items: list[tuple[Line, list[Line]]] = []
    for line in lines:
        if not items or _is_item(line):
            items.append((line, [line]))
        else:
            items[-1][1].append(line)
    margins = sorted({round(first.left) for first, _ in items if _is_item(first)})
    written: list[str] = []
    for first, parts in items:
        text = _LEADERS.sub(" … ", _joined(parts))
        if not _is_item(first):
            written.append(plain_line(text))
            continue
        indent = "  " * min(margins.index(round(first.left)), 4)
        number = _NUMBER.match(text)
        mark = f"{number[1]}. " if number else "- "
        body = text[number.end() :] if number else _BULLET.sub("", text, count=1)
        written.append(f"{indent}{mark}{body}")
    if len(written) > 1 and not _is_item(items[0][0]):
        return written[0] + "\n\n" + "\n".join(written[1:])
    return "\n".join(written)


def _joined(lines: Sequence[Line]) -> str:
    """Lines as one, and words that were divided at a line's end whole again."""
    text = ""
    for line in lines:
        if _HYPHEN.search(text) and line.text[:1].islower():
            text = text[:-1] + line.text
        else:
            text = f"{text} {line.text}" if text else line.text
    return text
