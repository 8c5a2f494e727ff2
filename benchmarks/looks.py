"""How long looks at a database take."""

import statistics
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass

Look = Callable[[], int]


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of a warm look: not the first of its process, on a connection that is open.

    Attributes:
        client_cpu_ms: Median of what this process computed; the rest is the server, or waiting.
        said: How many differences it told.
    """

    minimum_ms: float
    median_ms: float
    client_cpu_ms: float
    said: int


class Watch:
    """Takes the times of looks, the first of which does not count unless it is the only one."""

    def __init__(self) -> None:
        self._spans: list[tuple[float, float]] = []
        self.said = 0

    @contextmanager
    def look(self) -> Generator[None]:
        """Times what is done inside of it."""
        begun, computed = time.perf_counter(), time.process_time()
        yield
        self._spans.append((time.perf_counter() - begun, time.process_time() - computed))

    def times(self) -> Times:
        """What the looks took."""
        spans = self._spans[1:] or self._spans
        wall, cpu = [one * 1000 for one, _ in spans], [one * 1000 for _, one in spans]
        return Times(min(wall), statistics.median(wall), statistics.median(cpu), self.said)


def times_of(look: Look, rounds: int) -> Times:
    """Of this many looks, each of which gives how many differences it told, and one before them."""
    watch = Watch()
    for _ in range(rounds + 1):
        with watch.look():
            watch.said = look()
    return watch.times()
