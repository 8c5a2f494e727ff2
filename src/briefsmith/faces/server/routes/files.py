"""Routes on the library of files."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from contextlib import ExitStack, asynccontextmanager
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json
from starlette.responses import Response

from briefsmith import errors
from briefsmith.faces.server import pages
from briefsmith.faces.server.asking import Asking, Caller, again, answer
from briefsmith.faces.server.downloads import PARTS, content_of
from briefsmith.faces.server.refusals import refusals
from briefsmith.faces.server.routing import LongRoute, Route, UploadRoute, strictly
from briefsmith.models.block_files import BlockFile
from briefsmith.models.enums import StorageDomain
from briefsmith.operations import extraction, file_contents, files
from briefsmith.operations.file_intake import Spooled, spooled
from briefsmith.postgres.session import Session
from briefsmith.schemas.blocks import VISIBLE, Text
from briefsmith.schemas.extraction import ExtractionReport
from briefsmith.schemas.files import MAX_FILE_LABEL_CHARS, NewFile

router = APIRouter(prefix="/v1/files", tags=["files"], route_class=Route)

upload_router = APIRouter(prefix="/v1/files", tags=["files"], route_class=UploadRoute)

long_router = APIRouter(prefix="/v1/files", tags=["files"], route_class=LongRoute)

_KIND = "fil"
_BYTES = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class UploadQuery(NewFile):
    """What a file is; its bytes are the body, and tell its type.

    Attributes:
        name: As the person calls it; never used as a path.
    """

    name: Annotated[Text, Field(min_length=1, max_length=1_000)]


class FileQuery(BaseModel):
    """A page of files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    block_id: UUID | None = None
    domain: StorageDomain | None = None
    unattached: bool = False
    limit: pages.Limit = 50
    cursor: str | None = pages.cursor_field(_KIND)


class FileChange(BaseModel):
    """What is said of a file; what is not named stays, and a note of null goes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: Annotated[
        Text | None,
        Field(
            min_length=1, max_length=MAX_FILE_LABEL_CHARS, json_schema_extra={"pattern": VISIBLE}
        ),
    ] = None
    note: Annotated[Text, Field(max_length=20_000)] | None = None
    domain: StorageDomain | None = None


class Attachment(BaseModel):
    """Where a file belongs.

    Attributes:
        is_primary: The block's first file, in place of the one that is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    block_id: UUID
    is_primary: bool = False


class ExtractionRequest(BaseModel):
    """How text is taken out of a file.

    Attributes:
        dry_run: Store nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dry_run: bool = False


Change = Annotated[FileChange, strictly(FileChange)]
Attaching = Annotated[Attachment, strictly(Attachment)]
Extracting = Annotated[ExtractionRequest, strictly(ExtractionRequest)]


def _file(file: BlockFile, status: int = 200, **headers: str) -> Response:
    body = to_json(file)
    return Response(body, media_type="application/json", status_code=status, headers=headers)


@router.get(
    "",
    operation_id="list_files",
    response_model=pages.Page[BlockFile],
    responses=refusals(),
)
async def list_files(
    request: Request, query: Annotated[FileQuery, Query()], caller: Asking
) -> Response:
    """Files, the newest first."""
    before = pages.read(query.cursor)
    async with caller.session(read_only=True) as session:
        listed = files.list_files(
            session,
            block_id=query.block_id,
            domain=query.domain,
            unattached=query.unattached,
            limit=query.limit + 1,
            before=before,
        )
        found = [file async for file in listed]
    return pages.page(request, _KIND, found, found, query.limit)


@upload_router.post(
    "",
    operation_id="add_file",
    status_code=201,
    response_model=BlockFile,
    responses=refusals(
        errors.BlockNotFound,
        errors.FileTooLarge,
        errors.FileTypeRefused,
        errors.InvalidFile,
        errors.LibraryFull,
        errors.RequestTooLarge,
        errors.StorageUnavailable,
    ),
    openapi_extra=_BYTES,
)
async def add_file(
    request: Request, query: Annotated[UploadQuery, Query()], caller: Asking
) -> Response:
    """A new file: its bytes are the body. The same bytes twice are stored once, and are two files."""
    store = caller.store
    new = NewFile.model_validate(query.model_dump(exclude={"name"}))
    async with _taken_in(request, caller, query.name) as copy:

        async def work(session: Session) -> Response:
            file = await files.add_file(session, store.files, copy, new, store.file_limits)
            return _file(file, 201, Location=f"/v1/files/{file.id}")

        return await caller.once(work, bytes.fromhex(copy.sha256))


@asynccontextmanager
async def _taken_in(request: Request, caller: Caller, name: str) -> AsyncGenerator[Spooled]:
    """The body as a file of ours; little of it is in memory at any time."""
    with ExitStack() as opened:
        received = opened.enter_context(tempfile.TemporaryFile())
        async for piece in request.stream():
            await asyncio.to_thread(received.write, piece)
        await asyncio.to_thread(received.seek, 0)
        copying = spooled(received, name, caller.store.file_limits)
        yield await asyncio.to_thread(opened.enter_context, copying)


@router.get(
    "/{file_id}",
    operation_id="get_file",
    response_model=BlockFile,
    responses=refusals(errors.LibraryFileNotFound),
)
async def get_file(file_id: UUID, caller: Asking) -> Response:
    """A file, without its bytes."""
    async with caller.session(read_only=True) as session:
        return _file(await files.get_file(session, file_id))


@router.get(
    "/{file_id}/content",
    operation_id="read_file",
    response_class=Response,
    responses=refusals(
        errors.LibraryFileNotFound,
        errors.FileContentMissing,
        errors.StorageUnavailable,
        unmodified=True,
    )
    | PARTS,
)
async def read_file(request: Request, file_id: UUID, caller: Asking) -> Response:
    """The bytes of a file, or the part that `Range` asks for."""
    async with caller.session(read_only=True) as session:
        file = await files.get_file(session, file_id)
    if not await file_contents.has_content(caller.store.files, file):
        message = f"The bytes of the file {file_id} are not in the storage."
        raise errors.FileContentMissing(message, details={"id": str(file_id)})
    return content_of(request, caller.store.files, file)


@router.patch(
    "/{file_id}",
    operation_id="edit_file",
    response_model=BlockFile,
    responses=refusals(errors.LibraryFileNotFound),
)
async def edit_file(file_id: UUID, change: Change, caller: Asking) -> Response:
    """A file after a change of what is said of it; its bytes never change."""
    is_cleared = "note" in change.model_fields_set and change.note is None
    note = "" if is_cleared else change.note
    async with caller.session() as session:
        file = await files.edit_file(
            session, file_id, label=change.label, note=note, domain=change.domain
        )
    return _file(file)


@router.post(
    "/{file_id}/attach",
    operation_id="attach_file",
    response_model=BlockFile,
    responses=refusals(errors.LibraryFileNotFound, errors.BlockNotFound, errors.WrongState),
)
async def attach_file(file_id: UUID, attachment: Attaching, caller: Asking) -> Response:
    """The file, belonging to a block, and to no other any more."""

    async def work(session: Session) -> Response:
        block_id, leads = attachment.block_id, attachment.is_primary
        return _file(await files.attach_file(session, file_id, block_id, is_primary=leads))

    return await caller.once(work)


@router.post(
    "/{file_id}/detach",
    operation_id="detach_file",
    response_model=BlockFile,
    responses=refusals(errors.LibraryFileNotFound, errors.WrongState),
)
async def detach_file(file_id: UUID, caller: Asking) -> Response:
    """The file, belonging to no block."""

    async def work(session: Session) -> Response:
        return _file(await files.detach_file(session, file_id))

    return await caller.once(work)


@router.delete(
    "/{file_id}",
    operation_id="remove_file",
    response_model=BlockFile,
    responses=refusals(errors.LibraryFileNotFound, errors.WrongState, errors.StorageUnavailable),
)
async def remove_file(file_id: UUID, caller: Asking) -> Response:
    """Removes a file for good, and its bytes where no other file has the same."""
    return _file(await files.remove_file(caller.session, caller.store.files, file_id))


@long_router.post(
    "/{file_id}/extract",
    operation_id="extract_file",
    response_model=ExtractionReport,
    responses=refusals(
        errors.LibraryFileNotFound,
        errors.FileContentMissing,
        errors.NotExtractable,
        errors.StorageUnavailable,
        errors.InvalidSetting,
    ),
)
async def extract_file(file_id: UUID, wanted: Extracting, caller: Asking) -> Response:
    """Draft blocks out of a file, which await review; a second time, only what changed is touched."""
    store = caller.store
    async with caller.long("extract") as long:
        if long.first is not None:
            return again(long.first)
        report: Any = await extraction.extract_file(
            caller.session,
            store.embedder,
            store.files,
            store.extractor,
            file_id,
            dry_run=wanted.dry_run,
        )
        response = answer(report)
        # A second extraction has no second effect, so the answer may be kept behind the first.
        async with caller.session() as session:
            await long.keep(session, response)
        return response
