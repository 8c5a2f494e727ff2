"""What names of code stand for, as far as it is plain to see."""

from dataclasses import dataclass
from typing import Generic, TypeVar

Node = TypeVar("Node")
_FARTHEST = 50  # functions around a name that are looked into


@dataclass(slots=True)
class _Known(Generic[Node]):
    value: Node | None
    table: str | None


class Names(Generic[Node]):
    """Names of one function or module, with what was assigned to them last.

    Attributes:
        around: Those of the function or module that this one stands in.
        known: By name.
    """

    def __init__(self, around: "Names[Node] | None" = None) -> None:
        self.around = around
        self.known: dict[str, _Known[Node]] = {}

    def assign(self, name: str, value: Node | None, table: str | None = None) -> None:
        """Notes an assignment.

        Args:
            value: None means that nobody knows.
            table: What a query, or a SQLAlchemy Table, in the variable is of.
        """
        self.known[name] = _Known(value, table)

    def value(self, name: str) -> Node | None:
        """What was assigned to it."""
        known = self._find(name)
        return None if known is None else known.value

    def table(self, name: str) -> str | None:
        """The table that a variable is of."""
        known = self._find(name)
        return None if known is None else known.table

    def is_known(self, name: str) -> bool:
        """Whether something was assigned to it."""
        return self._find(name) is not None

    def _find(self, name: str) -> _Known[Node] | None:
        scope: Names[Node] | None = self
        for _ in range(_FARTHEST):
            if scope is None or name in scope.known:
                break
            scope = scope.around
        return None if scope is None else scope.known.get(name)
