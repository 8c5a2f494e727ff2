"""Statements on `block_files`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from briefsmith.models.block_files import BlockFile
from briefsmith.models.enums import StorageDomain
from briefsmith.postgres.session import Session
from briefsmith.postgres.statements import statement
from briefsmith.schemas.pages import Placed


class _Person(TypedDict):
    user_id: UUID


class _Content(_Person):
    sha256: str


class _Contents(_Person):
    hashes: list[str]


class _Id(TypedDict):
    id: UUID


class _Ids(TypedDict):
    ids: list[UUID]


class _Block(TypedDict):
    block_id: UUID


class _Naming(_Id, _Ids):
    block_id: UUID | None


class _Leading(_Id):
    block_id: UUID


class _Placing(_Id):
    block_id: UUID | None
    is_primary: bool


class _Told(_Id):
    label: str | None
    note: str | None
    clear_note: bool
    storage_domain: StorageDomain | None


class NewFileColumns(TypedDict):
    """What is stored of a new file, but for its owner."""

    file_url: str
    file_name: str
    label: str
    note: str | None
    size_bytes: int
    storage_domain: StorageDomain
    content_type: str | None
    content_sha256: str


class _NewFile(NewFileColumns, _Person):
    pass


class _Page(_Person):
    block_id: UUID | None
    domain: StorageDomain | None
    unattached: bool
    before_id: UUID | None
    before_time: datetime | None
    limit: int


@dataclass(frozen=True, slots=True)
class Held:
    """Whether a lock was taken."""

    is_held: bool


@dataclass(frozen=True, slots=True)
class Usage:
    """What a library holds.

    Attributes:
        is_there: Whether the content that was asked for is among it.
    """

    size_bytes: int
    is_there: bool


@dataclass(frozen=True, slots=True)
class NamedContent:
    """A content that a row names."""

    sha256: str


@dataclass(frozen=True, slots=True)
class LockedBlock:
    """A block that a file comes to or leaves."""

    id: UUID
    status: str


_HOLD_CONTENT = statement("block_files.hold_content", _Content, Held)
_CLAIM_CONTENT = statement("block_files.claim_content", _Content, Held)
_LOCK_LIBRARY = statement("block_files.lock_library", _Person, Held)
_SELECT_USAGE = statement("block_files.select_usage", _Content, Usage)
_SELECT_NAMED = statement("block_files.select_named", _Contents, NamedContent)
_INSERT_FILE = statement("block_files.insert_file", _NewFile, BlockFile)
_SELECT_FILE = statement("block_files.select_file", _Id, BlockFile)
_LOCK_FILE = statement("block_files.lock_file", _Id, BlockFile)
_SELECT_FILES = statement("block_files.select_files", _Page, BlockFile)
_UPDATE_FILE = statement("block_files.update_file", _Told, BlockFile)
_LOCK_BLOCKS = statement("block_files.lock_blocks", _Ids, LockedBlock)
_CLEAR_PRIMARY = statement("block_files.clear_primary", _Leading, None)
_PLACE_FILE = statement("block_files.place_file", _Placing, BlockFile)
_NAME_FILE = statement("block_files.name_file", _Naming, None)
_RELEASE_FILES = statement("block_files.release_files", _Block, None)
_DELETE_FILE = statement("block_files.delete_file", _Id, None)


async def hold_content(session: Session, sha256: str) -> None:
    """Keeps bytes from being taken for left over until the transaction ends."""
    await session.one(_HOLD_CONTENT, {"user_id": session.actor.user_id, "sha256": sha256})


async def claim_content(session: Session, sha256: str) -> bool:
    """Whether nobody is about to name the bytes, nor can until the transaction ends."""
    found = await session.one(_CLAIM_CONTENT, {"user_id": session.actor.user_id, "sha256": sha256})
    return found.is_held


async def lock_library(session: Session) -> None:
    """Waits for whoever adds to the actor's library right now."""
    await session.one(_LOCK_LIBRARY, {"user_id": session.actor.user_id})


async def select_usage(session: Session, sha256: str) -> Usage:
    """What the actor's library holds, and whether this content is among it."""
    return await session.one(_SELECT_USAGE, {"user_id": session.actor.user_id, "sha256": sha256})


async def select_named(session: Session, hashes: Sequence[str]) -> set[str]:
    """Which of these contents the actor's library has."""
    rows = await session.many(
        _SELECT_NAMED, {"user_id": session.actor.user_id, "hashes": list(hashes)}
    )
    return {row.sha256 for row in rows}


async def insert_file(session: Session, columns: NewFileColumns) -> BlockFile:
    """The row."""
    return await session.one(_INSERT_FILE, {**columns, "user_id": session.actor.user_id})


async def select_file(session: Session, file_id: UUID) -> BlockFile | None:
    """The file with this id, if it is the actor's."""
    return await session.maybe(_SELECT_FILE, {"id": file_id})


async def lock_file(session: Session, file_id: UUID) -> BlockFile | None:
    """The same, and nobody else changes it until the transaction ends."""
    return await session.maybe(_LOCK_FILE, {"id": file_id})


async def select_files(
    session: Session,
    *,
    block_id: UUID | None,
    domain: StorageDomain | None,
    unattached: bool,
    before: Placed | None,
    limit: int,
) -> list[BlockFile]:
    """A page of files, the newest first."""
    params: _Page = {
        "user_id": session.actor.user_id,
        "block_id": block_id,
        "domain": domain,
        "unattached": unattached,
        "before_id": before.id if before else None,
        "before_time": before.created_at if before else None,
        "limit": limit,
    }
    return await session.many(_SELECT_FILES, params)


async def update_file(
    session: Session,
    file_id: UUID,
    *,
    label: str | None,
    note: str | None,
    clear_note: bool,
    domain: StorageDomain | None,
) -> BlockFile:
    """What a person says of a file; None leaves a value as it is."""
    params: _Told = {
        "id": file_id,
        "label": label,
        "note": note,
        "clear_note": clear_note,
        "storage_domain": domain,
    }
    return await session.one(_UPDATE_FILE, params)


async def lock_blocks(session: Session, ids: Sequence[UUID]) -> list[LockedBlock]:
    """The blocks that there are, by id; nobody else changes them until the transaction ends."""
    return await session.many(_LOCK_BLOCKS, {"ids": list(ids)})


async def place_file(
    session: Session, file: BlockFile, block_id: UUID | None, *, is_primary: bool
) -> BlockFile:
    """Has a file belong to a block, or to none; that one and the one before say so too."""
    if block_id is not None and is_primary:
        await session.execute(_CLEAR_PRIMARY, {"id": file.id, "block_id": block_id})
    placing: _Placing = {"id": file.id, "block_id": block_id, "is_primary": is_primary}
    placed = await session.one(_PLACE_FILE, placing)
    ids = [one for one in (file.associated_block_id, block_id) if one is not None]
    await session.execute(_NAME_FILE, {"id": file.id, "ids": ids, "block_id": block_id})
    return placed


async def release_files(session: Session, block_id: UUID) -> None:
    """Lets go of the files of a block that goes."""
    await session.execute(_RELEASE_FILES, {"block_id": block_id})


async def delete_file(session: Session, file_id: UUID) -> None:
    """Removes the row."""
    await session.execute(_DELETE_FILE, {"id": file_id})
