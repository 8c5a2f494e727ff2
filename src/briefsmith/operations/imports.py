"""The verb import: documents to blocks, and again without doubles."""

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from briefsmith import errors
from briefsmith.documents.json_lines import ExportedBlock
from briefsmith.documents.pieces import Piece
from briefsmith.documents.reader import read_document
from briefsmith.documents.walk import FoundDocument, find_documents
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.models.enums import BlockImportance, BlockSource, BlockType
from briefsmith.operations.blocks import embedded_text
from briefsmith.postgres.session import Session
from briefsmith.providers.embeddings import Embedder
from briefsmith.schemas.imports import ImportProblem, ImportReport, RemovedPiece
from briefsmith.store import context_blocks, events, import_entries
from briefsmith.store.import_entries import EntryRow, NewEntry

BATCH_PIECES = 1_000
BATCH_CHARACTERS = 8_000_000
_LABEL_CHARACTERS = 500

OpenSession = Callable[[], AbstractAsyncContextManager[Session]]
Vectors = list[NDArray[np.float32] | None]
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _FilePieces:
    path: str
    pieces: tuple[Piece, ...]


@dataclass(slots=True)
class _Batch:
    """Files of one collection that go in together, and what became of their pieces."""

    collection: str
    files: list[_FilePieces] = field(default_factory=list[_FilePieces])
    pieces: int = 0
    characters: int = 0

    def add(self, file: _FilePieces) -> None:
        self.files.append(file)
        self.pieces += len(file.pieces)
        self.characters += sum(len(piece.content) for piece in file.pieces)

    @property
    def is_full(self) -> bool:
        return self.pieces >= BATCH_PIECES or self.characters >= BATCH_CHARACTERS


async def import_documents(
    open_session: OpenSession,
    embedder: Embedder,
    paths: Sequence[Path],
    *,
    collection: str | None = None,
    prune: bool = False,
) -> AsyncIterator[ImportReport]:
    """Blocks out of Markdown, plain text and JSON Lines; yields the growing report after each batch.

    A section is known again by collection, file and heading path: unchanged ones are left alone, changed
    ones become a new version, and those that are gone are listed. One batch is one transaction, so what
    was reported is stored, and a stopped import goes on where it was when it is started again.

    Args:
        collection: A name for where the files come from; None takes the path of the folder.
        prune: Archive the blocks whose sections are gone.

    Raises:
        UnreadableDocument: A path that does not exist or is of no known kind.
        NothingToImport: No file was found at all.

    Emits:
        import.batch
    """
    roots = [path.absolute() for path in paths]
    importer = _Importer(open_session, embedder, collection, prune=prune)
    importer.folders = {root: set() for root in roots if root.is_dir()}
    for found in find_documents(roots):
        async for report in importer.take(found):
            yield report
    if not importer.report.files:
        message = "There is nothing to import in " + ", ".join(str(path) for path in paths) + "."
        raise errors.NothingToImport(message)
    await importer.finish()
    yield importer.report


class _Importer:
    """Takes files in one by one; what belongs together goes in together."""

    def __init__(
        self,
        open_session: OpenSession,
        embedder: Embedder,
        collection: str | None,
        *,
        prune: bool,
    ) -> None:
        self.report = ImportReport()
        self.folders: dict[Path, set[str]] = {}
        self._open_session = open_session
        self._embedder = embedder
        self._collection = collection
        self._prune = prune
        self._batch: _Batch | None = None

    async def take(self, found: FoundDocument) -> AsyncIterator[ImportReport]:
        """One file; yields the report when something was stored."""
        self.report.files += 1
        path = found.path.relative_to(found.root).as_posix()
        if found.root in self.folders:
            self.folders[found.root].add(path)
        try:
            document = read_document(found.path, root=found.root)
            async for _ in self._take_exported(path, document.blocks):
                yield self.report
        except errors.InvalidInput as error:
            self.report.problems.append(ImportProblem(path, error.code, error.message))
            return
        if document.pieces:
            name = self._name(found.root)
            if self._batch is not None and (self._batch.collection != name or self._batch.is_full):
                await self._flush()
                yield self.report
            self._batch = self._batch or _Batch(name)
            self._batch.add(_FilePieces(path, document.pieces))

    async def finish(self) -> None:
        """What is still waiting, and what is gone."""
        await self._flush()
        for root, seen in self.folders.items():
            await self._note_gone_files(self._name(root), seen)

    def _name(self, root: Path) -> str:
        return self._collection or str(root.resolve())

    async def _flush(self) -> None:
        batch, self._batch = self._batch, None
        if batch is not None:
            await self._take_files(batch)

    async def _take_files(self, batch: _Batch) -> None:
        """One batch in one transaction."""
        async with self._open_session() as session:
            paths = [file.path for file in batch.files]
            known = await import_entries.select_entries(session, batch.collection, paths)
            entries = {(entry.path, entry.anchor): entry for entry in known}
            fresh: list[tuple[str, Piece]] = []
            changed: list[tuple[str, Piece, EntryRow]] = []
            for path, piece in _pieces(batch):
                entry = entries.pop((path, piece.anchor), None)
                if entry is None:
                    fresh.append((path, piece))
                elif entry.content_sha256 == piece_sha256(piece):
                    self.report.unchanged += 1
                else:
                    changed.append((path, piece, entry))
            await self._update(session, batch.collection, changed)
            await self._insert(session, batch.collection, fresh)
            await self._note_gone(session, batch.collection, list(entries.values()))
            await events.insert_event(
                session, "import.batch", {"added": len(fresh), "changed": len(changed)}
            )

    async def _insert(
        self, session: Session, collection: str, fresh: list[tuple[str, Piece]]
    ) -> None:
        if not fresh:
            return
        taken = await context_blocks.select_labels(session, [piece.label for _, piece in fresh])
        adopted: list[NewEntry] = []
        rows: list[tuple[str, Piece, str]] = []
        used: set[str] = set(taken)
        for path, piece in fresh:
            other = taken.get(piece.label.lower())
            if other is not None and other.is_imported and other.content == piece.content:
                adopted.append(NewEntry(path, piece.anchor, other.id, piece_sha256(piece)))
                continue
            label = _free_label(piece.label, path, piece.anchor, used)
            used.add(label.lower())
            rows.append((path, piece, label))
        values = [_new_row(piece, label) for _, piece, label in rows]
        vectors = await self._embed(values)
        made = await context_blocks.insert_blocks(session, values, self._embedder.name, vectors)
        self._note_refused(rows, made)
        entries = [
            NewEntry(path, piece.anchor, made[place], piece_sha256(piece))
            for place, (path, piece, _) in enumerate(rows)
            if place in made
        ]
        await import_entries.upsert_entries(session, collection, entries + adopted)
        self.report.added += len(made)
        self.report.adopted += len(adopted)
        self.report.renamed += [
            (piece.label, label) for _, piece, label in rows if label != piece.label
        ]

    def _note_refused(self, rows: list[tuple[str, Piece, str]], made: dict[int, UUID]) -> None:
        for place, (path, _, label) in enumerate(rows):
            if place not in made:
                message = f"{path}: the label {label!r} was taken meanwhile"
                self._problem(path, errors.LabelTaken.code, message)

    async def _update(
        self, session: Session, collection: str, changed: list[tuple[str, Piece, EntryRow]]
    ) -> None:
        if not changed:
            return
        taken = await context_blocks.select_labels(
            session, [piece.label for _, piece, _ in changed]
        )
        used = set(taken)
        values: list[dict[str, Any]] = []
        for path, piece, entry in changed:
            holder = taken.get(piece.label.lower())
            is_own = holder is not None and holder.id == entry.block_id
            label = piece.label if is_own else _free_label(piece.label, path, piece.anchor, used)
            if label != piece.label and label.lower() == entry.label.lower():
                label = entry.label
            used.add(label.lower())
            values.append({**_new_row(piece, label), "id": str(entry.block_id)})
        vectors = await self._embed(values)
        made = await context_blocks.update_imported(session, values, self._embedder.name, vectors)
        for place, (path, _, entry) in enumerate(changed):
            if place not in made:
                message = (
                    f"{path}: the block {entry.label!r} is {entry.status} and was left as it is"
                )
                self._problem(path, errors.WrongState.code, message)
        await import_entries.upsert_entries(
            session,
            collection,
            [
                NewEntry(path, piece.anchor, entry.block_id, piece_sha256(piece))
                for place, (path, piece, entry) in enumerate(changed)
                if place in made
            ],
        )
        self.report.changed += len(made)

    async def _note_gone_files(self, collection: str, seen: set[str]) -> None:
        """Lists what a folder once had and has no more."""
        async with self._open_session() as session:
            rows = await import_entries.select_paths(session, collection)
            await self._note_gone(
                session, collection, [row for row in rows if row.path not in seen]
            )

    async def _note_gone(
        self, session: Session, collection: str, gone: Sequence[import_entries.PathRow]
    ) -> None:
        listed = [row for row in gone if not row.is_archived]
        archived: set[UUID] = set()
        if self._prune and gone:
            archived = await context_blocks.archive_blocks(
                session, [row.block_id for row in listed]
            )
            done = [row for row in gone if row.is_archived or row.block_id in archived]
            await import_entries.delete_entries(
                session, collection, [(row.path, row.anchor) for row in done]
            )
        self.report.removed += [
            RemovedPiece(row.path, row.label, row.block_id, row.block_id in archived)
            for row in listed
        ]

    async def _take_exported(
        self, path: str, blocks: Iterator[ExportedBlock]
    ) -> AsyncIterator[None]:
        """Blocks of an export, a batch a transaction; a bad line stops the file, not what went before."""
        origins: list[tuple[UUID, UUID]] = []
        for batch in _chunks(blocks):
            async with self._open_session() as session:
                await self._take_exported_batch(session, path, batch)
            origins += [
                (block.id, block.meta_derived_from)
                for block in batch
                if block.meta_derived_from is not None
            ]
            yield
        if origins:
            async with self._open_session() as session:
                await context_blocks.link_derived(
                    session, [pair[0] for pair in origins], [pair[1] for pair in origins]
                )

    async def _take_exported_batch(
        self, session: Session, path: str, batch: list[ExportedBlock]
    ) -> None:
        present = await context_blocks.select_blocks_by_id(session, [block.id for block in batch])
        by_id = {block.id: block for block in present}
        fresh = [block for block in batch if block.id not in by_id]
        changed = [
            block for block in batch if block.id in by_id and _differs(block, by_id[block.id])
        ]
        self.report.unchanged += len(batch) - len(fresh) - len(changed)
        for write, blocks in (
            (context_blocks.update_imported, changed),
            (context_blocks.insert_blocks, fresh),
        ):
            if not blocks:
                continue
            values = [block.model_dump(mode="json") for block in blocks]
            vectors = await self._embed(values)
            made = await write(session, values, self._embedder.name, vectors)
            if write is context_blocks.insert_blocks:
                self.report.added += len(made)
            else:
                self.report.changed += len(made)
            for place, block in enumerate(blocks):
                if place not in made:
                    message = (
                        f"{path}: the block {block.label!r} was left out: its label or id is taken"
                    )
                    self._problem(path, errors.LabelTaken.code, message)

    async def _embed(self, values: Sequence[dict[str, Any]]) -> Vectors:
        texts = [embedded_text(row["label"], row["content"]) for row in values]
        try:
            return await self._embedder.embed(texts)
        except errors.EmbedderUnavailable:
            self.report.without_vector += len(texts)
            return [None] * len(texts)

    def _problem(self, path: str, code: str, message: str) -> None:
        self.report.problems.append(ImportProblem(path, code, message + "."))


def _pieces(batch: _Batch) -> Iterator[tuple[str, Piece]]:
    for file in batch.files:
        for piece in file.pieces:
            yield file.path, piece


def _chunks(blocks: Iterator[ExportedBlock]) -> Iterator[list[ExportedBlock]]:
    batch: list[ExportedBlock] = []
    characters = 0
    for block in blocks:
        batch.append(block)
        characters += len(block.content)
        if len(batch) >= BATCH_PIECES or characters >= BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


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


def _new_row(piece: Piece, label: str) -> dict[str, Any]:
    return {
        "type": piece.type or BlockType.TEXT,
        "label": label,
        "content": piece.content,
        "source": BlockSource.IMPORTED,
        "importance": piece.importance or BlockImportance.MEDIUM,
        "meta_tags": list(piece.tags),
        "meta_context_scope": piece.scope,
        "meta_locale": piece.locale,
        "meta_emotional_tone": list(piece.tone),
    }


def _free_label(label: str, path: str, anchor: str, used: set[str]) -> str:
    """The label, or, where it is taken, the label with the file behind it, then with a number."""
    place = f"{path}#{anchor}" if anchor else path
    for candidate in (label, _with_place(label, path), _with_place(label, place)):
        if candidate.lower() not in used:
            return candidate
    number = 2
    while (candidate := _with_place(label, f"{place}, {number}")).lower() in used:
        number += 1
    return candidate


def _with_place(label: str, place: str) -> str:
    shown = (
        place if len(place) <= _LABEL_CHARACTERS // 2 else "…" + place[-_LABEL_CHARACTERS // 2 :]
    )
    room = _LABEL_CHARACTERS - len(shown) - 3
    return f"{label[:room]} ({shown})"


def _differs(exported: ExportedBlock, present: ContextBlock) -> bool:
    compared = {
        "type",
        "label",
        "content",
        "importance",
        "meta_tags",
        "meta_context_scope",
        "meta_locale",
        "meta_emotional_tone",
    }
    theirs = present.model_dump(mode="json", include=compared)
    return exported.model_dump(mode="json", include=compared) != theirs
