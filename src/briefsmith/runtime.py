"""Composition root: settings to an open store, its embedder and its tokenizer."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from briefsmith.agents.runs import SessionsOf, Tools
from briefsmith.agents.sessions import Sessions
from briefsmith.config import Settings
from briefsmith.errors import InvalidSetting, NotMigrated
from briefsmith.postgres.database import Database, open_database, prepare_database
from briefsmith.postgres.inspection import Inspection, inspect_database
from briefsmith.postgres.migrate import Applied
from briefsmith.postgres.session import Actor, Session
from briefsmith.providers.embeddings import Embedder
from briefsmith.providers.extraction.in_subprocess import SubprocessExtractor
from briefsmith.providers.extraction.port import Extractor
from briefsmith.providers.extraction.sandbox import Limits
from briefsmith.providers.language_models.port import LanguageModel
from briefsmith.providers.selection import (
    make_embedder,
    make_file_storage,
    make_language_model,
)
from briefsmith.providers.storage.port import FileStorage
from briefsmith.providers.tokenizer import TokenCounter
from briefsmith.schemas.files import FileLimits

if TYPE_CHECKING:
    from briefsmith.postgres.jobs import JobQueue

_MB = 1_000_000


@dataclass(frozen=True)
class Store:
    """An open store. Embedder and tokenizer are loaded when they are first used."""

    settings: Settings
    database: Database

    @cached_property
    def embedder(self) -> Embedder:
        """Makes vectors."""
        return make_embedder(self.settings)

    @cached_property
    def tokens(self) -> TokenCounter:
        """Counts tokens, offline."""
        return TokenCounter()

    @cached_property
    def model(self) -> LanguageModel | None:
        """Writes and judges; None where the settings name none."""
        return make_language_model(self.settings)

    @cached_property
    def files(self) -> FileStorage:
        """Keeps the bytes of files."""
        return make_file_storage(self.settings)

    @property
    def file_limits(self) -> FileLimits:
        """What the settings let into the library."""
        settings = self.settings.files
        return FileLimits(settings.max_mb * _MB, settings.library_max_mb * _MB, settings.types)

    @cached_property
    def extractor(self) -> Extractor:
        """Takes text out of files, each in a process of its own."""
        limits = Limits(
            seconds=self.settings.extract_seconds, memory_mb=self.settings.extract_memory_mb
        )
        return SubprocessExtractor(limits)

    def session(self, *, read_only: bool = False) -> AbstractAsyncContextManager[Session]:
        """A transaction of the person whose store it is."""
        return self.database.session(read_only=read_only)

    def sessions_of(self, name: str) -> Sessions:
        """What opens transactions of the person under another name, which revisions remember."""
        return partial(self.database.session, Actor(self.database.user_id, name))

    def sessions_as(self, user_id: UUID) -> SessionsOf:
        """The same for any person, for a worker that looks after several."""
        return lambda name: partial(self.database.session, Actor(user_id, name))

    async def everybody(self) -> list[UUID]:
        """Who has a block in use, by the login's own right to see all accounts."""
        from briefsmith.postgres.job_schema import select_people

        return await select_people(self.database.url)


@asynccontextmanager
async def job_queue(store: Store) -> "AsyncGenerator[JobQueue]":
    """The queue of the store's database, which all its workers share.

    Raises:
        InvalidSetting: The extra is not installed, or the address is that of a transaction pooler.
        SchemaMismatch: The queue's tables do not fit.
    """
    try:
        from briefsmith.postgres.jobs import open_queue
    except ImportError as error:
        message = "The package that jobs are queued with is not installed."
        raise InvalidSetting(message, hint="pip install 'briefsmith[jobs]'") from error
    async with open_queue(store.database.url) as queue:
        yield queue


def agent_tools(store: Store) -> Tools:
    """What agents work with."""
    return Tools(store.embedder, store.model, store.settings)


@asynccontextmanager
async def database_url(settings: Settings, *, may_create: bool = False) -> AsyncGenerator[str]:
    """Where the database is; the embedded server runs as long as the block does, and a while longer.

    Args:
        settings: What the environment decides.
        may_create: Make an embedded store where there is none.

    Raises:
        NotMigrated: There is no embedded store yet.
        ServerNotStarted: The embedded server did not start.
    """
    if settings.database_url is not None:
        yield settings.database_url
        return
    if not may_create and _is_missing(settings.home / "postgres"):
        message = f"There is no store in {settings.home} yet."
        raise NotMigrated(message, hint="Run `briefsmith init`.")
    from briefsmith.postgres.embedded import ensure_server

    lease = await asyncio.to_thread(
        ensure_server, settings.home, idle_seconds=settings.idle_seconds
    )
    try:
        yield lease.url
    finally:
        lease.close()


def _is_missing(folder: Path) -> bool:
    try:
        return not folder.exists()
    except OSError:
        # It may not be looked at, and the embedded server says why.
        return False


@asynccontextmanager
async def open_store(
    settings: Settings,
    *,
    connections: int = 4,
    wait_seconds: float = 15,
    of_nobody: bool = False,
) -> AsyncGenerator[Store]:
    """The store of these settings, checked to fit this package.

    Args:
        settings: What the environment decides.
        connections: How many sessions may run at once.
        wait_seconds: How long one more waits for its turn.
        of_nobody: It is no one person's store, and every session says who acts.

    Raises:
        SchemaMismatch: Database and package do not fit.
        Unavailable: No database.
        UnknownUser: It is not clear whose store it is.
    """
    async with (
        database_url(settings) as url,
        open_database(
            url,
            user=settings.user,
            prepared_statements=settings.prepared_statements,
            connections=connections,
            wait_seconds=wait_seconds,
            of_nobody=of_nobody,
            memory_bytes=_MB * settings.index_memory_mb,
        ) as database,
    ):
        yield Store(settings, database)


async def initialise(settings: Settings) -> Applied:
    """Makes the store, or brings it to the present schema.

    Raises:
        SchemaMismatch: The server does not fit, or a migration failed.
        Unavailable: No database.
    """
    async with database_url(settings, may_create=True) as url:
        return await prepare_database(url, user=settings.user)


@asynccontextmanager
async def open_inspection(settings: Settings) -> AsyncGenerator[Inspection]:
    """The database of these settings, to be looked at; it need not fit this package.

    Raises:
        Unavailable: No database.
    """
    async with database_url(settings) as url, inspect_database(url) as inspection:
        yield inspection


@asynccontextmanager
async def scratch_server(settings: Settings) -> AsyncGenerator[str]:
    """A server of its own for databases that live for a moment, apart from the store.

    Raises:
        ServerNotStarted: The embedded server did not start.
    """
    from briefsmith.postgres.embedded import ensure_server

    lease = await asyncio.to_thread(
        ensure_server, settings.home / "scratch", idle_seconds=settings.idle_seconds
    )
    try:
        yield lease.url
    finally:
        lease.close()
