"""Sections of files to blocks, a batch a transaction; and what is gone from its files."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from briefsmith import errors
from briefsmith.documents.pieces import Piece
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.models.enums import BlockImportance, BlockSource, BlockType
from briefsmith.operations.import_labels import Labels
from briefsmith.operations.intake import Intake, tell
from briefsmith.postgres.session import Session
from briefsmith.schemas.imports import RemovedPiece
from briefsmith.store import context_blocks, import_entries
from briefsmith.store.import_entries import NewEntry, PathRow


@dataclass(frozen=True, slots=True)
class FilePiece:
    """A section and the path of its file in its collection."""

    path: str
    piece: Piece

    @property
    def wanted(self) -> tuple[str, str, str]:
        """What it wants to be called, and where it is."""
        return self.piece.label, self.path, self.piece.anchor


@dataclass(slots=True)
class FileBatch:
    """Files of one collection that go in together."""

    collection: str
    paths: list[str] = field(default_factory=list[str])
    pieces: list[FilePiece] = field(default_factory=list[FilePiece])
    characters: int = 0

    def add(self, path: str, pieces: Sequence[Piece]) -> None:
        """One more file, whole."""
        self.paths.append(path)
        self.pieces += [FilePiece(path, piece) for piece in pieces]
        self.characters += sum(len(piece.content) for piece in pieces)


@dataclass(frozen=True, slots=True)
class _Known:
    """A block that stands for a section already."""

    block_id: UUID
    label: str
    version: int
    status: str


async def take_files(intake: Intake, batch: FileBatch) -> list[PathRow]:
    """Stores one batch in one transaction; gives back what its files no longer have."""
    async with intake.open_session() as session:
        known = await import_entries.select_entries(session, batch.collection, batch.paths)
        entries = {(entry.path, entry.anchor): entry for entry in known}
        taking = _Taking(intake, session, batch.collection)
        for file_piece in batch.pieces:
            entry = entries.pop((file_piece.path, file_piece.piece.anchor), None)
            if entry is None:
                taking.fresh.append(file_piece)
            elif entry.content_sha256 == piece_sha256(file_piece.piece):
                intake.report.unchanged += 1
            else:
                block = _Known(entry.block_id, entry.label, entry.version, entry.status)
                taking.changed.append((file_piece, block))
        await taking.store()
    return list(entries.values())


class _Taking:
    """One batch on its way into the store."""

    def __init__(self, intake: Intake, session: Session, collection: str) -> None:
        self.fresh: list[FilePiece] = []
        self.changed: list[tuple[FilePiece, _Known]] = []
        self._intake = intake
        self._report = intake.report
        self._session = session
        self._collection = collection
        self._labels = Labels(session)
        self._entries: list[NewEntry] = []
        self._first: set[str] = set()
        self._twins: list[FilePiece] = []

    async def store(self) -> None:
        """Writes the blocks and where they come from."""
        pieces = [*self.fresh, *(file_piece for file_piece, _ in self.changed)]
        await self._labels.look_up(file_piece.wanted for file_piece in pieces)
        await self._adopt()
        changed = await self._update()
        added = await self._insert()
        if self._entries:
            await import_entries.upsert_entries(self._session, self._collection, self._entries)
        await tell(self._session, added=added, changed=changed)

    async def _adopt(self) -> None:
        """Finds blocks that other files brought, as when a file has another name or a folder has moved."""
        if not self.fresh:
            return
        hashes = {piece_sha256(file_piece.piece) for file_piece in self.fresh}
        by_hash = await import_entries.select_by_hash(self._session, sorted(hashes))
        fresh, self.fresh = self.fresh, []
        for file_piece in fresh:
            piece, sha256 = file_piece.piece, piece_sha256(file_piece.piece)
            same, named = by_hash.get(sha256), self._labels.holder(piece.label).block
            if same is not None:
                self._remember(file_piece, same.id)
            elif sha256 in self._first:
                self._twins.append(file_piece)
            elif named is None or not _is_import_of(piece, named):
                self._first.add(sha256)
                self.fresh.append(file_piece)
                continue
            elif _says_else(piece, named):
                known = _Known(named.id, named.label, named.version, named.status)
                self.changed.append((file_piece, known))
            else:
                self._remember(file_piece, named.id)
            self._report.adopted += 1

    async def _update(self) -> int:
        values = [
            {
                **_row(file_piece.piece),
                "label": await self._labels.give(file_piece.wanted, own=block.block_id),
                "id": str(block.block_id),
            }
            for file_piece, block in self.changed
        ]
        if not values:
            return 0
        vectors = await self._intake.embed(values)
        made = await context_blocks.update_imported(
            self._session, values, self._intake.embedder.name, vectors
        )
        changed = 0
        for place, (file_piece, block) in enumerate(self.changed):
            if place in made:
                self._remember(file_piece, block.block_id)
                changed += made[place].version != block.version
            else:
                self._intake.note_left(file_piece.path, block.label, block.status)
        self._report.changed += changed
        return changed

    async def _insert(self) -> int:
        if not self.fresh:
            return 0
        labels = [await self._labels.give(file_piece.wanted) for file_piece in self.fresh]
        values = [
            {**_row(file_piece.piece), "label": label}
            for file_piece, label in zip(self.fresh, labels, strict=True)
        ]
        vectors = await self._intake.embed(values)
        made = await context_blocks.insert_blocks(
            self._session, values, self._intake.embedder.name, vectors
        )
        for place, (file_piece, label) in enumerate(zip(self.fresh, labels, strict=True)):
            if place in made:
                self._remember(file_piece, made[place].id)
                if label != file_piece.piece.label:
                    self._report.renamed.append((file_piece.piece.label, label))
            else:
                clause = f"the label {label!r} was taken meanwhile"
                self._intake.note_problem(file_piece.path, errors.LabelTaken.code, clause)
        by_hash = {entry.content_sha256: entry.block_id for entry in self._entries}
        for twin in self._twins:
            if block_id := by_hash.get(piece_sha256(twin.piece)):
                self._remember(twin, block_id)
        self._report.added += len(made)
        return len(made)

    def _remember(self, file_piece: FilePiece, block_id: UUID) -> None:
        sha256 = piece_sha256(file_piece.piece)
        self._entries.append(NewEntry(file_piece.path, file_piece.piece.anchor, block_id, sha256))


def _is_import_of(piece: Piece, block: ContextBlock) -> bool:
    """Whether a block with the label of a section came from the same text."""
    return block.source is BlockSource.IMPORTED and block.content == piece.content


def _says_else(piece: Piece, block: ContextBlock) -> bool:
    row = _row(piece)
    return any(row[name] != getattr(block, name) for name in row.keys() - {"label", "source"})


async def settle_gone(
    intake: Intake,
    collection: str,
    gone: set[tuple[str, str]],
    seen: set[str] | None,
    *,
    prune: bool,
) -> None:
    """Lists what a collection has no more, and archives it where that is wished.

    A section that is elsewhere in the collection by now has only moved.

    Args:
        intake: The import.
        collection: Its name.
        gone: Paths and anchors that files no longer have.
        seen: All paths that the collection has now; None where not all were looked at.
        prune: Archive.
    """
    async with intake.open_session() as session:
        rows = await import_entries.select_paths(session, collection)
        missing = [
            row
            for row in rows
            if (row.path, row.anchor) in gone or (seen is not None and row.path not in seen)
        ]
        places = {(row.path, row.anchor) for row in missing}
        held = {row.block_id for row in rows if (row.path, row.anchor) not in places}
        moved = [row for row in missing if row.block_id in held]
        listed = [row for row in missing if not row.is_archived and row.block_id not in held]
        archived: set[UUID] = set()
        if prune:
            moved += [row for row in missing if row.is_archived and row.block_id not in held]
            archived = await context_blocks.archive_blocks(
                session, [row.block_id for row in listed]
            )
            await import_entries.delete_entries_of_blocks(session, sorted(archived))
            await tell(session, archived=len(archived))
        if moved:
            places_left = [(row.path, row.anchor) for row in moved]
            await import_entries.delete_entries(session, collection, places_left)
    intake.report.removed += [
        RemovedPiece(row.path, row.label, row.block_id, row.block_id in archived) for row in listed
    ]


def piece_sha256(piece: Piece) -> str:
    """Of all that a file says of a piece: a changed tag is a change."""
    said = [
        piece.label,
        piece.content,
        piece.type,
        list(piece.tags),
        piece.importance,
        piece.scope,
        piece.locale,
        list(piece.tone),
    ]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()


def _row(piece: Piece) -> dict[str, Any]:
    return {
        "type": piece.type or BlockType.TEXT,
        "label": piece.label,
        "content": piece.content,
        "source": BlockSource.IMPORTED,
        "importance": piece.importance or BlockImportance.MEDIUM,
        "meta_tags": list(piece.tags),
        "meta_context_scope": piece.scope,
        "meta_locale": piece.locale,
        "meta_emotional_tone": list(piece.tone),
    }
