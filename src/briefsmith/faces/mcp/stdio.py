"""Serving one client over standard input and output, which carry nothing but the protocol."""

import asyncio
import io
import logging
import os
import select
import signal
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from typing_extensions import override

from briefsmith.config import Settings, wants_traceback
from briefsmith.faces.errors import EXIT_INTERRUPTED
from briefsmith.faces.mcp.app import make_mcp
from briefsmith.faces.mcp.asking import Asker

if TYPE_CHECKING:
    from briefsmith.runtime import Store

_CONNECTIONS = 4
_READ_BYTES = 65_536
_ROUND_SECONDS = 0.05
_IDLE_ROUNDS = 3
_MOST_ROUNDS = 200


class LateStore:
    """Opens the store at the first request that needs it, so that a client is answered before; and again after a failure."""

    def __init__(self, settings: Settings, *, may_apply: bool) -> None:
        self._settings = settings
        self._may_apply = may_apply
        self._closing = asyncio.Event()
        self._opened: asyncio.Future[Store] | None = None
        self._holding: asyncio.Task[None] | None = None

    async def __call__(self) -> Asker:
        """The one person whose store it is.

        Raises:
            BriefsmithError: It cannot be opened; the next request tries again.
        """
        from briefsmith.postgres.session import Actor

        if self._opened is None:
            self._opened = asyncio.get_running_loop().create_future()
            self._holding = asyncio.create_task(self._hold(self._opened))
        store = await asyncio.shield(self._opened)
        return Asker(store, Actor(store.database.user_id), may_apply=self._may_apply)

    async def _hold(self, opened: "asyncio.Future[Store]") -> None:
        # One task opens and closes: a request that is cancelled takes nothing with it.
        try:
            from briefsmith.runtime import open_store

            async with open_store(self._settings, connections=_CONNECTIONS) as store:
                opened.set_result(store)
                await self._closing.wait()
        except Exception as error:
            if opened.done():
                raise
            self._opened = None
            opened.set_exception(error)
            # Whoever asked may have gone.
            opened.exception()

    async def close(self) -> None:
        """Gives back connections and the server."""
        self._closing.set()
        if self._holding is not None:
            with suppress(Exception):
                await self._holding


async def serve_stdio(settings: Settings, *, may_apply: bool) -> None:
    """Answers until standard input ends, or a signal says that it is over.

    Args:
        may_apply: Agents may change blocks by themselves, where each block's policy leaves it to them.
    """
    _log_in_sentences()
    async with _late_store(settings, may_apply=may_apply) as who:
        server = make_mcp(who, may_apply=may_apply)
        under_way = _UnderWay()
        server.add_middleware(under_way)
        with _input_until_signal(under_way):
            try:
                await server.run_stdio_async(show_banner=False)
            except* (BrokenPipeError, ConnectionResetError):
                # The client has gone without a word.
                pass


@asynccontextmanager
async def _late_store(settings: Settings, *, may_apply: bool) -> "AsyncGenerator[LateStore]":
    store = LateStore(settings, may_apply=may_apply)
    try:
        yield store
    finally:
        await store.close()


class _UnderWay(Middleware):
    """Counts the requests that are not answered yet."""

    def __init__(self) -> None:
        self.requests = 0
        self._loop = asyncio.get_running_loop()

    @override
    async def __call__(self, context: MiddlewareContext[Any], call_next: CallNext[Any, Any]) -> Any:
        self.requests += 1
        try:
            return await call_next(context)
        finally:
            self.requests -= 1

    async def _count(self) -> int:
        return self.requests

    def still(self) -> int:
        """How many there are once the loop has taken up what it was sent; asked from another thread."""
        return asyncio.run_coroutine_threadsafe(self._count(), self._loop).result()


class _EndableInput(io.RawIOBase):
    """Standard input, which a signal ends too; a read that waits cannot be ended otherwise.

    What is under way when the client has said all gets a while, because the server drops it at the end.
    """

    def __init__(self, source: int, ending: int, under_way: _UnderWay) -> None:
        self._source = source
        self._ending = ending
        self._under_way = under_way

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: "bytearray | memoryview", /) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        ready, _, _ = select.select([self._source, self._ending], [], [])
        if self._ending in ready:
            return 0
        found = os.read(self._source, min(len(buffer), _READ_BYTES))
        buffer[: len(found)] = found
        if not found:
            self._wait()
        return len(found)

    def _wait(self) -> None:
        rounds, idle = _MOST_ROUNDS, 0
        while rounds > 0 and idle < _IDLE_ROUNDS:
            if select.select([self._ending], [], [], _ROUND_SECONDS)[0]:
                return
            idle = 0 if self._under_way.still() else idle + 1
            rounds -= 1


@contextmanager
def _input_until_signal(under_way: _UnderWay) -> Generator[None]:
    """Standard input, which a signal ends as its sender's leaving would; a second signal ends the process.

    What runs meanwhile, and its children, find standard input empty.
    """
    source, (ended, end) = os.dup(0), os.pipe()
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    before = sys.stdin
    buffered = io.BufferedReader(_EndableInput(source, ended, under_way), _READ_BYTES)
    sys.stdin = io.TextIOWrapper(buffered, encoding="utf-8", errors="replace")
    signals: list[int] = []

    def stop() -> None:
        if signals:
            os._exit(EXIT_INTERRUPTED)
        signals.append(1)
        os.write(end, b".")

    loop = asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(one, stop)
    try:
        yield
    finally:
        sys.stdin = before


class _Sentences(logging.Formatter):
    @override
    def formatException(self, ei: object) -> str:
        return super().formatException(ei) if wants_traceback() else ""  # pyright: ignore[reportArgumentType]


def _log_in_sentences() -> None:
    """What packages log goes to standard error, without texts of requests."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Sentences("briefsmith mcp: %(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.ERROR)
    for name in ("fastmcp", "mcp", "psycopg", "psycopg.pool"):
        # They log at length what requests hold; what matters of it is answered or told by us.
        logging.getLogger(name).setLevel(logging.CRITICAL)
