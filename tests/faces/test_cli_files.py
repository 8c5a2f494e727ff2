"""The commands on the library of files, as a person and a program use them."""

from pathlib import Path

import pytest

from tests.faces.calls import Shell
from tests.faces.conftest import Cli
from tests.faces.test_cli_blocks import add

NOWHERE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    path = tmp_path / "notes.md"
    path.write_text("# Oak\n\nIt is oiled in spring.\n", encoding="utf-8")
    return path


def test_a_file_goes_through_its_life(cli: Cli, notes: Path, tmp_path: Path) -> None:
    block = add(cli, "Oak", "About oak.")["id"]
    added = cli("file", "add", str(notes), "--label", "Notes", "--note", "Read it first.", "--json")
    file = added.value["id"]

    assert (added.value["content_type"], added.value["size_bytes"]) == ("text/markdown", 30)
    shown = cli("file", "show", file)
    assert "note         Read it first.\n" in shown.out
    assert "bytes        30\n" in shown.out
    attached = cli("file", "attach", file, block, "--primary")
    assert attached.out == f"Attached {file}  Notes  (text/markdown, 30 bytes, {block})\n"
    [row] = cli("file", "list", "--block", block, "--json").values
    assert (row["id"], row["is_primary"]) == (file, True)
    assert cli("file", "list", "--unattached").err == "There are no files.\n"
    cli("file", "edit", file, "--label", "Old notes", "--note", "")
    target = tmp_path / "back.md"
    opened = cli("file", "open", file, "--output", str(target), "--json")
    assert (opened.value["label"], opened.value["note"]) == ("Old notes", None)
    assert target.read_bytes() == notes.read_bytes()
    assert cli("file", "detach", file).out.startswith(f"Detached {file}")
    assert cli("file", "remove", file).out.startswith(f"Removed {file}")
    assert cli("file", "gc").out == "Removed 0 objects, 0 bytes.\n"
    assert cli("file", "show", file).code == 4


def test_one_refused_file_keeps_no_other_out(cli: Cli, notes: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.md"
    empty.touch()

    done = cli("file", "add", str(notes), str(empty), str(tmp_path), str(notes), "--label", "All")

    assert done.code == 1
    assert done.err.count("B111 ") == 2
    assert done.err.endswith("2 of 4 files added.\n")
    assert [row["label"] for row in cli("file", "list", "--json").values] == ["All: notes.md"] * 2


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["PATH"], 2, "B100 A file needs a label."),
        (["PATH", "--label", " "], 2, "B100 --label"),
        (["PATH", "--label", "x", "--primary"], 2, "B100 A primary file is one of a block."),
        (["PATH", "PATH", "--label", "x", "--block", NOWHERE, "--primary"], 2, "takes one path"),
        (["PATH", "--label", "x", "--block", NOWHERE], 4, "B301 There is no block"),
        (["PATH", "--label", "x", "--block", "me"], 2, "B103"),
        (["/dev/null", "--label", "x"], 2, "B111 /dev/null is no regular file."),
        (["no-such-file", "--label", "x"], 2, "B111 no-such-file cannot be read"),
    ],
)
def test_a_wrong_call_adds_nothing(
    cli: Cli, notes: Path, words: list[str], code: int, says: str
) -> None:
    done = cli("file", "add", *(str(notes) if word == "PATH" else word for word in words))

    assert done.code == code
    assert says in done.err
    assert cli("file", "list", "--json").values == []


def test_the_settings_say_what_is_taken(
    cli: Cli, notes: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    large = tmp_path / "large.txt"
    large.write_bytes(b"x" * 1_000_001)
    monkeypatch.setenv("BRIEFSMITH_FILE_MAX_MB", "1")
    monkeypatch.setenv("BRIEFSMITH_FILE_TYPES", "image/*, text/plain")

    too_large = cli("file", "add", str(large), "--label", "x")
    refused = cli("file", "add", str(notes), "--label", "x")

    assert (too_large.code, too_large.err.split()[0]) == (6, "B503")
    assert (refused.code, refused.err.split()[0]) == (2, "B112")
    monkeypatch.setenv("BRIEFSMITH_FILE_MAX_MB", "4000")
    assert cli("file", "list").err.startswith("B105 BRIEFSMITH_FILE_MAX_MB is 4000")


@pytest.mark.parametrize("command", ["show", "open", "detach", "remove", "edit"])
def test_a_file_that_is_not_there_is_said_to_be_none(
    cli: Cli, command: str, tmp_path: Path
) -> None:
    more = {"open": ["--output", str(tmp_path / "x")], "edit": ["--label", "x"]}.get(command, [])

    done = cli("file", command, NOWHERE, *more)

    assert (done.code, done.err.split()[0]) == (4, "B307")
    assert not (tmp_path / "x").exists()


def test_bytes_go_to_a_pipe_and_not_to_a_terminal(shell: Shell, cli: Cli, notes: Path) -> None:
    file = cli("file", "add", str(notes), "--label", "Notes", "--json").value["id"]

    assert shell.run("file", "open", file).out == notes.read_text(encoding="utf-8")
    refused = shell.on_terminal("file", "open", file)
    assert refused.code == 2
    assert "B100 The bytes of a file are not for a terminal." in refused.out
