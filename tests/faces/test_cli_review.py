"""The commands on proposals: what people read and decide, and what programs read."""

from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from briefsmith.schemas.proposals import text_sha256
from tests.faces.calls import Shell, unstyled
from tests.faces.conftest import Cli

NOWHERE = "00000000-0000-4000-8000-000000000000"
OLD, NEW = "One.\nTwo.\nThree.", "One.\nTwo and a half.\nThree."


def add(cli: Cli, label: str, content: str = OLD) -> dict[str, Any]:
    return cli("block", "add", "--label", label, "--content", content, "--json").value


def touched(block: dict[str, Any], part: str) -> dict[str, Any]:
    return {
        "block_id": block["id"],
        "version": block["version"],
        "content_sha256": text_sha256(block["content"]),
        "part": part,
    }


def propose(url: str, action: str, block: dict[str, Any], data: dict[str, Any]) -> str:
    """A proposal, as an agent leaves it."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "insert into public.block_change_queue (user_id, action, block_id, proposed_data, reason)"
            " values (%s, %s, %s, %s, 'A reason.') returning id",
            (block["user_id"], action, block["id"], Jsonb(data)),
        ).fetchone()
    assert row is not None
    return str(row[0])


def an_update(
    cli: Cli, url: str, label: str = "Rules", **changes: Any
) -> tuple[dict[str, Any], str]:
    block = add(cli, label)
    changes = changes or {"content": NEW}
    data = {"rule": "refresh", "blocks": [touched(block, "change")], "changes": changes}
    return block, propose(url, "update", block, data)


def test_proposals_are_listed_with_what_they_are_about(cli: Cli, database_url: str) -> None:
    block, proposal = an_update(cli, database_url)

    done = cli("review", "list")
    json_ = cli("review", "list", "--json")

    [row] = [line for line in done.out.splitlines() if proposal in line]
    assert row.split()[3:] == ["pending", "update", "Rules", "A", "reason."]
    assert done.err.startswith("1 proposal.\n")
    [value] = json_.values
    assert (value["id"], value["action"], value["status"]) == (proposal, "update", "pending")
    [one] = value["blocks"]
    assert (one["block_id"], one["label"], one["is_as_proposed"]) == (block["id"], "Rules", True)


def test_no_proposal_is_said_to_be_none(cli: Cli) -> None:
    assert cli("review", "list").err == "There are no such proposals.\n"
    assert cli("review", "list", "--json").out == ""
    assert cli("review", "approve", "--all", "--yes").err == "Nothing waits.\n"


def test_a_status_that_does_not_exist_is_refused(cli: Cli) -> None:
    done = cli("review", "list", "--status", "open", "--json")

    assert (done.code, done.error["code"]) == (2, "B100")


def test_a_proposal_is_shown_as_a_difference(cli: Cli, database_url: str) -> None:
    block, proposal = an_update(cli, database_url)

    done = cli("review", "show", proposal)

    assert done.code == 0
    assert f"  {block['id']}  “Rules”, version 1, is changed\n" in done.out
    assert done.out.endswith(
        "\n--- Rules\n+++ Rules\n@@ -1,3 +1,3 @@\n One.\n-Two.\n+Two and a half.\n Three.\n"
    )
    assert f"review approve {proposal}" in done.err
    value = cli("review", "show", proposal, "--json").value
    assert value["difference"][-4:] == [" One.", "-Two.", "+Two and a half.", " Three."]


def test_a_difference_is_coloured_on_a_terminal(cli: Cli, screen: Cli, database_url: str) -> None:
    _, proposal = an_update(cli, database_url)

    shown = screen("review", "show", proposal)

    assert "\x1b[31m-Two.\x1b[0m\n\x1b[32m+Two and a half.\x1b[0m\n" in shown.out
    assert "\n-Two.\n+Two and a half.\n" in unstyled(shown.out)


def test_a_text_in_a_difference_steers_no_terminal(
    cli: Cli, screen: Cli, database_url: str
) -> None:
    _, proposal = an_update(cli, database_url, content="One.\n\x1b[2JTwo.\u202e")

    shown = screen("review", "show", proposal)

    assert "\x1b[2J" not in shown.out
    assert "\u202e" not in shown.out
    assert "\\x1b[2JTwo." in shown.out


def test_a_merge_shows_what_happens_to_each_block(cli: Cli, database_url: str) -> None:
    one, other = add(cli, "One", "A.\nB."), add(cli, "Other", "A.\nC.")
    data = {
        "rule": "merge",
        "blocks": [touched(one, "merge"), touched(other, "merge")],
        "new": {"label": "One", "content": "A.\nB.\nC.", "meta_derived_from": one["id"]},
    }
    proposal = propose(database_url, "merge", one, data)

    shown = cli("review", "show", proposal)
    done = cli("review", "approve", proposal)

    assert shown.out.count("goes into the new block, and is archived") == 2
    assert "--- One\n+++ One\n" in shown.out
    assert "--- Other\n+++ One\n" in shown.out
    assert [line.split()[-1] for line in done.out.splitlines()] == [
        "(merge)",
        "active)",
        "archived)",
        "archived)",
    ]
    [made] = cli("block", "list", "--json").values
    assert (made["label"], made["content"]) == ("One", "A.\nB.\nC.")


def test_an_archiving_shows_the_text_that_goes(cli: Cli, database_url: str) -> None:
    block = add(cli, "Old one")
    data = {"rule": "archive", "blocks": [touched(block, "archive")]}
    proposal = propose(database_url, "delete", block, data)

    assert (
        "--- Old one\n+++ (archived)\n@@ -1,3 +0,0 @@\n-One.\n"
        in cli("review", "show", proposal).out
    )


def test_approving_and_rejecting_say_what_they_did(cli: Cli, database_url: str) -> None:
    block, first = an_update(cli, database_url)
    _, second = an_update(cli, database_url, "Others")

    approved = cli("review", "approve", first, "--json")
    rejected = cli("review", "reject", second, "--reason", "Not so.", "--json")

    assert approved.value["status"] == "applied"
    assert approved.value["changed"] == [{"id": block["id"], "version": 2, "status": "active"}]
    assert rejected.value["status"] == "rejected"
    assert cli("block", "show", block["id"], "--content").out == NEW
    [revision] = cli("block", "history", block["id"], "--json").values
    assert revision["proposal_id"] == first
    assert "because    Not so." in cli("review", "show", second).out
    statuses = [one["status"] for one in cli("review", "list", "--status", "all", "--json").values]
    assert sorted(statuses) == ["applied", "rejected"]


def test_a_block_that_moved_on_is_a_conflict_that_shows_both(cli: Cli, database_url: str) -> None:
    block, proposal = an_update(cli, database_url)
    assert cli("block", "edit", block["id"], "--content", "Mine.").code == 0

    shown = cli("review", "show", proposal)
    done = cli("review", "approve", proposal)
    json_ = cli("review", "approve", proposal, "--json")

    assert "it has moved on: it is at version 2" in shown.out
    assert done.code == json_.code == 5
    assert done.err.startswith("B405 ")
    assert "Two." in done.err
    assert "Mine." in done.err
    [yours], [theirs] = json_.error["details"]["yours"], json_.error["details"]["theirs"]
    assert (yours["version"], theirs["version"]) == (1, 2)
    assert cli("block", "show", block["id"], "--content").out == "Mine."


@pytest.mark.parametrize("command", ["show", "approve", "reject"])
def test_an_id_that_is_none_or_nobodys_is_refused(command: str, cli: Cli) -> None:
    assert cli("review", command, "nonsense", "--json").error["code"] == "B103"
    done = cli("review", command, NOWHERE, "--json")
    assert (done.code, done.error["code"]) == (4, "B304")


@pytest.mark.parametrize("command", ["approve", "reject"])
def test_ids_or_all_have_to_be_given_and_all_has_to_be_confirmed(
    command: str, cli: Cli, database_url: str
) -> None:
    _, proposal = an_update(cli, database_url)

    neither = cli("review", command)
    both = cli("review", command, proposal, "--all")
    unconfirmed = cli("review", command, "--all")

    for done in (neither, both, unconfirmed):
        assert (done.code, done.err[:5]) == (2, "B100 ")
    assert "Add --yes." in unconfirmed.err
    assert len(cli("review", "list", "--json").values) == 1


def test_several_are_decided_one_by_one_past_one_that_cannot_be(
    cli: Cli, database_url: str
) -> None:
    _, first = an_update(cli, database_url, "One")
    moved, second = an_update(cli, database_url, "Two")
    _, third = an_update(cli, database_url, "Three")
    assert cli("block", "edit", moved["id"], "--content", "Mine.").code == 0

    done = cli("review", "approve", "--all", "--yes", "--json")

    assert done.code == 5
    assert sorted(one["id"] for one in done.values) == sorted([first, third])
    assert done.error["details"]["proposal_id"] == second


def test_all_are_rejected_once_that_is_confirmed(shell: Shell, cli: Cli, database_url: str) -> None:
    for label in ("One", "Two"):
        an_update(cli, database_url, label)

    refused = shell.on_terminal("review", "reject", "--all", answers=[("[y/N]", "n\n")])
    done = shell.on_terminal("review", "reject", "--all", answers=[("[y/N]", "y\n")])

    assert "Reject 2 proposals? [y/N]" in refused.out
    assert (refused.code, done.code) == (130, 0)
    assert done.out.count("Rejected ") == 2
    assert cli("review", "list", "--json").values == []


@pytest.mark.parametrize("command", ["show", "approve", "reject"])
def test_what_is_no_id_of_a_proposal_names_the_command_that_prints_them(
    cli: Cli, command: str
) -> None:
    error = cli("review", command, "nope", "--json").error

    assert error["code"] == "B103"
    assert "`briefsmith review list`" in error["hint"]
    assert "block list" not in error["hint"]
