"""Routes on the agents that keep the store in order; they work beside the server."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from briefsmith.agents.registry import AGENTS
from briefsmith.faces.server import pages
from briefsmith.faces.server.asking import Asking, answer
from briefsmith.faces.server.refusals import refusals
from briefsmith.faces.server.routing import Route
from briefsmith.models.agent_messages import AgentMessage
from briefsmith.models.agent_sessions import AgentSession
from briefsmith.operations.agent_messages import list_messages
from briefsmith.operations.agent_sessions import list_runs
from briefsmith.schemas.blocks import Text

router = APIRouter(prefix="/v1/agents", tags=["agents"], route_class=Route)

_KIND = "run"


class AgentAnswer(BaseModel):
    """An agent, and when it ran last; null where it never did."""

    name: str
    description: str
    last_run: AgentSession | None


class Agents(BaseModel):
    """All agents, in the order in which they run."""

    items: list[AgentAnswer]


class RunQuery(BaseModel):
    """Of which agent, and which page."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    agent: Text | None = Field(default=None, max_length=100)
    limit: pages.Limit = 50
    cursor: str | None = pages.cursor_field(_KIND)


class Messages(BaseModel):
    """What agents asked a model about a brief, the first call first; no text of it."""

    items: list[AgentMessage]


@router.get("", operation_id="list_agents", response_model=Agents, responses=refusals())
async def list_agents(caller: Asking) -> Response:
    """The agents, and when each ran last."""
    async with caller.session(read_only=True) as session:
        last = {agent.name: await list_runs(session, agent=agent.name, limit=1) for agent in AGENTS}
    found = [
        {
            "name": agent.name,
            "description": agent.description,
            "last_run": next(iter(last[agent.name]), None),
        }
        for agent in AGENTS
    ]
    return answer({"items": found})


@router.get(
    "/runs",
    operation_id="list_runs",
    response_model=pages.Page[AgentSession],
    responses=refusals(),
)
async def list_agent_runs(
    request: Request, query: Annotated[RunQuery, Query()], caller: Asking
) -> Response:
    """What agents did, the newest first."""
    before = pages.read(query.cursor)
    async with caller.session(read_only=True) as session:
        found = await list_runs(session, agent=query.agent, limit=query.limit + 1, before=before)
    return pages.page(request, _KIND, found, found, query.limit)


@router.get(
    "/messages/{brief_id}",
    operation_id="list_messages",
    response_model=Messages,
    responses=refusals(),
)
async def list_brief_messages(brief_id: UUID, caller: Asking) -> Response:
    """What agents asked a language model about a brief: calls, tokens and outcomes."""
    async with caller.session(read_only=True) as session:
        return answer({"items": await list_messages(session, str(brief_id))})
