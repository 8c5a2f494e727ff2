"""The library of files: add, list, edit, attach, read, remove.

Bytes come first and the row second, in one transaction that holds the content (`hold_content`), so that whoever is
killed leaves at most bytes that nobody names, and `collect_garbage` removes only those that nobody is about to name.
"""

from collections.abc import AsyncIterator
from uuid import UUID

from briefsmith import errors
from briefsmith.documents.labels import one_line
from briefsmith.models.block_files import BlockFile
from briefsmith.models.enums import BlockStatus, StorageDomain
from briefsmith.operations.file_contents import key_of, remove_unnamed
from briefsmith.operations.file_intake import Spooled
from briefsmith.operations.intake import OpenSession
from briefsmith.postgres.session import Session
from briefsmith.providers.storage.port import FileStorage
from briefsmith.schemas.files import FileLimits, NewFile
from briefsmith.schemas.pages import Placed
from briefsmith.store import block_files

_PAGE = 100
_MB = 1_000_000


async def add_file(
    session: Session, storage: FileStorage, copy: Spooled, new: NewFile, limits: FileLimits
) -> BlockFile:
    """Adds a file to the library, and attaches it to a block where one is named.

    Raises:
        BlockNotFound: There is no such block.
        LibraryFull: The person's files would be too many bytes together.
        WrongState: The block is archived or locked.
        StorageUnavailable: The storage does not take the bytes.
    """
    await block_files.hold_content(session, copy.sha256)
    await _refuse_full(session, copy, limits)
    key = key_of(session.actor.user_id, copy.sha256)
    if await storage.size_of(key) != copy.size_bytes:
        await storage.put(key, copy.content)
    await block_files.lock_library(session)
    await _refuse_full(session, copy, limits)
    file = await block_files.insert_file(
        session,
        {
            "file_url": storage.url_of(key),
            "file_name": copy.name,
            "label": new.label,
            "note": new.note,
            "size_bytes": copy.size_bytes,
            "storage_domain": new.storage_domain,
            "content_type": copy.content_type,
            "content_sha256": copy.sha256,
        },
    )
    if new.block_id is None:
        return file
    return await _placed(session, file, new.block_id, is_primary=new.is_primary)


async def _refuse_full(session: Session, copy: Spooled, limits: FileLimits) -> None:
    usage = await block_files.select_usage(session, copy.sha256)
    if usage.is_there or usage.size_bytes + copy.size_bytes <= limits.library_bytes:
        return
    most, held = limits.library_bytes / _MB, usage.size_bytes / _MB
    message = (
        f"The file “{one_line(copy.name)}” ({copy.size_bytes / _MB:.2f} MB) does not fit: the library has "
        f"{held:.2f} of {most:g} MB already."
    )
    facts = {"held_bytes": usage.size_bytes, "most_bytes": limits.library_bytes}
    raise errors.LibraryFull(message, details=facts)


async def get_file(session: Session, file_id: UUID) -> BlockFile:
    """A file of the library.

    Raises:
        LibraryFileNotFound: There is none, or it is somebody else's.
    """
    return _found(await block_files.select_file(session, file_id), file_id)


def _found(file: BlockFile | None, file_id: UUID) -> BlockFile:
    if file is None:
        message = f"There is no file {file_id}."
        raise errors.LibraryFileNotFound(message, details={"id": str(file_id)})
    return file


async def list_files(
    session: Session,
    *,
    block_id: UUID | None = None,
    domain: StorageDomain | None = None,
    unattached: bool = False,
    limit: int | None = None,
    before: Placed | None = None,
) -> AsyncIterator[BlockFile]:
    """Files, the newest first, page by page.

    Args:
        block_id: Those of one block only.
        domain: Those of one domain only.
        unattached: Those of no block only.
        limit: At most so many; None gives all.
        before: Those behind this place only; None begins with the newest.
    """
    left = limit
    while left is None or left > 0:
        size = _PAGE if left is None else min(_PAGE, left)
        page = await block_files.select_files(
            session,
            block_id=block_id,
            domain=domain,
            unattached=unattached,
            before=before,
            limit=size,
        )
        for file in page:
            yield file
        if len(page) < size:
            return
        before = page[-1]
        left = None if left is None else left - len(page)


async def edit_file(
    session: Session,
    file_id: UUID,
    *,
    label: str | None = None,
    note: str | None = None,
    domain: StorageDomain | None = None,
) -> BlockFile:
    """Changes what is said of a file; None leaves a value, and an empty note takes it away.

    Raises:
        InvalidInput: The label is blank.
        LibraryFileNotFound: There is none, or it is somebody else's.
    """
    if label is not None and not label.strip():
        message = "The label is blank."
        raise errors.InvalidInput(message)
    _found(await block_files.lock_file(session, file_id), file_id)
    return await block_files.update_file(
        session, file_id, label=label, note=note or None, clear_note=note == "", domain=domain
    )


async def attach_file(
    session: Session, file_id: UUID, block_id: UUID, *, is_primary: bool = False
) -> BlockFile:
    """Has a file belong to a block, which it leaves another one for; both become new versions.

    Args:
        is_primary: Make it the block's first file in place of the one that is; False leaves that as it is.

    Raises:
        BlockNotFound: There is no such block.
        LibraryFileNotFound: There is no such file.
        WrongState: One of the blocks is archived or locked.
    """
    file = _found(await block_files.lock_file(session, file_id), file_id)
    leads = is_primary or (file.is_primary and file.associated_block_id == block_id)
    return await _placed(session, file, block_id, is_primary=leads)


async def detach_file(session: Session, file_id: UUID) -> BlockFile:
    """Has a file belong to the library alone.

    Raises:
        LibraryFileNotFound: There is none, or it is somebody else's.
        WrongState: Its block is archived or locked.
    """
    file = _found(await block_files.lock_file(session, file_id), file_id)
    return await _placed(session, file, None, is_primary=False)


async def _placed(
    session: Session, file: BlockFile, block_id: UUID | None, *, is_primary: bool
) -> BlockFile:
    ids = {one for one in (file.associated_block_id, block_id) if one is not None}
    blocks = {one.id: one for one in await block_files.lock_blocks(session, list(ids))}
    if block_id is not None and block_id not in blocks:
        message = f"There is no block {block_id}."
        raise errors.BlockNotFound(message, details={"id": str(block_id)})
    for block in blocks.values():
        if block.status != BlockStatus.ACTIVE and file.associated_block_id != block_id:
            message = f"The block {block.id} is {block.status}, and keeps the files that it has."
            hint = "Restore or unlock it first: `briefsmith block restore`, `block edit --status active`."
            raise errors.WrongState(message, hint=hint, details={"id": str(block.id)})
    return await block_files.place_file(session, file, block_id, is_primary=is_primary)


async def remove_file(open_session: OpenSession, storage: FileStorage, file_id: UUID) -> BlockFile:
    """Removes a file: its row first, then its bytes where no other file has the same.

    Raises:
        LibraryFileNotFound: There is none, or it is somebody else's.
        WrongState: Its block is archived or locked.
    """
    async with open_session() as session:
        file = _found(await block_files.lock_file(session, file_id), file_id)
        if file.associated_block_id is not None:
            await _placed(session, file, None, is_primary=False)
        await block_files.delete_file(session, file_id)
    if file.content_sha256 is not None and storage.key_of(file.file_url) is not None:
        await remove_unnamed(open_session, storage, file.content_sha256)
    return file
