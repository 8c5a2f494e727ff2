"""Verbs on blocks that are to be refreshed: which there are, and where their texts come from."""

from collections import defaultdict
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from uuid import UUID

from briefsmith.models.block_files import BlockFile
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.postgres.session import Session
from briefsmith.store import block_reports, import_entries
from briefsmith.store.import_entries import NewEntry

_TOGETHER = 50


@dataclass(frozen=True, slots=True)
class ImportedFrom:
    """A section of a file that a block was imported from.

    Attributes:
        collection: The folder, or the name that the import was given.
        anchor: Which section; see `documents.pieces.Piece`.
        content_sha256: Of what the file said when the block last took it.
    """

    collection: str
    path: str
    anchor: str
    content_sha256: str


@dataclass(frozen=True, slots=True)
class RefreshableBlock:
    """A block that may be refreshed, and where its text may come from.

    Attributes:
        files: The primary one first.
        is_stale: Whether it is time to say that an unchanged text still holds.
    """

    block: ContextBlock
    files: tuple[BlockFile, ...]
    imported_from: tuple[ImportedFrom, ...]
    is_stale: bool


async def refreshable_blocks(
    session: Session, *, stale_days: int
) -> AsyncGenerator[RefreshableBlock]:
    """Active blocks that are marked as refreshable, in the order of their ids.

    Args:
        stale_days: From when on one counts as stale.
    """
    after: UUID | None = None
    while rows := await block_reports.select_refreshable(
        session, stale_days=stale_days, after=after, limit=_TOGETHER
    ):
        ids = [row.block.id for row in rows]
        files = await block_reports.select_files_of_blocks(session, ids)
        origins: dict[UUID, list[ImportedFrom]] = defaultdict(list)
        for entry in await block_reports.select_entries_of_blocks(session, ids):
            origins[entry.block_id].append(
                ImportedFrom(entry.collection, entry.path, entry.anchor, entry.content_sha256)
            )
        for row in rows:
            block = row.block
            own = [
                file
                for file in files
                if file.associated_block_id == block.id or file.id in block.file_ids
            ]
            yield RefreshableBlock(block, tuple(own), tuple(origins[block.id]), row.is_stale)
        after = ids[-1]


async def remember_import(
    session: Session, block_id: UUID, origin: ImportedFrom, content_sha256: str
) -> None:
    """Notes that a block has what its file says now, so that a person's later edit is no change of the file."""
    entry = NewEntry(origin.path, origin.anchor, block_id, content_sha256)
    await import_entries.upsert_entries(session, origin.collection, [entry])
