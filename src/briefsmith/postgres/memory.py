"""What a process remembers of a database for the next time: only what it can tell to be current."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

DEFAULT_BYTES = 256_000_000


class Memory:
    """Values by key, the longest unused forgotten first.

    Whoever remembers rows remembers their versions as well, and asks each time which are there now.

    Args:
        limit: Bytes of all values together; what is larger is not kept.

    Attributes:
        limit: As given.
    """

    def __init__(self, limit: int = DEFAULT_BYTES) -> None:
        self.limit = limit
        self._held: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._bytes = 0
        self._source: Hashable = None

    def __len__(self) -> int:
        """Bytes that are held, as those who put them there counted."""
        return self._bytes

    def get(self, key: Hashable) -> Any:
        """What was kept; None where nothing is."""
        if key not in self._held:
            return None
        self._held.move_to_end(key)
        return self._held[key][0]

    def keep(self, key: Hashable, value: object, size: int) -> None:
        """Keeps a value in place of another.

        Args:
            size: In bytes.
        """
        _, before = self._held.pop(key, (None, 0))
        self._bytes += size - before
        self._held[key] = (value, size)
        while self._bytes > self.limit:
            _, (_, gone) = self._held.popitem(last=False)
            self._bytes -= gone

    def of(self, source: Hashable) -> None:
        """Forgets all where it is of another source than before: there, numbers and versions may come again."""
        if source != self._source:
            self._held.clear()
            self._bytes = 0
        self._source = source
