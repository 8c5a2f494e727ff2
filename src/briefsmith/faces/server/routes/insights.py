"""Routes on what use tells of blocks and briefs."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from briefsmith.faces.server import pages
from briefsmith.faces.server.asking import Asking, answer
from briefsmith.faces.server.refusals import refusals
from briefsmith.faces.server.routing import Route
from briefsmith.operations import insights
from briefsmith.schemas.insights import BlockUsage, BriefPatterns, TypePopularity

router = APIRouter(prefix="/v1/insights", tags=["insights"], route_class=Route)


class UsageQuery(BaseModel):
    """The most used so many, or so many of those that never were."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unused_only: Literal["true", "false"] = "false"
    limit: pages.Limit = 50


class UsedBlocks(BaseModel):
    """Blocks, the most used first."""

    items: list[BlockUsage]


class PopularTypes(BaseModel):
    """Types of blocks, the most used first."""

    items: list[TypePopularity]


@router.get("/usage", operation_id="block_usage", response_model=UsedBlocks, responses=refusals())
async def block_usage(query: Annotated[UsageQuery, Query()], caller: Asking) -> Response:
    """How often each block went into a brief."""
    only = query.unused_only == "true"
    async with caller.session(read_only=True) as session:
        found = await insights.block_usage(session, unused_only=only, limit=query.limit)
    return answer({"items": found})


@router.get(
    "/patterns", operation_id="brief_patterns", response_model=BriefPatterns, responses=refusals()
)
async def brief_patterns(caller: Asking) -> Response:
    """What the caller's briefs have in common."""
    async with caller.session(read_only=True) as session:
        return answer(await insights.brief_patterns(session))


@router.get(
    "/popularity",
    operation_id="type_popularity",
    response_model=PopularTypes,
    responses=refusals(),
)
async def type_popularity(caller: Asking) -> Response:
    """How often each type of blocks is used."""
    async with caller.session(read_only=True) as session:
        return answer({"items": await insights.type_popularity(session)})
