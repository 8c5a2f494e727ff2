"""What takes text out of a file: one port, whatever is behind it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO, Protocol

MOST_CHARACTERS = 10_000_000
"""The longest text that is taken out of one file."""


class ExtractionKind(StrEnum):
    """How a file is read."""

    PDF = "pdf"
    DOCX = "docx"
    PPTX = "pptx"
    XLSX = "xlsx"
    HTML = "html"
    CSV = "csv"
    MARKDOWN = "markdown"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Part:
    """A run of Markdown (of plain text, for `ExtractionKind.TEXT`).

    Attributes:
        place: Where in the file it stands, such as "page 3"; "" where the format knows no places.
    """

    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Extraction:
    """All text of a file, in its order; what it says is as untrusted as the file.

    Attributes:
        parts: At least one has text.
        notes: Sentences on what a person should know, such as pages without text.
        is_cut_off: Whether the system kept the converter from every network; elsewhere only Python did.
    """

    parts: tuple[Part, ...]
    notes: tuple[str, ...] = ()
    is_cut_off: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no text to be had.

    Attributes:
        reason: Clause without capital and full stop; nothing of it is the file's.
        hint: What to do, a sentence.
    """

    reason: str
    hint: str


class Extractor(Protocol):
    """Takes text out of files that may be hostile, in bounded time and memory."""

    async def extract(self, source: BinaryIO, kind: ExtractionKind) -> Extraction | Refusal:
        """The text of an open file with a descriptor, read from its start.

        Raises:
            InvalidSetting: The package that this kind is read with is not installed.
        """
        ...
