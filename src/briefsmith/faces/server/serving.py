"""A server that runs until it is told to stop, and then lets what is under way end."""

import asyncio
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp
from typing_extensions import override

from briefsmith.config import Settings
from briefsmith.errors import InvalidSetting
from briefsmith.faces.server.app import make_app
from briefsmith.faces.server.backend import Backend, make_backend, wants_tokens
from briefsmith.faces.server.http_heads import BoundedHeads
from briefsmith.faces.server.identity import is_loopback_name
from briefsmith.runtime import open_store

WAIT_SECONDS = 2.0
"""How long a request waits for a connection to the database before it is told to come again."""

_STOPPING_SECONDS = 30
_WAITING = 1024


class _JsonLines(logging.Formatter):
    @override
    def format(self, record: logging.LogRecord) -> str:
        line = {"level": record.levelname.lower(), "message": record.getMessage()}
        return json.dumps(line)


class Server(uvicorn.Server):
    """Stops by a signal as by any other end, so that what is around it is closed too."""

    def __init__(self, app: ASGIApp, backend: Backend, told: Callable[[], None]) -> None:
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="on",
            http=BoundedHeads,
            server_header=False,
            date_header=True,
            proxy_headers=False,
            ws="none",
            timeout_graceful_shutdown=_STOPPING_SECONDS,
        )
        super().__init__(config)
        self._backend = backend
        self._told = told

    @override
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """A first signal lets requests end, a second one does not."""
        loop = asyncio.get_running_loop()
        signals = (signal.SIGINT, signal.SIGTERM)
        for one in signals:
            loop.add_signal_handler(one, self.stop)
        try:
            yield
        finally:
            for one in signals:
                loop.remove_signal_handler(one)

    def stop(self) -> None:
        """Takes no more requests; streams end by themselves."""
        self.force_exit = self.should_exit
        self.should_exit = True
        self._backend.closing.set()

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts, and tells that it has."""
        await super().startup(sockets)
        if self.started:
            self._told()


def new_loop() -> asyncio.AbstractEventLoop:
    """The faster event loop, where there is one for this system."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def check_host(settings: Settings, host: str) -> None:
    """Refuses to let others reach a server that takes everybody for its one user.

    Raises:
        InvalidSetting: It would, or the settings of tokens do not go together.
    """
    if not wants_tokens(settings.server) and not is_loopback_name(host):
        message = "Without tokens the server is its one user's, and listens on this machine alone."
        hint = "Set BRIEFSMITH_JWT_SECRET or BRIEFSMITH_JWKS_URL, or leave --host out."
        raise InvalidSetting(message, hint=hint, details={"host": host})


async def serve(settings: Settings, host: str, port: int, told: Callable[[str], None]) -> None:
    """Serves until a signal.

    Args:
        port: 0 takes a free one.
        told: Hears the address, once there is somebody to answer.

    Raises:
        InvalidSetting: As `check_host` says; or nobody may listen at this address.
        SchemaMismatch: As `open_store` says.
        Unavailable: As `open_store` says.
    """
    check_host(settings, host)
    _log_as_json()
    with listening(host, port) as listener:
        async with open_store(
            settings,
            connections=settings.server.connections,
            wait_seconds=WAIT_SECONDS,
            of_nobody=wants_tokens(settings.server),
        ) as store:
            backend = make_backend(store)
            server = Server(make_app(backend), backend, lambda: told(_address(listener)))
            await server.serve([listener])


@contextmanager
def listening(host: str, port: int) -> Generator[socket.socket]:
    """A socket that listens.

    Raises:
        InvalidSetting: Nobody can listen there.
    """
    try:
        # With the protocol named, asyncio sends small answers at once (TCP_NODELAY); `socket.create_server` names none,
        # and each answer would wait 40 milliseconds for an acknowledgement.
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_WAITING)
    except (OSError, OverflowError) as error:
        message = f"Nobody can listen at {host}, port {port}."
        hint = "Another program has it, or it is no address of this machine."
        raise InvalidSetting(message, hint=hint) from error
    with listener:
        yield listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _log_as_json() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    logger = logging.getLogger("uvicorn")
    logger.handlers = [handler]
    logger.setLevel(logging.WARNING)
    logger.propagate = False
