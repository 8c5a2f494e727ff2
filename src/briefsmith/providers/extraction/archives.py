"""Office files as what they are: ZIP archives of XML, looked at before any converter does."""

import html
import io
import re
import zipfile
from collections.abc import Mapping

from briefsmith.providers.extraction.kinds import before_2007
from briefsmith.providers.extraction.port import ExtractionKind
from briefsmith.providers.extraction.refusing import (
    Refused,
    refuse,
    refuse_damaged,
    refuse_encrypted,
)

MOST_UNPACKED_BYTES = 200_000_000
MOST_ENTRIES = 10_000
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
_ENCRYPTED = 0x1
_MAIN = {
    ExtractionKind.DOCX: b"wordprocessingml.document.main+xml",
    ExtractionKind.PPTX: b"presentationml.presentation.main+xml",
    ExtractionKind.XLSX: b"spreadsheetml.sheet.main+xml",
}
_NAMES = {
    ExtractionKind.DOCX: "Word document",
    ExtractionKind.PPTX: "PowerPoint presentation",
    ExtractionKind.XLSX: "Excel workbook",
}
_MACROS = (b"macroEnabled", b"vnd.ms-office.vbaProject")
_DOCTYPES = tuple("<!DOCTYPE".encode(name) for name in ("utf-8", "utf-16-le", "utf-16-be"))
_RELATIONSHIP = re.compile(r"<(?:\w+:)?Relationship\b[^>]*>")
_REMOTE = re.compile(
    r"""\bTarget\s*=\s*["']\s*(?:https?:|ftps?:|file:(?://[^/"']|/*\\\\)|\\\\|//)""", re.IGNORECASE
)
_EXTERNAL = re.compile(r"""\bTargetMode\s*=\s*["']External""", re.IGNORECASE)
_HYPERLINK = re.compile(r"""\bType\s*=\s*["'][^"']*/hyperlink["']""")


def office_parts(data: bytes, kind: ExtractionKind) -> Mapping[str, bytes]:
    """The XML of an Office file by its names, checked.

    Raises:
        Refused: No such file, encrypted, damaged, too large unpacked, with macros, with a document type
            (which an entity bomb needs and no Office writes), or with contents that are elsewhere.
    """
    if data.startswith(_OLD_OFFICE):
        if _ENCRYPTED_PACKAGE in data:
            refuse_encrypted()
        raise Refused(before_2007(kind.value))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _refuse_bomb(archive)
            parts = {
                entry.filename: archive.read(entry)
                for entry in archive.infolist()
                if entry.filename.lower().endswith((".xml", ".rels"))
            }
    except Refused:
        raise
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError, ValueError):
        refuse_damaged()
    except Exception as error:
        # zlib, lzma and struct errors: what a damaged archive leads to is not documented.
        if isinstance(error, MemoryError):
            raise
        refuse_damaged()
    _refuse_other(parts.get("[Content_Types].xml", b""), kind)
    for name, xml in parts.items():
        _refuse_hostile(name, xml)
    return parts


def _refuse_bomb(archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    # The sizes that it names bound what is unpacked: reading an entry stops at its size.
    if len(entries) > MOST_ENTRIES or sum(one.file_size for one in entries) > MOST_UNPACKED_BYTES:
        reason = (
            f"it unpacks to more than {MOST_UNPACKED_BYTES // 1_000_000} MB "
            f"or {MOST_ENTRIES:,} parts, as a zip bomb does"
        )
        refuse(reason, "Save its text as a smaller file, and add that.")
    if any(one.flag_bits & _ENCRYPTED for one in entries):
        refuse_encrypted()


def _refuse_other(types: bytes, kind: ExtractionKind) -> None:
    if any(mark in types for mark in _MACROS):
        hint = f"Save it as .{kind.value}, without macros, and add that."
        refuse("it holds macros, which are programs", hint)
    if _MAIN[kind] not in types:
        found = next((name for other, name in _NAMES.items() if _MAIN[other] in types), None)
        what = f"a {found}" if found else "another kind of archive"
        hint = "Add it again under its right name, if it is one that can be read."
        refuse(f"its name says {_NAMES[kind]}, but its bytes are {what}", hint)


def _refuse_hostile(name: str, xml: bytes) -> None:
    if any(mark in xml for mark in _DOCTYPES):
        reason = "its XML defines entities, which Office never does and an XML bomb needs"
        refuse(reason, "Do not trust it; if you do, save its text by hand.")
    if not name.endswith(".rels"):
        return
    for written in _RELATIONSHIP.findall(xml.decode("utf-8", errors="replace")):
        found = html.unescape(written)
        if _EXTERNAL.search(found) and _REMOTE.search(found) and not _HYPERLINK.search(found):
            reason = "it is linked to contents on the network (a template, picture or object)"
            refuse(reason, "Break the links in the program that it was made with, and add that.")
