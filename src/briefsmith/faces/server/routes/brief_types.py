"""The route of the catalogue of kinds of briefs."""

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from briefsmith.faces.server.asking import Asking, answer
from briefsmith.faces.server.refusals import refusals
from briefsmith.faces.server.routing import Route
from briefsmith.operations import brief_types
from briefsmith.schemas.brief_types import BriefType

router = APIRouter(prefix="/v1/brief-types", tags=["briefs"], route_class=Route)


class BriefTypes(BaseModel):
    """Kinds of briefs, by title."""

    items: list[BriefType]


@router.get("", operation_id="list_brief_types", response_model=BriefTypes, responses=refusals())
async def list_brief_types(caller: Asking) -> Response:
    """The catalogue of kinds of briefs, each in its newest version."""
    async with caller.session(read_only=True) as session:
        return answer({"items": await brief_types.list_brief_types(session)})
