"""CSV and its like, and the bytes of texts."""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence

from briefsmith.providers.extraction.port import Extraction, Part
from briefsmith.providers.extraction.refusing import refuse
from briefsmith.providers.extraction.tables import tables

_DELIMITERS = ",;\t|"
_LOOKED_AT = 64 * 1024
_ROWS_LOOKED_AT = 20
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def text_of(data: bytes) -> tuple[str, tuple[str, ...]]:
    """Text of bytes in UTF-8, UTF-16 with its mark, or else Windows-1252, which is said in a note."""
    try:
        if data.startswith(_UTF_16):
            text, notes = data.decode("utf-16"), ()
        else:
            text, notes = data.decode("utf-8-sig"), ()
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
        notes = ("It is not UTF-8 and was read as Windows-1252; look at letters with accents.",)
    if "\0" in text:
        refuse(
            "its bytes are no text, whatever its name says",
            "Look whether it has the right name, and add it under that.",
        )
    return text, notes


def read_text(data: bytes) -> Extraction:
    """Markdown or plain text, as it is."""
    text, notes = text_of(data)
    return Extraction((Part("", text),), notes)


def read_delimited(data: bytes) -> Extraction:
    """Rows with commas, semicolons, tabs or bars between their values."""
    text, notes = text_of(data)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    try:
        parts = tuple(
            Part(f"rows {first} to {last}", table)
            for first, last, table in tables(_filled(enumerate(reader, start=1)))
        )
    except csv.Error:
        refuse(
            "a value in it has no end, or more than 131,072 characters",
            "Look for a quotation mark that is not closed.",
        )
    return Extraction(parts, notes)


def _filled(rows: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, Sequence[str]]]:
    """The heads with as many columns as the widest of the first rows has."""
    first: list[tuple[int, list[str]]] = []
    for row in rows:
        first.append(row)
        if len(first) == _ROWS_LOOKED_AT:
            break
    width = max((len(row) for _, row in first), default=0)
    for number, row in first:
        yield number, [*row, *[""] * (width - len(row))]
    yield from rows


def _delimiter(text: str) -> str:
    """The character that makes the most rows equally wide; a comma where none does."""
    lines = text[:_LOOKED_AT].splitlines()[:_ROWS_LOOKED_AT]
    best, most = ",", 0
    for delimiter in _DELIMITERS:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        width = max(widths, key=widths.count, default=0)
        agreeing = widths.count(width) if width > 1 else 0
        if agreeing > most:
            best, most = delimiter, agreeing
    return best
