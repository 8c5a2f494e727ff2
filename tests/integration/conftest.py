"""A store of a test's own in a shared database: a new person, whose account is deleted afterwards."""

from collections.abc import AsyncGenerator, Generator

import psycopg
import pytest

from briefsmith.postgres.database import Database, open_database
from tests.conftest import Server
from tests.integration.stored import counts


@pytest.fixture(scope="session")
def _people_url(server: Server) -> Generator[str]:
    url = server.migrated_database()
    yield url
    server.drop(url)


@pytest.fixture
def store_url(_people_url: str) -> Generator[str]:
    """A database that holds nothing when the test begins; making one for each would take longer."""
    yield _people_url
    with psycopg.connect(_people_url, autocommit=True) as connection:
        connection.execute("delete from auth.users where email is distinct from 'person@localhost'")
    assert counts(_people_url) == {}


@pytest.fixture
async def store(store_url: str) -> AsyncGenerator[Database]:
    """The open store of a new person."""
    with psycopg.connect(store_url, autocommit=True) as connection:
        row = connection.execute(
            "insert into auth.users (email) values ('somebody@localhost') returning id"
        ).fetchone()
    assert row is not None
    async with open_database(store_url, user=str(row[0])) as opened:
        yield opened
