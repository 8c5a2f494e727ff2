"""Agents at `/mcp` of the real server: whose request each is, what a key may do, and who gives tokens."""

import json
import os
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport

from tests.conftest import Server
from tests.faces.calls import Shell
from tests.faces.mcp.agent import Agent
from tests.faces.mcp.test_listing import TOOLS
from tests.faces.server.asked import ISSUER, SECRET, new_person, signed_in
from tests.faces.server.process import served

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
ACCEPT = {"Accept": "application/json, text/event-stream"}
METADATA = "/.well-known/oauth-protected-resource"


@dataclass(frozen=True)
class Place:
    """A server that wants tokens."""

    address: str
    url: str
    ann: UUID
    bob: UUID


@pytest.fixture(scope="module")
def place(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Generator[Place]:
    url = server.migrated_database()
    people = [new_person(url, f"{name}@localhost") for name in ("ann", "bob")]
    folder = tmp_path_factory.mktemp("served")
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "BRIEFSMITH_DATABASE_URL": url,
        "BRIEFSMITH_JWT_SECRET": SECRET,
        "BRIEFSMITH_JWT_ISSUER": ISSUER,
    }
    with served(Shell(variables, folder)) as address:
        yield Place(address, url, *people)
    server.drop(url)


@asynccontextmanager
async def agent_at(address: str, headers: dict[str, str]) -> AsyncGenerator[Agent]:
    transport = StreamableHttpTransport(f"{address}/mcp", headers=headers)
    async with Client(transport) as client:
        yield Agent(client)


async def posted(place: Place, path: str, **more: Any) -> httpx.Response:
    """What Ann's request is answered with."""
    async with httpx.AsyncClient() as client:
        return await client.post(place.address + path, headers=signed_in(place.ann), **more)


async def test_every_tool_resource_and_prompt_answers_over_http(place: Place) -> None:
    async with agent_at(place.address, signed_in(place.ann)) as agent:
        tools = await agent.client.list_tools()
        added = await agent.done("add_block", label="Delivery", content="Parcels leave on Tuesday.")
        accepted = await posted(place, f"/v1/blocks/{added.values['block_id']}/accept")
        found = await agent.done("find_context", question="When do parcels leave?")
        block_id = found.values["items"][0]["block_id"]
        read = await agent.done("read_block", block_id=block_id)
        proposed = await agent.done(
            "propose_change",
            block_id=block_id,
            version=read.values["version"],
            content="Parcels leave daily.",
            reason="As the person said.",
        )
        made = await agent.done("compose_brief", intent="Write the delivery page")
        brief = await agent.done("read_brief", brief_id=made.values["brief_id"])
        judged = await agent.done("give_feedback", brief_id=made.values["brief_id"], success=True)
        resource = await agent.read(f"block://{block_id}")
        prompts = await agent.client.list_prompts()

    assert [tool.name for tool in tools] == list(TOOLS)
    assert accepted.status_code == 200
    assert read.values["text"] == "Parcels leave on Tuesday."
    assert proposed.values["outcome"] == "proposed"
    assert brief.values["markdown"] == made.values["markdown"]
    assert judged.values["success"] is True
    assert "Parcels leave on Tuesday." in resource
    assert len(prompts) > 3
    assert agent.progress


async def test_nobody_reaches_what_is_anothers(place: Place) -> None:
    async with agent_at(place.address, signed_in(place.ann)) as agent:
        added = await agent.done("add_block", label="Secret", content="Ann's secret recipe.")
    block_id = added.values["block_id"]

    async with agent_at(place.address, signed_in(place.bob)) as agent:
        read = await agent.call("read_block", block_id=block_id)
        found = await agent.done("find_context", question="secret recipe")
        changed = await agent.call(
            "propose_change", block_id=block_id, version=1, content="x", reason="y"
        )

    assert (read.code, changed.code) == ("B301", "B301")
    assert found.values["items"] == []


async def test_a_key_that_may_only_look_writes_nothing(place: Place) -> None:
    made = (await posted(place, "/v1/keys", json={"name": "looks", "scope": "read"})).json()

    async with agent_at(place.address, {"Authorization": f"Bearer {made['key']}"}) as agent:
        found = await agent.call("find_context", question="parcels")
        refused = [
            await agent.call("add_block", label="Mine", content="x"),
            await agent.call("compose_brief", intent="x"),
        ]

    assert not found.is_error
    assert [told.code for told in refused] == ["B200", "B200"]
    with psycopg.connect(place.url) as connection:
        row = connection.execute("select count(*) from context_blocks where label = 'Mine'")
        assert row.fetchone() == (0,)


@pytest.mark.parametrize("kind", ["none", "expired", "forged", "unknown key"])
def test_who_is_nobody_is_told_who_gives_tokens(place: Place, kind: str) -> None:
    headers = {
        "none": {},
        "expired": signed_in(place.ann, exp=int(time.time()) - 3600),
        "forged": {"Authorization": signed_in(place.ann)["Authorization"][:-4] + "AAAA"},
        "unknown key": {"Authorization": "Bearer bsk_" + "a" * 43},
    }[kind]

    refused = httpx.post(f"{place.address}/mcp", json=PING, headers={**ACCEPT, **headers})

    told = f'resource_metadata="{place.address}{METADATA}/mcp"'
    assert refused.status_code == 401
    assert told in refused.headers["www-authenticate"]
    for path in (METADATA, f"{METADATA}/mcp"):
        assert httpx.get(f"{place.address}{path}").json() == {
            "resource": f"{place.address}/mcp",
            "authorization_servers": [ISSUER],
            "bearer_methods_supported": ["header"],
            "resource_name": "Briefsmith",
        }


def test_the_limits_and_the_log_of_the_server_hold_for_agents_too(place: Place) -> None:
    headers = {**ACCEPT, **signed_in(place.ann), "Content-Type": "application/json"}
    large = b" " * 16_000_001

    def chunks() -> Generator[bytes]:
        yield large

    told = httpx.post(f"{place.address}/mcp", content=large, headers=headers)
    untold = httpx.post(f"{place.address}/mcp", content=chunks(), headers=headers)
    broken = httpx.post(f"{place.address}/mcp", content=b"{", headers=headers)
    looked = httpx.get(f"{place.address}/mcp", headers=headers)
    listed = httpx.get(f"{place.address}/metrics").text

    assert [one.status_code for one in (told, untold)] == [413, 413]
    assert (broken.status_code, looked.status_code) == (400, 405)
    assert 'route="/mcp"' in listed


def test_a_server_of_one_user_wants_no_token_and_takes_no_page_of_another_origin(
    shell: Shell,
) -> None:
    with served(shell) as address:
        answered = httpx.post(f"{address}/mcp", json=PING, headers=ACCEPT)
        elsewhere = httpx.post(
            f"{address}/mcp", json=PING, headers={**ACCEPT, "Origin": "https://evil.example"}
        )
        renamed = httpx.post(
            f"{address}/mcp", json=PING, headers={**ACCEPT, "Host": "evil.example"}
        )
        metadata = httpx.get(f"{address}{METADATA}")

    assert answered.status_code == 200
    assert _message(answered)["result"] == {}
    assert (elsewhere.status_code, renamed.status_code, metadata.status_code) == (403, 403, 404)


def _message(answered: httpx.Response) -> dict[str, Any]:
    lines = [line for line in answered.text.splitlines() if line.startswith("data:")]
    return json.loads(lines[-1].removeprefix("data:"))
