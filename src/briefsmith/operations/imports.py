"""The verb import: documents to blocks, and again without doubles."""

import os
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from functools import partial
from pathlib import Path

from briefsmith import errors
from briefsmith.documents.pieces import Piece
from briefsmith.documents.reader import Document, read_document
from briefsmith.documents.refusals import refuse
from briefsmith.documents.walk import FoundDocument, find_documents
from briefsmith.operations.import_lines import take_lines
from briefsmith.operations.import_pieces import FileBatch, settle_gone, take_files
from briefsmith.operations.intake import Intake, OpenSession
from briefsmith.providers.embeddings import Embedder
from briefsmith.schemas.blocks import MAX_CONTENT_CHARS
from briefsmith.schemas.imports import ImportProblem, ImportReport

BATCH_PIECES = 1_000
BATCH_CHARACTERS = 8_000_000


async def import_documents(
    open_session: OpenSession,
    embedder: Embedder,
    paths: Sequence[Path],
    *,
    collection: str | None = None,
    prune: bool = False,
) -> AsyncGenerator[ImportReport]:
    """Blocks out of Markdown, plain text and JSON Lines; yields the growing report after each batch.

    A section is known again by collection, file and heading path: unchanged ones are left alone, changed
    ones become a new version, and those that are gone are listed. A section that is known from another
    file, because that was renamed or its folder moved, keeps its block. One batch is one transaction, so
    what was reported is stored, and a stopped import goes on where it was when it is started again.

    Args:
        open_session: Begins a transaction.
        embedder: Makes the vectors.
        paths: Folders and files; a file that is named twice counts once.
        collection: A name for where the files come from; None takes the path of each folder.
        prune: Archive the blocks whose sections are gone.

    Raises:
        UnreadableDocument: A path that does not exist or is of no known kind.
        NothingToImport: No file was found at all.

    Emits:
        import.batch
    """
    roots = [path.absolute() for path in paths]
    intake = Intake(open_session, embedder)
    importer = _Importer(intake, collection, prune=prune)
    importer.begin(root for root in roots if root.is_dir())
    for found in find_documents(roots):
        async for report in importer.take(found):
            yield report
    if not intake.report.files:
        message = "There is nothing to import in " + ", ".join(str(path) for path in paths) + "."
        raise errors.NothingToImport(message)
    await importer.finish()
    yield intake.report


class _Importer:
    """Takes files in one by one; what belongs together goes in together."""

    def __init__(self, intake: Intake, collection: str | None, *, prune: bool) -> None:
        self._intake = intake
        self._report = intake.report
        self._collection = collection
        self._prune = prune
        self._batch: FileBatch | None = None
        self._names: dict[Path, str] = {}
        # All by collection: those that are looked through whole, so that what is not seen there is gone; the
        # paths seen, with the folder of each; and what files that were read no longer have.
        self._whole: set[str] = set()
        self._seen: dict[str, dict[str, Path]] = {}
        self._gone: dict[str, set[tuple[str, str]]] = {}

    def begin(self, folders: Iterable[Path]) -> None:
        """Notes which folders will be looked through."""
        self._whole = {self._name(folder) for folder in folders}

    async def take(self, found: FoundDocument) -> AsyncIterator[ImportReport]:
        """One file; yields the report when something was stored."""
        name, path = self._name(found.root), found.path.relative_to(found.root).as_posix()
        seen = self._seen.setdefault(name, {})
        before = seen.setdefault(path, found.root)
        is_twice = before is not found.root
        if is_twice and before.resolve() == found.root.resolve():
            return
        self._report.files += 1
        try:
            document = read_document(found.path, root=found.root)
            async for _ in self._take_blocks(path, document):
                yield self._report
            if is_twice and document.pieces:
                _refuse_twice(path, name, before)
            _refuse_giants(path, document.pieces)
        except errors.InvalidInput as error:
            self._report.problems.append(ImportProblem(path, error.code, error.message))
            return
        if document.pieces:
            async for _ in self._take_pieces(name, path, document.pieces):
                yield self._report

    async def finish(self) -> None:
        """What is still waiting, and what is gone."""
        await self._flush()
        for name in sorted(self._whole | self._gone.keys()):
            seen = set(self._seen.get(name, ())) if name in self._whole else None
            gone = self._gone.get(name, set())
            if gone or seen is not None:
                await settle_gone(self._intake, name, gone, seen, prune=self._prune)

    async def _take_blocks(self, path: str, document: Document) -> AsyncIterator[None]:
        lines = take_lines(
            self._intake,
            path,
            document.blocks,
            most=BATCH_PIECES,
            most_characters=BATCH_CHARACTERS,
        )
        async for _ in lines:
            yield

    async def _take_pieces(
        self, name: str, path: str, pieces: Sequence[Piece]
    ) -> AsyncIterator[None]:
        batch = self._batch
        if batch is not None and (batch.collection != name or _is_full(batch)):
            await self._flush()
            yield
        self._batch = self._batch or FileBatch(name)
        self._batch.add(path, pieces)

    async def _flush(self) -> None:
        batch, self._batch = self._batch, None
        if batch is not None:
            is_gone = partial(self._is_gone, batch.collection)
            left = await take_files(self._intake, batch, is_gone)
            gone = self._gone.setdefault(batch.collection, set())
            gone.update((row.path, row.anchor) for row in left)

    def _is_gone(self, collection: str, path: str, anchor: str) -> bool:
        roots = [root for root, name in self._names.items() if name == collection]
        is_there = any(os.path.lexists(root / path) for root in roots)
        return not is_there or (path, anchor) in self._gone.get(collection, ())

    def _name(self, root: Path) -> str:
        if root not in self._names:
            self._names[root] = self._collection or str(root.resolve())
        return self._names[root]


def _is_full(batch: FileBatch) -> bool:
    return len(batch.pieces) >= BATCH_PIECES or batch.characters >= BATCH_CHARACTERS


def _refuse_giants(path: str, pieces: Sequence[Piece]) -> None:
    for piece in pieces:
        if len(piece.content) > MAX_CONTENT_CHARS:
            reason = (
                f"a part of it that cannot be cut has {len(piece.content):,} characters; "
                f"a block holds {MAX_CONTENT_CHARS:,}"
            )
            refuse(reason, name=path, characters=len(piece.content))


def _refuse_twice(path: str, collection: str, before: Path) -> None:
    message = f"{path}: the collection {collection!r} has it already, from {before}."
    hint = "Give each folder a collection of its own."
    raise errors.InvalidInput(message, hint=hint)
