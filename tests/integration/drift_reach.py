"""Which objects a change of one can change: its parts, and whatever speaks of it."""

from collections import defaultdict
from dataclasses import dataclass

from briefsmith.schema_sync.catalog import Catalog, Item, Row
from briefsmith.schema_sync.names import bare, called, mentions
from tests.integration.drift_base import Change

# Where it goes with what it speaks of, what speaks of it goes as well.
_PASSING_ON = frozenset({"view", "function"})


@dataclass(frozen=True, slots=True)
class Scope:
    """A piece of a catalog.

    Attributes:
        names: Of objects, functions without their arguments; their parts are in it.
        kinds: Of those, these alone; empty for every kind.
    """

    names: frozenset[str]
    kinds: tuple[str, ...]

    def holds(self, row: Row) -> bool:
        """Whether an object is in it."""
        space, _, rest = called(row.parent or "").partition(".")
        wholes = (called(row.name), row.parent, f"{space}.{rest.partition('.')[0]}")
        is_of_kind = not self.kinds or row.kind in self.kinds
        return is_of_kind and any(name in self.names for name in wholes)

    def read(self, text: str) -> str:
        """The statement that reads a catalog, $1, for what it holds, with its names as $2."""
        kinds = ", ".join(f"'{kind}'" for kind in self.kinds)
        return (
            f"select one.* from ({text.rstrip().removesuffix(';')}) as one "
            f"where {f'one.kind in ({kinds})' if kinds else 'true'} "
            "and (split_part(one.name, '(', 1) = any ($2) or one.parent = any ($2) "
            "or split_part(one.parent, '.', 1) || '.' || split_part(split_part(one.parent, '(', 1), '.', 2) = any ($2))"
        )


class Reach:
    """Finds scopes in the texts of a catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._roots: dict[str, Item] = {}
        texts: dict[str, list[str]] = defaultdict(list)
        for item in catalog.items.values():
            root = _root(item, catalog)
            self._roots[root.name] = root
            texts[root.name] += map(str, item.facts.values())
        self._texts = {name: "\n".join(parts) for name, parts in texts.items()}
        self._schemas = catalog.schemas
        self._known: dict[str, frozenset[str]] = {}

    def of(self, change: Change) -> Scope | None:
        """What it can change, and the names that it may give; None where that could be anything."""
        if change.near is None:
            return None
        if change.near not in self._known:
            self._known[change.near] = self._names(change.near)
        return Scope(self._known[change.near], change.kinds)

    def _names(self, name: str) -> frozenset[str]:
        found, todo = {name}, [name]
        while todo:
            word = called(todo.pop())
            new = {one for one, text in self._texts.items() if mentions(word, text)} - found
            todo += [one for one in new if self._roots[one].kind in _PASSING_ON]
            found |= new
        given = (bare(name), "drifted", "other")
        return frozenset(
            {*map(called, found), *(f"{schema}.{one}" for schema in self._schemas for one in given)}
        )


def _root(item: Item, catalog: Catalog) -> Item:
    while item.parent is not None and item.parent in catalog.items:
        item = catalog.items[item.parent]
    return item
