"""Routes that a client asks before it has a token."""

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import Response

from briefsmith import errors
from briefsmith.faces.server.asking import answer
from briefsmith.faces.server.backend import Backend
from briefsmith.faces.server.protected_resource import METADATA_PATHS, metadata, public_base
from briefsmith.faces.server.refusals import refusals
from briefsmith.faces.server.routing import Route

router = APIRouter(tags=["server"], route_class=Route)


class ProtectedResource(BaseModel):
    """Who gives tokens for this server (RFC 9728)."""

    resource: str
    authorization_servers: list[str]
    bearer_methods_supported: list[str]
    resource_name: str


@router.get(
    METADATA_PATHS[0],
    operation_id="get_protected_resource",
    response_model=ProtectedResource,
    responses=refusals(errors.NotFound),
)
async def get_protected_resource(request: Request) -> Response:
    """Who gives tokens for this server; nobody, where it takes none."""
    backend: Backend = request.app.state.backend
    if not backend.knows_tokens:
        message = "This server wants no token."
        raise errors.NotFound(message, hint="Ask it without one, from the machine it runs on.")
    base = public_base(request.scope, backend.settings.public_url)
    return answer(metadata(base, backend.settings.jwt_issuer))


@router.get(
    METADATA_PATHS[1],
    operation_id="get_protected_resource_of_mcp",
    response_model=ProtectedResource,
    responses=refusals(errors.NotFound),
)
async def get_protected_resource_of_mcp(request: Request) -> Response:
    """The same, where clients of `/mcp` look for it."""
    return await get_protected_resource(request)
