"""Counts for Prometheus, in its text format; no name, id or text of anybody's."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)

_Labels = tuple[str, str, int]


def _counts() -> defaultdict[tuple[str, str], list[int]]:
    return defaultdict(lambda: [0] * (len(BUCKETS) + 1))


@dataclass(slots=True)
class Metrics:
    """What one server has answered since it began."""

    running: int = 0
    streams: int = 0
    _answered: Counter[_Labels] = field(default_factory=Counter[_Labels])
    _seconds: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    _buckets: defaultdict[tuple[str, str], list[int]] = field(default_factory=_counts)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts one answer.

        Args:
            route: As it is written, without ids; unknown paths are all one.
        """
        self._answered[method, route, status] += 1
        self._seconds[method, route] += seconds  # pyright: ignore[reportArgumentType]
        place = next((at for at, most in enumerate(BUCKETS) if seconds <= most), len(BUCKETS))
        self._buckets[method, route][place] += 1

    def text(self, pool: Mapping[str, int]) -> str:
        """All of it.

        Args:
            pool: What the pool of connections says of itself.
        """
        return "\n".join([*self._lines(pool), ""])

    def _lines(self, pool: Mapping[str, int]) -> Iterator[str]:
        yield from _head("requests_total", "counter", "Requests that were answered.")
        for (method, route, status), count in sorted(self._answered.items()):
            labels = f'method="{method}",route="{route}",status="{status}"'
            yield f"briefsmith_requests_total{{{labels}}} {count}"
        yield from _head("request_seconds", "histogram", "Seconds until an answer had been sent.")
        for (method, route), counts in sorted(self._buckets.items()):
            yield from self._histogram(method, route, counts)
        yield from _head("running_requests", "gauge", "Requests that are under way.")
        yield f"briefsmith_running_requests {self.running}"
        yield from _head("event_streams", "gauge", "Streams of events that are open.")
        yield f"briefsmith_event_streams {self.streams}"
        yield from _head("connections", "gauge", "Connections to the database, and who waits.")
        for name in ("pool_size", "pool_available", "requests_waiting"):
            yield f'briefsmith_connections{{state="{name}"}} {pool.get(name, 0)}'

    def _histogram(self, method: str, route: str, counts: list[int]) -> Iterator[str]:
        labels = f'method="{method}",route="{route}"'
        total = 0
        for most, count in zip([*BUCKETS, "+Inf"], counts, strict=True):
            total += count
            yield f'briefsmith_request_seconds_bucket{{{labels},le="{most}"}} {total}'
        seconds = self._seconds[method, route]
        yield f"briefsmith_request_seconds_sum{{{labels}}} {seconds:.6f}"
        yield f"briefsmith_request_seconds_count{{{labels}}} {total}"


def _head(name: str, kind: str, text: str) -> Iterator[str]:
    yield f"# HELP briefsmith_{name} {text}"
    yield f"# TYPE briefsmith_{name} {kind}"
