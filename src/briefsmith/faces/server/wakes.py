"""One listener for all streams of a server: it says when to look into the outbox."""

import asyncio
from contextlib import aclosing, suppress
from dataclasses import dataclass, field

from briefsmith.postgres.listening import wake_ups

_POLL_SECONDS = 5.0


@dataclass(slots=True)
class Wakes:
    """Listens while somebody waits."""

    url: str
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _listener: asyncio.Task[None] | None = None

    async def wait(self, changed: asyncio.Event, seconds: float) -> None:
        """Until something may have been written behind the moment in which `changed` was asked for, or so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await changed.wait()

    def next(self) -> asyncio.Event:
        """What is set at the next word; to be asked for before the outbox is looked at, so that none is missed."""
        if self._listener is None or self._listener.done():
            self._listener = asyncio.create_task(self._listen())
        return self._changed

    async def close(self) -> None:
        """Listens no more; whoever waits goes on."""
        listener, self._listener = self._listener, None
        self._tell()
        if listener is not None:
            listener.cancel()
            with suppress(asyncio.CancelledError):
                await listener

    async def _listen(self) -> None:
        async with aclosing(wake_ups(self.url, poll_seconds=_POLL_SECONDS)) as words:
            async for _ in words:
                self._tell()

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
