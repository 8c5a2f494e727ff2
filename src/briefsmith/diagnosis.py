"""What `doctor` looks at: database, version, extension, schema, embedding model, disk, storage of files."""

import re
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from briefsmith.config import Settings
from briefsmith.errors import BriefsmithError, NotMigrated, ServerNotStarted, UnknownUser
from briefsmith.operations.counts import count_blocks
from briefsmith.postgres.database import (
    VECTOR_DROPPED,
    ServerFacts,
    connect,
    place_of,
    server_facts,
)
from briefsmith.postgres.embedded import ServerState, server_state
from briefsmith.providers.selection import make_embedder, make_file_storage
from briefsmith.runtime import Store, database_url, open_store
from briefsmith.sql import migrations

_LEAST_FREE_BYTES = 500_000_000
_MOST_STORAGE_SECONDS = 10
_COMPLAINT = re.compile(r"\b(FATAL|PANIC):")


@dataclass(frozen=True, slots=True)
class Check:
    """One finding.

    Attributes:
        advice: What to do; empty where nothing has to be done.
        log: Lines of the server's log that tell more, oldest first.
    """

    name: str
    ok: bool
    found: str
    advice: str = ""
    log: tuple[str, ...] = ()


async def examine(settings: Settings, *, may_start: bool = False) -> list[Check]:
    """All findings, in the order in which to mend them; stops looking where nothing more can be seen.

    No store is made, and an embedded server that rests is left at rest.

    Args:
        settings: What the environment decides.
        may_start: Start the embedded server if there is a store, to look inside.
    """
    return [*await _store(settings, may_start=may_start), await _files(settings)]


async def _store(settings: Settings, *, may_start: bool) -> list[Check]:
    if settings.database_url is not None:
        try:
            place = Check("place", ok=True, found=place_of(settings.database_url))
        except BriefsmithError as error:
            return [_failed("place", error)]
        return [place, *await _database(settings)]
    try:
        state = server_state(settings.home)
    except BriefsmithError as error:
        return [_failed("place", error)]
    except OSError as error:
        found = f"{settings.home}: {error.strerror}"
        advice = "Set BRIEFSMITH_HOME to a folder that you may use."
        return [Check("place", ok=False, found=found, advice=advice)]
    checks = [_place(state), _disk(state.data_folder)]
    if state.version is None:
        advice = NotMigrated.default_hint
        checks.append(Check("store", ok=False, found="there is none yet", advice=advice))
    elif state.running or may_start:
        return checks + await _database(settings, state)
    else:
        checks.append(_resting(state))
    return [*checks, await _model(settings)]


async def _database(settings: Settings, state: ServerState | None = None) -> list[Check]:
    checks: list[Check] = []
    try:
        async with _facts(settings) as facts:
            checks += [*_server(facts), _extension(facts)]
    except BriefsmithError as error:
        log = state.log_lines if state and isinstance(error, ServerNotStarted) else ()
        failed = replace(_failed("database", error), log=log)
        return [failed, await _model(settings)]
    return checks + await _contents(settings)


@asynccontextmanager
async def _facts(settings: Settings) -> AsyncGenerator[ServerFacts]:
    async with database_url(settings) as url:
        connection = await connect(url, prepared_statements=settings.prepared_statements)
        try:
            yield await server_facts(connection)
        finally:
            await connection.close()


def _failed(name: str, error: BriefsmithError) -> Check:
    return Check(name, ok=False, found=f"{error.code} {error.message}", advice=error.hint)


def _place(state: ServerState) -> Check:
    running = f"running as process {state.pid}" if state.running else "not running"
    user = f", as the system user {state.service_user}" if state.service_user else ""
    return Check("place", ok=True, found=f"embedded, in {state.data_folder} ({running}{user})")


def _disk(folder: Path) -> Check:
    try:
        while not folder.exists():
            folder = folder.parent
        free = shutil.disk_usage(folder).free
    except OSError as error:
        advice = f"See that you may enter {folder}."
        found = f"{folder}: {error.strerror}"
        return Check("disk", ok=False, found=found, advice=advice)
    found = f"{free / 1e9:.1f} GB free"
    if free < _LEAST_FREE_BYTES:
        return Check("disk", ok=False, found=found, advice=f"Free some space on {folder}.")
    return Check("disk", ok=True, found=found)


def _resting(state: ServerState) -> Check:
    found = f"PostgreSQL {state.version}, at rest: the next command starts it"
    # Of the latest start only.
    starts = [at for at, line in enumerate(state.log_lines) if "starting PostgreSQL" in line]
    recent = state.log_lines[starts[-1] :] if starts else state.log_lines
    if any(map(_COMPLAINT.search, recent)):
        found = f"PostgreSQL {state.version}, not running, and its log complains"
        advice = f"Mend what {state.log_file} says; `briefsmith doctor --start` tries again."
        return Check("server", ok=False, found=found, advice=advice, log=recent)
    return Check("server", ok=True, found=found, advice="--start starts it and looks inside.")


def _server(facts: ServerFacts) -> list[Check]:
    found = f"PostgreSQL {facts.server_version_text}"
    found += ", Supabase" if facts.is_supabase else ""
    found += f", {facts.size_bytes / 1e6:.0f} MB"
    if facts.is_old:
        return [Check("server", ok=False, found=found, advice="Use PostgreSQL 15 to 18.")]
    if facts.has_unsafe_row_security:
        advice = "Upgrade to the newest minor version: row level security has CVE-2024-10976."
        return [Check("server", ok=False, found=found, advice=advice)]
    return [Check("server", ok=True, found=found)]


def _extension(facts: ServerFacts) -> Check:
    if facts.vector_version is not None:
        return Check("extension", ok=True, found=f"vector {facts.vector_version}")
    if facts.vector_available:
        advice = VECTOR_DROPPED if facts.has_blocks else "Run `briefsmith init`."
        return Check("extension", ok=False, found="vector is not in this database", advice=advice)
    advice = "Install pgvector on the server (Supabase has it)."
    return Check("extension", ok=False, found="the server does not have vector", advice=advice)


async def _contents(settings: Settings) -> list[Check]:
    schema = Check("schema", ok=True, found=f"up to date ({migrations()[-1].file_name})")
    try:
        async with open_store(settings, connections=1) as store:
            return [schema, await _model(settings, store)]
    except UnknownUser as error:
        checks = [schema, _failed("user", error)]
    except BriefsmithError as error:
        checks = [_failed("schema", error)]
    return [*checks, await _model(settings)]


async def _model(settings: Settings, store: Store | None = None) -> Check:
    """Whether the model answers and, where a store is open, whether its vectors are there."""
    try:
        embedder = make_embedder(settings)
        [vector] = await embedder.embed(["A sentence to see whether the model answers."])
        if vector is None:
            advice = "Use another model: this one gives no vectors."
            return Check("embedding", ok=False, found=embedder.name, advice=advice)
        if store is None:
            return Check("embedding", ok=True, found=embedder.name)
        async with store.session(read_only=True) as session:
            counts = await count_blocks(session, embedder.name)
    except BriefsmithError as error:
        return _failed("embedding", error)
    found = f"{embedder.name}; {counts.blocks} blocks, {counts.archived} of them archived"
    if counts.unembedded:
        found += f", {counts.unembedded} without a vector of this model"
        return Check("embedding", ok=False, found=found, advice="Run `briefsmith reembed`.")
    return Check("embedding", ok=True, found=found)


async def _files(settings: Settings) -> Check:
    """Whether the storage of files can be used; nothing is stored to see that."""
    seconds = min(settings.storage.timeout_seconds, _MOST_STORAGE_SECONDS)
    hasty = replace(settings, storage=replace(settings.storage, timeout_seconds=seconds))
    try:
        storage = make_file_storage(hasty)
        facts = await storage.probe()
    except BriefsmithError as error:
        return _failed("files", error)
    if facts.free_bytes is None:
        return Check("files", ok=True, found=storage.place)
    found = f"{storage.place}, {facts.free_bytes / 1e9:.1f} GB free"
    if facts.free_bytes < _LEAST_FREE_BYTES:
        return Check("files", ok=False, found=found, advice="Free some space there.")
    return Check("files", ok=True, found=found)
