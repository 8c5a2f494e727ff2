"""How much memory this process holds."""

import resource
import sys
from importlib import import_module

_MB = 1_000_000


class Memory:
    """Resident memory in MB, whenever it was looked at; and the most there ever was."""

    def __init__(self) -> None:
        self.seen: dict[str, float] = {}

    def note(self, when: str) -> None:
        """Looks now."""
        process = import_module("psutil").Process()
        self.seen[when] = process.memory_info().rss / _MB

    @property
    def peak(self) -> float:
        """Since the process began."""
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / _MB
