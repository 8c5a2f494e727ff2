"""What a file is, by its bytes; its name only tells kinds of text apart, which bytes cannot."""

import zipfile
from contextlib import suppress
from importlib import import_module
from pathlib import PurePosixPath
from typing import Any, BinaryIO

LOOKED_AT_BYTES = 8_192

_TEXTS = {
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".json": "application/json",
}
_OFFICE = {
    "word/": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xl/": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ppt/": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
_ZIP = b"PK\x03\x04"
_UNKNOWN = "application/octet-stream"
_INLINE = ("image/", "audio/", "video/")
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\x1b"))


def sniffed_type(source: BinaryIO, name: str) -> str:
    """The media type of a file.

    Args:
        source: Its bytes, from the first one on; read at will.
        name: As the person gave it; told apart by it are only texts without marks of their own.
    """
    source.seek(0)
    head = source.read(LOOKED_AT_BYTES)
    if head.startswith(_ZIP):
        return _archive_type(source)
    return _marked_type(head) or _text_type(head, name) or _UNKNOWN


def is_inline_safe(content_type: str | None) -> bool:
    """Whether a browser may show it where our pages are: pictures, sound and film that hold no program."""
    known = content_type or _UNKNOWN
    return known.startswith(_INLINE) and known != "image/svg+xml"


def _marked_type(head: bytes) -> str | None:
    if _is_text(head):
        return _markup_type(head)
    puremagic: Any = import_module("puremagic")  # its types are not complete
    if head.startswith(b"ID3"):
        return "audio/mpeg"
    with suppress(puremagic.PureError, ValueError):
        told: str = puremagic.from_string(head, mime=True)
        # A text it is not, as the bytes are none.
        return None if told.startswith("text/") else told or None
    return None


def _markup_type(head: bytes) -> str | None:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith(b"%pdf-"):
        return "application/pdf"
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<script")):
        return "text/html"
    if start.startswith((b"<?xml", b"<!--", b"<!doctype svg", b"<svg")):
        return "image/svg+xml" if b"<svg" in start else "application/xml"
    return None


def _text_type(head: bytes, name: str) -> str | None:
    if not _is_text(head):
        return None
    return _TEXTS.get(PurePosixPath(name).suffix.lower(), "text/plain")


def _is_text(head: bytes) -> bool:
    if head.translate(None, _CONTROLS) != head:
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        # A character may be cut where the look ends.
        return len(head) == LOOKED_AT_BYTES and error.start > len(head) - 4
    return True


def _archive_type(source: BinaryIO) -> str:
    try:
        with zipfile.ZipFile(source) as archive:
            names = archive.namelist()
            if "mimetype" in names[:1]:
                with archive.open("mimetype") as entry:
                    told = entry.read(100).decode("ascii", errors="replace").strip()
                if told.startswith(_OPEN_DOCUMENT) or told == "application/epub+zip":
                    return told
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError):
        return "application/zip"
    if "[Content_Types].xml" in names:
        for folder, content_type in _OFFICE.items():
            if any(name.startswith(folder) for name in names):
                return content_type
    return "application/zip"
