from collections.abc import AsyncGenerator, Generator

import pytest

from briefsmith.postgres.database import Database, open_database
from tests.conftest import Server
from tests.faces.server.asked import Asked, asking


@pytest.fixture(scope="module")
def _module_url(server: Server) -> Generator[str]:
    url = server.migrated_database()
    yield url
    server.drop(url)


@pytest.fixture
async def shared(_module_url: str) -> AsyncGenerator[Database]:
    """A database that the tests of a module share, which costs less than one for each."""
    async with open_database(
        _module_url, user="person@localhost", connections=6, wait_seconds=2
    ) as opened:
        yield opened


@pytest.fixture
async def asked(shared: Database) -> AsyncGenerator[Asked]:
    """The server of one local user."""
    async with asking(shared) as opened:
        yield opened
