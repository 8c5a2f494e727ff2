"""The process: nothing but the protocol on standard output, and an end that is clean."""

import json
import os
import select
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from briefsmith.postgres.embedded import stop_server
from tests.faces.calls import COMMAND, PATIENCE_SECONDS, Shell
from tests.faces.mcp.agent import agent_on

OPENING = (
    {
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    },
    {"method": "notifications/initialized"},
)
COMPOSE = {
    "id": 3,
    "method": "tools/call",
    "params": {"name": "compose_brief", "arguments": {"intent": "Parcels"}},
}


def lines(*messages: dict[str, Any]) -> bytes:
    return b"".join(json.dumps({"jsonrpc": "2.0", **one}).encode() + b"\n" for one in messages)


@contextmanager
def started(shell: Shell, *options: str) -> Generator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [*COMMAND, "mcp", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(shell.environment),
        cwd=shell.folder,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def say(process: subprocess.Popen[bytes], *messages: dict[str, Any]) -> None:
    assert process.stdin is not None
    process.stdin.write(lines(*messages))
    process.stdin.flush()


def hear(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    assert process.stdout is not None
    assert select.select([process.stdout], [], [], PATIENCE_SECONDS)[0]
    return json.loads(process.stdout.readline())


def test_all_that_was_asked_is_answered_when_the_input_ends(shell: Shell) -> None:
    # A folder like this one may be anybody's, and clients start servers in it.
    (shell.folder / ".env").write_text("FASTMCP_LOG_LEVEL=nonsense\nFASTMCP_LOG_ENABLED=1\n")
    asked = lines(*OPENING, {"id": 2, "method": "tools/list"}, COMPOSE)

    done = shell.run("mcp", stdin=asked + b"this is no message\n")

    answers = {one["id"]: one for one in done.values if "id" in one}
    assert done.code == 0
    assert done.err == ""
    assert answers[1]["result"]["serverInfo"]["name"] == "briefsmith"
    assert len(answers[2]["result"]["tools"]) == 7
    assert answers[3]["result"]["structuredContent"]["state"] == "draft"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_as_the_end_of_the_input_does(
    shell: Shell, number: signal.Signals
) -> None:
    with started(shell) as process:
        say(process, *OPENING)
        hear(process)
        say(process, COMPOSE)
        hear(process)

        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE_SECONDS)

    assert (process.returncode, out, err) == (0, b"", b"")


def test_a_client_that_is_gone_ends_it_without_a_word(shell: Shell) -> None:
    with started(shell) as process:
        say(process, *OPENING)
        hear(process)
        assert process.stdout is not None
        process.stdout.close()
        say(process, {"id": 2, "method": "tools/list"})
        assert process.stdin is not None
        process.stdin.close()

        assert process.wait(PATIENCE_SECONDS) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""


async def test_two_agents_work_on_one_embedded_store_be_they_there_before_it(
    shell_without_store: Shell, tmp_path: Path
) -> None:
    shell = shell_without_store
    try:
        async with (
            agent_on(shell.environment, tmp_path, "--apply", name="One") as one,
            agent_on(shell.environment, tmp_path, "--apply", name="Other") as other,
        ):
            early = await one.call("find_context", question="opening hours")
            assert shell.run("init").code == 0
            added = await one.done("add_block", label="Opening hours", content="Nine to five.")
            found = await other.done("find_context", question="opening hours")
            block_id = found.values["items"][0]["block_id"]
            changed = await other.done(
                "propose_change", block_id=block_id, version=1, content="Nine to six.", reason="r"
            )
            read = await one.done("read_block", block_id=block_id, history=True)
    finally:
        stop_server(Path(shell.environment["BRIEFSMITH_HOME"]))

    assert early.code == "B803"
    assert "Run `briefsmith init`. Only the person can run that" in early.text
    assert added.values["awaits_review"] is False
    assert changed.values["outcome"] == "applied"
    assert (read.values["text"], read.values["version"]) == ("Nine to six.", 2)
    [before] = read.values["history"]
    assert before["changed_by"] == "agent:mcp:other"


def test_where_the_package_is_missing_the_command_says_what_to_install(
    shell_without_store: Shell, tmp_path: Path
) -> None:
    broken = tmp_path / "fastmcp.py"
    broken.write_text("raise ImportError('no fastmcp')\n")

    done = shell_without_store.having(PYTHONPATH=str(tmp_path)).run("mcp")

    assert done.code == 2
    assert done.out == ""
    assert "pip install 'briefsmith[mcp]'" in done.err
    assert os.path.exists(broken)  # noqa: PTH110  it was this one that was found
