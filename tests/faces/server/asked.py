"""A server under test: its application in this process, or the real one in a process of its own."""

import asyncio
import io
import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import jwt
import psycopg
from starlette.types import ASGIApp

from briefsmith.config import ServerSettings, Settings
from briefsmith.faces.server.app import make_app
from briefsmith.faces.server.backend import Backend, make_backend
from briefsmith.faces.server.serving import Server
from briefsmith.faces.server.serving import listening as open_socket
from briefsmith.postgres.database import Database
from briefsmith.runtime import Store

SECRET = "a secret of a test, long enough for every algorithm of its kind, and guessed by nobody"
ISSUER = "https://project.example/auth/v1"
WITH_TOKENS = ServerSettings(jwt_secret=SECRET, jwt_issuer=ISSUER)
HOME = Path("/nowhere")


@dataclass(frozen=True)
class Asked:
    """A server and somebody who asks it."""

    client: httpx.AsyncClient
    backend: Backend
    app: ASGIApp
    log: io.StringIO

    @property
    def logged(self) -> list[dict[str, Any]]:
        """What the server has written of requests."""
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


@asynccontextmanager
async def asking(
    database: Database, server: ServerSettings | None = None, **settings: Any
) -> AsyncGenerator[Asked]:
    """Asks the application in this process."""
    chosen = Settings(home=HOME, database_url=database.url, server=server or ServerSettings())
    store = Store(replace(chosen, **settings), database)
    backend, log = make_backend(store), io.StringIO()
    app = make_app(backend, log=log)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield Asked(client, backend, app, log)
    await backend.close()


@asynccontextmanager
async def listening(asked: Asked) -> AsyncGenerator[str]:
    """The address of the same application behind a socket, which streams want."""
    ready = asyncio.Event()
    server = Server(asked.app, asked.backend, ready.set)
    with open_socket("127.0.0.1", 0) as listener:
        task = asyncio.create_task(server.serve([listener]))
        await ready.wait()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.stop()
            await task


def token(user_id: UUID | str, *, secret: str = SECRET, **claims: Any) -> str:
    """A token as Supabase signs it; a claim that is None is left out."""
    now = int(time.time())
    held = {
        "sub": str(user_id),
        "role": "authenticated",
        "aud": "authenticated",
        "iss": ISSUER,
        "iat": now,
        "exp": now + 3600,
        **claims,
    }
    return jwt.encode(
        {name: value for name, value in held.items() if value is not None}, secret, "HS256"
    )


def signed_in(user_id: UUID | str, **claims: Any) -> dict[str, str]:
    """The headers of somebody with a token."""
    return {"Authorization": f"Bearer {token(user_id, **claims)}"}


def new_person(url: str, email: str) -> UUID:
    """One more account."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(
            "insert into auth.users (email) values (%s) returning id", [email]
        ).fetchone()
    assert row is not None
    return row[0]


@dataclass(frozen=True)
class ServerSentEvent:
    """One event of a stream."""

    name: str = "message"
    data: Any = None
    id: str | None = None


@dataclass
class EventReader:
    """Reads a stream as browsers do."""

    last_id: str | None = None
    events: list[ServerSentEvent] = field(default_factory=list[ServerSentEvent])
    _lines: list[str] = field(default_factory=list[str])

    def take(self, line: str) -> ServerSentEvent | None:
        """The event that ends with this line."""
        if line:
            self._lines.append(line)
            return None
        fields = [one.partition(": ") for one in self._lines if not one.startswith(":")]
        self._lines = []
        held = {name: value for name, _, value in fields}
        self.last_id = held.get("id", self.last_id)
        if "data" not in held:
            return None
        event = ServerSentEvent(
            held.get("event", "message"), json.loads(held["data"]), held.get("id")
        )
        self.events.append(event)
        return event
