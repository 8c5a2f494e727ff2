"""Statements on `briefsmith.import_entries`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict
from uuid import UUID

from pydantic import BaseModel

from briefsmith.models.context_blocks import ContextBlock
from briefsmith.models.enums import BlockStatus
from briefsmith.postgres.session import Session
from briefsmith.postgres.statements import statement


@dataclass(frozen=True, slots=True)
class PathRow:
    """One piece of one file of a collection, and the block that it became."""

    path: str
    anchor: str
    block_id: UUID
    label: str
    version: int
    status: str

    @property
    def is_archived(self) -> bool:
        """Whether the block is out of use already."""
        return self.status == BlockStatus.ARCHIVED


@dataclass(frozen=True, slots=True)
class EntryRow(PathRow):
    """The same, with the hash of what the file held."""

    content_sha256: str


class HashRow(BaseModel):
    """A block, the hash of what a file held, and the path of the file."""

    content_sha256: str
    path: str
    block: ContextBlock


@dataclass(frozen=True, slots=True)
class HolderRow:
    """A place in a collection, and the block that it became."""

    block_id: UUID
    path: str
    anchor: str


@dataclass(frozen=True, slots=True)
class NewEntry:
    """A piece of a file and the block that it became."""

    path: str
    anchor: str
    block_id: UUID
    content_sha256: str


@dataclass(frozen=True, slots=True)
class Locked:
    """Nobody else imports the collection."""

    is_locked: bool


class _OfCollection(TypedDict):
    user_id: UUID
    collection: str


class _OfFiles(_OfCollection):
    paths: list[str]


class _OfPieces(_OfFiles):
    anchors: list[str]


class _NewEntries(_OfPieces):
    block_ids: list[UUID]
    hashes: list[str]


class _OfBlocksThere(_OfCollection):
    block_ids: list[UUID]


class _OfHashes(TypedDict):
    user_id: UUID
    hashes: list[str]


class _OfBlocks(TypedDict):
    user_id: UUID
    block_ids: list[UUID]


_LOCK_COLLECTION = statement("import_entries.lock_collection", _OfCollection, Locked)
_SELECT_ENTRIES = statement("import_entries.select_entries", _OfFiles, EntryRow)
_SELECT_PATHS = statement("import_entries.select_paths", _OfCollection, PathRow)
_SELECT_BY_HASH = statement("import_entries.select_by_hash", _OfHashes, HashRow)
_SELECT_HOLDERS = statement("import_entries.select_holders", _OfBlocksThere, HolderRow)
_UPSERT_ENTRIES = statement("import_entries.upsert_entries", _NewEntries, None)
_DELETE_ENTRIES = statement("import_entries.delete_entries", _OfPieces, None)
_DELETE_ENTRIES_OF_BLOCKS = statement("import_entries.delete_entries_of_blocks", _OfBlocks, None)


async def lock_collection(session: Session, collection: str) -> None:
    """Makes this the only import of a collection to the end of the transaction."""
    params: _OfCollection = {"user_id": session.actor.user_id, "collection": collection}
    await session.one(_LOCK_COLLECTION, params)


async def select_entries(session: Session, collection: str, paths: Sequence[str]) -> list[EntryRow]:
    """What earlier imports took from these files."""
    params: _OfFiles = {
        "user_id": session.actor.user_id,
        "collection": collection,
        "paths": list(paths),
    }
    return await session.many(_SELECT_ENTRIES, params)


async def select_paths(session: Session, collection: str) -> list[PathRow]:
    """Everything that a collection has brought."""
    params: _OfCollection = {"user_id": session.actor.user_id, "collection": collection}
    return await session.many(_SELECT_PATHS, params)


async def select_by_hash(session: Session, hashes: Sequence[str]) -> list[HashRow]:
    """Blocks that files with this content became, archived ones last."""
    params: _OfHashes = {"user_id": session.actor.user_id, "hashes": list(hashes)}
    return await session.many(_SELECT_BY_HASH, params)


async def select_holders(
    session: Session, collection: str, block_ids: Sequence[UUID]
) -> list[HolderRow]:
    """From where in a collection blocks came; nothing for those that came from elsewhere."""
    params: _OfBlocksThere = {
        "user_id": session.actor.user_id,
        "collection": collection,
        "block_ids": list(block_ids),
    }
    return await session.many(_SELECT_HOLDERS, params)


async def upsert_entries(session: Session, collection: str, entries: Sequence[NewEntry]) -> int:
    """Remembers where blocks came from."""
    params: _NewEntries = {
        "user_id": session.actor.user_id,
        "collection": collection,
        "paths": [entry.path for entry in entries],
        "anchors": [entry.anchor for entry in entries],
        "block_ids": [entry.block_id for entry in entries],
        "hashes": [entry.content_sha256 for entry in entries],
    }
    return await session.execute(_UPSERT_ENTRIES, params)


async def delete_entries(
    session: Session, collection: str, pieces: Sequence[tuple[str, str]]
) -> int:
    """Forgets pieces (path, anchor) that are gone."""
    params: _OfPieces = {
        "user_id": session.actor.user_id,
        "collection": collection,
        "paths": [piece[0] for piece in pieces],
        "anchors": [piece[1] for piece in pieces],
    }
    return await session.execute(_DELETE_ENTRIES, params)


async def delete_entries_of_blocks(session: Session, block_ids: Sequence[UUID]) -> int:
    """Forgets where blocks came from, in every collection."""
    params: _OfBlocks = {"user_id": session.actor.user_id, "block_ids": list(block_ids)}
    return await session.execute(_DELETE_ENTRIES_OF_BLOCKS, params)
