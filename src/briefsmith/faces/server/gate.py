"""Before every route: who asks, whether they may, and whether they ask too often."""

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from briefsmith.errors import BriefsmithError, NotAuthenticated, NotPermitted
from briefsmith.faces.server.backend import Backend
from briefsmith.faces.server.identity import is_loopback_name
from briefsmith.faces.server.problems import problem
from briefsmith.faces.server.protected_resource import (
    MCP_PATH,
    METADATA_PATHS,
    challenge,
    public_base,
)

# Whoever looks after the server asks these, without a name.
_OPEN = {"/healthz", "/readyz", *METADATA_PATHS}
_READING = {"GET", "HEAD"}


class Gate:
    """Lets a request through with its identity in the scope, or answers it."""

    def __init__(self, app: ASGIApp, backend: Backend) -> None:
        self._app = app
        self._backend = backend

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what may pass."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        try:
            if scope["path"] not in _OPEN:
                await self._admit(scope)
        except BriefsmithError as error:
            await self._refused(scope, error)(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            # What GET would say, without the body.
            await self._app({**scope, "method": "GET"}, receive, _without_body(send))
            return
        await self._app(scope, receive, send)

    def _refused(self, scope: Scope, error: BriefsmithError) -> Response:
        if scope["path"] != MCP_PATH or not isinstance(error, NotAuthenticated):
            return problem(error)
        base = public_base(scope, self._backend.settings.public_url)
        return problem(error, headers={"WWW-Authenticate": challenge(base)})

    async def _admit(self, scope: Scope) -> None:
        if scope["path"] == "/metrics" and self._backend.knows_tokens:
            _check_from_here(scope)
            return
        identity = await self._backend.identifier.identify(Headers(scope=scope))
        scope["state"]["identity"] = identity
        # Agents post whatever they ask; their tools know who may only look.
        is_posted = scope["method"] not in _READING and scope["path"] != MCP_PATH
        if is_posted and not identity.may_write:
            message = "This key may only look."
            raise NotPermitted(message, hint="Make one with the scope `write`.")
        if self._backend.rates is not None:
            await self._backend.rates.take(identity.actor)


def _check_from_here(scope: Scope) -> None:
    """Counts are for this machine: not for others, and not through a proxy, behind which all seem to be here."""
    names = {name for name, _ in scope["headers"]}
    client = scope.get("client")
    forwarded = names & {b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via"}
    if client is None or not is_loopback_name(client[0]) or forwarded:
        message = "The counts are for the machine that the server runs on."
        raise NotPermitted(message, hint="Ask for /metrics there, and not through a proxy.")


def _without_body(send: Send) -> Send:
    ended = False

    async def headers_only(message: Message) -> None:
        nonlocal ended
        if message["type"] == "http.response.start":
            await send(message)
            if message["status"] >= HTTPStatus.OK:
                await send({"type": "http.response.body", "body": b""})
                ended = True
        elif not ended:
            await send(message)

    return headers_only
