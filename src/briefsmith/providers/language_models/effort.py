"""All that one answer costs: its calls, its second tries and waits, its deadline."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Self

from briefsmith.errors import BriefsmithError
from briefsmith.providers.language_models.blackout import blackened, shown
from briefsmith.providers.language_models.port import Call, Usage
from briefsmith.providers.language_models.reply import CallFailed, Calling, Reply, Turn

_BACKOFF_SECONDS = (0.5, 2.0)  # before the second try and the third
_MOST_WAIT_SECONDS = 20.0
_MOST_SHOWN_CHARACTERS = 500

Sleep = Callable[[float], Awaitable[object]]


class Effort:
    """Calls, and calls again where that may help; remembers every call.

    Args:
        calling: What sends the turns.
        sleep: Waits the given seconds before another try.
        timeout_seconds: For all of it, from now on.

    Attributes:
        deadline: When it must end, on the event loop's clock.
        calls: What was sent so far.
        without_schema: Whether the server answered only after the schema was left out.
    """

    def __init__(self, calling: Calling, sleep: Sleep, timeout_seconds: float) -> None:
        self._calling = calling
        self._sleep = sleep
        self._waits = list(_BACKOFF_SECONDS)
        self._waited_seconds = 0.0
        self.deadline = asyncio.get_running_loop().time() + timeout_seconds
        self.calls: list[Call] = []
        self.without_schema = False

    async def reply(self, turn: Turn) -> Reply:
        """The reply, after second tries where they make sense.

        Raises:
            CallFailed: There is none.
        """
        while True:
            with _Watch(self, turn) as watch:
                try:
                    reply = await self._calling.call(turn)
                except CallFailed as failed:
                    watch.note_failure(failed)
                    turn = await self._before_another_try(failed, turn)
                else:
                    watch.note(reply)
                    return reply

    async def pieces(self, turn: Turn) -> AsyncGenerator[str | Reply, None]:
        """The same, piece by piece; once there was one, nothing is tried again.

        Raises:
            CallFailed: It broke off, or never began.
        """
        while True:
            has_begun = False
            with _Watch(self, turn) as watch:
                try:
                    async with aclosing(self._calling.stream(turn)) as items:
                        async for item in items:
                            has_begun = True
                            if isinstance(item, Reply):
                                watch.note(item)
                            yield item
                except CallFailed as failed:
                    watch.note_failure(failed)
                    if has_begun:
                        raise
                    turn = await self._before_another_try(failed, turn)
                else:
                    return

    async def _before_another_try(self, failed: CallFailed, turn: Turn) -> Turn:
        """Waits, and gives what to send then.

        Raises:
            CallFailed: Another try makes no sense.
        """
        has_lost_schema = failed.schema_refused and turn.schema is not None
        if has_lost_schema:
            turn = replace(turn, schema=None)
        if not failed.may_pass:
            if not has_lost_schema:
                raise failed
            self.without_schema = True
            return turn
        if not self._waits:
            raise failed
        backoff_seconds = self._waits.pop(0)
        seconds = backoff_seconds if failed.wait_seconds is None else failed.wait_seconds
        left_seconds = self.deadline - asyncio.get_running_loop().time()
        if seconds > min(_MOST_WAIT_SECONDS - self._waited_seconds, left_seconds):
            raise failed
        self._waited_seconds += seconds
        await self._sleep(seconds)
        return turn

    def object_to_last(self, problem: str) -> str:
        """Writes down why the last call's answer could not be used; gives it fit to be shown."""
        told = self.shown(problem)
        self.calls[-1] = replace(self.calls[-1], problem=told)
        return told

    def shown(self, text: str) -> str:
        """The start of a text, fit to be shown."""
        return shown(text, self._calling.secrets, _MOST_SHOWN_CHARACTERS)

    def accounted(
        self, error: BriefsmithError, received: list[str] | None = None
    ) -> BriefsmithError:
        """The error, with what was spent and what came until then.

        Args:
            error: What failed.
            received: Pieces of a stream; None for none.
        """
        calls = tuple(self.calls)
        error.details["usage"] = Usage.of(calls).as_dict()
        error.details["calls"] = [call.as_dict() for call in calls]
        if received:
            error.details["received_text"] = blackened("".join(received), self._calling.secrets)
        return error


class _Watch:
    """Times one call and writes it down, also one that is given up in the middle."""

    def __init__(self, effort: Effort, turn: Turn) -> None:
        self._effort = effort
        self._model = turn.model
        self._started = time.perf_counter()
        self._is_noted = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # One of ours without a note comes from before the call: nothing was sent.
        if not self._is_noted and kind is not None and not issubclass(kind, BriefsmithError):
            self._write(Call(self._model, problem="It was given up before its end."))

    def note(self, reply: Reply) -> None:
        call = Call(
            reply.model,
            text=reply.text,
            input_tokens=reply.input_tokens,
            output_tokens=reply.output_tokens,
        )
        self._write(call)

    def note_failure(self, failed: CallFailed) -> None:
        self._write(Call(self._model, problem=failed.error.message))

    def _write(self, call: Call) -> None:
        self._is_noted = True
        seconds = time.perf_counter() - self._started
        self._effort.calls.append(replace(call, seconds=seconds))
