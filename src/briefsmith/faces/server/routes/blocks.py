"""Routes on blocks."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json
from starlette.responses import Response

from briefsmith import errors
from briefsmith.faces.server import conditional, pages
from briefsmith.faces.server.asking import Asking, answer
from briefsmith.faces.server.refusals import refusals
from briefsmith.faces.server.routing import Route, strictly
from briefsmith.models.block_revisions import BlockRevision
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.models.enums import BlockImportance, BlockSource, BlockStatus, BlockType
from briefsmith.operations import blocks, search
from briefsmith.postgres.session import Session
from briefsmith.schemas.blocks import (
    IN_USE,
    VISIBLE,
    BlockEdit,
    BlockFilter,
    NewBlock,
    Text,
)

router = APIRouter(prefix="/v1/blocks", tags=["blocks"], route_class=Route)

search_router = APIRouter(prefix="/v1/search", tags=["blocks"], route_class=Route)

_KIND = "blk"
_MOST_VERSION = 2**31 - 1

New = Annotated[NewBlock, strictly(NewBlock)]
Edit = Annotated[BlockEdit, strictly(BlockEdit)]
Version = Annotated[int, Path(ge=1, le=_MOST_VERSION), pages.WHOLE]


class _Filter(BaseModel):
    """Which blocks; every condition has to hold, of a repeated one any value but of `tag` all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: list[BlockType] = Field(default_factory=list)
    tag: list[Text] = Field(default_factory=list)
    scope: Text | None = None
    status: list[BlockStatus] = Field(default_factory=lambda: list(IN_USE))
    importance: list[BlockImportance] = Field(default_factory=list)
    source: list[BlockSource] = Field(default_factory=list)
    locale: Text | None = None

    def wanted(self) -> BlockFilter:
        """As operations take it."""
        return BlockFilter(
            types=tuple(self.type),
            tags=tuple(self.tag),
            scope=self.scope,
            statuses=tuple(self.status) or IN_USE,
            importances=tuple(self.importance),
            sources=tuple(self.source),
            locale=self.locale,
        )


class BlockQuery(_Filter):
    """A page of blocks."""

    limit: pages.Limit = 50
    cursor: str | None = pages.cursor_field(_KIND)


class SearchQuery(_Filter):
    """A question, and which blocks may answer it."""

    q: Text = Field(max_length=search.MAX_QUERY_CHARS, json_schema_extra={"pattern": VISIBLE})
    limit: pages.Limit = 10


class FoundBlock(BaseModel):
    """A block that search found.

    Attributes:
        score: In [0, 1]; comparable within one search only.
        bm25: Of the words.
        cosine: Of the meaning, in [-1, 1]; null without a vector.
    """

    score: float
    bm25: float
    cosine: float | None
    block: ContextBlock


class FoundBlocks(BaseModel):
    """Blocks by falling score.

    Attributes:
        by_meaning: False where words alone were searched.
    """

    by_meaning: bool
    items: list[FoundBlock]


class BlockHistory(BaseModel):
    """What a block was before each change, the newest first."""

    items: list[BlockRevision]


class PurgedBlock(BaseModel):
    """What a purge came to: how many briefs say less now."""

    briefs: int


def _block(block: ContextBlock, request: Request | None = None, **more: Any) -> Response:
    body = to_json(block)
    tag = conditional.block_tag(block, body)
    if request is not None and (same := conditional.not_modified(request, tag)) is not None:
        return same
    response = Response(body, media_type="application/json", status_code=more.get("status", 200))
    response.headers["ETag"] = tag
    if "location" in more:
        response.headers["Location"] = more["location"]
    return response


@router.get(
    "",
    operation_id="list_blocks",
    response_model=pages.Page[ContextBlock],
    responses=refusals(),
)
async def list_blocks(
    request: Request, query: Annotated[BlockQuery, Query()], caller: Asking
) -> Response:
    """Blocks, the oldest first."""
    after = pages.read(query.cursor)
    async with caller.session(read_only=True) as session:
        listed = blocks.list_blocks(session, query.wanted(), limit=query.limit + 1, after=after)
        found = [block async for block in listed]
    return pages.page(request, _KIND, found, found, query.limit)


@router.post(
    "",
    operation_id="add_block",
    status_code=201,
    response_model=ContextBlock,
    responses=refusals(errors.LabelTaken, errors.BlockNotFound),
)
async def add_block(new: New, caller: Asking) -> Response:
    """A new block."""

    async def work(session: Session) -> Response:
        block = await blocks.add_block(session, caller.store.embedder, new)
        return _block(block, status=201, location=f"/v1/blocks/{block.id}")

    return await caller.once(work)


@search_router.get(
    "",
    operation_id="search_blocks",
    response_model=FoundBlocks,
    responses=refusals(errors.WrongEmbedding),
)
async def search_blocks(query: Annotated[SearchQuery, Query()], caller: Asking) -> Response:
    """Blocks that fit a question, by words and by meaning; any word may match."""
    async with caller.session(read_only=True) as session:
        found = await search.search_blocks(
            session, caller.store.embedder, query.q, wanted=query.wanted(), limit=query.limit
        )
    return answer({"by_meaning": found.by_meaning, "items": found.hits})


@router.get(
    "/{block_id}",
    operation_id="get_block",
    response_model=ContextBlock,
    responses=refusals(errors.BlockNotFound, unmodified=True),
)
async def get_block(request: Request, block_id: UUID, caller: Asking) -> Response:
    """A block."""
    async with caller.session(read_only=True) as session:
        block = await blocks.get_block(session, block_id)
    return _block(block, request)


@router.patch(
    "/{block_id}",
    operation_id="edit_block",
    response_model=ContextBlock,
    responses=refusals(
        errors.BlockNotFound, errors.LabelTaken, errors.StaleVersion, errors.WrongState
    )
    | conditional.FAILS,
)
async def edit_block(request: Request, block_id: UUID, edit: Edit, caller: Asking) -> Response:
    """A block after a change: what is not named stays as it is; null clears what may be null."""

    async def change(session: Session, expected: int | None) -> ContextBlock:
        return await blocks.edit_block(
            session, caller.store.embedder, block_id, edit, expected_version=expected
        )

    return await _changed(request, block_id, caller, change)


async def _changed(
    request: Request,
    block_id: UUID,
    caller: Asking,
    change: Callable[[Session, int | None], Awaitable[ContextBlock]],
) -> Response:
    """The block after a change; one that was meant for another version says so."""
    is_meant = "if-match" in request.headers
    try:
        async with caller.session() as session:
            expected: int | None = None
            if is_meant:
                current = await blocks.get_block(session, block_id)
                expected = conditional.expected_version(request, current)
            block = await change(session, expected)
    except errors.StaleVersion as error:
        if is_meant:
            return conditional.precondition_failed(error)
        raise
    return _block(block)


@router.delete(
    "/{block_id}",
    operation_id="purge_block",
    response_model=PurgedBlock,
    responses=refusals(errors.BlockNotFound),
)
async def purge_block(block_id: UUID, caller: Asking) -> Response:
    """Erases a block for good, also from its history and from briefs; archiving is what usually is meant."""
    async with caller.session() as session:
        briefs = await blocks.purge_block(session, block_id)
    return answer({"briefs": briefs})


@router.post(
    "/{block_id}/accept",
    operation_id="accept_block",
    response_model=ContextBlock,
    responses=refusals(errors.BlockNotFound, errors.WrongState),
)
async def accept_block(block_id: UUID, caller: Asking) -> Response:
    """The block, reviewed by a person: from now on it may enter briefs."""

    async def work(session: Session) -> Response:
        return _block(await blocks.accept_block(session, block_id))

    return await caller.once(work)


@router.post(
    "/{block_id}/archive",
    operation_id="archive_block",
    response_model=ContextBlock,
    responses=refusals(errors.BlockNotFound, errors.WrongState),
)
async def archive_block(block_id: UUID, caller: Asking) -> Response:
    """The block, out of use; it keeps its history and can come back."""

    async def work(session: Session) -> Response:
        return _block(await blocks.archive_block(session, block_id))

    return await caller.once(work)


@router.post(
    "/{block_id}/restore",
    operation_id="restore_block",
    response_model=ContextBlock,
    responses=refusals(errors.BlockNotFound, errors.LabelTaken),
)
async def restore_block(block_id: UUID, caller: Asking) -> Response:
    """The block, in use again."""

    async def work(session: Session) -> Response:
        return _block(await blocks.restore_block(session, block_id))

    return await caller.once(work)


@router.get(
    "/{block_id}/history",
    operation_id="block_history",
    response_model=BlockHistory,
    responses=refusals(errors.BlockNotFound),
)
async def block_history(block_id: UUID, caller: Asking) -> Response:
    """What the block was before each change, the newest first."""
    async with caller.session(read_only=True) as session:
        revisions = await blocks.block_history(session, block_id)
    return answer({"items": revisions})


@router.get(
    "/{block_id}/versions/{version}",
    operation_id="get_block_version",
    response_model=ContextBlock,
    responses=refusals(errors.BlockNotFound),
)
async def get_block_version(block_id: UUID, version: Version, caller: Asking) -> Response:
    """The block as it was at a version."""
    async with caller.session(read_only=True) as session:
        return answer(await blocks.get_block_version(session, block_id, version))
