"""Pure: what a converter took out of a file, to pieces that know where in the file they stand."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from briefsmith.documents.labels import one_line
from briefsmith.documents.markdown import read_markdown
from briefsmith.documents.pieces import Piece
from briefsmith.documents.plain_text import read_plain_text
from briefsmith.providers.extraction.port import Extraction, ExtractionKind

# A line of its own that says where the next text stands. Documents cannot write one: these two
# characters, of the private use area, are taken out of their text.
_OPEN, _CLOSE = "\ue000", "\ue001"
_MARK = re.compile(f"^[ \t]*{_OPEN}([0-9]+){_CLOSE}[ \t]*$", re.MULTILINE)
_UNWANTED = re.compile(f"[{_OPEN}{_CLOSE}\x01-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BLANK_LINES = re.compile(r"\n[ \t]*\n(?:[ \t]*\n)+")
_NUMBERED = re.compile(r"(page|slide) (\d+)")
_ROWS = re.compile(r"(.*\brows )(\d+) to (\d+)")
_PLACE_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class ExtractedText:
    """A piece and the places in the file that it covers.

    Attributes:
        place: Such as "pages 3 to 4"; "" where the format knows no places.
    """

    piece: Piece
    place: str

    @property
    def sha256(self) -> str:
        """Of its text."""
        return text_sha256(self.piece.content)


def text_sha256(content: str) -> str:
    """Of a text, salted, so that no import of a document takes it for one of its own."""
    said = json.dumps(["extracted", content], ensure_ascii=False)
    return hashlib.sha256(said.encode()).hexdigest()


def extracted_texts(
    extraction: Extraction, kind: ExtractionKind, title: str
) -> list[ExtractedText]:
    """Pieces in the order of the file, each as long as those of an import.

    Args:
        extraction: What was taken out.
        kind: Plain text is cut as such; all else is Markdown.
        title: What the labels begin with.

    Returns:
        Empty where there is no text but headings.

    Raises:
        UnreadableDocument: Front matter that makes no sense, or text that cannot be stored.
    """
    texts = [_UNWANTED.sub("", part.text) for part in extraction.parts]
    if not any(text.strip() for text in texts):
        return []
    if kind is ExtractionKind.TEXT:
        pieces = read_plain_text("\n\n".join(texts), stem=title)
        return [ExtractedText(piece, "") for piece in pieces]
    places = [one_line(part.place)[:_PLACE_CHARACTERS] for part in extraction.parts]
    if not any(places):
        pieces = read_markdown("\n\n".join(texts), stem=title)
        return [ExtractedText(piece, "") for piece in pieces]
    marked = (f"{_OPEN}{number}{_CLOSE}\n\n{text}" for number, text in enumerate(texts))
    return list(_placed(read_markdown("\n\n".join(marked), stem=title), places))


def _placed(pieces: Sequence[Piece], places: Sequence[str]) -> Iterator[ExtractedText]:
    """The pieces without the marks in them; a mark at a piece's end tells of the next one."""
    here = 0
    for piece in pieces:
        covered: list[int] = []
        at = 0
        for mark in _MARK.finditer(piece.content):
            if piece.content[at : mark.start()].strip():
                covered.append(here)
            here, at = int(mark[1]), mark.end()
        if piece.content[at:].strip():
            covered.append(here)
        content = _MARK.sub("", piece.content)
        content = _BLANK_LINES.sub("\n\n", content).strip("\n")
        if content.strip():
            yield ExtractedText(_with(piece, content), _span(covered, places))


def _with(piece: Piece, content: str) -> Piece:
    return Piece(piece.anchor, piece.label, content, piece.heading_path)


def _span(covered: Sequence[int], places: Sequence[str]) -> str:
    first, last = places[covered[0]], places[covered[-1]]
    if first == last:
        return first
    begin, end = _NUMBERED.fullmatch(first), _NUMBERED.fullmatch(last)
    if begin and end and begin[1] == end[1]:
        return f"{begin[1]}s {begin[2]} to {end[2]}"
    begin, end = _ROWS.fullmatch(first), _ROWS.fullmatch(last)
    if begin and end and begin[1] == end[1]:
        return f"{begin[1]}{begin[2]} to {end[3]}"
    return f"{first} to {last}"
