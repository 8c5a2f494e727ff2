"""`agents`: runs, what they did, and the queue."""

import json

from tests.faces.conftest import Cli

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
