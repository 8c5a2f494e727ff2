"""The application: layers around the routes, and what is answered where no route answers."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TextIO, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp

from briefsmith import __version__
from briefsmith.errors import BriefsmithError, Bug
from briefsmith.faces.server import problems
from briefsmith.faces.server.backend import Backend
from briefsmith.faces.server.gate import Gate
from briefsmith.faces.server.limits import BodyTooLarge
from briefsmith.faces.server.mcp_place import McpPlace
from briefsmith.faces.server.openapi import documented
from briefsmith.faces.server.request_log import RequestLog
from briefsmith.faces.server.routes import (
    agents,
    blocks,
    brief_edits,
    brief_life,
    brief_types,
    briefs,
    configs,
    events,
    feedback,
    files,
    health,
    insights,
    keys,
    review,
    runs,
    schema,
    well_known,
)
from briefsmith.faces.server.traces import traced

ROUTERS = (
    blocks.router,
    blocks.search_router,
    briefs.router,
    briefs.long_router,
    brief_edits.router,
    brief_edits.long_router,
    brief_life.router,
    files.router,
    files.upload_router,
    files.long_router,
    feedback.router,
    configs.router,
    runs.router,
    runs.long_router,
    brief_types.router,
    review.router,
    insights.router,
    agents.router,
    events.router,
    keys.router,
    schema.router,
    health.router,
    well_known.router,
)
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_TOLD_HEADERS = [
    "Accept-Ranges",
    "Content-Disposition",
    "Content-Range",
    "ETag",
    "Idempotency-Replayed",
    "Link",
    "Location",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-Id",
]


def make_app(backend: Backend, *, log: TextIO | None = None) -> ASGIApp:
    """The whole application for a server.

    Args:
        backend: What the routes work with; its store stays open.
        log: Where a line for each request goes; None is standard error.
    """
    routes = make_routes(backend)
    app: ASGIApp = Gate(McpPlace(routes, backend), backend)
    app = CORSMiddleware(
        app,
        allow_origins=backend.settings.cors_origins,
        allow_methods=_METHODS,
        allow_headers=[
            "Authorization",
            "Content-Type",
            "Idempotency-Key",
            "If-Match",
            "If-None-Match",
            "If-Range",
            "Last-Event-ID",
            "MCP-Protocol-Version",
            "Range",
            "X-Request-Id",
        ],
        expose_headers=_TOLD_HEADERS,
        max_age=600,
    )
    if backend.settings.traces:
        app = traced(app)
    return RequestLog(app, backend.metrics, log)


def make_routes(backend: Backend) -> FastAPI:
    """The routes alone, with what they are documented by."""

    @asynccontextmanager
    async def closing(_: FastAPI) -> AsyncGenerator[None]:
        yield
        await backend.close()

    app = FastAPI(
        title="Briefsmith",
        version=__version__,
        docs_url=None,  # the pages load scripts from elsewhere
        redoc_url=None,
        openapi_url=None,
        lifespan=closing,
        redirect_slashes=False,
    )
    app.state.backend = backend
    for router in ROUTERS:
        # Not `include_router`: it would look through the routers one by one for each request.
        app.router.routes.extend(router.routes)
    app.add_exception_handler(BriefsmithError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _of_transport)
    app.add_exception_handler(Exception, _fault)
    documented(app, knows_tokens=backend.knows_tokens)
    return app


async def _refused(_: Request, error: Exception) -> Response:
    if isinstance(error, Bug):
        # What a fault says of the inside is for the log.
        raise error
    return problems.problem(cast("BriefsmithError", error))


async def _fault(request: Request, _: Exception) -> Response:
    """What goes on to the outermost layer, which writes it down."""
    return problems.incident(request.scope["state"]["request_id"])


async def _invalid(_: Request, error: Exception) -> Response:
    return problems.problem(problems.invalid(cast("RequestValidationError", error)))


async def _of_transport(request: Request, error: Exception) -> Response:
    if isinstance(error, BodyTooLarge):
        return problems.problem(error.error)
    found = cast("HTTPException", error)
    return problems.of_transport(found, request, _allowed(request))


def _allowed(request: Request) -> list[str]:
    """Every method of the path, not only those of the route that was tried first."""
    found: set[str] = set()
    for method in _METHODS:
        scope = {**request.scope, "method": method}
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes):
            found.add(method)
    if "GET" in found:
        found.add("HEAD")
    return sorted(found)
