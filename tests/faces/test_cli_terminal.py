"""The command on a terminal: what is shown, asked and typed."""

import stat
from pathlib import Path

import pytest

from tests.faces.calls import Shell, unstyled
from tests.faces.conftest import Cli
from tests.faces.test_cli_blocks import add

HOSTILE = "red \x1b[31m, title \x1b]0;owned\x07, \x9b5n, back\b\b, \u202eturned\u2069\r."
SHOWN = r"red \x1b[31m, title \x1b]0;owned\x07, \x9b5n, back\x08\x08, \x202eturned\x2069\x0d."


def test_the_text_of_a_block_steers_no_terminal(shell: Shell, cli: Cli) -> None:
    block = add(cli, "Label", HOSTILE)

    content = shell.on_terminal("block", "show", block["id"], "--content")

    assert content.out == SHOWN


def test_no_command_lets_text_steer_the_terminal(
    cli: Cli, screen: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    block = add(cli, f"Label {HOSTILE}", HOSTILE, "--tag", HOSTILE, "--notes", f"a\n{HOSTILE}")
    cli("block", "edit", block["id"], "--scope", HOSTILE)
    monkeypatch.setenv("TERM", "dumb")

    for words in (
        ["block", "show", block["id"]],
        ["block", "list"],
        ["block", "list", "--json"],
        ["block", "history", block["id"]],
        ["block", "search", "red"],
        ["block", "export"],
        ["compose", HOSTILE],
        ["compose", HOSTILE, "--json", "--explain"],
        ["brief", "list"],
        ["brief", "list", "--json"],
    ):
        done = screen(*words)
        assert (done.code, done.out != "") == (0, True), words
        assert all(line.isprintable() for line in done.out.split("\n")), words


def test_in_a_pipe_the_text_of_a_block_is_exact(shell: Shell, cli: Cli) -> None:
    block = add(cli, "Label", HOSTILE)

    content = shell.run("block", "show", block["id"], "--content")
    shown = cli("block", "show", block["id"])

    assert content.out == HOSTILE
    assert shown.out.endswith(f"\n\n{HOSTILE}\n")


def test_a_terminal_that_knows_little_is_no_failure(shell: Shell, cli: Cli) -> None:
    block = add(cli, "Größe → 😀", "Straße 😀")
    poor = shell.having(LC_ALL="C", PYTHONIOENCODING="ascii")

    listed = poor.on_terminal("block", "list")
    lines = poor.on_terminal("block", "list", "--json")

    assert listed.code == 0
    assert "Gr\\xf6\\xdfe \\u2192 \\U0001f600" in listed.out
    assert lines.out.isascii()
    assert lines.value == block


@pytest.mark.parametrize("columns", [80, 120, 200])
def test_no_line_is_wider_than_the_terminal_and_nothing_is_lost(
    cli: Cli, screen: Cli, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    label = "A long label, of words that can be parted and 漢字 that take two places each"
    block = add(cli, label, "Words. " * 100, *("--tag", "first", "--tag", "second"))
    cli("block", "edit", block["id"], "--importance", "high")
    monkeypatch.setenv("NO_COLOR", "1")

    listed, found, past, composed, briefs = (
        screen(*words, columns=columns).out
        for words in (
            ["block", "list"],
            ["block", "search", "words"],
            ["block", "history", block["id"]],
            ["compose", "words " * 20, "--explain"],
            ["brief", "list"],
        )
    )

    tables = composed.partition("\nBlocks used\n")[2].partition("\n\n")[0]
    for out in (listed, found, past, tables, briefs):
        assert max(map(len, out.splitlines())) <= columns
    for word in [*label.split(), block["id"], "first,", "second", "high"]:
        assert word in listed.split()
    assert "Words. Words." in " ".join(found.split())
    assert label in " ".join(tables.split())


def test_only_terminals_get_colours(cli: Cli, screen: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    add(cli, "One")
    monkeypatch.setenv("TERM", "xterm")

    listed, checked = screen("block", "list").out, screen("doctor").out
    piped = cli("doctor").out
    monkeypatch.setenv("NO_COLOR", "1")
    uncoloured = screen("block", "list").out
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    dumb = screen("block", "list").out

    assert "\x1b[1mid\x1b[0m" in listed
    assert "\x1b[32mok\x1b[0m" in checked
    assert uncoloured == dumb == unstyled(listed)
    assert "\x1b" not in uncoloured + piped


def editor(folder: Path, script: str) -> str:
    """A program that edits the file that it is given."""
    program = folder / "an editor"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return f"'{program}' --wait"


def test_the_text_opens_in_the_editor(shell: Shell, cli: Cli, bare: Path) -> None:
    block = add(cli, "Tone", "Plain words.")["id"]
    program = editor(bare, 'test "$1" = --wait && sed -i \'s/Plain/Short/\' "$2"')

    done = shell.having(EDITOR="false", VISUAL=program).on_terminal("block", "edit", block)

    assert (done.code, done.out) == (0, f"Changed {block}  Tone  (version 2, active)\n")
    assert cli("block", "show", block, "--content").out == "Short words."


def test_a_line_end_that_the_editor_adds_is_no_change(shell: Shell, cli: Cli, bare: Path) -> None:
    block = add(cli, "Tone", "Plain words.")["id"]
    program = editor(bare, 'echo >> "$2"')

    done = shell.having(EDITOR=program).on_terminal("block", "edit", block)

    assert (done.code, done.out) == (0, "Nothing was changed.\n")
    assert cli("block", "show", block, "--json").value["version"] == 1


def test_an_edit_that_meets_another_one_loses_no_text(shell: Shell, cli: Cli, bare: Path) -> None:
    block = add(cli, "Tone", "Plain words.")["id"]
    program = editor(bare, 'echo Mine. > "$2"; echo done; read answer')

    def meanwhile() -> str:
        cli("block", "edit", block, "--content", "Theirs.")
        return "\n"

    done = shell.having(EDITOR=program, TMPDIR=str(bare)).on_terminal(
        "block", "edit", block, answers=[("done", meanwhile)]
    )

    assert done.code == 5
    assert "B402" in done.out
    [kept] = bare.glob("briefsmith-*.md")
    assert f"Your text is in {kept}." in done.out
    assert kept.read_text(encoding="utf-8") == "Mine.\n"
    assert cli("block", "show", block, "--content").out == "Theirs."


@pytest.mark.parametrize(
    ("program", "how"),
    [("false", "ended with code 1"), ("no-such-editor-anywhere", "cannot be started")],
)
def test_an_editor_that_fails_changes_nothing(
    shell: Shell, cli: Cli, program: str, how: str
) -> None:
    block = add(cli, "Tone", "Plain words.")["id"]

    done = shell.having(EDITOR=program).on_terminal("block", "edit", block)

    assert done.code == 2
    assert f"B100 The editor '{program}' {how}" in done.out
    assert cli("block", "show", block, "--json").value["version"] == 1


@pytest.mark.parametrize(
    ("answer", "code", "left"), [("y\n", 0, 0), ("n\n", 130, 1), ("\n", 130, 1), ("\x04", 130, 1)]
)
def test_purge_asks_and_obeys(shell: Shell, cli: Cli, answer: str, code: int, left: int) -> None:
    block = add(cli, "Tone \x1b[31m")["id"]

    done = shell.on_terminal("block", "purge", block, answers=[("[y/N]", answer)])

    assert done.code == code
    assert "Erase “Tone \\x1b[31m” with its history for good? [y/N]:" in done.out
    assert len(cli("block", "list", "--json").values) == left


def test_text_is_typed_on_the_terminal(shell: Shell, cli: Cli) -> None:
    done = shell.on_terminal(
        "block", "add", "--label", "Tone", answers=[("Ctrl-D", "Plain words.\n\x04")]
    )

    assert done.code == 0
    assert done.out.startswith("Type the text; Ctrl-D on a line of its own ends it.\n")
    [block] = cli("block", "list", "--json").values
    assert block["content"] == "Plain words.\n"


def test_an_import_shows_how_far_it_is_and_leaves_only_the_result(
    shell: Shell, cli: Cli, bare: Path
) -> None:
    (bare / "notes").mkdir()
    for number in range(7):
        (bare / "notes" / f"{number}.txt").write_text(f"Note {number}.\n", encoding="utf-8")

    done = shell.on_terminal("import", "notes")

    assert done.code == 0
    assert "Importing" in done.out
    assert "7 of 7 files, 7 blocks" in done.out
    assert unstyled(done.out).endswith("7 files: 7 blocks added, 0 changed, 0 unchanged.\n")
    assert len(cli("block", "list", "--json").values) == 7
