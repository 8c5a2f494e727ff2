"""What `doctor` looks at: database, version, extension, schema, embedding model, disk."""

import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from briefsmith.config import Settings
from briefsmith.errors import BriefsmithError, NotMigrated
from briefsmith.operations.counts import count_blocks
from briefsmith.postgres.database import ServerFacts, connect, server_facts
from briefsmith.postgres.embedded import server_state
from briefsmith.runtime import database_url, open_store
from briefsmith.sql import migrations

_LEAST_FREE_BYTES = 500_000_000


@dataclass(frozen=True, slots=True)
class Check:
    """One finding.

    Attributes:
        advice: What to do; empty where nothing has to be done.
    """

    name: str
    ok: bool
    found: str
    advice: str = ""


async def examine(settings: Settings) -> list[Check]:
    """All findings, in the order in which to mend them; stops looking where nothing more can be seen."""
    checks = [_place(settings), _disk(settings.home)]
    try:
        async with _facts(settings) as facts:
            checks += _server(facts)
            checks.append(_extension(facts))
    except BriefsmithError as error:
        return [*checks, _failed("database", error)]
    checks.append(await _schema(settings))
    checks.append(await _model(settings))
    return checks


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


def _place(settings: Settings) -> Check:
    if settings.database_url is not None:
        return Check("place", ok=True, found="BRIEFSMITH_DATABASE_URL or DATABASE_URL")
    state = server_state(settings.home)
    running = f"running as process {state.pid}" if state.running else "not running"
    user = f", as the system user {state.service_user}" if state.service_user else ""
    return Check("place", ok=True, found=f"embedded, in {state.data_folder} ({running}{user})")


def _disk(home: Path) -> Check:
    folder = home
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    found = f"{free / 1e9:.1f} GB free"
    if free < _LEAST_FREE_BYTES:
        return Check("disk", ok=False, found=found, advice=f"Free some space on {folder}.")
    return Check("disk", ok=True, found=found)


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
        advice = "Run `briefsmith init`."
        return Check("extension", ok=False, found="vector is not in this database", advice=advice)
    advice = "Install pgvector on the server (Supabase has it)."
    return Check("extension", ok=False, found="the server does not have vector", advice=advice)


async def _schema(settings: Settings) -> Check:
    try:
        async with open_store(settings, connections=1):
            found = f"up to date ({migrations()[-1].file_name})"
            return Check("schema", ok=True, found=found)
    except NotMigrated as error:
        return Check("schema", ok=False, found=error.message, advice=error.hint)
    except BriefsmithError as error:
        return _failed("schema", error)


async def _model(settings: Settings) -> Check:
    try:
        async with open_store(settings, connections=1) as store:
            [vector] = await store.embedder.embed(["A sentence to see whether the model answers."])
            async with store.session(read_only=True) as session:
                counts = await count_blocks(session, store.embedder.name)
    except BriefsmithError as error:
        return _failed("embedding", error)
    found = f"{store.embedder.name}; {counts.blocks} blocks, {counts.archived} of them archived"
    if vector is None:
        return Check("embedding", ok=False, found=found, advice="The model gives no vectors.")
    if counts.unembedded:
        found += f", {counts.unembedded} without a vector of this model"
        return Check("embedding", ok=False, found=found, advice="Run `briefsmith reembed`.")
    return Check("embedding", ok=True, found=found)
