"""A real PostgreSQL for every test that wants one: the embedded server, and databases made from a template."""

import asyncio
import os
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import asynccontextmanager
from itertools import count

import psycopg
import pytest
from hypothesis import settings
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from briefsmith.postgres.database import Database, open_database, prepare_database
from briefsmith.postgres.embedded import ensure_server, stop_server
from briefsmith.postgres.session import Actor, Session
from briefsmith.providers.tokenizer import TokenCounter
from briefsmith.providers.wordllama import WordLlamaEmbedder
from tests.integration.servers import (
    debian_programs,
    kept_folder,
    memory_place,
    running,
    wheel_programs,
)

_NUMBERS = count()

# No test is about time, and what a loaded machine does slowly is right all the same.
settings.register_profile("timeless", deadline=None)
settings.load_profile("timeless")


class Server:
    """A running server, and databases on it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._template: str | None = None

    def url_of(self, database: str) -> str:
        return make_conninfo(self.url, dbname=database)

    def empty_database(self) -> str:
        """The address of a new database without any schema."""
        return self._create("template0")

    def migrated_database(self) -> str:
        """The address of a new database with the present schema and one user."""
        if self._template is None:
            url = self.empty_database()
            asyncio.run(prepare_database(url))
            self._template = str(conninfo_to_dict(url)["dbname"])
        return self._create(self._template)

    def drop(self, url: str) -> None:
        name = str(conninfo_to_dict(url)["dbname"])
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(
                sql.SQL("drop database {} with (force)").format(sql.Identifier(name))
            )

    def _create(self, template: str) -> str:
        name = f"test_{os.getpid()}_{next(_NUMBERS)}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            statement = sql.SQL("create database {} template {}")
            connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return self.url_of(name)


def run_server(version: int) -> Generator[Server]:
    """The embedded server of a major version, in a folder of its own; stopped behind the yield."""
    with kept_folder({}, "home/postgres", memory_place()) as folder:
        # Run as root, the server's own user has to get through, or the data would go elsewhere.
        folder.chmod(0o755)
        home = folder / "home"
        lease = ensure_server(home, idle_seconds=600, postgres_version=version)
        try:
            with psycopg.connect(lease.url, autocommit=True) as connection:
                # Databases come and go too fast for it, and one that it is in cannot be copied.
                connection.execute("alter system set autovacuum = off")
                connection.execute("select pg_reload_conf()")
            yield Server(lease.url)
        finally:
            lease.close()
            stop_server(home)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """PostgreSQL 18, as a new user gets it."""
    yield from run_server(18)


@pytest.fixture(scope="session")
def server_16() -> Iterator[Server]:
    """PostgreSQL 16, the other one in the wheel."""
    yield from run_server(16)


@pytest.fixture(scope="session")
def server_15() -> Iterator[Server]:
    """PostgreSQL 15, the oldest that works; skips where it cannot be had."""
    with wheel_programs() as programs, running(programs) as url:
        yield Server(url)


@pytest.fixture(scope="session")
def server_17() -> Iterator[Server]:
    """PostgreSQL 17, as Debian makes it; skips where it cannot be had."""
    with debian_programs() as programs, running(programs) as url:
        yield Server(url)


def server_of(request: pytest.FixtureRequest, version: int) -> Server:
    """The server of a major version, started when it is first asked for."""
    found = request.getfixturevalue("server" if version == 18 else f"server_{version}")
    assert isinstance(found, Server)
    return found


@pytest.fixture(scope="session", params=[16, 18])
def any_server(request: pytest.FixtureRequest) -> Server:
    """Both versions of the wheel that everybody has, one after the other."""
    return server_of(request, request.param)


@pytest.fixture(scope="session", params=[15, 16, 17, 18])
def every_server(request: pytest.FixtureRequest) -> Server:
    """Each version that is promised, one after the other."""
    return server_of(request, request.param)


@pytest.fixture(scope="session")
def _shared_url(server: Server) -> Generator[str]:
    url = server.migrated_database()
    yield url
    server.drop(url)


@pytest.fixture
def database_url(server: Server) -> Generator[str]:
    """A migrated database of the test's own."""
    url = server.migrated_database()
    yield url
    server.drop(url)


@pytest.fixture
async def database(database_url: str) -> AsyncGenerator[Database]:
    """The test's own database, open."""
    async with open_database(database_url) as opened:
        yield opened


class _RolledBack(Exception):
    pass


@asynccontextmanager
async def rolled_back(database: Database, actor: Actor | None = None) -> AsyncGenerator[Session]:
    """A session whose work never happened."""
    try:
        async with database.session(actor) as session:
            yield session
            raise _RolledBack  # noqa: TRY301  the only way to end a session without a commit
    except _RolledBack:
        return


@pytest.fixture
async def session(_shared_url: str) -> AsyncGenerator[Session]:
    """A transaction of the only user, rolled back at the end."""
    async with open_database(_shared_url, connections=1) as opened, rolled_back(opened) as begun:
        yield begun


@pytest.fixture(scope="session")
def embedder() -> WordLlamaEmbedder:
    """The built-in model."""
    return WordLlamaEmbedder()


@pytest.fixture(scope="session")
def tokens() -> TokenCounter:
    """The built-in tokenizer."""
    return TokenCounter()
