"""Routes on how briefs are run."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from briefsmith import errors
from briefsmith.faces.server import pages
from briefsmith.faces.server.asking import Asking, answer
from briefsmith.faces.server.receivers import WebReceiver
from briefsmith.faces.server.refusals import refusals
from briefsmith.faces.server.routing import Route, strictly
from briefsmith.models.deployment_configs import DeploymentConfig
from briefsmith.operations import deployment_configs
from briefsmith.postgres.session import Session
from briefsmith.schemas.blocks import Text
from briefsmith.schemas.deployment import MAX_TEMPERATURE, MOST_TOKENS, NewDeploymentConfig
from briefsmith.schemas.numbers import WHOLE

router = APIRouter(prefix="/v1/deployment-configs", tags=["runs"], route_class=Route)

_KIND = "cfg"


class NewConfig(BaseModel):
    """How a brief is to be run; null everywhere means what is usual.

    Attributes:
        model: Name at the server, or `provider:name`; null is the server's own choice.
        receiver: `stdout`, which is the answer to who runs it, or the address of a webhook.
        custom_notes: What else the model is told.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task_brief_id: UUID
    model: Annotated[str, Field(max_length=200, pattern=r"^[!-~]([ -~]*[!-~])?$")] | None = None
    temperature: Annotated[float, Field(ge=0, le=MAX_TEMPERATURE)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=MOST_TOKENS), WHOLE] | None = None
    receiver: WebReceiver | None = None
    format: Literal["markdown", "structured_json", "text_response", "prompt_block"] | None = None
    custom_notes: Annotated[Text, Field(max_length=20_000)] | None = None


New = Annotated[NewConfig, strictly(NewConfig)]


class ConfigQuery(BaseModel):
    """Of which brief, and which page."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task_brief_id: UUID
    limit: pages.Limit = 50
    cursor: str | None = pages.cursor_field(_KIND)


@router.post(
    "",
    operation_id="configure_brief",
    status_code=201,
    response_model=DeploymentConfig,
    responses=refusals(errors.BriefNotFound, errors.InvalidReceiver),
)
async def configure_brief(new: New, caller: Asking) -> Response:
    """A new configuration of a brief, which runs take from now on."""
    settings = NewDeploymentConfig(**new.model_dump(exclude={"task_brief_id"}))

    async def work(session: Session) -> Response:
        config = await deployment_configs.configure_brief(session, new.task_brief_id, settings)
        return answer(config, status=201)

    return await caller.once(work)


@router.get(
    "",
    operation_id="list_configs",
    response_model=pages.Page[DeploymentConfig],
    responses=refusals(errors.BriefNotFound),
)
async def list_configs(
    request: Request, query: Annotated[ConfigQuery, Query()], caller: Asking
) -> Response:
    """A brief's configurations, the newest first."""
    before = pages.read(query.cursor)
    async with caller.session(read_only=True) as session:
        found = await deployment_configs.list_configs(
            session, query.task_brief_id, limit=query.limit + 1, before=before
        )
    return pages.page(request, _KIND, found, found, query.limit)
