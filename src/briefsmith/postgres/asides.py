"""Work that goes on beside sessions: what it brings makes later ones quicker, and nobody waits for it."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Hashable
from typing import Any

from briefsmith.errors import BriefsmithError

_LOG = logging.getLogger(__name__)


class Asides:
    """Work by key; of each key one at a time."""

    def __init__(self) -> None:
        self._tasks: dict[Hashable, asyncio.Task[None]] = {}

    def start(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Starts it, unless it is going on."""
        if key not in self._tasks:
            self._tasks[key] = asyncio.create_task(self._run(key, work))

    async def settle(self) -> None:
        """Waits for the end of all that goes on."""
        await asyncio.gather(*self._tasks.values())

    async def stop(self) -> None:
        """Ends all that goes on, wherever it is."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await work()
        except BriefsmithError as error:
            # Whoever asks for something is told by what they asked for.
            _LOG.info("Beside the sessions: %s", error)
        finally:
            del self._tasks[key]
