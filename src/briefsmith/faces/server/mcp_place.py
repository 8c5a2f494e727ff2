"""The MCP server at `/mcp`: behind the same gate as every route, and imported by the first request for it."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from briefsmith.errors import BriefsmithError, InvalidSetting, Unavailable
from briefsmith.faces.server.backend import Backend
from briefsmith.faces.server.identity import Identity
from briefsmith.faces.server.limits import BodyTooLarge, CountedBody, within
from briefsmith.faces.server.problems import problem
from briefsmith.faces.server.protected_resource import MCP_PATH
from briefsmith.operations.request_limits import begin_long_request, end_long_request
from briefsmith.postgres.session import Actor

if TYPE_CHECKING:
    from briefsmith.faces.mcp.asking import Asker
    from briefsmith.faces.mcp.over_http import McpApp

_PLACE = SimpleNamespace(path=MCP_PATH)  # for the log and the counts
_SLACK_SECONDS = 10


class McpPlace:
    """Answers what is for agents; passes on the rest."""

    def __init__(self, app: ASGIApp, backend: Backend) -> None:
        self._app = app
        self._backend = backend
        self._opening = asyncio.Lock()
        self._running: asyncio.Task[None] | None = None
        self._mcp: McpApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what is for another path."""
        if scope["type"] != "http" or scope["path"] != MCP_PATH:
            await self._app(scope, receive, send)
            return
        scope["route"] = _PLACE
        begun = False

        async def told(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            mcp = await self._open()
            body = await _whole_body(scope, receive, self._backend.settings.body_bytes)
            async with within(self._backend.long_seconds):
                await mcp.app(dict(scope), _replaying(body, receive), told)
        except BodyTooLarge as error:
            await problem(error.error)(scope, receive, send)
        except BriefsmithError as error:
            if begun:
                raise
            await problem(error)(scope, receive, send)

    async def _open(self) -> "McpApp":
        """The application, running.

        Raises:
            InvalidSetting: Its package is not installed.
            Unavailable: The server is about to stop.
        """
        async with self._opening:
            if self._backend.closing.is_set():
                message = "The server is about to stop."
                raise Unavailable(message)
            if self._mcp is None:
                # A second and a half of imports, which nobody else should wait for.
                mcp = await asyncio.to_thread(self._made)
                running = asyncio.get_running_loop().create_future()
                self._running = asyncio.create_task(self._run(mcp, running))
                self._backend.on_close(self._stopped)
                await running
                self._mcp = mcp
            return self._mcp

    def _made(self) -> "McpApp":
        try:
            from briefsmith.faces.mcp.over_http import make_http
        except ImportError as error:
            message = "The package that speaks MCP is not installed where this server runs."
            raise InvalidSetting(message, hint="pip install 'briefsmith[mcp]'") from error
        return make_http(self._asker)

    async def _run(self, mcp: "McpApp", running: "asyncio.Future[None]") -> None:
        # One task enters and leaves; a request that is cancelled takes nothing with it.
        try:
            async with mcp.running():
                running.set_result(None)
                await self._backend.closing.wait()
        except Exception as error:
            if running.done():
                raise
            running.set_exception(error)

    async def _stopped(self) -> None:
        if self._running is not None:
            self._backend.closing.set()
            await self._running

    def _asker(self, scope: Mapping[str, Any]) -> "Asker":
        from briefsmith.faces.mcp.asking import Asker

        identity: Identity = scope["state"]["identity"]
        actor = identity.actor

        @asynccontextmanager
        async def composing() -> AsyncGenerator[None]:
            async with self._backend.store.database.session(actor) as session:
                running = await begin_long_request(
                    session,
                    "compose",
                    most=self._backend.settings.composes_at_once,
                    seconds=self._backend.long_seconds + _SLACK_SECONDS,
                    idempotency_key=None,
                )
            try:
                yield
            finally:
                await self._backend.finish(self._end(actor, running))

        return Asker(self._backend.store, actor, may_write=identity.may_write, composing=composing)

    async def _end(self, actor: Actor, running: UUID) -> None:
        with suppress(BriefsmithError):
            async with self._backend.store.database.session(actor) as session:
                await end_long_request(session, running)


async def _whole_body(scope: Scope, receive: Receive, most: int) -> bytes:
    """A message of the protocol is read whole by whoever takes it.

    Raises:
        BodyTooLarge: It has more bytes.
    """
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    counted = CountedBody(receive, most, lengths[0].decode("latin-1") if lengths else None)
    pieces: list[bytes] = []
    while True:
        message = await counted()
        if message["type"] == "http.disconnect":
            break
        pieces.append(message.get("body", b""))
        if not message.get("more_body"):
            break
    return b"".join(pieces)


def _replaying(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replayed() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed
