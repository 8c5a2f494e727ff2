"""Routes for who looks after the server."""

import asyncio
from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from briefsmith import __version__, errors
from briefsmith.faces.server import metrics
from briefsmith.faces.server.asking import answer
from briefsmith.faces.server.backend import Backend
from briefsmith.faces.server.refusals import refusals
from briefsmith.faces.server.routing import Route
from briefsmith.operations.clock import now

router = APIRouter(tags=["server"], route_class=Route)

_READY_SECONDS = 3.0
_TEXT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Counts."}
}


class Alive(BaseModel):
    """The process answers."""

    status: Literal["ok"]
    version: str


@router.get("/healthz", operation_id="is_alive", response_model=Alive, responses=refusals())
async def is_alive() -> Response:
    """Whether the process answers; says nothing of the database."""
    return answer({"status": "ok", "version": __version__})


@router.get(
    "/readyz",
    operation_id="is_ready",
    response_model=Alive,
    responses=refusals(errors.DatabaseUnreachable),
)
async def is_ready(request: Request) -> Response:
    """Whether the database answers, and the server is not about to stop."""
    backend: Backend = request.app.state.backend
    if backend.closing.is_set():
        message = "The server is about to stop."
        raise errors.Unavailable(message)
    try:
        async with (
            asyncio.timeout(_READY_SECONDS),
            backend.store.database.session(read_only=True) as session,
        ):
            await now(session)
    except TimeoutError as error:
        message = "The database does not answer in time."
        raise errors.DatabaseBusy(message) from error
    return answer({"status": "ok", "version": __version__})


@router.get(
    "/metrics", operation_id="get_metrics", response_class=Response, responses=refusals() | _TEXT
)
async def get_metrics(request: Request) -> Response:
    """Counts for Prometheus; where requests have to say who asks, for this machine alone."""
    backend: Backend = request.app.state.backend
    text = backend.metrics.text(backend.store.database.counts())
    return Response(text, media_type=metrics.MEDIA_TYPE)


@router.get("/openapi.json", operation_id="get_openapi", include_in_schema=False)
async def get_openapi(request: Request) -> Response:
    """What the routes take and give."""
    return JSONResponse(request.app.openapi())
