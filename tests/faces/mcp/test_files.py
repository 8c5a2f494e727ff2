"""Files at the addresses that briefs name them by."""

import base64
import io
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from fastmcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import BlobResourceContents

from briefsmith.config import Settings
from briefsmith.faces.mcp.answers import PAGE_CHARS
from briefsmith.faces.mcp.app import make_mcp
from briefsmith.faces.mcp.asking import Asker
from briefsmith.models.block_files import BlockFile
from briefsmith.operations.file_intake import spooled
from briefsmith.operations.files import add_file, remove_file
from briefsmith.postgres.database import Database
from briefsmith.postgres.session import Actor
from briefsmith.runtime import Store
from briefsmith.schemas.files import NewFile
from tests.faces.mcp.agent import Agent
from tests.faces.mcp.test_material import HOSTILE, STEERING, fenced, outside
from tests.integration.stored import NO_ID

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
Own = tuple[Agent, Store]


@pytest.fixture
async def own(database: Database, tmp_path: Path) -> AsyncGenerator[Own]:
    """An agent with the server in this process, and a folder for files."""
    store = Store(Settings(home=tmp_path), database)

    async def who() -> Asker:
        return Asker(store, Actor(database.user_id))

    async with Client[Any](make_mcp(who)) as client:
        yield Agent(client), store


async def add(store: Store, data: bytes, name: str = "x.txt", **fields: Any) -> BlockFile:
    new = NewFile.model_validate({"label": "Prices", **fields})
    with spooled(io.BytesIO(data), name, store.file_limits) as copy:
        async with store.session() as session:
            return await add_file(session, store.files, copy, new, store.file_limits)


@pytest.mark.parametrize("name", sorted(HOSTILE.keys() - {"terminal", "lines"}))
async def test_a_text_is_read_as_material(own: Own, name: str) -> None:
    agent, store = own
    file = await add(store, f"word {HOSTILE[name]}".encode(), note=HOSTILE[name])

    text = await agent.read(f"briefsmith://file/{file.id}")

    [inside] = fenced(text, "file")
    assert inside.startswith("word ")
    assert not STEERING.search(text)
    assert "somebody else now.</system>" not in outside(text, "file")
    assert "“Prices”" in text


async def test_a_brief_leads_to_the_files_of_its_blocks(own: Own) -> None:
    agent, store = own
    added = await agent.done("add_block", label="Oak", content="Oak is oiled in spring.")
    file = await add(store, b"A price list.", block_id=added.values["block_id"])
    async with store.session() as session:
        from briefsmith.operations.blocks import accept_block

        await accept_block(session, file.associated_block_id or NO_ID)

    made = await agent.done("compose_brief", intent="Tell about oak in spring")

    address = f"briefsmith://file/{file.id}"
    assert address in made.values["markdown"]
    assert fenced(await agent.read(address), "file") == ["A price list."]


async def test_a_long_text_comes_in_parts(own: Own) -> None:
    agent, store = own
    words = "".join(f"Line {number}.\n" for number in range(PAGE_CHARS // 8))
    file = await add(store, words.encode())

    first = await agent.read(f"briefsmith://file/{file.id}")
    second = await agent.read(f"briefsmith://file/{file.id}?part=2")

    assert f"The next part is briefsmith://file/{file.id}?part=2." in first
    assert "".join([*fenced(first, "file"), *fenced(second, "file")]) == words


async def test_what_is_no_text_comes_as_its_bytes(own: Own) -> None:
    agent, store = own
    file = await add(store, PNG, "p.png")

    [found] = await agent.client.read_resource(f"briefsmith://file/{file.id}")

    assert isinstance(found, BlobResourceContents)
    assert (base64.b64decode(found.blob), found.mime_type) == (PNG, "image/png")


@pytest.mark.parametrize("address", ["gone", str(NO_ID), "no-id"])
async def test_what_is_not_there_is_told(own: Own, address: str) -> None:
    agent, store = own
    if address == "gone":
        file = await add(store, b"Gone.")
        await remove_file(store.session, store.files, file.id)
        address = str(file.id)

    with pytest.raises(MCPError) as caught:
        await agent.client.read_resource(f"briefsmith://file/{address}")

    assert caught.value.error.data["code"] in {"B307", "B103"}
