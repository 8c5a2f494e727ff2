"""What a file is, by its bytes."""

import io
import zipfile

import pytest

from briefsmith.providers.file_types import LOOKED_AT_BYTES, is_inline_safe, sniffed_type


def zipped(**entries: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, text in entries.items():
            archive.writestr(name.replace("__", "/").replace("_CT_", "[Content_Types].xml"), text)
    return target.getvalue()


KINDS = {
    "application/pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "image/png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "image/jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01",
    "image/gif": b"GIF89a\x01\0\x01\0\0\0",
    "image/webp": b"RIFF\x24\0\0\0WEBPVP8 ",
    "audio/mpeg": b"ID3\x03\0\0\0\0\0\0",
    "audio/wave": b"RIFF\x24\0\0\0WAVEfmt ",
    "video/mp4": b"\0\0\0\x18ftypmp42\0\0\0\0",
    "text/html": b"\xef\xbb\xbf \n<!DOCTYPE HTML><p>x",
    "image/svg+xml": b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>',
    "application/xml": b'<?xml version="1.0"?><note/>',
    "application/vnd.oasis.opendocument.text": zipped(
        mimetype="application/vnd.oasis.opendocument.text"
    ),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": zipped(
        _CT_="", word__document="x"
    ),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": zipped(
        _CT_="", xl__workbook="x"
    ),
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": zipped(
        _CT_="", ppt__slides="x"
    ),
    "application/zip": zipped(readme="x"),
    "text/plain": "Grüße aus der Werkstatt.\n".encode(),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["picture.png", "page.md.exe", "../../x", "", "a\x00b"])
def test_the_bytes_decide_and_not_the_name(kind: str, name: str) -> None:
    assert sniffed_type(io.BytesIO(KINDS[kind]), name) == kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("notes.MD", "text/markdown"),
        ("orders.csv", "text/csv"),
        ("orders.json", "application/json"),
        ("script.py", "text/plain"),
        ("picture.png", "text/plain"),
    ],
)
def test_texts_without_marks_are_told_apart_by_name(name: str, kind: str) -> None:
    assert sniffed_type(io.BytesIO(b"a,b\n1,2\n"), name) == kind


def test_a_character_that_the_look_cuts_makes_no_binary_of_a_text() -> None:
    text = ("x" * (LOOKED_AT_BYTES - 1) + "ü" + "x").encode()

    assert sniffed_type(io.BytesIO(text), "a.txt") == "text/plain"


@pytest.mark.parametrize("data", [b"\x00\x01\x02\x03", b"text\x00text", b"\xff\xfe\xfd nothing"])
def test_what_is_nothing_known_is_bytes(data: bytes) -> None:
    assert not sniffed_type(io.BytesIO(data), "a.txt").startswith("text/")


def test_a_broken_archive_is_an_archive() -> None:
    broken = zipped(_CT_="", word__document="x")[:-30]

    assert sniffed_type(io.BytesIO(broken), "a.docx") == "application/zip"


@pytest.mark.parametrize(
    ("kind", "safe"),
    [
        ("image/png", True),
        ("video/mp4", True),
        ("image/svg+xml", False),
        ("text/html", False),
        ("application/pdf", False),
        (None, False),
    ],
)
def test_what_may_hold_a_program_is_never_shown_inline(kind: str | None, safe: bool) -> None:
    assert is_inline_safe(kind) is safe
