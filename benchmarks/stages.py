"""Where the time goes: stopwatches around functions, set from outside."""

import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from functools import wraps
from inspect import iscoroutinefunction
from statistics import median
from typing import Any

Name = str | Callable[..., str | None]
"""A stage, or what makes one out of a call's arguments; None leaves the call out."""

Watched = tuple[object, str, Name]
"""Who has a function, what it is called there, and the stage that it is."""


class Stages:
    """Seconds of each stage in each round; a round is one operation."""

    def __init__(self) -> None:
        self._rounds: list[dict[str, float]] = []

    @contextmanager
    def round(self) -> Generator[None]:
        """One operation from its start to its end."""
        self._rounds.append({})
        with self._measure("total"):
            yield

    @contextmanager
    def _measure(self, stage: str | None) -> Generator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            if self._rounds and stage is not None:
                times = self._rounds[-1]
                times[stage] = times.get(stage, 0.0) + time.perf_counter() - start

    @contextmanager
    def watch(self, *watched: Watched) -> Generator[None]:
        """Times functions for as long as the block lasts."""
        before = [(owner, name, getattr(owner, name)) for owner, name, _ in watched]
        try:
            for owner, name, stage in watched:
                setattr(owner, name, self._timed(getattr(owner, name), stage))
            yield
        finally:
            for owner, name, function in before:
                setattr(owner, name, function)

    def _timed(self, function: Callable[..., Any], stage: Name) -> Callable[..., Any]:
        def name(arguments: tuple[Any, ...]) -> str | None:
            return stage if isinstance(stage, str) else stage(*arguments)

        if iscoroutinefunction(function):
            awaited: Callable[..., Awaitable[Any]] = function

            @wraps(function)
            async def timed_coroutine(*args: Any, **options: Any) -> Any:
                with self._measure(name(args)):
                    return await awaited(*args, **options)

            return timed_coroutine

        @wraps(function)
        def timed(*args: Any, **options: Any) -> Any:
            with self._measure(name(args)):
                return function(*args, **options)

        return timed

    @property
    def count(self) -> int:
        """Rounds so far."""
        return len(self._rounds)

    def drop_first(self) -> None:
        """Forgets the first round, in which everything is cold."""
        del self._rounds[0]

    def medians_ms(self) -> dict[str, float]:
        """Median of each stage over all rounds, the total first, then the longest first."""
        names = {name for times in self._rounds for name in times}
        found = {
            name: 1000 * median(times.get(name, 0.0) for times in self._rounds) for name in names
        }
        return dict(sorted(found.items(), key=lambda item: (item[0] != "total", -item[1])))
