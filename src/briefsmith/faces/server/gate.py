"""Before every route: who asks, whether they may, and whether they ask too often."""

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from briefsmith.errors import BriefsmithError, NotPermitted
from briefsmith.faces.server.backend import Backend
from briefsmith.faces.server.identity import is_loopback_name
from briefsmith.faces.server.problems import problem

# Whoever looks after the server asks these, without a name.
_HEALTH = {"/healthz", "/readyz"}
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
            if scope["path"] not in _HEALTH:
                await self._admit(scope)
        except BriefsmithError as error:
            await problem(error)(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            # What GET would say, without the body.
            await self._app({**scope, "method": "GET"}, receive, _without_body(send))
            return
        await self._app(scope, receive, send)

    async def _admit(self, scope: Scope) -> None:
        if scope["path"] == "/metrics" and self._backend.knows_tokens:
            _check_from_here(scope)
            return
        identity = await self._backend.identifier.identify(Headers(scope=scope))
        scope["state"]["identity"] = identity
        if not identity.may_write and scope["method"] not in _READING:
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
