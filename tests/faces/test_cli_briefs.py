"""Compose and the commands on briefs, with good input."""

from pathlib import Path
from typing import Any

import pytest

from briefsmith.providers import openai_compatible
from tests.faces.conftest import Cli
from tests.faces.test_cli_blocks import add

INTENT = "Write the delivery page"


@pytest.fixture
def stocked(cli: Cli) -> Cli:
    """A store with four blocks, two of which say the same."""
    add(cli, "Delivery", "Parcels leave on Tuesday. Delivery is free from £60.")
    add(cli, "Delivery again", "Parcels leave on Tuesday. Delivery is free from £60.")
    add(
        cli,
        "Page style",
        "A page has one picture.",
        "--type",
        "style_guide",
        "--importance",
        "high",
    )
    add(cli, "Long delivery story", "Our delivery van is slow. " * 200 + "The end. " * 300)
    return cli


def compose(cli: Cli, *options: str) -> dict[str, Any]:
    done = cli("compose", INTENT, *options, "--json")
    assert done.code == 0, done.err
    return done.value


def test_compose_prints_the_brief_then_what_is_in_it_and_why(stocked: Cli) -> None:
    done = stocked("compose", INTENT, "--budget", "700", "--mode", "verbatim")

    assert done.code == 0
    assert done.out.startswith("# Brief\n")
    assert INTENT in done.out
    assert "Blocks used" not in done.out
    _, _, rest = done.err.partition("\nBlocks used\n")
    used, _, rest = rest.partition("\nLeft out ")
    assert used.splitlines()[0].split() == ["cite", "label", "why", "how", "tokens"]
    assert "  used-as-is  " in used
    assert ", important  " in used
    assert "says the same" in rest
    assert "(as “Delivery" in rest
    assert " of 700 tokens (" in rest
    assert "See it again: " in rest.splitlines()[-1]


def test_the_command_to_see_it_again_works_and_prints_the_same_brief(stocked: Cli) -> None:
    done = stocked("compose", INTENT)
    *_, brief_id = done.err.split()

    again = stocked("brief", "show", brief_id)

    assert again.code == 0
    assert again.out == done.out


def test_compose_as_json_is_one_document_with_the_same_brief(stocked: Cli) -> None:
    composed = compose(stocked)

    shown = stocked("brief", "show", composed["id"], "--json").value
    assert shown["markdown"] == composed["markdown"]
    assert shown["core_context_snapshot"] == composed["snapshot"]
    assert composed["brief"]["intent"] == INTENT
    assert composed["searched_by_meaning"] is True
    used = {part["block_id"] for part in composed["snapshot"]["blocks"]}
    assert used <= composed["labels"].keys()
    left = {part["block_id"] for part in composed["snapshot"]["left_out"]}
    assert left == composed["left_out_parts"].keys()


def test_an_intent_comes_from_standard_input(stocked: Cli) -> None:
    done = stocked("compose", "-", "--json", stdin=INTENT.encode())

    assert done.value["brief"]["intent"] == INTENT


def test_every_option_of_compose_reaches_the_brief(stocked: Cli) -> None:
    block = add(stocked, "Off topic", "Beech and boar.", "--tag", "t", "--scope", "s")
    options = ["--block", block["id"], "--instructions", "Be brief.", "--mode", "verbatim"]
    options += ["--media", "https://a.example/?a=b&c=d=A brush", "--tag", "t", "--scope", "s"]
    options += ["--audience", "Shops", "--tone", "dry", "--budget", "900"]

    composed = compose(stocked, *options)

    shown = stocked("brief", "show", composed["id"], "--json").value
    assert [part["block_id"] for part in composed["snapshot"]["blocks"]] == [block["id"]]
    assert (shown["sub_instructions"], shown["compilation_mode"]) == ("Be brief.", "verbatim")
    assert shown["media"] == [{"image_url": "https://a.example/?a=b&c=d", "description": "A brush"}]
    assert (shown["meta_audience"], shown["meta_emotional_tone"]) == ("Shops", ["dry"])
    assert composed["snapshot"]["budget_tokens"] == 900


@pytest.mark.parametrize(
    ("mode", "how"), [("verbatim", "used-as-is"), ("excerpt", "excerpted"), ("outline", "outlined")]
)
def test_the_table_says_how_blocks_were_changed(cli: Cli, mode: str, how: str) -> None:
    text = " ".join(f"Sentence {number} is about delivery." for number in range(60))
    add(cli, "Story", text)

    done = cli("compose", INTENT, "--mode", mode)

    row = done.err.partition("\nBlocks used\n")[2].splitlines()[1]
    assert row.split()[0] == "B1"
    assert row.split()[-2] == how


def test_a_block_that_was_asked_for_says_so(stocked: Cli) -> None:
    block = add(stocked, "Off topic", "Beech and boar.")

    done = stocked("compose", INTENT, "--block", block["id"])

    [row] = [line for line in done.err.splitlines() if "  Off topic  " in line]
    assert "  asked for  " in row


def test_explain_shows_the_parts_of_each_score_and_the_budget_to_enter_at(stocked: Cli) -> None:
    done = stocked("compose", INTENT, "--budget", "600", "--mode", "verbatim", "--explain")

    parts = ["worth", "relev", "import", "feedb", "fresh", "size", "novel"]
    used, _, left = done.err.partition("\nBlocks used\n")[2].partition("\nLeft out ")
    assert used.splitlines()[0].split() == ["cite", *parts, "tokens", "how", "label"]
    _, head, *rows = left.splitlines()
    assert head.split() == [*parts, "enters", "at", "reason", "label"]
    [story] = [row for row in rows if "Long delivery story" in row]
    enters = int(story.split()[7])
    assert enters > 600
    # The key of each brief is another one, and takes more tokens or fewer.
    again = stocked("compose", INTENT, "--budget", str(enters + 50), "--mode", "verbatim")
    assert "Long delivery story" in again.err.partition("\nLeft out ")[0]


def test_a_stored_brief_is_explained(stocked: Cli) -> None:
    explained = compose(stocked, "--budget", "600", "--mode", "verbatim", "--explain")
    plain = compose(stocked, "--budget", "600", "--mode", "verbatim")

    searched = stocked("brief", "show", explained["id"], "--explain")
    unsearched = stocked("brief", "show", plain["id"], "--explain")

    assert searched.out == explained["markdown"]
    assert "  enters at  " in searched.err
    assert searched.err.endswith("\nMade without a model: none was asked.\n")
    assert unsearched.out == plain["markdown"]
    assert "\nLeft out " in unsearched.err
    assert "enters at" not in unsearched.err


def test_long_lists_of_what_is_left_out_are_cut_unless_explained(cli: Cli) -> None:
    for number in range(14):
        add(cli, f"Off {number}", f"Something else {number}, with the word delivery. " * 40)

    short = cli("compose", INTENT, "--budget", "400", "--mode", "verbatim")
    whole = cli("compose", INTENT, "--budget", "400", "--mode", "verbatim", "--explain")

    assert short.err.count("  over the budget\n") == 10
    assert "... and 4 more; --explain lists all.\n" in short.err
    assert whole.err.count("over the budget") == 14


def test_a_brief_of_an_empty_store_says_that_nothing_is_in_it(cli: Cli) -> None:
    done = cli("compose", INTENT)

    assert done.code == 0
    assert "\nNo block is in it.\n" in done.err


def test_no_briefs_are_said_to_be_none(cli: Cli) -> None:
    text, lines = cli("brief", "list"), cli("brief", "list", "--json")

    assert (text.code, text.out, text.err) == (0, "", "There are no briefs.\n")
    assert (lines.code, lines.out, lines.err) == (0, "", "")


def test_briefs_are_listed_newest_first(stocked: Cli) -> None:
    first, second = compose(stocked), compose(stocked, "--mode", "outline")

    text, lines = stocked("brief", "list"), stocked("brief", "list", "--json")

    head, *rows = text.out.splitlines()
    assert head.split() == ["id", "made", "(UTC)", "state", "blocks", "tokens", "intent"]
    assert [row.split()[0] for row in rows] == [second["id"], first["id"]]
    assert [row.split()[3] for row in rows] == ["draft", "draft"]
    assert text.err == "2 briefs.\n"
    assert [brief["id"] for brief in lines.values] == [second["id"], first["id"]]
    assert lines.values[1]["rendered_tokens"] == first["snapshot"]["rendered_tokens"]
    assert len(stocked("brief", "list", "--json", "--limit", "1").values) == 1


def test_the_list_says_where_each_brief_stands(stocked: Cli, tmp_path: Path) -> None:
    ids = [compose(stocked)["id"] for _ in range(4)]
    text = tmp_path / "text.md"
    text.write_text(f"{stocked('brief', 'show', ids[1]).out}More.\n", encoding="utf-8")
    stocked("brief", "edit", ids[1], "--file", str(text))
    stocked("brief", "validate", ids[2])
    stocked("brief", "publish", ids[3])

    listed = stocked("brief", "list", "--json").values

    states = {brief["id"]: brief["state"] for brief in listed}
    assert [states[one] for one in ids] == ["draft", "edited", "validated", "published"]
    for one in ids:
        assert stocked("brief", "show", one, "--json").value["state"] == states[one]


def test_a_purge_takes_the_text_out_of_the_brief_and_says_so(stocked: Cli) -> None:
    block = add(stocked, "Secret delivery", "The code of the door is 4711.")
    brief = compose(stocked, "--block", block["id"])

    purged = stocked("block", "purge", block["id"], "--yes")
    shown = stocked("brief", "show", brief["id"], "--explain")

    assert "1 brief keeps its id, version and hash, and not its text" in purged.out
    assert "4711" in brief["markdown"]
    assert "4711" not in shown.out
    assert f"{block['id']} (purged)" in shown.err


def test_without_the_embedding_service_words_alone_are_searched(
    stocked: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIEFSMITH_EMBEDDING_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setattr(openai_compatible, "_BACKOFF_SECONDS", ())

    composed = stocked("compose", INTENT)
    found = stocked("block", "search", "delivery")
    added = stocked("block", "add", "--label", "New", "--content", "x")

    assert (composed.code, found.code, added.code) == (0, 0, 0)
    assert "\nWords alone were searched: there is no vector for the intent.\n" in composed.err
    assert found.err == "Words alone were searched: there is no vector for the question.\n"
    assert "`briefsmith reembed` adds it" in added.err
