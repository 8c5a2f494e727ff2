"""Tells a client how far composing is: nothing but our own words."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fastmcp import Context

if TYPE_CHECKING:
    from briefsmith.agents.sessions import Sessions
    from briefsmith.postgres.session import Session
    from briefsmith.providers.language_models.port import Answer, LanguageModel, Request

_STEPS = 3.0
_ASKING, _STORING = 1.0, 2.0
_TICK_SECONDS = 5.0
_TICK_PART = 0.9  # of what is left of a step: it always grows, and never gets there


@dataclass(slots=True)
class ComposingProgress:
    """Follows a composer through its sessions and its model."""

    context: Context
    told: float = field(default=-1.0)

    async def tell(self, progress: float, message: str) -> None:
        """Says where it is; never less than before."""
        if progress > self.told:
            self.told = progress
            await self.context.report_progress(progress, _STEPS, message)

    async def done(self) -> None:
        """Says that all is stored."""
        await self.tell(_STEPS, "Done.")

    def sessions(self, sessions: "Sessions") -> "Sessions":
        """The same sessions, of which the first one looks and a writing one stores."""

        @asynccontextmanager
        async def opened(*, read_only: bool = False) -> "AsyncGenerator[Session]":
            if read_only:
                await self.tell(0.0, "Searching for context.")
            else:
                await self.tell(_STORING, "Storing the brief.")
            async with sessions(read_only=read_only) as session:
                yield session

        return opened

    def model(self, model: "LanguageModel | None") -> "LanguageModel | None":
        """The same model, which is waited for aloud."""
        return None if model is None else _WatchedModel(model, self)


@dataclass(frozen=True, slots=True)
class _WatchedModel:
    watched: "LanguageModel"
    progress: ComposingProgress

    @property
    def name(self) -> str:
        return self.watched.name

    async def answer(self, request: "Request[Any]", *, check: Any = None) -> "Answer[Any]":
        await self.progress.tell(_ASKING, "Asking the model for an outline.")
        ticking = asyncio.create_task(self._tick())
        try:
            return await self.watched.answer(request, check=check)
        finally:
            ticking.cancel()
            # A client that cannot be told costs no answer.
            await asyncio.gather(ticking, return_exceptions=True)

    def stream(self, request: "Request[str]") -> "AsyncGenerator[Any, None]":
        return self.watched.stream(request)

    async def _tick(self) -> None:
        # Clients give up on a tool that says nothing for a while.
        left = _STORING - _ASKING
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            left *= _TICK_PART
            await self.progress.tell(_STORING - left, "The model is at work.")
