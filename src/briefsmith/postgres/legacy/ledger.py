"""What is known of an upgrade under way, in the schema briefsmith_legacy."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import AsyncCopy

from briefsmith.postgres.legacy.connections import LegacyConnection
from briefsmith.postgres.legacy.rows import LegacyRow
from briefsmith.sql import load_legacy

_SQL = load_legacy("ledger")


@dataclass(frozen=True, slots=True)
class UpgradeState:
    """Where an upgrade stands.

    Attributes:
        id: Of this upgrade; its archive has it in its first line.
        phase: archive, stage, swapped or undone.
        archive_path: Where the archive is to be.
        archive_bytes: How long it was when it was whole; None before.
        staging: What the staging schema was made by; None where there is none.
        surroundings: What there was before, by name.
        moved: What was moved at the swap, by schema.
    """

    id: UUID
    phase: str
    archive_path: str
    archive_bytes: int | None
    staging: str | None
    surroundings: dict[str, bool]
    moved: dict[str, list[dict[str, str]]] | None


@dataclass(frozen=True, slots=True)
class UserMark:
    """How far the rows of a user are; a user of None is everybody."""

    user_id: UUID | None
    fingerprint: str
    proven: bool


@dataclass(frozen=True, slots=True)
class StagedMark:
    """A staged row, and the hash of what it was made from."""

    new_table: str
    new_id: UUID
    made: str


@dataclass(frozen=True, slots=True)
class SourceMark:
    """Which places of which legacy row a staged row holds."""

    new_table: str
    new_id: UUID
    source_table: str
    source_key: str
    paths: list[str]


@dataclass(frozen=True, slots=True)
class ArchivedMark:
    """A row in the archive."""

    source_table: str
    source_key: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Count:
    """A number of things of one name."""

    name: str
    number: int
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class ReasonMark:
    """A decision on a legacy row."""

    name: str
    source_table: str
    source_key: str
    sentence: str


@dataclass(frozen=True, slots=True)
class _Found:
    found: bool


async def read_state(connection: LegacyConnection) -> UpgradeState | None:
    """Where the upgrade stands; None where none was begun."""
    [there] = await connection.many(_SQL["has_state"], _Found)
    if not there.found:
        return None
    found = await connection.many(_SQL["state"], UpgradeState)
    return found[0] if found else None


async def create_ledger(connection: LegacyConnection, archive_path: str) -> None:
    """Begins an upgrade."""
    async with connection.transaction():
        await connection.execute(_SQL["create"])
        await connection.execute(_SQL["begin_state"], {"archive_path": archive_path})


async def set_phase(connection: LegacyConnection, phase: str) -> None:
    """Says where the upgrade stands."""
    await connection.execute(_SQL["set_phase"], {"phase": phase})


async def set_staging(connection: LegacyConnection, staging: str | None) -> None:
    """Says what the staging schema was made by."""
    await connection.execute(_SQL["set_staging"], {"staging": staging})


async def set_archive(connection: LegacyConnection, path: str, size: int | None) -> None:
    """Says where the archive is, and how long it is once it is whole."""
    await connection.execute(_SQL["set_archive"], {"archive_path": path, "archive_bytes": size})


class RowLedger:
    """Takes the rows of an archive in, as they are written."""

    def __init__(self, copy: AsyncCopy) -> None:
        self._copy = copy

    async def add(self, row: LegacyRow) -> None:
        """One row that is in the archive."""
        await self._copy.write_row((row.owner, row.table, row.key, row.sha256, row.reason))


@asynccontextmanager
async def replace_rows(connection: LegacyConnection) -> AsyncGenerator[RowLedger]:
    """Forgets what was archived, for what is archived in the block; inside of a transaction."""
    await connection.execute(_SQL["forget_rows"])
    async with connection.raw.cursor() as cursor, cursor.copy(_SQL["copy_rows"].text) as copy:
        yield RowLedger(copy)


async def archived_of(connection: LegacyConnection, user_id: UUID | None) -> list[ArchivedMark]:
    """What the archive has of a user; None is what has no user."""
    return await connection.many(_SQL["archived_of"], ArchivedMark, {"user_id": user_id})


async def user_marks(connection: LegacyConnection) -> list[UserMark]:
    """All users that were staged."""
    return await connection.many(_SQL["users"], UserMark)


async def set_user(connection: LegacyConnection, user_id: UUID | None, fingerprint: str) -> None:
    """Says what a user's rows were when they were staged."""
    await connection.execute(_SQL["set_user"], {"user_id": user_id, "fingerprint": fingerprint})


async def set_proven(connection: LegacyConnection, user_id: UUID | None) -> None:
    """Says that a user's legacy rows can be made again from the staged ones."""
    await connection.execute(_SQL["set_proven"], {"user_id": user_id})


async def forget_user(connection: LegacyConnection, user_id: UUID | None) -> None:
    """A user who has no rows any more."""
    await connection.execute(_SQL["forget_user"], {"user_id": user_id})


async def staged_of(connection: LegacyConnection, user_id: UUID | None) -> list[StagedMark]:
    """The staged rows of a user."""
    return await connection.many(_SQL["staged_of"], StagedMark, {"user_id": user_id})


async def sources_of(connection: LegacyConnection, user_id: UUID | None) -> list[SourceMark]:
    """Where the staged rows of a user come from."""
    return await connection.many(_SQL["sources_of"], SourceMark, {"user_id": user_id})


async def forget_staged(connection: LegacyConnection, table: str, ids: Sequence[UUID]) -> None:
    """Staged rows that are gone, or that will be noted anew."""
    await connection.execute(_SQL["forget_staged"], {"new_table": table, "ids": list(ids)})


async def insert_sources(connection: LegacyConnection, user_id: UUID | None, rows: str) -> None:
    """Notes where staged rows come from; `rows` is a JSON array."""
    await connection.execute(_SQL["insert_sources"], {"user_id": user_id, "rows": rows})


async def replace_reasons(connection: LegacyConnection, user_id: UUID | None, rows: str) -> None:
    """Notes what was decided on a user's rows; `rows` is a JSON array."""
    await connection.execute(_SQL["replace_reasons"], {"user_id": user_id, "rows": rows})


async def counts(connection: LegacyConnection, of: str) -> list[Count]:
    """How many: `made`, `legacy` or `archived_only`."""
    return await connection.many(_SQL[f"{of}_counts"], Count)


async def reasons(connection: LegacyConnection) -> list[ReasonMark]:
    """All that was decided."""
    return await connection.many(_SQL["reasons"], ReasonMark)


def as_facts(state: UpgradeState) -> dict[str, Any]:
    """The state for an error's details."""
    return {"phase": state.phase, "archive": state.archive_path}


async def forget_all_staged(connection: LegacyConnection) -> None:
    """Nothing is staged any more."""
    await connection.execute(_SQL["forget_all_staged"])
