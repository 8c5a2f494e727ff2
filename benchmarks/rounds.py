"""Rounds of one operation, each beside its floors, so that both meet the same weather."""

import time
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median

from stages import Stages, Watched

LIMIT_SECONDS = 60.0
"""How long an operation is measured at most, once it has had its least rounds."""

_LEAST_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Comparison:
    """An operation beside its floors: medians, in milliseconds.

    Attributes:
        rounds: How many there were.
        floors: The parts of the floor by name; their sum is what the operation is compared with.
        stages: Where the operation's time goes.
        note: What else the reader has to know.
    """

    operation: str
    rounds: int
    ours_ms: float
    floors: Mapping[str, float]
    stages: Mapping[str, float] = field(default_factory=dict[str, float])
    note: str = ""

    @property
    def floor_ms(self) -> float:
        """All parts of the floor together."""
        return sum(self.floors.values())


async def compare(
    operation: str,
    rounds: int,
    ours: Callable[[int], Awaitable[object]],
    floors: Mapping[str, Callable[[int], Awaitable[object] | object]],
    watched: tuple[Watched, ...],
) -> Comparison:
    """Measures an operation and its floors in turn; the first round of all is not counted.

    Args:
        rounds: At most so many.
        ours: The operation; its argument is the number of the round.
        floors: The parts of the floor, likewise.
        watched: What to time inside the operation.
    """
    stages = Stages()
    times: dict[str, list[float]] = {name: [] for name in floors}
    end = time.perf_counter() + LIMIT_SECONDS
    for number in range(rounds + 1):
        if number > _LEAST_ROUNDS and time.perf_counter() > end:
            break
        # In turn first and last, so that neither always finds what the other has warmed.
        if number % 2:
            await _time_floors(floors, number, times)
        with stages.watch(*watched), stages.round():
            await ours(number)
        if not number % 2:
            await _time_floors(floors, number, times)
    stages.drop_first()
    medians = stages.medians_ms()
    return Comparison(
        operation=operation,
        rounds=stages.count,
        ours_ms=medians.pop("total"),
        floors={name: 1000 * median(seconds[1:]) for name, seconds in times.items()},
        stages=medians,
    )


async def _time_floors(
    floors: Mapping[str, Callable[[int], Awaitable[object] | object]],
    number: int,
    times: Mapping[str, list[float]],
) -> None:
    for name, floor in floors.items():
        with stopwatch(times[name]):
            done = floor(number)
            if isinstance(done, Awaitable):
                await done


@contextmanager
def stopwatch(times: list[float]) -> Generator[None]:
    """Adds the seconds that the block takes."""
    start = time.perf_counter()
    yield
    times.append(time.perf_counter() - start)
