"""The commands of a brief's life, with good and bad input."""

import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faces.calls import TRACEBACK, Shell, unstyled
from tests.faces.conftest import Cli
from tests.faces.test_cli_blocks import add
from tests.integration import chat_story as chat
from tests.integration.http_story import Handler, Request, serving

INTENT = "Write the delivery page"
GONE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(autouse=True)
def _temporary_files_are_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


@pytest.fixture
def stocked(cli: Cli) -> Cli:
    add(cli, "Delivery", "Parcels leave on Tuesday. Delivery is free from 60 EUR.")
    add(cli, "Page style", "A page has one picture.", "--type", "style_guide")
    return cli


def compose(cli: Cli, *options: str) -> dict[str, Any]:
    done = cli("compose", INTENT, *options, "--json")
    assert done.code == 0, done.err
    return done.value


def shown(cli: Cli, brief_id: str) -> dict[str, Any]:
    return cli("brief", "show", brief_id, "--json").value


def editor(folder: Path, script: str) -> str:
    """A command that edits as this Python does; `path` is the file and `text` what it holds."""
    program = folder / "editor.py"
    program.write_text(
        "import os, pathlib, signal, sys\n"
        "path = pathlib.Path(sys.argv[1]); text = path.read_text()\n"
        f"{script}\n"
    )
    return f"{sys.executable} {program}"


# Edit


def test_a_brief_is_edited_validated_published_locked_and_shown(
    stocked: Cli, tmp_path: Path
) -> None:
    composed = compose(stocked)
    brief_id = composed["id"]
    (tmp_path / "new.md").write_text(composed["markdown"] + "More.\n")

    edited = stocked("brief", "edit", brief_id, "--file", "new.md")
    states = [shown(stocked, brief_id)["state"]]
    for words in ("validate", "publish", "unpublish", "publish", "lock"):
        done = stocked("brief", words, brief_id)
        assert (done.code, done.err) == (0, ""), words
        states.append(shown(stocked, brief_id)["state"])

    assert (edited.code, edited.err) == (0, "")
    assert "edited)" in edited.out
    assert states == ["edited", "validated", "published", "validated", "published", "locked"]
    assert stocked("brief", "show", brief_id).out == composed["markdown"] + "More.\n"
    refused = stocked("brief", "edit", brief_id, "--file", "new.md", "--json")
    assert (refused.code, refused.out, refused.error["code"]) == (5, "", "B403")
    assert refused.error["details"]["state"] == "locked"


def test_the_editor_gets_the_text_in_a_file_of_the_person_alone_that_is_removed(
    stocked: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    brief_id = compose(stocked)["id"]
    told = tmp_path / "told"
    script = (
        f"pathlib.Path({str(told)!r}).write_text(f'{{path}} {{path.stat().st_mode:o}}')\n"
        "path.write_text(text.replace('# Brief', '# Page', 1))"
    )
    monkeypatch.setenv("EDITOR", "false")
    monkeypatch.setenv("VISUAL", editor(tmp_path, script))

    done = stocked("brief", "edit", brief_id, "--json")

    assert (done.code, done.err) == (0, "")
    assert done.value["is_changed"] is True
    assert shown(stocked, brief_id)["markdown"].startswith("# Page\n")
    assert shown(stocked, brief_id)["text_sha256"] == done.value["text_sha256"]
    name, mode = told.read_text().split()
    assert stat.S_IMODE(int(mode, 8)) == 0o600
    assert not Path(name).exists()


def test_an_editor_that_leaves_nothing_good_changes_nothing_and_it_is_said(
    stocked: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    composed = compose(stocked)
    for script, code, says in (
        ("pass", 0, "Nothing was changed"),
        ("sys.exit(3)", 2, "ended with code 3; nothing was changed"),
        ("os.kill(os.getpid(), signal.SIGKILL)", 2, "ended by signal 9; nothing was changed"),
        ("path.unlink()", 2, "left no file; nothing was changed"),
        ("path.write_text('')", 2, "B110"),
        ("path.write_bytes(b'\\xff')", 2, "B110"),
        ("path.write_bytes(b'a\\0b')", 2, "B110"),
    ):
        monkeypatch.setenv("EDITOR", editor(tmp_path, script))

        done = stocked("brief", "edit", composed["id"])

        assert done.code == code, script
        assert says in done.out + done.err, script
    after = shown(stocked, composed["id"])
    assert (after["state"], after["markdown"]) == ("draft", composed["markdown"])


def test_without_an_editor_that_can_be_started_it_is_said_what_to_set(
    stocked: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    brief_id = compose(stocked)["id"]
    for name in ("", "no-such-editor-of-anybody", "'unbalanced", " "):
        monkeypatch.setenv("EDITOR", name)

        done = stocked("brief", "edit", brief_id)

        assert (done.code, done.out) == (2, ""), name
        assert "VISUAL" in done.err, name
        assert TRACEBACK not in done.err


def test_what_was_typed_is_kept_in_a_file_that_the_message_names(
    stocked: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    brief_id = compose(stocked)["id"]
    other = f"{sys.executable} -m briefsmith brief edit {brief_id} --file other.md"
    (tmp_path / "other.md").write_text("Theirs.\n")
    script = f"os.system({other!r})\npath.write_text(text + 'Mine.\\n')"
    monkeypatch.setenv("EDITOR", editor(tmp_path, script))

    done = stocked("brief", "edit", brief_id)

    assert done.code == 5
    assert "B402" in done.err
    assert "theirs" in done.err
    name = done.err.partition("Your text is in ")[2].partition(".md")[0] + ".md"
    assert Path(name).read_text().endswith("Mine.\n")
    assert stat.S_IMODE(Path(name).stat().st_mode) == 0o600
    assert shown(stocked, brief_id)["markdown"] == "Theirs.\n"


def test_what_a_failing_editor_had_written_is_kept(
    stocked: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    brief_id = compose(stocked)["id"]
    script = "path.write_text('Half of it')\nsys.exit(1)"
    monkeypatch.setenv("EDITOR", editor(tmp_path, script))

    done = stocked("brief", "edit", brief_id, "--json")

    hint = done.error["hint"]
    kept = Path(hint.partition("is in ")[2].partition(";")[0])
    assert kept.read_text() == "Half of it"


def test_a_text_comes_from_standard_input_and_windows_line_ends_are_adapted(stocked: Cli) -> None:
    brief_id = compose(stocked)["id"]

    done = stocked("brief", "edit", brief_id, "--file", "-", stdin=b"\xef\xbb\xbf# New\r\nText\r\n")

    assert done.code == 0
    assert shown(stocked, brief_id)["markdown"] == "# New\nText\n"


def test_a_wrong_call_of_edit_says_so_and_changes_nothing(stocked: Cli) -> None:
    composed = compose(stocked)
    for words, code in (
        (["--file", "missing.md"], "B100"),
        (["--file", "."], "B100"),
        (["--file", "-", "--log"], "B100"),
        (["--file", "-", "--instruct", "x"], "B100"),
        (["--file", "-", "--expect", "0123"], "B402"),
        (["--instruct", "x"], "B105"),
        (["--instruct", " "], "B100"),
    ):
        done = stocked("brief", "edit", composed["id"], *words, "--json", stdin=b"New text.\n")

        assert done.code == (5 if code == "B402" else 2), words
        assert f'"code": "{code}"' in done.err, words
    assert shown(stocked, composed["id"])["markdown"] == composed["markdown"]


def test_the_log_lists_every_edit(stocked: Cli) -> None:
    composed = compose(stocked)
    none = stocked("brief", "edit", composed["id"], "--log")
    for text in ("One.\n", "One.\nTwo.\n"):
        stocked("brief", "edit", composed["id"], "--file", "-", stdin=text.encode())

    listed = stocked("brief", "edit", composed["id"], "--log", "--json").values
    table = stocked("brief", "edit", composed["id"], "--log")

    assert (none.code, none.out) == (0, "")
    assert "never edited" in none.err
    assert [(one["by"], one["lines_added"], one["is_current"]) for one in listed] == [
        ("person", 1, False),
        ("person", 1, True),
    ]
    assert listed[1]["sha256"][:12] in table.out
    assert table.err == "2 edits.\n"


def test_the_editor_agent_does_what_it_is_told(
    stocked: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reply(handler: Handler, request: Request) -> None:
        user = request.payload["messages"][1]["content"]
        text = user.partition("<text>\n")[2].partition("\n</text-")[0]
        answer = {"text": text.replace("# Brief", "# Page"), "summary": "Renamed it."}
        chat.answers(answer)(handler, request)

    brief_id = compose(stocked)["id"]
    with serving(reply) as story:
        monkeypatch.setenv("BRIEFSMITH_MODEL", "tiny")
        monkeypatch.setenv("BRIEFSMITH_MODEL_BASE_URL", story.url)
        done = stocked("brief", "edit", brief_id, "--instruct", "Call it a page")

    assert done.code == 0, done.err
    assert "Renamed it." in done.err
    assert "7 tokens in, 3 out, 1 request" in done.err
    assert shown(stocked, brief_id)["markdown"].startswith("# Page\n")
    log = stocked("brief", "edit", brief_id, "--log", "--json").values
    assert [one["by"] for one in log] == ["editor"]


# Validate and publish


def test_validate_lists_errors_and_warnings_with_their_mend_and_exits_with_1(stocked: Cli) -> None:
    composed = compose(stocked)
    block = composed["snapshot"]["blocks"][0]
    stocked("block", "edit", block["block_id"], "--content", "Other words.")
    spoilt = composed["markdown"] + "As [B9] says: [a](http://a b).\n"
    stocked("brief", "edit", composed["id"], "--file", "-", stdin=spoilt.encode())

    found = stocked("brief", "validate", composed["id"])
    value = stocked("brief", "validate", composed["id"], "--json").value

    assert found.code == 1
    lines = found.out.splitlines()
    kinds = [line.split()[:2] for line in lines if not line.startswith("  ")]
    assert kinds[:3] == [
        ["error", "unknown-citation:"], ["error", "link-broken:"], ["warning", "block-changed:"],
    ]  # fmt: skip
    assert "2 errors, 1 warning. The brief is edited." in lines[-1]
    assert (value["ok"], value["errors"], value["warnings"]) == (False, 2, 1)
    assert [one["name"] for one in value["findings"]] == [
        "unknown-citation", "link-broken", "block-changed",
    ]  # fmt: skip
    assert all(one["mend"] for one in value["findings"])


def test_warnings_alone_exit_with_0_unless_strict(stocked: Cli) -> None:
    composed = compose(stocked)
    block = composed["snapshot"]["blocks"][0]
    stocked("block", "edit", block["block_id"], "--content", "Other words.")

    plain = stocked("brief", "validate", composed["id"])
    strict = stocked("brief", "validate", composed["id"], "--strict")

    assert (plain.code, strict.code) == (0, 1)
    assert "The brief is validated." in plain.out


def test_publish_shows_the_errors_that_keep_it_from_it(stocked: Cli) -> None:
    composed = compose(stocked)
    stocked("block", "archive", composed["snapshot"]["blocks"][0]["block_id"])

    told = stocked("brief", "publish", composed["id"])
    value = stocked("brief", "publish", composed["id"], "--json")

    assert (told.code, told.out) == (5, "")
    assert "block-archived" in told.err
    assert "B403" in told.err
    assert [one["name"] for one in value.error["details"]["findings"]] == ["block-archived"]
    assert shown(stocked, composed["id"])["state"] == "draft"


def test_a_brief_that_is_none_is_told_so(cli: Cli) -> None:
    for command in ("edit", "validate", "publish", "unpublish", "lock", "replay", "diff"):
        words = ["--log"] if command == "edit" else []

        none = cli("brief", command, GONE, *words, "--json")
        wrong = cli("brief", command, "x", *words, "--json")

        assert (none.code, none.error["code"]) == (4, "B302"), command
        assert (wrong.code, wrong.error["code"]) == (2, "B103"), command


# Diff and replay


def test_diff_tells_text_blocks_and_settings_and_exits_as_diff_does(stocked: Cli) -> None:
    first, same = compose(stocked), compose(stocked)
    other = compose(stocked, "--mode", "outline")

    is_same = stocked("brief", "diff", first["id"], same["id"])
    differs = stocked("brief", "diff", first["id"], other["id"])
    value = stocked("brief", "diff", first["id"], other["id"], "--json").value

    assert (is_same.code, is_same.out) == (0, "They are the same.\n")
    assert differs.code == 1
    assert differs.out.startswith(f"--- {first['id']}\n+++ {other['id']}\n@@ ")
    assert "\nBlocks\n" in differs.out
    assert "\nSettings\n" in differs.out
    assert value["is_same"] is False
    assert {one["name"] for one in value["settings"]} == {"mode"}
    assert {one["block_id"] for one in value["blocks"]} == {
        one["block_id"] for one in first["snapshot"]["blocks"]
    }


def test_diff_of_one_brief_shows_what_was_edited(stocked: Cli) -> None:
    composed = compose(stocked)
    before = stocked("brief", "diff", composed["id"])
    text = composed["markdown"] + "\x1b[31mMore.\n"
    stocked("brief", "edit", composed["id"], "--file", "-", stdin=text.encode())

    after = stocked("brief", "diff", composed["id"])
    as_composed = stocked("brief", "diff", composed["id"], composed["id"], "--composed")

    assert (before.code, before.out) == (0, "It is as it was composed.\n")
    assert after.code == 1
    assert after.out.endswith("\n+\x1b[31mMore.\n")
    assert "Settings" not in after.out
    assert (as_composed.code, as_composed.out) == (0, "They are the same.\n")


def test_on_a_terminal_a_diff_has_colours_and_the_text_cannot_steer_it(
    stocked: Cli, screen: Cli
) -> None:
    composed = compose(stocked)
    text = composed["markdown"] + "\x1b[5mMore.\n"
    stocked("brief", "edit", composed["id"], "--file", "-", stdin=text.encode())

    seen = screen("brief", "diff", composed["id"])

    assert "\x1b[32m+\\x1b[5mMore.\x1b[0m\n" in seen.out
    assert "+\\x1b[5mMore.\n" in unstyled(seen.out)


def test_replay_proves_the_bytes_by_their_hash(stocked: Cli) -> None:
    composed = compose(stocked)
    sha256 = composed["snapshot"]["rendered_sha256"]

    done = stocked("brief", "replay", composed["id"])
    value = stocked("brief", "replay", composed["id"], "--json").value

    assert (done.code, done.err) == (0, "")
    assert done.out.count(sha256) == 2
    assert f"the same {len(composed['markdown'].encode()):,} bytes" in done.out
    assert (value["is_same"], value["outcome"], value["gone"]) == (True, "same", [])


def test_replay_names_what_was_purged_and_exits_with_1(stocked: Cli) -> None:
    composed = compose(stocked)
    block = composed["snapshot"]["blocks"][0]
    stocked("block", "purge", block["block_id"], "--yes")

    done = stocked("brief", "replay", composed["id"])
    value = stocked("brief", "replay", composed["id"], "--json").value

    assert done.code == 1
    assert f"[{block['cite']}] block {block['block_id']}, version 1: it was purged" in done.out
    assert value["gone"] == [
        {"cite": block["cite"], "block_id": block["block_id"], "version": 1, "why": "purged"}
    ]


def test_an_edit_in_a_terminal_is_one_too(shell: Shell, tmp_path: Path) -> None:
    added = shell.run("block", "add", "--label", "A", "--content", "Parcels leave.", "--json")
    assert added.code == 0, added.err
    brief_id = shell.run("compose", "Parcels", "--json").value["id"]
    there = shell.having(EDITOR=editor(tmp_path, "path.write_text('Typed.\\n')"))

    done = there.on_terminal("brief", "edit", brief_id)

    assert done.code == 0, done.out
    assert shell.run("brief", "show", brief_id).out == "Typed.\n"
