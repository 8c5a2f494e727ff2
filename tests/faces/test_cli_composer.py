"""Compose with a language model on loopback: which way it went is said, and a redirected brief is just the brief."""

import signal
from collections.abc import Generator
from time import monotonic, sleep

import pytest

from tests.faces.calls import Shell
from tests.faces.conftest import Cli
from tests.faces.test_cli_blocks import add
from tests.integration import chat_story as chat
from tests.integration.http_story import Server, never, serving, status
from tests.integration.stored import ask

INTENT = "Write the delivery page"
PLAN = {"title": "Delivery page", "outline": [{"text": "Say when.", "cites": ["B1"]}]}


@pytest.fixture
def chatting(monkeypatch: pytest.MonkeyPatch) -> Generator[Server]:
    monkeypatch.setenv("NO_PROXY", "*")
    with serving(chat.answers(PLAN)) as story:
        yield story


@pytest.fixture
def stocked(cli: Cli, chatting: Server, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """A store with a block, and a model."""
    add(cli, "Delivery", "Parcels leave on Tuesday.")
    monkeypatch.setenv("BRIEFSMITH_MODEL", "tiny")
    monkeypatch.setenv("BRIEFSMITH_MODEL_BASE_URL", chatting.url)
    return cli


def test_compose_names_the_model_that_made_the_outline_and_what_it_took(stocked: Cli) -> None:
    done = stocked("compose", INTENT)

    assert done.code == 0
    assert "\nTitle: “Delivery page”\n" in done.out
    assert "\n1. “Say when.” [B1]\n" in done.out
    assert "\nOutline by tiny-v2: 7 tokens in, 3 out, " in done.err


def test_requests_are_counted_where_there_were_several(stocked: Cli, chatting: Server) -> None:
    chatting.replies.append(chat.says("Well."))

    done = stocked("compose", INTENT)

    assert "Outline by tiny-v2: 14 tokens in, 6 out, " in done.err
    assert " s in 2 requests.\n" in done.err


def test_a_failing_model_is_told_and_the_brief_is_there(stocked: Cli, chatting: Server) -> None:
    chatting.replies.append(status(401))

    done = stocked("compose", INTENT)

    assert done.code == 0
    assert "1. “Parcels leave on Tuesday.” [B1]" in done.out
    assert "\nMade without a model (B606): tiny@127.0.0.1:" in done.err
    assert "does not accept the key (status 401).\n" in done.err


def test_no_model_is_asked_where_that_is_wanted(stocked: Cli, chatting: Server) -> None:
    done = stocked("compose", INTENT, "--no-model")
    value = stocked("compose", INTENT, "--no-model", "--json").value

    assert chatting.requests == []
    assert "\nMade without a model: --no-model says so.\n" in done.err
    assert (value["made_by"], value["model"], value["failure"]) == ("extraction", None, None)


def test_without_a_model_compose_says_so(stocked: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BRIEFSMITH_MODEL")
    monkeypatch.delenv("BRIEFSMITH_MODEL_BASE_URL")

    done = stocked("compose", INTENT)

    assert "\nMade without a model: BRIEFSMITH_MODEL is not set.\n" in done.err


def test_a_brief_without_blocks_says_why_no_model_was_asked(
    cli: Cli, chatting: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIEFSMITH_MODEL", "tiny")
    monkeypatch.setenv("BRIEFSMITH_MODEL_BASE_URL", chatting.url)

    done = cli("compose", INTENT)

    assert "\nMade without a model: there is no block to outline.\n" in done.err
    assert chatting.requests == []


def test_json_says_who_made_the_outline_and_why_no_model_did(
    stocked: Cli, chatting: Server
) -> None:
    made = stocked("compose", INTENT, "--json").value
    chatting.replies.append(chat.says(None, refusal="No."))
    failed = stocked("compose", INTENT, "--json").value

    assert (made["made_by"], made["model"], made["failure"]) == ("model", "tiny-v2", None)
    assert (made["usage"]["input_tokens"], made["usage"]["requests"]) == (7, 1)
    assert made["brief"]["by_model"]["title"] == "Delivery page"
    assert made["dropped"] == 0
    assert (failed["made_by"], failed["failure"]["code"]) == ("extraction", "B703")
    kept = stocked("brief", "show", failed["id"], "--json").value["composition"]
    assert (kept["made_by"], kept["failure"]) == ("extraction", failed["failure"])
    said = stocked("brief", "show", failed["id"], "--explain").err
    assert f"Made without a model (B703): {failed['failure']['sentence']}\n" in said
    assert failed["brief"]["by_model"] is None
    assert failed["usage"]["requests"] == 1


def test_a_redirected_brief_is_the_brief_and_nothing_else(shell: Shell, stocked: Cli) -> None:
    done = shell.run("compose", INTENT)

    *_, brief_id = done.err.split()
    assert done.out == stocked("brief", "show", brief_id).out
    assert "Blocks used" in done.err


def test_on_a_terminal_the_tables_stand_below_the_brief(shell: Shell, stocked: Cli) -> None:
    assert stocked("block", "list").code == 0

    seen = shell.on_terminal("compose", INTENT).out

    brief, _, tables = seen.partition("Blocks used")
    assert "# Brief" in brief
    assert "Made without a model: BRIEFSMITH_MODEL is not set." in tables


def test_ctrl_c_while_the_model_thinks_stores_nothing(
    shell: Shell, stocked: Cli, chatting: Server, database_url: str
) -> None:
    chatting.replies.append(never)
    before = ask(database_url, "select count(*) from public.events")
    asking = shell.having(
        BRIEFSMITH_MODEL="tiny", BRIEFSMITH_MODEL_BASE_URL=chatting.url, NO_PROXY="*"
    )

    with asking.start("compose", INTENT) as process:
        try:
            until = monotonic() + 60
            while not chatting.requests and monotonic() < until:
                sleep(0.01)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()

    assert process.returncode == 130
    assert (out, b"Traceback" in err) == (b"", False)
    assert ask(database_url, "select count(*) from public.task_briefs") == [(0,)]
    assert ask(database_url, "select count(*) from public.agent_messages") == [(0,)]
    assert ask(database_url, "select count(*) from public.events") == before
    assert stocked("block", "list").code == 0
