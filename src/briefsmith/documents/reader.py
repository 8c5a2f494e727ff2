"""One file to a document: its bytes checked, its text taken apart."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from briefsmith.documents.decoding import decoded, text_lines
from briefsmith.documents.json_lines import LINE_BYTES, ExportedBlock, read_json_lines
from briefsmith.documents.markdown import read_markdown
from briefsmith.documents.opening import (
    FileState,
    opened,
    read_chunks,
    read_whole,
    refuse_changed,
    refuse_folder,
    state,
)
from briefsmith.documents.pieces import Piece
from briefsmith.documents.plain_text import read_plain_text
from briefsmith.documents.refusals import named, refuse
from briefsmith.errors import UnreadableDocument

TEXT_BYTES = 10_000_000
"""The largest Markdown or plain text file that is read."""


class DocumentKind(StrEnum):
    """How a file is read; its extension decides."""

    MARKDOWN = "markdown"
    PLAIN_TEXT = "plain_text"
    JSON_LINES = "json_lines"


KIND_BY_EXTENSION = {
    ".md": DocumentKind.MARKDOWN,
    ".markdown": DocumentKind.MARKDOWN,
    ".txt": DocumentKind.PLAIN_TEXT,
    ".jsonl": DocumentKind.JSON_LINES,
}


@dataclass(frozen=True, slots=True)
class Document:
    """A file as it was when it was read.

    Attributes:
        path: Relative to the root, with "/".
        sha256: Of the bytes, in hexadecimal.
        pieces: At least one; () for JSON Lines.
        blocks: Blocks of JSON Lines, to be iterated once, read from the file as they are asked
            for; raises UnreadableDocument at the first bad line, and at the end if the file is no
            longer the one of `sha256`. Empty for the other kinds.
    """

    path: str
    kind: DocumentKind
    sha256: str
    pieces: tuple[Piece, ...] = ()
    blocks: Iterator[ExportedBlock] = field(default_factory=lambda: iter(()))


def kind_of(path: Path) -> DocumentKind | None:
    """How the file would be read; None for an extension that import does not know."""
    return KIND_BY_EXTENSION.get(path.suffix.lower())


def read_document(path: Path, *, root: Path) -> Document:
    """The document in a file that lies inside `root`, also after links are followed.

    Raises:
        UnreadableDocument: One sentence with the file and the reason: unknown extension, not a
            regular file, not there, not allowed, changing, over 10 MB, empty, not UTF-8, or text
            that its format does not allow.
    """
    name = _name(path, root)
    try:
        _refuse_unstorable_name(name)
        refuse_folder(path)
        kind = kind_of(path)
        if kind is None:
            refuse("import reads .md, .markdown, .txt and .jsonl files")
        if kind is DocumentKind.JSON_LINES:
            return _read_blocks(path, root, name)
        return _read_pieces(path, root, name, kind)
    except UnreadableDocument as error:
        raise named(error, name) from None


def _name(path: Path, root: Path) -> str:
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        refuse("it is not inside the folder", name=path.name)


def _refuse_unstorable_name(name: str) -> None:
    try:
        name.encode()
    except UnicodeEncodeError:
        refuse("its name is not UTF-8")


def _read_pieces(path: Path, root: Path, name: str, kind: DocumentKind) -> Document:
    with opened(path, root=root) as descriptor:
        data = read_whole(descriptor, limit_bytes=TEXT_BYTES)
    text = decoded(data)
    if not text.strip():
        refuse("it is empty")
    read = read_markdown if kind is DocumentKind.MARKDOWN else read_plain_text
    pieces = tuple(read(text, stem=path.stem))
    if not pieces:
        refuse("it has no text besides front matter and headings")
    return Document(name, kind, hashlib.sha256(data).hexdigest(), pieces=pieces)


def _read_blocks(path: Path, root: Path, name: str) -> Document:
    """Reads the file once for its hash; the blocks are a second reading that must give the same."""
    digest = hashlib.sha256()
    with opened(path, root=root) as descriptor:
        seen = state(descriptor)
        for chunk in read_chunks(descriptor, limit_bytes=seen.size_bytes):
            digest.update(chunk)
        refuse_changed(seen, state(descriptor))
    if not seen.size_bytes:
        refuse("it is empty")
    sha256 = digest.hexdigest()
    blocks = _blocks(path, root, name, seen, sha256)
    return Document(name, DocumentKind.JSON_LINES, sha256, blocks=blocks)


def _blocks(
    path: Path, root: Path, name: str, seen: FileState, sha256: str
) -> Iterator[ExportedBlock]:
    digest = hashlib.sha256()
    try:
        with opened(path, root=root) as descriptor:
            refuse_changed(seen, state(descriptor))
            yield from read_json_lines(text_lines(descriptor, LINE_BYTES, on_bytes=digest.update))
        if digest.hexdigest() != sha256:
            refuse("it changed while it was read")
    except UnreadableDocument as error:
        raise named(error, name) from None
