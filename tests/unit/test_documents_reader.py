"""A file is read whole and as it is, or refused with its name and one reason."""

import hashlib
import json
import os
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from briefsmith.documents import opening
from briefsmith.documents.json_lines import HEADER_LINE
from briefsmith.documents.reader import TEXT_BYTES, DocumentKind, read_document
from briefsmith.errors import UnreadableDocument

NOBODY = 65_534
BLOCK_LINE = json.dumps(
    {
        "id": "00000000-0000-0000-0000-000000000001",
        "type": "text",
        "label": "A",
        "content": "B",
        "source": "user",
        "version": 1,
        "status": "active",
        "importance": "medium",
        "file_ids": [],
        "update_policy": "auto",
        "feedback_score": None,
        "last_used_successfully_at": None,
        "meta_tags": [],
        "meta_context_scope": None,
        "meta_agent_notes": None,
        "meta_derived_from": None,
        "meta_refreshable": False,
        "meta_embedding_model": None,
        "meta_locale": None,
        "meta_visibility": "visible",
        "meta_emotional_tone": [],
        "is_auto_generated": False,
        "requires_user_review": False,
        "last_refreshed_at": None,
        "created_at": "2026-01-31T12:00:00Z",
        "updated_at": "2026-01-31T12:00:00Z",
    }
)


def _write(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def _refusal(path: Path, root: Path) -> str:
    with pytest.raises(UnreadableDocument) as caught:
        read_document(path, root=root)
    assert caught.value.message.isprintable()
    assert caught.value.code == "B104"
    return caught.value.message


@contextmanager
def _without_privileges() -> Generator[None]:
    """Permissions bind nobody who is root, so the test is somebody else for a moment."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


def test_a_markdown_file_becomes_pieces_with_the_hash_of_its_bytes(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbf---\r\ntype: guide\r\n---\r\n# Voice\r\n\r\nWarm.\r\n"
    path = _write(tmp_path, "a/voice.MD", data)

    document = read_document(path, root=tmp_path)

    assert document.path == "a/voice.MD"
    assert document.kind is DocumentKind.MARKDOWN
    assert document.sha256 == hashlib.sha256(data).hexdigest()
    assert [(piece.label, piece.content) for piece in document.pieces] == [("Voice", "Warm.")]
    assert list(document.blocks) == []


def test_a_text_file_is_read_as_plain_text(tmp_path: Path) -> None:
    document = read_document(_write(tmp_path, "my_note.txt", b"# Warm"), root=tmp_path)

    assert document.kind is DocumentKind.PLAIN_TEXT
    assert [(piece.label, piece.content) for piece in document.pieces] == [("My note", "# Warm")]


def test_an_export_becomes_blocks_that_are_read_when_asked_for(tmp_path: Path) -> None:
    data = f"\ufeff{HEADER_LINE}\n{BLOCK_LINE}\n{BLOCK_LINE}".encode()
    path = _write(tmp_path, "blocks.jsonl", data)

    document = read_document(path, root=tmp_path)

    assert document.kind is DocumentKind.JSON_LINES
    assert document.sha256 == hashlib.sha256(data).hexdigest()
    assert [block.label for block in document.blocks] == ["A", "A"]
    assert document.pieces == ()


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("a.md", b"", "it is empty"),
        ("a.md", b"\xef\xbb\xbf \n\t\n", "it is empty"),
        ("a.txt", b"\n", "it is empty"),
        ("a.jsonl", b"", "it is empty"),
        ("a.md", b"---\ntype: guide\n---\n\n", "no text besides front matter and headings"),
        ("a.md", b"# Only\n\n## Headings\n", "no text besides front matter and headings"),
        ("a.md", b"caf\xe9", "not UTF-8 (byte 3)"),
        ("a.md", b"\xef\xbb\xbfcaf\xe9", "not UTF-8 (byte 6)"),
        ("a.txt", b"\xed\xa0\x80", "not UTF-8 (byte 0)"),
        ("a.txt", "hello".encode("utf-16"), "UTF-16"),
        ("a.txt", b"\xfe\xff\0h", "UTF-16"),
        ("a.txt", b"a\0b", "NUL character (character 2)"),
        ("a.md", b"---\ntype: poem\n---\nText", "'type' in its front matter is 'poem'"),
        ("a.md", b"---\ntype: [\n---\nText", "no valid YAML at line"),
        ("a.pdf", b"%PDF", "import reads .md, .markdown, .txt and .jsonl files"),
    ],
)
def test_a_bad_file_is_refused_by_name_and_reason(
    tmp_path: Path, name: str, data: bytes, told: str
) -> None:
    path = _write(tmp_path, f"sub/{name}", data)

    message = _refusal(path, tmp_path)

    assert message.startswith(f"sub/{name} cannot be read: ")
    assert told in message


def test_a_giant_file_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _write(tmp_path, "a.md", b"")
    os.truncate(path, 200_000_000)

    def refused(_descriptor: int, _size: int) -> bytes:
        pytest.fail("it was read")

    monkeypatch.setattr(opening.os, "read", refused)

    assert "larger than 10 MB" in _refusal(path, tmp_path)


def test_a_size_that_lies_does_not_lead_to_endless_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _write(tmp_path, "a.md", b"text")
    taken: list[int] = []

    def endless(_descriptor: int, size: int) -> bytes:
        taken.append(size)
        return b"x" * size

    monkeypatch.setattr(opening.os, "read", endless)

    assert "changed while it was read" in _refusal(path, tmp_path)
    assert len(taken) == 1


def test_a_file_of_exactly_the_limit_is_read(tmp_path: Path) -> None:
    path = _write(tmp_path, "a.txt", b"x" * TEXT_BYTES)

    assert len(read_document(path, root=tmp_path).pieces) == 1


@pytest.mark.parametrize("name", ["a.md", "a.jsonl"])
@pytest.mark.parametrize("times_ns", [None, (0, 0)])
def test_a_file_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, times_ns: tuple[int, int] | None
) -> None:
    path = _write(tmp_path, name, b"some text")
    read = os.read

    def disturbed(descriptor: int, size: int) -> bytes:
        data = read(descriptor, size)
        if times_ns is None:
            with path.open("ab") as file:
                file.write(b"!")
        else:
            os.utime(path, ns=times_ns)
        return data

    monkeypatch.setattr(opening.os, "read", disturbed)

    assert "changed while it was read" in _refusal(path, tmp_path)


def test_an_export_that_changes_before_its_blocks_are_read_is_refused(tmp_path: Path) -> None:
    path = _write(tmp_path, "a.jsonl", f"{HEADER_LINE}\n{BLOCK_LINE}\n".encode())
    document = read_document(path, root=tmp_path)

    path.write_bytes(f"{HEADER_LINE}\n".encode())

    with pytest.raises(UnreadableDocument, match=r"a\.jsonl cannot be read: it changed"):
        list(document.blocks)


def test_an_export_whose_bytes_change_behind_the_same_facts_is_refused(tmp_path: Path) -> None:
    path = _write(tmp_path, "a.jsonl", f"{HEADER_LINE}\n{BLOCK_LINE}\n".encode())
    facts = path.stat()
    document = read_document(path, root=tmp_path)

    path.write_bytes(path.read_bytes().replace(b'"A"', b'"Z"'))
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))

    with pytest.raises(UnreadableDocument, match="changed while it was read"):
        list(document.blocks)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b'{"a": "\xff"}', r"a\.jsonl cannot be read: it is not UTF-8 \(line 2, byte 50\)"),
        (b"{}", r"a\.jsonl cannot be read: line 2 has a wrong 'id'"),
        (b" " * 16_000_001, r"a\.jsonl cannot be read: line 2 is longer than 16 MB"),
    ],
)
def test_a_bad_line_of_an_export_is_named_with_its_file(
    tmp_path: Path, line: bytes, told: str
) -> None:
    path = _write(tmp_path, "a.jsonl", HEADER_LINE.encode() + b"\n" + line + b"\n")

    document = read_document(path, root=tmp_path)

    with pytest.raises(UnreadableDocument, match=told):
        list(document.blocks)


def _folder(path: Path) -> None:
    path.mkdir()


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _dangling(path: Path) -> None:
    path.symlink_to("nowhere.md")


def _circle(path: Path) -> None:
    path.symlink_to(path.name)


def _way_out(path: Path) -> None:
    _write(path.parent.parent, "secret.md", b"secret")
    path.symlink_to("../secret.md")


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the address of a socket may hold 107 bytes only
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(here)


def _nothing(_path: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (_folder, "it is a folder, not a file"),
        (_pipe, "it is a pipe, not a file"),
        (_socket, "it is a socket, not a file"),
        (_dangling, "it is a link to nothing"),
        (_circle, "it is a link that leads in a circle"),
        (_way_out, "it is a link that leads out of its folder"),
        (_device, "it is a link that leads out of its folder"),
        (_nothing, "it does not exist"),
    ],
)
@pytest.mark.parametrize("name", ["a.md", "a.jsonl"])
def test_what_is_no_file_inside_the_folder_is_refused_and_nothing_hangs(
    tmp_path: Path, make: Callable[[Path], None], told: str, name: str
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    make(root / name)

    assert _refusal(root / name, root) == f"{name} cannot be read: {told}."


def test_a_device_is_not_opened() -> None:
    with (
        pytest.raises(UnreadableDocument, match="it is a device"),
        opening.opened(Path("/dev/zero"), root=Path("/dev")),
    ):
        pytest.fail("it was opened")


def test_a_pipe_that_takes_the_place_of_a_file_does_not_hang(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.md"
    os.mkfifo(path)
    refuse_irregular = opening._refuse_irregular  # pyright: ignore[reportPrivateUsage]
    looks: list[os.stat_result] = []

    def late(facts: os.stat_result) -> None:
        looks.append(facts)
        if len(looks) > 1:
            refuse_irregular(facts)

    monkeypatch.setattr(opening, "_refuse_irregular", late)

    assert "it is a pipe" in _refusal(path, tmp_path)


def test_a_link_inside_the_folder_is_read(tmp_path: Path) -> None:
    _write(tmp_path, "real/a.md", b"text")
    (tmp_path / "link.md").symlink_to("real/a.md")

    document = read_document(tmp_path / "link.md", root=tmp_path)

    assert (document.path, document.pieces[0].label) == ("link.md", "Link")


def test_a_path_that_climbs_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    _write(tmp_path, "a.md", b"text")
    root = tmp_path / "root"
    root.mkdir()

    assert "out of its folder" in _refusal(root / ".." / "a.md", root)
    assert "not inside the folder" in _refusal(tmp_path / "a.md", root)


def test_a_file_without_permission_is_refused() -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        path = _write(folder, "a.md", b"text")
        path.chmod(0)

        with _without_privileges():
            message = _refusal(path, folder)

    assert message == "a.md cannot be read: its permissions do not allow it."


def test_a_hostile_name_is_shown_harmlessly(tmp_path: Path) -> None:
    name = "a\n\u202e\x1b[2J.md"
    path = _write(tmp_path, name, b"")

    assert _refusal(path, tmp_path).startswith(r"a\n\u202e\x1b[2J.md cannot be read")


def test_a_name_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.md")
    with suppress(OSError):  # some file systems take no such name; the reader sees it first
        path.write_bytes(b"text")

    assert _refusal(path, tmp_path) == r"caf\udce9.md cannot be read: its name is not UTF-8."
