"""The commands that run a brief: what is shown where, what is refused, and what an interruption leaves."""

import os
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any, TextIO

import psycopg
import pytest

from briefsmith.faces.cli.main import run
from tests.faces.calls import Outcome, Shell
from tests.faces.conftest import Cli
from tests.faces.test_cli_blocks import NOWHERE, add
from tests.faces.test_cli_errors import assert_refused
from tests.integration import chat_story as chat
from tests.integration.http_story import Server, serving, status

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TEXT = "# Plan \x1b[31m\n\nSell brushes."
STORY = chat.streams(
    chat.chunk("# Plan \x1b"),
    chat.chunk("[31m\n\nSell brushes."),
    chat.chunk(finish="stop"),
    chat.USED,
    chat.DONE,
)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Generator[Server]:
    """A model that the environment names."""
    with serving(STORY) as story:
        monkeypatch.setenv("BRIEFSMITH_MODEL", "tiny")
        monkeypatch.setenv("BRIEFSMITH_MODEL_BASE_URL", story.url)
        yield story


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Generator[Server]:
    with serving(status(204)) as story:
        monkeypatch.setenv("BRIEFSMITH_WEBHOOK_SECRET", SECRET)
        monkeypatch.setenv("BRIEFSMITH_WEBHOOK_ALLOW_PRIVATE", "1")
        yield story


@pytest.fixture
def brief_id(cli: Cli) -> str:
    add(cli, "Brushes", "A brush has a handle.")
    return cli("compose", "Sell brushes", "--json").value["id"]


def outputs(url: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(
            "select agent_type, content from public.task_brief_outputs order by created_at"
        ).fetchall()


def test_a_run_prints_the_text_alone_and_says_the_rest_beside_it(
    cli: Cli, brief_id: str, model: Server
) -> None:
    done = cli("brief", "run", brief_id)

    assert (done.code, done.out) == (0, TEXT)
    host = model.url.removeprefix("http://").removesuffix("/v1")
    first, second, third, last = done.err.splitlines()
    assert first == "The brief is not published: what it says may change yet."
    assert second.startswith("The brief has no configuration")
    assert third == f"Asking tiny@{host} for markdown."
    assert last.startswith("Stored as output ")
    assert "7 tokens in, 3 out" in last


def test_a_run_as_json_is_one_document(cli: Cli, brief_id: str, model: Server) -> None:
    done = cli("brief", "run", brief_id, "--json")

    assert (done.code, done.err) == (0, "")
    found = done.value
    assert found["content"] == TEXT
    assert (found["task_brief_id"], found["config_id"]) == (brief_id, None)
    assert (found["output_type"], found["agent_type"]) == ("markdown", "runner")
    assert found["usage"]["input_tokens"] == 7
    assert (found["is_cut_off"], found["is_published"], found["delivery"]) == (False, False, None)
    assert found["model"].startswith("tiny@")


def test_configurations_are_made_listed_and_taken(cli: Cli, brief_id: str, model: Server) -> None:
    words = ["--model", "large", "--temperature", "0", "--max-tokens", "9", "--notes", "Be short."]
    made = cli("brief", "configure", brief_id, *words, "--format", "text_response", "--json").value
    second = cli("brief", "configure", brief_id)
    listed = cli("brief", "configs", brief_id, "--json").values
    table = cli("brief", "configs", brief_id)

    assert [one["id"] for one in listed] == [second.out.split()[2].rstrip("."), made["id"]]
    assert listed[1] == made
    assert (made["temperature"], made["max_tokens"], made["receiver"]) == (0.0, 9, None)
    assert "brief run" in second.out
    assert table.out.splitlines()[2].split()[3:7] == ["text_response", "0", "9", "large"]
    assert table.err == "2 configurations.\n"

    done = cli("brief", "run", brief_id, "--config", made["id"], "--no-stream")
    assert done.code == 76  # the story streams, and was not asked to
    assert model.requests[0].payload["model"] == "large"
    assert not model.requests[0].payload.get("stream")


def test_outputs_are_listed_and_printed(cli: Cli, brief_id: str, model: Server) -> None:
    stored = cli("brief", "run", brief_id, "--json").value

    table = cli("brief", "outputs", brief_id)
    newest, composed = cli("brief", "outputs", brief_id, "--json").values
    shown = cli("brief", "outputs", brief_id, "--show", stored["id"])
    value = cli("brief", "outputs", brief_id, "--show", stored["id"], "--json").value

    assert table.out.splitlines()[1].split() == [
        stored["id"],
        *table.out.splitlines()[1].split()[1:3],
        "markdown",
        "runner",
        str(len(TEXT)),
    ]
    assert table.err == "2 outputs.\n"
    assert (newest["id"], newest["size_bytes"]) == (stored["id"], len(TEXT))
    assert composed["agent_type"] == "composer"
    assert shown.out == TEXT
    assert value["content"] == TEXT


def test_a_file_is_written_whole_and_not_in_the_place_of_another(
    cli: Cli, brief_id: str, model: Server, bare: Path
) -> None:
    first = cli("brief", "run", brief_id, "--receiver", "out.md")
    again = cli("brief", "run", brief_id, "--receiver", "out.md")
    asked = len(model.requests)
    replaced = cli("brief", "run", brief_id, "--receiver", "out.md", "--overwrite", "--json")

    assert (first.code, first.out) == (0, "")
    assert first.err.splitlines()[-1] == "Delivered to the file out.md."
    assert (bare / "out.md").read_bytes() == TEXT.encode()
    assert again.code == 2
    assert again.err.startswith("B108 There is a file out.md already.\n")
    assert asked == 1
    assert replaced.value["delivery"]["receiver"] == "file"


def test_a_file_of_a_configuration_is_the_same_wherever_it_is_run(
    cli: Cli, brief_id: str, model: Server, bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("brief", "configure", brief_id, "--receiver", "out.md")
    (bare / "elsewhere").mkdir()
    monkeypatch.chdir(bare / "elsewhere")

    assert cli("brief", "run", brief_id).code == 0

    assert (bare / "out.md").read_bytes() == TEXT.encode()


def test_an_output_that_was_not_taken_is_kept_and_sent_again(
    cli: Cli, brief_id: str, model: Server, webhook: Server
) -> None:
    webhook.replies.append(status(400))
    refused = cli("brief", "run", brief_id, "--receiver", webhook.url, "--json")
    output_id = refused.error["details"]["output_id"]

    sent = cli("brief", "deliver", output_id, "--receiver", webhook.url)
    value = cli("brief", "deliver", output_id, "--receiver", webhook.url, "--json").value
    printed = cli("brief", "deliver", output_id)

    assert (refused.code, refused.error["code"], refused.out) == (75, "B608", "")
    assert f"brief deliver {output_id} --receiver" in refused.error["hint"]
    host = webhook.url.removeprefix("http://").removesuffix("/v1")
    assert (sent.code, sent.out, sent.err) == (0, "", f"Delivered to the webhook {host}.\n")
    assert (value["id"], value["delivery"]["receiver"]) == (output_id, "webhook")
    assert printed.out == TEXT
    assert len({request.headers["webhook-id"] for request in webhook.requests}) == 1
    assert len(webhook.requests) == 3


def test_on_a_terminal_the_text_steers_nothing(screen: Cli, brief_id: str, model: Server) -> None:
    done = screen("brief", "run", brief_id)

    assert (done.code, done.out) == (0, "# Plan \\x1b[31m\n\nSell brushes.\n")


def test_the_text_comes_as_it_is_made_and_ctrl_c_stores_nothing(
    shell: Shell, brief_id: str, model: Server, database_url: str
) -> None:
    model.usual = chat.streams_and_hangs(chat.chunk("Half a line"))
    there = shell.having(BRIEFSMITH_MODEL="tiny", BRIEFSMITH_MODEL_BASE_URL=model.url)
    before = outputs(database_url)

    done = there.on_terminal("brief", "run", brief_id, answers=[("Half a line", "\x03")])

    assert done.code == 130
    assert "Interrupted" in done.out
    assert outputs(database_url) == before


def run_into(stream: TextIO, monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Runs a command in this process, with this standard output."""
    with monkeypatch.context() as there:
        there.setattr(sys, "stdout", stream)
        return run(words)


def test_a_reader_who_leaves_does_not_lose_what_was_paid_for(
    cli: Cli, brief_id: str, model: Server, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = os.pipe()
    os.close(reading)

    with os.fdopen(writing, "w") as broken:
        code = run_into(broken, monkeypatch, "brief", "run", brief_id)

    assert code == 0
    assert outputs(database_url)[-1] == ("runner", TEXT)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_does_not_lose_it_either(
    cli: Cli,
    brief_id: str,
    model: Server,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        code = run_into(full, monkeypatch, "brief", "run", brief_id)

    assert code == 75
    assert "B602 There is no room to write the output." in capsys.readouterr().err
    assert outputs(database_url)[-1] == ("runner", TEXT)


def test_a_cut_stream_says_so_and_stores_nothing(
    cli: Cli, brief_id: str, model: Server, database_url: str
) -> None:
    model.usual = chat.streams(chat.chunk("Half"))
    before = outputs(database_url)

    done = cli("brief", "run", brief_id)

    assert (done.code, done.out) == (75, "Half")
    assert "\nB606 " in done.err
    assert outputs(database_url) == before


BAD: list[tuple[list[str], str, int]] = [
    (["configure", "ID", "--temperature", "2.1"], "B100", 2),
    (["configure", "ID", "--temperature", "-0.1"], "B100", 2),
    (["configure", "ID", "--temperature", "nan"], "B100", 2),
    (["configure", "ID", "--temperature", "inf"], "B100", 2),
    (["configure", "ID", "--temperature", "warm"], "B100", 2),
    (["configure", "ID", "--max-tokens", "0"], "B100", 2),
    (["configure", "ID", "--max-tokens", "-1"], "B100", 2),
    (["configure", "ID", "--max-tokens", "2147483648"], "B100", 2),
    (["configure", "ID", "--max-tokens", "9" * 5000], "B100", 2),
    (["configure", "ID", "--max-tokens", "1.5"], "B100", 2),
    (["configure", "ID", "--format", "poem"], "B100", 2),
    (["configure", "ID", "--model", ""], "B100", 2),
    (["configure", "ID", "--receiver", "ftp://x"], "B108", 2),
    (["configure", "ID", "--receiver", "https://me:hunter2@hook.example/"], "B108", 2),
    (["configure", "ID", "--receiver", "folder/"], "B108", 2),
    (["configure", "7"], "B103", 2),
    (["configure", NOWHERE], "B302", 4),
    (["configs", NOWHERE], "B302", 4),
    (["outputs", NOWHERE], "B302", 4),
    (["outputs", "ID", "--show", NOWHERE], "B300", 4),
    (["outputs", "ID", "--show", "7"], "B103", 2),
    (["outputs", "ID", "--limit", "0"], "B100", 2),
    (["deliver", NOWHERE], "B300", 4),
    (["deliver", "7"], "B103", 2),
    (["deliver", NOWHERE, "--receiver", "gopher://x"], "B108", 2),
    (["run", NOWHERE], "B302", 4),
    (["run", "ID", "--config", NOWHERE], "B303", 4),
    (["run", "ID", "--config", "7"], "B103", 2),
    (["run", "ID", "--receiver", "https://hook.example/"], "B105", 2),
    (["run", "ID", "--receiver", "none/out.md"], "B108", 2),
    (["run", "ID"], "B105", 2),
]


def test_bad_input_gets_a_sentence_and_stores_nothing(
    cli: Cli, brief_id: str, database_url: str
) -> None:
    before = outputs(database_url)

    for words, code, exit_code in BAD:
        put = ["brief", *(brief_id if word == "ID" else word for word in words)]
        told: Outcome = assert_refused(cli, put, code, exit_code)
        assert "hunter2" not in told.err

    assert outputs(database_url) == before
    assert cli("brief", "configs", brief_id, "--json").values == []
