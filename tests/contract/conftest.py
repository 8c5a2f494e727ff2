from collections.abc import Generator
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from tests.conftest import Server


@pytest.fixture(scope="session")
def _catalog_url(any_server: Server) -> Generator[str]:
    url = any_server.migrated_database()
    yield url
    any_server.drop(url)


@pytest.fixture
def catalog(_catalog_url: str) -> Generator[Connection[Any]]:
    """A login with every right on a migrated database, on each version; rolled back."""
    with psycopg.connect(_catalog_url) as connection:
        connection.execute("set search_path = public, extensions")
        yield connection
        connection.rollback()
