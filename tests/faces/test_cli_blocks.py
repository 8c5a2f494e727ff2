"""Every command on blocks, with good input: what people read, and what programs read."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from briefsmith.errors import UnreadableDocument
from briefsmith.operations import exports
from tests.faces.conftest import Cli

NOWHERE = "00000000-0000-4000-8000-000000000000"


def add(cli: Cli, label: str, content: str = "Some text.", *options: str) -> dict[str, Any]:
    done = cli("block", "add", "--label", label, "--content", content, *options, "--json")
    assert done.code == 0, done.err
    return done.value


def test_a_block_is_added_and_shown(cli: Cli) -> None:
    done = cli("block", "add", "--label", "Tone of voice", "--content", "Plain words.")

    assert done.code == 0
    assert done.err == ""
    verb, block_id, rest = done.out.split(maxsplit=2)
    assert (verb, rest) == ("Added", "Tone of voice  (version 1, active)\n")
    shown = cli("block", "show", block_id)
    assert shown.code == 0
    assert shown.out.startswith("Tone of voice\n  id           " + block_id)
    assert shown.out.endswith("\n\nPlain words.\n")


def test_every_option_of_add_reaches_the_block(cli: Cli) -> None:
    origin = add(cli, "Origin")
    options = "--type style_guide --tag a --tag b --importance high --scope shop --locale de-CH"
    options += " --tone warm --policy manual --notes Careful --review --derived-from"

    block = add(cli, "All of it", "Text", *options.split(), origin["id"])

    assert (block["label"], block["content"]) == ("All of it", "Text")
    assert (block["type"], block["importance"]) == ("style_guide", "high")
    assert block["meta_tags"] == ["a", "b"]
    assert (block["meta_context_scope"], block["meta_locale"]) == ("shop", "de-CH")
    assert block["meta_emotional_tone"] == ["warm"]
    assert (block["update_policy"], block["meta_agent_notes"]) == ("manual", "Careful")
    assert block["requires_user_review"] is True
    assert block["meta_derived_from"] == origin["id"]


def test_text_comes_from_standard_input(cli: Cli) -> None:
    text = "Zwei Zeilen,\nmit Umlaut: ü\n"

    plain = cli("block", "add", "--label", "One", "--json", stdin=text.encode())
    dash = cli("block", "add", "--label", "Two", "--file", "-", "--json", stdin=text.encode())

    assert plain.value["content"] == text
    assert dash.value["content"] == text


def test_text_comes_from_a_file(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "note.md"
    file.write_text("From a file.\n", encoding="utf-8")

    done = cli("block", "add", "--label", "One", "--file", str(file), "--json")

    assert done.value["content"] == "From a file.\n"


def test_the_text_alone_is_shown_exactly(cli: Cli) -> None:
    content = "no line end, a tab\t, an escape \x1b[31m, and \u202eturned"
    block = add(cli, "Exact", content)

    assert cli("block", "show", block["id"], "--content").out == content
    assert cli("block", "show", block["id"], "--json").value["content"] == content


def test_no_blocks_are_said_to_be_none(cli: Cli) -> None:
    text, lines = cli("block", "list"), cli("block", "list", "--json")

    assert (text.code, text.out, text.err) == (0, "", "There are no such blocks.\n")
    assert (lines.code, lines.out, lines.err) == (0, "", "")


def test_the_list_has_a_line_for_each_block(cli: Cli) -> None:
    first = add(cli, "First", "x", "--type", "guide", "--tag", "a", "--tag", "b")
    second = add(cli, "Second")

    done = cli("block", "list")

    head, *rows = done.out.splitlines()
    assert head.split() == ["id", "type", "importance", "status", "version", "label", "tags"]
    assert [row.split(maxsplit=5) for row in rows] == [
        [first["id"], "guide", "medium", "active", "1", "First   a, b"],
        [second["id"], "text", "medium", "active", "1", "Second"],
    ]
    assert done.err == "2 blocks.\n"


def test_the_list_as_json_is_a_line_for_each_block(cli: Cli) -> None:
    blocks = [add(cli, f"Block {number}") for number in range(3)]

    done = cli("block", "list", "--json")

    assert done.values == blocks
    assert done.err == ""


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--type", "guide"], ["Guide"]),
        (["--type", "guide", "--type", "text"], ["Guide", "Plain"]),
        (["--tag", "a"], ["Guide"]),
        (["--scope", "shop"], ["Guide"]),
        (["--locale", "de"], ["Guide"]),
        (["--importance", "low"], ["Guide"]),
        (["--source", "agent"], []),
        (["--status", "archived"], ["Old"]),
        (["--status", "all"], ["Guide", "Plain", "Old"]),
        (["--status", "active", "--status", "archived"], ["Guide", "Plain", "Old"]),
        (["--limit", "1"], ["Guide"]),
        ([], ["Guide", "Plain"]),
    ],
)
def test_the_list_is_filtered(cli: Cli, options: list[str], found: list[str]) -> None:
    traits = "--type guide --tag a --tag b --scope shop --locale de --importance low"
    add(cli, "Guide", "x", *traits.split())
    add(cli, "Plain")
    cli("block", "archive", add(cli, "Old")["id"])

    done = cli("block", "list", "--json", *options)

    assert [block["label"] for block in done.values] == found


def test_an_edit_makes_a_version_and_history_keeps_the_old_one(cli: Cli) -> None:
    block = add(cli, "Tone", "Old text.", "--scope", "shop")

    done = cli("block", "edit", block["id"], "--content", "New text.", "--scope", "")

    assert done.out == f"Changed {block['id']}  Tone  (version 2, active)\n"
    now = cli("block", "show", block["id"], "--json").value
    assert (now["content"], now["version"]) == ("New text.", 2)
    assert now["meta_context_scope"] is None
    then = cli("block", "show", block["id"], "--version", "1", "--json").value
    assert (then["content"], then["meta_context_scope"]) == ("Old text.", "shop")
    table = cli("block", "history", block["id"])
    assert table.out.splitlines()[0].split()[0] == "version"
    assert "Old text." in table.out.splitlines()[1]
    assert "show" in table.err
    [revision] = cli("block", "history", block["id"], "--json").values
    assert revision["snapshot"]["content"] == "Old text."


def test_a_block_that_was_never_changed_says_so(cli: Cli) -> None:
    block = add(cli, "Tone")

    done = cli("block", "history", block["id"])

    assert (done.code, done.out, done.err) == (0, "", "It was never changed.\n")


def test_a_block_is_locked_and_unlocked(cli: Cli) -> None:
    block = add(cli, "Tone")

    locked = cli("block", "edit", block["id"], "--status", "locked", "--json")
    refused = cli("block", "edit", block["id"], "--content", "No.")
    unlocked = cli("block", "edit", block["id"], "--status", "active", "--json")

    assert locked.value["status"] == "locked"
    assert refused.code == 5
    assert refused.err.startswith("B403 ")
    assert unlocked.value["status"] == "active"


def test_blocks_are_archived_and_restored(cli: Cli) -> None:
    ids = [add(cli, label)["id"] for label in ("One", "Two")]

    archived = cli("block", "archive", *ids)
    restored = cli("block", "restore", *ids, "--json")

    assert archived.out.splitlines() == [
        f"Archived {ids[0]}  One  (version 2, archived)",
        f"Archived {ids[1]}  Two  (version 2, archived)",
    ]
    assert [block["status"] for block in restored.values] == ["active", "active"]


def test_of_several_blocks_all_are_archived_or_none(cli: Cli) -> None:
    block = add(cli, "One")

    done = cli("block", "archive", block["id"], NOWHERE)

    assert done.code == 4
    assert cli("block", "show", block["id"], "--json").value["status"] == "active"


def test_a_purged_block_is_gone(cli: Cli) -> None:
    first, second = add(cli, "One"), add(cli, "Two")

    text = cli("block", "purge", first["id"], "--yes")
    value = cli("block", "purge", second["id"], "--yes", "--json")

    assert text.out == f"Purged {first['id']}; it was in no brief.\n"
    assert value.value == {"id": second["id"], "briefs_changed": 0}
    assert cli("block", "show", first["id"]).code == 4


def test_search_finds_by_any_word(cli: Cli) -> None:
    block = add(cli, "Delivery", "Parcels leave on Tuesday.", "--type", "reference")
    add(cli, "Brushes", "Made of beech.")

    text = cli("block", "search", "when", "do", "parcels", "leave", "--limit", "1")
    lines = cli("block", "search", "when do parcels leave", "--json")

    head, row = text.out.splitlines()
    assert head.split() == ["score", "id", "type", "label", "text"]
    assert row.split()[1:5] == [block["id"], "reference", "Delivery", "Parcels"]
    assert lines.values[0]["block"] == block
    assert {"score", "bm25", "cosine"} < lines.values[0].keys()


def test_a_search_without_result_says_so(cli: Cli) -> None:
    text, lines = cli("block", "search", "nothing"), cli("block", "search", "nothing", "--json")

    assert (text.code, text.out, text.err) == (0, "", "Nothing was found.\n")
    assert (lines.code, lines.out, lines.err) == (0, "", "")


def test_a_search_says_where_no_block_has_a_word_of_the_question(cli: Cli) -> None:
    add(cli, "Delivery", "Parcels leave on Tuesday.")

    by_meaning, by_word = cli("block", "search", "shipments"), cli("block", "search", "tuesday")

    assert "Delivery" in by_meaning.out
    assert "No block has any of these words" in by_meaning.err
    assert by_word.err == ""


def test_an_export_goes_to_a_file_or_to_standard_output(cli: Cli, tmp_path: Path) -> None:
    block = add(cli, "Größe", "Text.")
    cli("block", "archive", add(cli, "Old")["id"])

    lines = cli("block", "export")
    file = cli("block", "export", "--output", str(tmp_path / "all.jsonl"))

    header, exported, _ = lines.values
    assert header == {"format": "briefsmith-blocks", "version": 1}
    assert (UUID(exported["id"]), exported["label"]) == (UUID(block["id"]), "Größe")
    assert (tmp_path / "all.jsonl").read_text(encoding="utf-8") == lines.out
    assert (file.out, file.err) == ("", f"2 blocks in {tmp_path / 'all.jsonl'}.\n")


def test_an_export_that_fails_leaves_the_old_file(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(cli, "One")
    file = tmp_path / "all.jsonl"
    file.write_text("before", encoding="utf-8")

    def fail(_: object) -> str:
        message = "no"
        raise UnreadableDocument(message)

    monkeypatch.setattr(exports, "to_line", fail)
    done = cli("block", "export", "--output", str(file))

    assert done.code == 2
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["all.jsonl"]
    assert file.read_text(encoding="utf-8") == "before"
