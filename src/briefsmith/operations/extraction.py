"""The verb extract: a file of the library to draft blocks, and again without doubles."""

import hashlib
import tempfile
from collections.abc import Sequence
from typing import IO
from uuid import UUID

from briefsmith import errors
from briefsmith.documents.labels import one_line
from briefsmith.models.block_files import BlockFile
from briefsmith.operations.extraction_blocks import Drafts
from briefsmith.operations.extraction_pieces import ExtractedText, extracted_texts
from briefsmith.operations.intake import Intake, OpenSession
from briefsmith.postgres.session import Session
from briefsmith.providers.embeddings import Embedder
from briefsmith.providers.extraction.kinds import kind_of
from briefsmith.providers.extraction.port import Extraction, ExtractionKind, Extractor, Refusal
from briefsmith.providers.storage.port import FileStorage
from briefsmith.schemas.blocks import MAX_CONTENT_CHARS
from briefsmith.schemas.extraction import ExtractionReport
from briefsmith.store.extraction import select_source

MOST_PIECES = 1_000
"""More than a person would ever review; all blocks of a file are stored in one transaction."""


async def extract_file(
    open_session: OpenSession,
    embedder: Embedder,
    storage: FileStorage,
    extractor: Extractor,
    file_id: UUID,
    *,
    dry_run: bool = False,
) -> ExtractionReport:
    """Draft blocks out of a file: source `parser`, awaiting review, with notes that say where they are from.

    A piece is known again by its file and its headings: what is unchanged is left alone, what changed (as
    another version of a converter may bring about) is updated and awaits review again, unless a person
    edited, locked or archived the block. The same text out of another file is the same block. No
    transaction is open while the converter runs, and one stores all blocks.

    Args:
        open_session: Begins a transaction.
        embedder: Makes the vectors.
        storage: Where the bytes are.
        extractor: Runs the converters.
        file_id: Of the actor's library.
        dry_run: Store nothing; the report says what would be.

    Raises:
        LibraryFileNotFound: There is none, or it is somebody else's.
        FileContentMissing: Its bytes are gone.
        NotExtractable: Names the file, and says why and what to do.
        InvalidSetting: The extra `extract` is not installed.

    Emits:
        file.extracted
    """
    async with open_session() as session:
        file = await _source(session, file_id)
    kind = kind_of(file.file_name, file.content_type)
    if isinstance(kind, Refusal):
        raise not_extractable(file, kind.reason, kind.hint)
    extraction = await _extraction(storage, extractor, file, kind)
    texts = _texts(file, kind, extraction)
    intake = Intake(open_session, embedder)
    async with open_session() as session:
        await _source(session, file_id)  # it may have been removed meanwhile
        drafts = Drafts(intake, session, file)
        blocks, gone = await drafts.settle(texts, dry_run=dry_run)
    return ExtractionReport(
        file_id=file.id,
        file_label=file.label,
        file_name=file.file_name,
        content_sha256=file.content_sha256 or "",
        kind=kind.value,
        blocks=blocks,
        gone=gone,
        notes=extraction.notes,
        is_dry_run=dry_run,
        is_cut_off=extraction.is_cut_off,
        without_vector=intake.report.without_vector,
    )


async def _source(session: Session, file_id: UUID) -> BlockFile:
    file = await select_source(session, file_id)
    if file is None:
        message = f"There is no file {file_id}."
        raise errors.LibraryFileNotFound(message, details={"id": str(file_id)})
    return file


def not_extractable(file: BlockFile, reason: str, hint: str) -> errors.NotExtractable:
    """The error for a file that gives no text.

    Args:
        file: Which one.
        reason: Clause without capital and full stop.
        hint: What to do, a sentence.
    """
    shown = one_line(file.label)
    message = f"No text can be taken out of the file “{shown}” ({file.id}): {reason}."
    details = {"id": str(file.id), "label": file.label, "file_name": file.file_name}
    return errors.NotExtractable(message, hint=hint, details={**details, "reason": reason})


async def _extraction(
    storage: FileStorage, extractor: Extractor, file: BlockFile, kind: ExtractionKind
) -> Extraction:
    with tempfile.TemporaryFile(prefix="briefsmith-extract-") as source:
        await _fetch(storage, file, source)
        found = await extractor.extract(source, kind)
    if isinstance(found, Refusal):
        raise not_extractable(file, found.reason, found.hint)
    return found


async def _fetch(storage: FileStorage, file: BlockFile, source: IO[bytes]) -> None:
    """The bytes, which have to be those that the row tells of."""
    key = storage.key_of(file.file_url)
    if key is None:
        message = (
            f"The bytes of the file “{one_line(file.label)}” ({file.id}) are in another storage."
        )
        hint = "BRIEFSMITH_STORAGE_URL says which storage is asked."
        raise errors.FileContentMissing(message, hint=hint, details={"id": str(file.id)})
    digest, size = hashlib.sha256(), 0
    async for piece in storage.read(key):
        size += len(piece)
        if size > file.size_bytes:
            break
        digest.update(piece)
        source.write(piece)
    source.flush()
    is_same = file.content_sha256 is None or digest.hexdigest() == file.content_sha256
    if size != file.size_bytes or not is_same:
        reason = "its bytes in the storage are not those that were added"
        raise not_extractable(file, reason, "Add the file again, and remove this one.")
    if not size:
        raise not_extractable(file, "it is empty", "Add a file that has text in it.")


def _texts(
    file: BlockFile, kind: ExtractionKind, extraction: Extraction
) -> Sequence[ExtractedText]:
    try:
        texts = extracted_texts(extraction, kind, file.label)
    except errors.UnreadableDocument as error:
        reason = str(error.details.get("reason", "its text makes no sense"))
        raise not_extractable(file, reason, "Mend the file, and add it again.") from None
    if not texts:
        reason = "there is no text in it"
        raise not_extractable(file, reason, errors.NotExtractable.default_hint)
    if len(texts) > MOST_PIECES:
        reason = f"it comes apart into {len(texts):,} blocks, and {MOST_PIECES:,} are made at most"
        raise not_extractable(file, reason, "Cut it into parts, and add those that matter.")
    if any(len(text.piece.content) > MAX_CONTENT_CHARS for text in texts):
        reason = f"a part of it that cannot be cut has more than {MAX_CONTENT_CHARS:,} characters"
        raise not_extractable(file, reason, "Cut it into parts, and add those that matter.")
    return texts
