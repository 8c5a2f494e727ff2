"""The text of a file, and places in it."""

import os
import re
import stat
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

MAX_BYTES = 2_000_000
_LINE_END = re.compile(r"\r\n|\r|\n")
_IGNORE = re.compile(r"(?:#|--|//|/\*|<!--)\s*briefsmith:\s*ignore\b")


@dataclass(frozen=True, slots=True)
class Passed:
    """A file that is not read.

    Attributes:
        reason: `large`, `binary`, `special` (no regular file) are ignored; anything else is a
            sentence to be told.
    """

    reason: str


class Places:
    """Characters to bytes of UTF-8 and back, of one text."""

    def __init__(self, text: str) -> None:
        self._starts: list[int] | None = None
        self._widths: list[int] = []
        if not text.isascii():
            self._starts = []
            extra = 0
            for found in re.finditer(r"[^\x00-\x7f]", text):
                extra += len(found[0].encode("utf-8", "surrogatepass")) - 1
                self._starts.append(found.start() + 1 + extra)
                self._widths.append(extra)

    def character(self, byte: int) -> int:
        """The character that begins at, or holds, this byte."""
        if self._starts is None:
            return byte
        before = bisect_right(self._starts, byte)
        return byte - (self._widths[before - 1] if before else 0)


class Source:
    """A file's text with lines and columns.

    Attributes:
        path: As it is told to people.
        text: Without a byte order mark.
    """

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(found.end() for found in _LINE_END.finditer(self.text))]

    @cached_property
    def places(self) -> Places:
        """Of the whole text."""
        return Places(self.text)

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1, of a character."""
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def offset(self, line: int, column_bytes: int) -> int:
        """The character at a line from 1 and a column in bytes from 0, as Python's trees say it."""
        if line > len(self._line_starts):
            return len(self.text)
        start = self._line_starts[line - 1]
        if self.text.isascii():
            return start + column_bytes
        head = self.text[start : start + column_bytes]
        if head.isascii():
            return start + column_bytes
        return start + len(
            head.encode("utf-8", "surrogatepass")[:column_bytes].decode("utf-8", "ignore")
        )

    def is_ignored(self, line: int) -> bool:
        """Whether a comment on the line says `briefsmith: ignore`."""
        start = self._line_starts[line - 1]
        ends = self._line_starts[line] if line < len(self._line_starts) else len(self.text)
        return _IGNORE.search(self.text, start, ends) is not None


def read_source(path: Path, name: str) -> Source | Passed:
    """The file's text, or why it is not read. It never blocks on a pipe."""
    try:
        data = _read(path)
    except OSError as error:
        return Passed(f"cannot be read: {error.strerror or type(error).__name__}")
    if isinstance(data, Passed):
        return data
    if b"\x00" in data:
        return Passed("binary")
    try:
        return Source(name, data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return Passed(f"is not UTF-8 (byte {error.start})")


def _read(path: Path) -> bytes | Passed:
    descriptor = os.open(
        path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    )
    with os.fdopen(descriptor, "rb") as file:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            return Passed("special")
        if state.st_size > MAX_BYTES:
            return Passed("large")
        data = file.read(MAX_BYTES + 1)
    return Passed("large") if len(data) > MAX_BYTES else data


Kind = Literal["python", "sql", "javascript", "typescript", "tsx", "markdown"]

KINDS: dict[str, Kind] = {
    ".py": "python",
    ".pyi": "python",
    ".pyw": "python",
    ".sql": "sql",
    ".psql": "sql",
    ".pgsql": "sql",
    ".js": "javascript",
    ".jsx": "javascript",
    ".mjs": "javascript",
    ".cjs": "javascript",
    ".ts": "typescript",
    ".mts": "typescript",
    ".cts": "typescript",
    ".tsx": "tsx",
    ".md": "markdown",
    ".markdown": "markdown",
    ".mdx": "markdown",
}


def kind_of(path: Path) -> Kind | None:
    """How a file is read, by the ending of its name; None means it is not."""
    return KINDS.get(path.suffix.lower())
