"""Where a block's text comes from, and what is there now.

That is a page that its notes name (`source: https://…`), else the section of a file that it was imported from, else
a text file of the person's own. All these stand in columns that others may write, so they are believed in nothing:
only regular files with the ending of a text are read, of a bounded size, and no link that leads out of its folder; and
only hosts that the person named are asked.
"""

import asyncio
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from briefsmith.documents.decoding import decoded
from briefsmith.documents.opening import opened, read_whole
from briefsmith.documents.pieces import Piece
from briefsmith.documents.reader import read_document
from briefsmith.errors import (
    InvalidSetting,
    SourceUnavailable,
    UnreadableDocument,
    UnusableSource,
)
from briefsmith.models.block_files import BlockFile
from briefsmith.operations.import_rows import piece_sha256
from briefsmith.operations.refreshable_blocks import ImportedFrom, RefreshableBlock
from briefsmith.providers.extraction.port import Extraction, ExtractionKind, Extractor, Refusal
from briefsmith.providers.fetching import Fetched, Fetcher
from briefsmith.schemas.blocks import MAX_CONTENT_CHARS

ENDINGS = (".md", ".markdown", ".txt")

_LINE = re.compile(r"^[ \t]*source:[ \t]*(https?://\S+)[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)

NO_SOURCE = "it has no file, and its notes no line such as `source: https://example.com/page`"
SEVERAL_PAGES = "its notes name several sources"
SEVERAL_FILES = "several files and no primary one"
NO_FOLDER = "it was imported under a name, which does not say from which folder"
SEVERAL_SECTIONS = "it was imported from several places"
NO_TEXT_FILE = "not a Markdown or text file"
NOT_READABLE = "the file cannot be read"
NO_SECTION = "the file has this section no more"
EMPTY = "there is no text in its source"
TOO_LONG = "the text of its source is too long for a block"
UNKNOWN_ADDRESS = "its file is neither here nor at an https address"


@dataclass(frozen=True, slots=True)
class Page:
    """An address on the web, as it was written."""

    url: str


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file that is the block's text as a whole."""

    path: Path


Place = Page | TextFile | ImportedFrom


@dataclass(frozen=True, slots=True)
class Skipped:
    """Why a block was not refreshed.

    Attributes:
        why: Clause or sentence for the person; no path and no text.
        code: Of the error behind it; None where nothing was tried.
    """

    why: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class SourceText:
    """What stands at the source.

    Attributes:
        text: None where the file holds what it held when the block was imported.
        place: Where it was found.
        sha256: Of the section of an imported file; None for others.
    """

    text: str | None
    place: Place
    sha256: str | None = None


def place_of(found: RefreshableBlock) -> Place | Skipped:
    """Where the text comes from: what the notes say, else where it was imported from, else its file."""
    urls = set(_LINE.findall(found.block.meta_agent_notes or ""))
    if urls:
        return Page(urls.pop()) if len(urls) == 1 else Skipped(SEVERAL_PAGES)
    if found.imported_from:
        one, *others = found.imported_from
        return Skipped(SEVERAL_SECTIONS) if others else one
    return _place_of_file(found.files)


def _place_of_file(files: Sequence[BlockFile]) -> Place | Skipped:
    if not files:
        return Skipped(NO_SOURCE)
    if len(files) > 1 and not files[0].is_primary:
        return Skipped(SEVERAL_FILES)
    try:
        address = urlsplit(files[0].file_url)
    except ValueError:
        return Skipped(UNKNOWN_ADDRESS)
    if address.scheme == "file" and address.netloc in {"", "localhost"}:
        return _text_file(address)
    if address.scheme == "https":
        return Page(files[0].file_url)
    return Skipped(UNKNOWN_ADDRESS)


def _text_file(address: SplitResult) -> TextFile | Skipped:
    path = Path(unquote(address.path))
    if not path.is_absolute() or path.suffix.lower() not in ENDINGS or "\x00" in address.path:
        return Skipped(NO_TEXT_FILE)
    return TextFile(path)


class SourceReader:
    """Reads sources one by one, those of one file behind each other; a host that does not answer is asked once in its life.

    Args:
        fetcher: Knows which hosts are allowed.
        extractor: Makes Markdown of web pages, in a process of its own.
    """

    def __init__(self, fetcher: Fetcher, extractor: Extractor) -> None:
        self._fetcher = fetcher
        self._extractor = extractor
        self._silent: dict[str, str] = {}
        self._file: tuple[Path, dict[str, Piece]] | None = None

    async def read(self, place: Place) -> SourceText | Skipped:
        """What stands there now, or why nothing does."""
        try:
            match place:
                case Page():
                    return _fitting(await self._page(place.url), place)
                case TextFile():
                    return _fitting(await asyncio.to_thread(_whole, place.path), place)
                case ImportedFrom():
                    return await asyncio.to_thread(self._section, place)
        except UnreadableDocument as error:
            return Skipped(NOT_READABLE, error.code)
        except (UnusableSource, SourceUnavailable, InvalidSetting) as error:
            return Skipped(f"{error.code} {error.message} {error.hint}", error.code)

    async def _page(self, url: str) -> str:
        text = url.partition("#")[0]  # a fragment is for whoever reads the page
        host = self._fetcher.address_of(text).authority
        if host in self._silent:
            raise SourceUnavailable(self._silent[host], details={"host": host})
        try:
            fetched = await self._fetcher.fetch(text)
        except SourceUnavailable as error:
            self._silent[host] = error.message
            raise
        if fetched.content_type == "text/html":
            return await self._markdown(fetched)
        try:
            return decoded(fetched.data)
        except UnreadableDocument as error:
            raise _unusable(fetched, str(error.details["reason"])) from error

    async def _markdown(self, fetched: Fetched) -> str:
        with tempfile.TemporaryFile() as file:
            file.write(fetched.data)
            file.flush()
            found = await self._extractor.extract(file, ExtractionKind.HTML)
        match found:
            case Extraction():
                return "\n\n".join(part.text for part in found.parts).strip() + "\n"
            case Refusal():
                raise _unusable(fetched, found.reason)

    def _section(self, place: ImportedFrom) -> SourceText | Skipped:
        """The section, as an import would take it; no text where it is what the last import saw."""
        folder = Path(place.collection)
        if (
            not folder.is_absolute()
        ):  # a name that was given to the import, which says nothing of where
            return Skipped(NO_FOLDER)
        path = folder / place.path
        if path.suffix.lower() not in ENDINGS:
            return Skipped(NO_TEXT_FILE)
        if self._file is None or self._file[0] != path:
            pieces = {piece.anchor: piece for piece in read_document(path, root=folder).pieces}
            self._file = path, pieces
        piece = self._file[1].get(place.anchor)
        if piece is None:
            return Skipped(NO_SECTION)
        sha256 = piece_sha256(piece)
        if sha256 == place.content_sha256:
            return SourceText(None, place, sha256)
        return _fitting(piece.content, place, sha256)


def _unusable(fetched: Fetched, reason: str) -> UnusableSource:
    message = f"What the source {fetched.authority} sends cannot be read: {reason}."
    return UnusableSource(message, details={"host": fetched.authority})


def _whole(path: Path) -> str:
    with opened(path, root=path.parent) as descriptor:
        return decoded(read_whole(descriptor, limit_bytes=MAX_CONTENT_CHARS))


def _fitting(text: str, place: Place, sha256: str | None = None) -> SourceText | Skipped:
    storable = text.replace("\x00", "\N{REPLACEMENT CHARACTER}")
    if not storable.strip():
        return Skipped(EMPTY)
    if len(storable) > MAX_CONTENT_CHARS:
        return Skipped(TOO_LONG)
    return SourceText(storable, place, sha256)
