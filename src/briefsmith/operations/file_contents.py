"""The bytes behind files: reading them, and removing those that no file names."""

import hashlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from uuid import UUID

from briefsmith import errors
from briefsmith.documents.labels import one_line
from briefsmith.models.block_files import BlockFile
from briefsmith.operations.intake import OpenSession
from briefsmith.providers.storage.port import FileStorage
from briefsmith.store import block_files

_AT_ONCE = 500


def key_of(user_id: UUID, sha256: str) -> str:
    """Where a person's bytes lie: nobody learns from it what others have."""
    return f"{user_id}/{sha256[:2]}/{sha256}"


async def read_file(storage: FileStorage, file: BlockFile) -> AsyncGenerator[bytes]:
    """The bytes of a file, piece by piece, held against their hash.

    Raises:
        FileContentMissing: They are not in the storage, or not those that were added; that shows at the end.
    """
    key = _key(storage, file)
    digest = hashlib.sha256()
    async for piece in storage.read(key):
        digest.update(piece)
        yield piece
    if file.content_sha256 is not None and digest.hexdigest() != file.content_sha256:
        message = f"The bytes of the file {file.id} are not those that were added."
        raise errors.FileContentMissing(message, details={"id": str(file.id), "url": file.file_url})


async def read_part(
    storage: FileStorage, file: BlockFile, start: int, end: int
) -> AsyncGenerator[bytes]:
    """The bytes of a file from `start` up to `end`, piece by piece; a part cannot be held against the hash.

    Raises:
        FileContentMissing: They are not in the storage.
    """
    async for piece in storage.read(_key(storage, file), start=start, end=end):
        yield piece


def _key(storage: FileStorage, file: BlockFile) -> str:
    key = storage.key_of(file.file_url)
    if key is None:
        message = (
            f"The file {file.id} lies where this storage does not reach: {one_line(file.file_url)}."
        )
        raise errors.FileContentMissing(message, details={"id": str(file.id), "url": file.file_url})
    return key


async def has_content(storage: FileStorage, file: BlockFile) -> bool:
    """Whether the storage has as many bytes as the row says."""
    key = storage.key_of(file.file_url)
    return key is not None and await storage.size_of(key) == file.size_bytes


@dataclass(frozen=True, slots=True)
class Garbage:
    """What lay in the storage without a row that names it.

    Attributes:
        busy: Of them were about to be named, or removed by somebody else; they were left.
        leftovers: Of writers that were killed.
    """

    objects: int = 0
    size_bytes: int = 0
    busy: int = 0
    leftovers: int = 0


async def collect_garbage(
    open_session: OpenSession, storage: FileStorage, user_id: UUID, *, dry_run: bool = False
) -> Garbage:
    """Removes the person's bytes that no row names, and nothing that a transaction in flight is about to name.

    Args:
        dry_run: Only count.
    """
    found = Garbage()
    batch: dict[str, int] = {}
    async for one in storage.objects(f"{user_id}/"):
        batch[one.key.rpartition("/")[2]] = one.size_bytes
        if len(batch) == _AT_ONCE:
            found = await _swept(open_session, storage, batch, found, dry_run=dry_run)
            batch = {}
    found = await _swept(open_session, storage, batch, found, dry_run=dry_run)
    leftovers = 0 if dry_run else await storage.tidy()
    return Garbage(found.objects, found.size_bytes, found.busy, leftovers)


async def _swept(
    open_session: OpenSession,
    storage: FileStorage,
    batch: dict[str, int],
    found: Garbage,
    *,
    dry_run: bool,
) -> Garbage:
    if not batch:
        return found
    async with open_session() as session:
        named = await block_files.select_named(session, list(batch))
    objects, size, busy = found.objects, found.size_bytes, found.busy
    for sha256 in batch.keys() - named:
        if dry_run or await remove_unnamed(open_session, storage, sha256):
            objects, size = objects + 1, size + batch[sha256]
        else:
            busy += 1
    return Garbage(objects, size, busy)


async def remove_unnamed(open_session: OpenSession, storage: FileStorage, sha256: str) -> bool:
    """Whether bytes were removed: not where a row names them, or is about to."""
    async with open_session() as session:
        if not await block_files.claim_content(session, sha256):
            return False
        if await block_files.select_named(session, [sha256]):
            return False
        await storage.delete(key_of(session.actor.user_id, sha256))
        return True
