import asyncio
import os
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest
import pytest_asyncio
from fastmcp import Client

from briefsmith.config import Settings
from briefsmith.faces.mcp.app import make_mcp
from briefsmith.faces.mcp.asking import Asker
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.operations.blocks import add_block
from briefsmith.postgres.database import Database, open_database
from briefsmith.postgres.session import Actor
from briefsmith.providers.wordllama import WordLlamaEmbedder
from briefsmith.runtime import Store
from briefsmith.schemas.blocks import NewBlock
from tests.conftest import Server
from tests.faces.mcp.agent import Agent, agent_on

STOCK = (
    NewBlock(label="Tone", content="We write short sentences.\nNo exclamation marks."),
    NewBlock(label="Delivery", content="Parcels leave on Tuesday."),
    NewBlock(label="Prices", content="The brush costs 45 EUR."),
)


@pytest.fixture(scope="module")
def stocked_url(server: Server) -> Generator[str]:
    """A database with three blocks, for the tests of a module."""
    url = server.migrated_database()
    asyncio.run(_fill(url))
    yield url
    server.drop(url)


async def _fill(url: str) -> None:
    async with open_database(url) as database, database.session() as session:
        for new in STOCK:
            await add_block(session, WordLlamaEmbedder(), new)


@pytest.fixture(scope="module")
def surroundings(
    stocked_url: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, str], Path]:
    """Variables and folder of the command."""
    folder = tmp_path_factory.mktemp("agent")
    variables = {
        "PATH": os.defpath,
        "HOME": str(folder),
        "BRIEFSMITH_HOME": str(folder / "store"),
        "BRIEFSMITH_DATABASE_URL": stocked_url,
    }
    return variables, folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def agent(surroundings: tuple[dict[str, str], Path]) -> AsyncGenerator[Agent]:
    """An agent that the tests of a module share: starting its server costs seconds."""
    async with agent_on(*surroundings) as opened:
        yield opened


@pytest.fixture
async def own(database: Database) -> AsyncGenerator[tuple[Agent, Store]]:
    """An agent with the server in this process, on a database of the test's own."""
    store = Store(Settings(home=Path("/nowhere")), database)

    async def who() -> Asker:
        return Asker(store, Actor(database.user_id))

    async with Client(make_mcp(who)) as client:
        yield Agent(client), store


async def kept(store: Store, label: str, content: str, **others: object) -> ContextBlock:
    """A block that somebody has put into the store."""
    async with store.session() as session:
        new = NewBlock.model_validate({"label": label, "content": content, **others})
        return await add_block(session, store.embedder, new)
