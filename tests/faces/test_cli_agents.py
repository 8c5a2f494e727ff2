"""`agents`: runs, what they did, and the queue."""

import json
from pathlib import Path

import pytest

from tests.faces.conftest import Cli
from tests.integration.stored import ask, new_person, tell

NAMES = ["analyzer", "observer", "block_manager"]
LISTED = ["analyzer", "observer", "researcher", "block_manager"]


def test_agents_run_in_their_order_and_nothing_they_did_is_hidden(cli: Cli) -> None:
    assert cli("block", "add", "--label", "Tea", "--content", "We drink tea at four.").code == 0

    done = cli("agents", "run", "--json")
    log = [json.loads(line) for line in cli("agents", "log", "--json").out.splitlines()]
    listed = [json.loads(line) for line in cli("agents", "list", "--json").out.splitlines()]

    outcomes = [json.loads(line) for line in done.out.splitlines()]
    assert done.code == 0
    assert [(one["agent"], one["status"]) for one in outcomes] == [
        (name, "succeeded") for name in NAMES
    ]
    assert [one["agent_type"] for one in log] == NAMES[::-1]
    assert [one["name"] for one in listed] == LISTED
    ran = {one["name"] for one in listed if one["last_run"]}
    assert ran == set(NAMES), "the researcher runs where it is named"


def test_one_agent_runs_alone_and_the_table_says_what_it_did(cli: Cli) -> None:
    done = cli("agents", "run", "observer")
    log = cli("agents", "log", "--agent", "observer")

    assert done.code == 0
    assert done.out.splitlines()[1].split()[:2] == ["observer", "ok"]
    assert "analyzer" not in done.out
    assert log.out.splitlines()[1].split()[2:4] == ["observer", "ok"]


def test_an_agent_that_there_is_not_is_refused_before_any_runs(cli: Cli) -> None:
    done = cli("agents", "run", "observer", "nobody")

    assert done.code == 2
    assert "B109" in done.err
    assert "block_manager" in done.err
    assert cli("agents", "log").err == "No agent has run yet.\n"
    assert (
        cli("agents", "log", "--agent", "block-manager").err == "block_manager has not run yet.\n"
    )
    assert cli("agents", "log", "--agent", "nobody").code == 2


def test_a_queued_run_is_done_by_a_worker(cli: Cli) -> None:
    queued = cli("agents", "defer", "observer", "--json")
    done = cli("agents", "work", "--once", "--json")
    again = cli("agents", "work", "--once", "--json")

    assert queued.value == {"queued": 1}
    [outcome] = [json.loads(line) for line in done.out.splitlines()]
    assert (outcome["agent"], outcome["status"]) == ("observer", "succeeded")
    assert again.out == ""


def test_a_time_that_cron_would_not_understand_is_refused(cli: Cli) -> None:
    done = cli("agents", "work", "--once", "--at", "at night")

    assert done.code == 2
    assert "cron" in done.err


def test_a_worker_for_everybody_needs_the_name_of_nobody(
    cli: Cli, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = new_person(database_url).user_id
    [(first,)] = ask(database_url, "select id from auth.users where id <> %s", other)
    for person in (first, other):
        monkeypatch.setenv("BRIEFSMITH_USER", str(person))
        assert cli("agents", "defer", "observer").code == 0
    monkeypatch.delenv("BRIEFSMITH_USER")

    asked = cli("agents", "work", "--once")
    done = cli("agents", "work", "--once", "--everybody", "--json")

    assert (asked.code, asked.err[:4]) == (3, "B202")
    outcomes = [json.loads(line) for line in done.out.splitlines()]
    assert done.code == 0
    assert [(one["user_id"], one["status"]) for one in outcomes] == [
        (str(first), "succeeded"),
        (str(other), "succeeded"),
    ]


def test_a_queued_run_that_is_given_up_is_told_in_log_and_list(cli: Cli, database_url: str) -> None:
    assert cli("agents", "list").code == 0
    tell(
        database_url,
        "insert into public.agent_sessions (user_id, agent_type, status, inputs, metadata)"
        " select id, 'observer', 'failed', '{}', %s from auth.users",
        json.dumps({"error": "B606", "message": "Away.", "given_up": True}),
    )

    log, listed = cli("agents", "log"), cli("agents", "list")

    assert log.out.splitlines()[1].split("  ")[2:4] == ["given up", "B606 Away."]
    [line] = [line for line in listed.out.splitlines() if "given up" in line]
    assert line.startswith("observer")


def test_a_host_that_is_none_stops_the_researcher_and_says_where_it_stands(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIEFSMITH_FETCH_ALLOW", "*.example.com")

    done = cli("agents", "run", "researcher", "--json")

    assert (done.code, done.value["status"]) == (1, "failed")
    assert done.value["error"]["code"] == "B105"
    assert "BRIEFSMITH_FETCH_ALLOW" in done.value["error"]["message"]


def test_a_block_from_a_file_that_may_be_renewed_is_and_a_page_is_asked_only_where_allowed(
    cli: Cli, bare: Path
) -> None:
    file = bare / "prices.md"
    file.write_text("# Prices\n\nFree from 40 EUR.\n", encoding="utf-8")
    assert cli("import", str(file)).code == 0
    block = cli("block", "list", "--json").value["id"]
    assert cli("block", "edit", block, "--refreshable").code == 0
    notes = "source: https://site.example/prices.md"
    added = ("--label", "Page", "--content", "Old.", "--refreshable", "--notes", notes)
    page = cli("block", "add", *added, "--json").value["id"]
    file.write_text("# Prices\n\nFree from 60 EUR.\n", encoding="utf-8")

    done = cli("agents", "run", "researcher", "--json").value

    assert done["counts"] == {"applied": 1, "skipped": 1}
    assert cli("block", "show", block, "--json").value["content"] == "Free from 60 EUR."
    assert page in done["notes"][0]
    assert "site.example is not in BRIEFSMITH_FETCH_ALLOW" in done["notes"][0]
    assert cli("block", "edit", page, "--not-refreshable").code == 0
    assert cli("agents", "run", "researcher", "--json").value["counts"] == {"unchanged": 1}
