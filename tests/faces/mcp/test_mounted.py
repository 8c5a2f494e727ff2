"""The same server over HTTP, mounted by who knows whose each request is."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest
from fastmcp.server.dependencies import get_http_request
from fastmcp.utilities.tests import asgi_client

from briefsmith.config import Settings
from briefsmith.errors import NotAuthenticated
from briefsmith.faces.mcp.app import make_mcp
from briefsmith.faces.mcp.asking import Asker, Server
from briefsmith.postgres.database import Database
from briefsmith.postgres.session import Actor
from briefsmith.runtime import Store
from tests.faces.mcp.agent import Agent
from tests.integration.stored import ask, new_person


@pytest.fixture
def mounted(database: Database, database_url: str) -> tuple[Server, UUID]:
    """A server that takes people at their word, and the id of a second person."""
    store = Store(Settings(home=Path("/nowhere")), database)
    other = new_person(database_url)

    async def who() -> Asker:
        headers = get_http_request().headers
        known = {"one": database.user_id, "other": other.user_id}
        person = known.get(headers.get("x-person", ""))
        if person is None:
            message = "Nobody is known to be asking."
            raise NotAuthenticated(message)
        may_write = "x-reads-only" not in headers
        return Asker(store, Actor(person), may_write=may_write)

    return make_mcp(who), other.user_id


@asynccontextmanager
async def _agent(server: Server, **headers: str) -> AsyncGenerator[Agent]:
    named = {f"x-{name.replace('_', '-')}": value for name, value in headers.items()}
    opened = cast("Any", asgi_client(server, headers=named))
    async with opened as client:
        yield Agent(client)


async def test_each_request_reaches_its_own_persons_blocks(
    mounted: tuple[Server, UUID], database_url: str
) -> None:
    server, other = mounted
    async with _agent(server, person="one") as agent:
        await agent.done("add_block", label="Mine", content="Parcels leave on Tuesday.")
    async with _agent(server, person="other") as agent:
        await agent.done("add_block", label="Mine", content="Parcels leave on Friday.")

    rows = ask(database_url, "select user_id, content from context_blocks order by content")

    assert [(row[0] == other, row[1]) for row in rows] == [
        (True, "Parcels leave on Friday."),
        (False, "Parcels leave on Tuesday."),
    ]


async def test_a_key_that_only_reads_writes_nothing(mounted: tuple[Server, UUID]) -> None:
    async with _agent(mounted[0], person="one", reads_only="yes") as agent:
        found = await agent.done("find_context", question="parcels")
        refused = [
            await agent.call("add_block", label="a", content="b"),
            await agent.call("compose_brief", intent="a"),
        ]

        assert found.values["items"] == []
        assert [told.code for told in refused] == ["B200", "B200"]


async def test_who_is_nobody_gets_nothing(mounted: tuple[Server, UUID]) -> None:
    async with _agent(mounted[0]) as agent:
        told = await agent.call("find_context", question="parcels")
        listed = await agent.client.list_resources()

        assert told.code == "B201"
        assert listed == []
