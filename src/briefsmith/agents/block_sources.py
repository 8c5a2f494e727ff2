"""Where a block's text comes from: a text file of the person's own. Nothing is asked over the network.

`file_url` is a column that others may write, so it is believed in nothing: only regular files with the ending of a
text are read, of a bounded size, and no link that leads out of its folder.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from briefsmith.documents.decoding import decoded
from briefsmith.documents.opening import opened, read_whole
from briefsmith.errors import UnreadableDocument
from briefsmith.models.block_files import BlockFile
from briefsmith.schemas.blocks import MAX_CONTENT_CHARS

ENDINGS = (".md", ".markdown", ".txt")


class Skipped(StrEnum):
    """Why a block was not refreshed."""

    NO_FILE = "no file"
    SEVERAL_FILES = "several files and no primary one"
    NO_TEXT_FILE = "not a Markdown or text file"
    NOT_READABLE = "the file cannot be read"
    EMPTY = "the file is empty"
    TOO_LONG = "the file is too long for a block"
    NOT_ALLOWED = "not allowed: its host is not in BRIEFSMITH_FETCH_ALLOW"
    NOT_FETCHED = "allowed, but this version fetches nothing over the network"
    UNKNOWN_ADDRESS = "neither a file nor an https address"


@dataclass(frozen=True, slots=True)
class SourceText:
    """The text of a source, or why there is none."""

    text: str | None
    skipped: Skipped | None = None


def read_source(files: Sequence[BlockFile], allowed_hosts: Collection[str]) -> SourceText:
    """The text of a block's primary file, or of its only one.

    Args:
        files: Of the block, the primary one first.
        allowed_hosts: Hosts that the person named.
    """
    if not files:
        return SourceText(None, Skipped.NO_FILE)
    if len(files) > 1 and not files[0].is_primary:
        return SourceText(None, Skipped.SEVERAL_FILES)
    try:
        address = urlsplit(files[0].file_url)
    except ValueError:
        return SourceText(None, Skipped.UNKNOWN_ADDRESS)
    if address.scheme == "file" and address.netloc in {"", "localhost"}:
        return _read_file(address)
    if address.scheme == "https" and address.hostname:
        is_allowed = address.hostname in {host.lower() for host in allowed_hosts}
        return SourceText(None, Skipped.NOT_FETCHED if is_allowed else Skipped.NOT_ALLOWED)
    return SourceText(None, Skipped.UNKNOWN_ADDRESS)


def _read_file(address: SplitResult) -> SourceText:
    path = Path(unquote(address.path))
    if not path.is_absolute() or path.suffix.lower() not in ENDINGS or "\x00" in address.path:
        return SourceText(None, Skipped.NO_TEXT_FILE)
    try:
        with opened(path, root=path.parent) as descriptor:
            text = decoded(read_whole(descriptor, limit_bytes=MAX_CONTENT_CHARS))
    except UnreadableDocument:
        return SourceText(None, Skipped.NOT_READABLE)
    text = text.replace("\x00", "\N{REPLACEMENT CHARACTER}")
    if not text.strip():
        return SourceText(None, Skipped.EMPTY)
    if len(text) > MAX_CONTENT_CHARS:
        return SourceText(None, Skipped.TOO_LONG)
    return SourceText(text)
