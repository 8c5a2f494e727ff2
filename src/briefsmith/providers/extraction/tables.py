"""Rows to Markdown tables that are short enough to be one block each."""

from collections.abc import Iterable, Iterator, Sequence

TABLE_CHARACTERS = 3_600
"""A table above this is continued in another one, under the same heads."""
_MOST_COLUMNS = 200


def cell_text(text: str) -> str:
    """On one line, with nothing in it that would end the cell."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|")


def table_line(cells: Iterable[str]) -> str:
    """A row."""
    return "| " + " | ".join(cells) + " |"


def tables(rows: Iterable[tuple[int, Sequence[str]]]) -> Iterator[tuple[int, int, str]]:
    """Markdown tables out of numbered rows, the first of which has the heads.

    Args:
        rows: Each with its number and its texts; rows without any text are passed over.

    Returns:
        The numbers of the first and the last row of each, and its Markdown.
    """
    head: str | None = None
    width = first = last = size = 0
    lines: list[str] = []
    for number, texts in rows:
        cells = [cell_text(text) for text in texts[:_MOST_COLUMNS]]
        if not any(cells):
            continue
        if head is None:
            width = len(cells)
            head = f"{table_line(cells)}\n{table_line(['---'] * width)}"
            first = last = number
            continue
        line = table_line([*cells, *[""] * (width - len(cells))][:width])
        if lines and len(head) + size + len(line) > TABLE_CHARACTERS:
            yield first, last, "\n".join([head, *lines])
            lines, size, first = [], 0, number
        lines.append(line)
        size += len(line) + 1
        last = number
    if head is not None:
        yield first, last, "\n".join([head, *lines])
