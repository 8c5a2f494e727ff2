"""A request with all that a route needs: its sessions, its answer, its repetition."""

import hashlib
import json
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import replace
from typing import Annotated, Any, TypeVar, cast
from uuid import UUID

from fastapi import Depends, Request
from pydantic_core import to_json
from starlette.responses import Response

from briefsmith.agents.sessions import Sessions
from briefsmith.errors import BriefsmithError, InvalidInput, KeyInUse
from briefsmith.faces.server.backend import Backend
from briefsmith.faces.server.identity import Identity
from briefsmith.operations.idempotency import (
    KeptAnswer,
    RepeatableRequest,
    first_answer,
    keep_answer,
    replace_answer,
)
from briefsmith.operations.request_limits import begin_long_request, end_long_request
from briefsmith.postgres.session import Session
from briefsmith.runtime import Store

T = TypeVar("T")

REPLAYED = "Idempotency-Replayed"
_KEY = re.compile(r'("?)([A-Za-z0-9._~:/+=-]{1,200})\1')
_KEPT_HEADERS = ("content-type", "etag", "location")
# Longer than a request may take, so that it is not forgotten while it is under way.
_SLACK_SECONDS = 10


class Caller:
    """Who asks, for a route."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.backend = cast("Backend", request.app.state.backend)
        self.identity = cast("Identity", request.scope["state"]["identity"])

    @property
    def store(self) -> Store:
        """The open store."""
        return self.backend.store

    def session(self, *, read_only: bool = False) -> AbstractAsyncContextManager[Session]:
        """A transaction of who asks; one that writes nothing for who may only look."""
        is_reading = read_only or not self.identity.may_write
        return self.store.database.session(self.identity.actor, read_only=is_reading)

    def sessions_of(self, name: str) -> Sessions:
        """The same under an agent's name, which revisions remember."""
        actor = replace(self.identity.actor, name=name)

        def opened(*, read_only: bool = False) -> AbstractAsyncContextManager[Session]:
            return self.store.database.session(actor, read_only=read_only)

        return opened

    async def repeatable(self, content: bytes | None = None) -> RepeatableRequest | None:
        """The request under its `Idempotency-Key`; None without one.

        Args:
            content: What tells its body from others, where that was read already; None reads it.

        Raises:
            InvalidInput: The key is none.
        """
        header = self.request.headers.get("idempotency-key")
        if header is None:
            return None
        found = _KEY.fullmatch(header)
        if found is None:
            message = "Idempotency-Key takes 1 to 200 letters, digits and any of . _ ~ : / + = -"
            raise InvalidInput(message, hint="A UUID will do; a new one for each request.")
        url = self.request.url
        parts = [self.request.method, url.path, url.query, self.request.headers.get("accept", "")]
        digest = hashlib.sha256("\n".join(parts).encode())
        digest.update(await self.request.body() if content is None else content)
        return RepeatableRequest(found[2], digest.hexdigest())

    async def once(
        self, work: Callable[[Session], Awaitable[Response]], content: bytes | None = None
    ) -> Response:
        """The answer of work in one transaction, done once however often the request comes under its key.

        Args:
            content: As `repeatable` takes it.
        """
        repeatable = await self.repeatable(content)
        async with self.session() as session:
            if repeatable is None:
                return await work(session)
            first = await first_answer(session, repeatable)
            if first is not None:
                return again(first)
            answer = await work(session)
            await keep_answer(session, repeatable, kept(answer))
        return answer

    @asynccontextmanager
    async def long(self, kind: str) -> AsyncGenerator["LongRequest"]:
        """A request that waits for a model: no transaction is open meanwhile, and few are under way at once.

        Raises:
            TooManyRequests: Too many of the kind are.
            KeyInUse: The first request with its key is.
        """
        repeatable = await self.repeatable()
        if repeatable is not None:
            async with self.session(read_only=True) as session:
                first = await first_answer(session, repeatable)
            if first is not None:
                yield LongRequest(self, repeatable, first)
                return
        async with self.session() as session:
            running = await begin_long_request(
                session,
                kind,
                most=self.backend.settings.composes_at_once,
                seconds=self.backend.long_seconds + _SLACK_SECONDS,
                idempotency_key=repeatable.key if repeatable else None,
            )
        try:
            yield LongRequest(self, repeatable, None)
        finally:
            await self.backend.finish(self._end(running))

    async def _end(self, running: UUID) -> None:
        # What came of the request is what has to be told; the place is free later all the same.
        with suppress(BriefsmithError):
            async with self.session() as session:
                await end_long_request(session, running)


class LongRequest:
    """A request that waits for a model, and keeps its answer with its effect.

    Attributes:
        first: What it was answered with before; None where it is new.
    """

    def __init__(
        self, caller: Caller, repeatable: RepeatableRequest | None, first: KeptAnswer | None
    ) -> None:
        self._caller = caller
        self._repeatable = repeatable
        self.first = first

    async def keep(self, session: Session, answer: Response) -> None:
        """Keeps the answer in the transaction of the effect.

        Raises:
            KeyInUse: Another server was faster; nothing is stored twice.
        """
        if self._repeatable is None:
            return
        if await first_answer(session, self._repeatable) is not None:
            message = "The same request was done meanwhile."
            raise KeyInUse(message)
        await keep_answer(session, self._repeatable, kept(answer))

    async def replace(self, answer: Response) -> None:
        """Puts the whole answer in the place of what was kept with the effect."""
        if self._repeatable is not None:
            async with self._caller.session() as session:
                await replace_answer(session, self._repeatable, kept(answer))


def kept(answer: Response) -> KeptAnswer:
    """What of an answer is given again."""
    headers = {name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers}
    return KeptAnswer(answer.status_code, bytes(answer.body), headers)


def again(first: KeptAnswer) -> Response:
    """The first answer, and that it is not the first time."""
    headers = {**first.headers, REPLAYED: "true"}
    return Response(first.body, status_code=first.status, headers=headers)


def answer(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A value as JSON."""
    return Response(
        to_json(value, inf_nan_mode="null"),
        status_code=status,
        media_type="application/json",
        headers=dict(headers or {}),
    )


def json_line(value: Any) -> str:
    """A value as JSON on one line, in ASCII, so that no line end of any kind is in it."""
    return json.dumps(json.loads(to_json(value, inf_nan_mode="null")))


async def _caller(request: Request) -> Caller:
    # Not a plain function, which would be run in a thread.
    return Caller(request)


Asking = Annotated[Caller, Depends(_caller)]
