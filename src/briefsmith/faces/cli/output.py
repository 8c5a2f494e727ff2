"""What commands print: text for people, JSON for programs."""

import json
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from briefsmith.errors import BriefsmithError

_KEPT = {"\n", "\t"}
# Characters that turn the direction of the text around them.
_TURNING = {*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A)), "\u200e", "\u200f"}


def printable(text: str) -> str:
    """Text that cannot steer a terminal: control characters and direction marks become visible."""
    return "".join(
        char
        if char in _KEPT
        or (char not in _TURNING and unicodedata.category(char) not in {"Cc", "Cs"})
        else f"\\x{ord(char):02x}"
        for char in text
    )


def one_line(text: str, width: int) -> str:
    """The first of a text, on one line of at most `width` characters."""
    line = printable(" ".join(text.split()))
    return line if len(line) <= width else line[: width - 1] + "…"


def write(text: str) -> None:
    """A line for people."""
    sys.stdout.write(printable(text) + "\n")


def write_exact(text: str) -> None:
    """A document: byte for byte into a file or pipe, made harmless for a terminal."""
    sys.stdout.write(printable(text) if sys.stdout.isatty() else text)


def write_json(value: Any) -> None:
    """One JSON document, or one line of JSON Lines."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")


def note(text: str) -> None:
    """A remark beside the result, on stderr."""
    sys.stderr.write(printable(text) + "\n")


def write_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table; numbers stand right."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=title or None, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0)
    )
    numeric = {"tokens", "version", "score", "bm25", "cosine", "blocks", "worth", "enters at"}
    for column in columns:
        right = column in numeric
        table.add_column(
            column,
            justify="right" if right else "left",
            no_wrap=right or column == "id",
            overflow="fold",
            header_style="bold",
        )
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    console = Console(highlight=False, soft_wrap=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=140)
    console.print(table)


def describe_error(error: BriefsmithError) -> str:
    """Code, sentence and hint, each on its line."""
    lines = [f"{error.code} {error.message}"]
    lines += [
        f"  {side}: {json.dumps(error.details[side], ensure_ascii=False, default=str)}"
        for side in ("yours", "theirs", "other")
        if side in error.details
    ]
    if error.hint:
        lines.append(f"  {error.hint}")
    return printable("\n".join(lines)) + "\n"
