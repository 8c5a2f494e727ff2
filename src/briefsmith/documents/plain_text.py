"""Plain text to pieces: whole if it is short, else cut at blank lines."""

from collections.abc import Iterator

from briefsmith.documents.labels import LabelBook, path_label, readable_stem
from briefsmith.documents.packing import Span, content_of, cut_paragraph, pack, spans_between
from briefsmith.documents.pieces import PART_CHARACTERS, Piece
from briefsmith.documents.refusals import refuse_unstorable, with_line_feeds


def read_plain_text(text: str, *, stem: str) -> list[Piece]:
    """Pieces in the order of the text; joined, they hold every line.

    A text of up to 4,000 characters is one piece; a paragraph of more than 8,000 is cut at lines,
    then at sentences.

    Args:
        text: Any line endings, no byte order mark. Nothing in it is markup.
        stem: File name without its extension; the label comes from it.

    Returns:
        Empty for a text of nothing but white space.

    Raises:
        UnreadableDocument: A NUL character or an unpaired surrogate.
    """
    refuse_unstorable(text, what="its text")
    text = with_line_feeds(text)
    label, labels = path_label(readable_stem(stem), ()), LabelBook()
    return [
        Piece(anchor="" if part == 1 else f"~{part}", label=labels.enter(label), content=content)
        for part, content in enumerate(_contents(text), start=1)
    ]


def _contents(text: str) -> Iterator[str]:
    whole = Span(0, len(text))
    parts = [[whole]] if len(text.strip()) <= PART_CHARACTERS else pack(_units(text, whole))
    for part in parts:
        if content := content_of(text, part):
            yield content


def _units(text: str, whole: Span) -> Iterator[Span]:
    for paragraph in spans_between(_paragraph_starts(text), whole):
        yield from cut_paragraph(text, paragraph)


def _paragraph_starts(text: str) -> Iterator[int]:
    """Where a line with text follows a blank one."""
    at, after_blank = 0, False
    for line in text.split("\n"):
        is_blank = not line.strip()
        if after_blank and not is_blank:
            yield at
        at, after_blank = at + len(line) + 1, is_blank
