"""Sections of files to blocks, a batch a transaction; and what is gone from its files."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from briefsmith import errors
from briefsmith.documents.pieces import Piece
from briefsmith.operations.block_parts import embed_parts
from briefsmith.operations.import_adoption import IsGone, adoptions
from briefsmith.operations.import_labels import Labels
from briefsmith.operations.import_rows import FilePiece, piece_row, piece_sha256
from briefsmith.operations.intake import Intake, tell
from briefsmith.postgres.session import Session
from briefsmith.schemas.imports import RemovedPiece
from briefsmith.store import block_surroundings, context_blocks, import_entries
from briefsmith.store.import_entries import NewEntry, PathRow


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


async def take_files(intake: Intake, batch: FileBatch, is_gone: IsGone) -> list[PathRow]:
    """Stores one batch in one transaction; gives back what its files no longer have."""
    async with intake.open_session() as session:
        await import_entries.lock_collection(session, batch.collection)
        known = await import_entries.select_entries(session, batch.collection, batch.paths)
        entries = {(entry.path, entry.anchor): entry for entry in known}
        taking = _Taking(intake, session, batch)
        for file_piece in batch.pieces:
            entry = entries.pop(file_piece.place, None)
            if entry is None:
                taking.fresh.append(file_piece)
                continue
            taking.ids[file_piece.place] = entry.block_id
            if entry.content_sha256 == piece_sha256(file_piece.piece):
                intake.report.unchanged += 1
            else:
                block = _Known(entry.block_id, entry.label, entry.version, entry.status)
                taking.changed.append((file_piece, block))
        await taking.store(lambda path, anchor: (path, anchor) in entries or is_gone(path, anchor))
    return list(entries.values())


class _Taking:
    """One batch on its way into the store."""

    def __init__(self, intake: Intake, session: Session, batch: FileBatch) -> None:
        self.fresh: list[FilePiece] = []
        self.changed: list[tuple[FilePiece, _Known]] = []
        self.ids: dict[tuple[str, str], UUID] = {}
        self._intake = intake
        self._report = intake.report
        self._session = session
        self._batch = batch
        self._collection = batch.collection
        self._labels = Labels(session)
        self._entries: list[NewEntry] = []
        self._texts: dict[UUID, str] = {}

    async def store(self, is_gone: IsGone) -> None:
        """Writes the blocks and where they come from."""
        pieces = [*self.fresh, *(file_piece for file_piece, _ in self.changed)]
        await self._labels.look_up(file_piece.wanted for file_piece in pieces)
        await self._adopt(is_gone)
        await self._tell_neighbours()
        changed = await self._update()
        added = await self._insert()
        await embed_parts(self._session, self._intake.embedder, self._texts)
        if self._entries:
            await import_entries.upsert_entries(self._session, self._collection, self._entries)
        await tell(self._session, added=added, changed=changed)

    async def _adopt(self, is_gone: IsGone) -> None:
        adopted = await adoptions(
            self._session, self._collection, self.fresh, self._labels, is_gone
        )
        self.fresh = [one for one in self.fresh if one not in adopted]
        for adoption in adopted.values():
            block = adoption.block
            self.ids[adoption.file_piece.place] = block.id
            if adoption.is_current:
                self._remember(adoption.file_piece, block.id)
            else:
                known = _Known(block.id, block.label, block.version, block.status)
                self.changed.append((adoption.file_piece, known))
        self._report.adopted += len(adopted)

    async def _tell_neighbours(self) -> None:
        """Which block comes before which: before the new ones are written, so that they are indexed once."""
        if self.fresh:
            ids = await block_surroundings.select_new_ids(self._session, len(self.fresh))
            self.ids |= dict(zip((one.place for one in self.fresh), ids, strict=True))
        following: dict[UUID, UUID] = {}
        first: list[UUID] = []
        path, before = "", None
        for file_piece in self._batch.pieces:
            block_id = self.ids[file_piece.place]
            if before is None or file_piece.path != path:
                first.append(block_id)
            elif before != block_id:
                following[block_id] = before
            path, before = file_piece.path, block_id
        await block_surroundings.upsert_surroundings(self._session, following)
        fresh = {self.ids[one.place] for one in self.fresh}
        await block_surroundings.delete_surroundings(
            self._session, [one for one in first if one not in fresh]
        )

    async def _update(self) -> int:
        values = [
            {
                **piece_row(file_piece.piece),
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
                self._texts[block.block_id] = file_piece.piece.content
            else:
                self._intake.note_left(file_piece.path, block.label, block.status)
        self._report.changed += changed
        return changed

    async def _insert(self) -> int:
        if not self.fresh:
            return 0
        labels = [await self._labels.give(file_piece.wanted) for file_piece in self.fresh]
        values = [
            {
                **piece_row(file_piece.piece),
                "label": label,
                "id": str(self.ids[file_piece.place]),
            }
            for file_piece, label in zip(self.fresh, labels, strict=True)
        ]
        vectors = await self._intake.embed(values)
        made = await context_blocks.insert_blocks(
            self._session, values, self._intake.embedder.name, vectors
        )
        for place, (file_piece, label) in enumerate(zip(self.fresh, labels, strict=True)):
            if place in made:
                self._remember(file_piece, made[place].id)
                self._texts[made[place].id] = file_piece.piece.content
                if label != file_piece.piece.label:
                    self._report.renamed.append((file_piece.piece.label, label))
            else:
                clause = f"the label {label!r} was taken meanwhile"
                self._intake.note_problem(file_piece.path, errors.LabelTaken.code, clause)
        if len(made) < len(self.fresh):
            missing = [
                self.ids[one.place] for place, one in enumerate(self.fresh) if place not in made
            ]
            await block_surroundings.delete_surroundings(self._session, missing)
        self._report.added += len(made)
        return len(made)

    def _remember(self, file_piece: FilePiece, block_id: UUID) -> None:
        sha256 = piece_sha256(file_piece.piece)
        self._entries.append(NewEntry(file_piece.path, file_piece.piece.anchor, block_id, sha256))


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
