"""Finds what was renamed, so that it is not taken for one thing dropped and another added.

A catalog does not remember names, so a rename is inferred: something is missing, something else is extra, and
but for their names they are the same. Where two could be meant, none is.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from briefsmith.schema_sync.catalog import Catalog, Fact, Item, Key
from briefsmith.schema_sync.names import bare, beside

# How much of two tables' columns has to be the same for one to be the other under a new name.
_ALIKE = 0.75
_WITH_COLUMNS = frozenset({"table", "foreign_table", "composite_type", "view", "materialized_view"})


@dataclass(frozen=True, slots=True)
class Renames:
    """Which object of one catalog is which of another, where their names differ.

    Attributes:
        own: From expected to found, for what was itself renamed.
        texts: Found names that stand in definitions, and the names expected there.
    """

    expected: Mapping[Key, Item]
    own: Mapping[Key, Key]
    texts: Mapping[str, str]

    def is_renamed(self, item: Item) -> bool:
        """Whether the object itself has another name now, not only what it is a part of."""
        return item.key in self.own

    def actual_key(self, item: Item) -> Key:
        """Under which kind and name the object is to be found."""
        if not self.own:
            return item.key
        if item.key in self.own:
            return self.own[item.key]
        if item.parent is None:
            return item.key
        if item.kind == "sequence":
            # It moves with the table whose column it numbers, and keeps its name.
            return item.kind, beside(bare(item.name), self.actual_parent(item.parent)[1])
        return item.kind, item.name.replace(item.parent[1], self.actual_parent(item.parent)[1], 1)

    def actual_parent(self, parent: Key) -> Key:
        """The same for the key of what an object is a part of."""
        owner = self.expected.get(parent)
        return parent if owner is None else self.actual_key(owner)

    def as_expected(self, fact: Fact) -> Fact:
        """A found fact with the names that were expected in it."""
        if not self.texts:
            return fact
        if isinstance(fact, list):
            return [self._renamed(part) for part in fact]
        return self._renamed(fact) if isinstance(fact, str) else fact

    def _renamed(self, text: str) -> str:
        pattern = "|".join(re.escape(name) for name in sorted(self.texts, key=len, reverse=True))
        return re.sub(
            rf"(?<![\w$\"])(?:{pattern})(?![\w$\"])", lambda found: self.texts[found[0]], text
        )


def find_renames(expected: Catalog, found: Catalog) -> Renames:
    """What of the first catalog has another name in the second."""
    if expected.items.keys() <= found.items.keys():
        return Renames(expected.items, {}, {})
    own: dict[Key, Key] = dict(_renamed_roots(expected, found))
    texts = {actual: wanted for (_, wanted), (_, actual) in own.items()}
    texts |= {_last(actual): _last(wanted) for actual, wanted in texts.items()}
    renames = Renames(expected.items, own, texts)
    missing: dict[Key, list[Item]] = defaultdict(list)
    extra: dict[Key, list[Item]] = defaultdict(list)
    reached: set[Key] = set()
    for item in expected.items.values():
        key = renames.actual_key(item)
        reached.add(key)
        if item.parent is not None and key not in found.items:
            missing[renames.actual_parent(item.parent)].append(item)
    for item in found.items.values():
        if item.parent is not None and item.key not in reached:
            extra[item.parent].append(item)
    for parent, gone in missing.items():
        for wanted, actual in _pairs(gone, extra[parent], expected, found, renames):
            own[wanted.key] = actual.key
            if wanted.kind in {"column", "constraint", "index", "trigger", "policy"}:
                texts[actual.local_name] = wanted.local_name
    return Renames(expected.items, own, texts)


def _renamed_roots(expected: Catalog, found: Catalog) -> Iterable[tuple[Key, Key]]:
    gone = [
        item
        for item in expected.items.values()
        if item.parent is None and item.key not in found.items
    ]
    new = [
        item
        for item in found.items.values()
        if item.parent is None and item.key not in expected.items
    ]
    for item in gone:
        alike = [other for other in new if _same_root(item, other, expected, found)]
        rivals = [other for other in gone if alike and _same_root(other, alike[0], expected, found)]
        if len(alike) == 1 and len(rivals) == 1:
            yield item.key, alike[0].key


def _same_root(item: Item, other: Item, expected: Catalog, found: Catalog) -> bool:
    if item.kind != other.kind or item.kind in {"schema", "extension"}:
        return False
    if item.kind not in _WITH_COLUMNS:
        return bool(item.facts) and _facts(item, item.name) == _facts(other, other.name)
    wanted, got = _columns(expected, item), _columns(found, other)
    return len(wanted & got) >= max(_ALIKE * len(wanted | got), 1)


def _columns(catalog: Catalog, item: Item) -> set[tuple[str, Fact]]:
    return {
        (child.local_name, child.facts.get("type"))
        for child in catalog.children(item.key)
        if child.kind == "column"
    }


def _pairs(
    gone: list[Item], new: list[Item], expected: Catalog, found: Catalog, renames: Renames
) -> Iterable[tuple[Item, Item]]:
    for item in gone:
        if item.kind == "grant":
            continue
        alike = [
            other for other in new if other.kind == item.kind and _same_part(item, other, renames)
        ]
        if item.kind == "column" and len(alike) > 1:
            alike = [other for other in alike if _place(other, found) == _place(item, expected)]
        rivals = [
            other
            for other in gone
            if other.kind == item.kind and alike and _same_part(other, alike[0], renames)
        ]
        if len(alike) == 1 and (len(rivals) == 1 or item.kind == "column"):
            yield item, alike[0]
            new = [other for other in new if other is not alike[0]]


def _same_part(item: Item, other: Item, renames: Renames) -> bool:
    got = {
        name: renames.as_expected(fact) for name, fact in _facts(other, other.local_name).items()
    }
    return got == _facts(item, item.local_name)


def _place(column: Item, catalog: Catalog) -> int:
    assert column.parent is not None  # noqa: S101  a column is always of something
    names = [item.name for item in catalog.children(column.parent) if item.kind == "column"]
    return names.index(column.name)


def _facts(item: Item, name: str) -> dict[str, Fact]:
    """The facts with the object's own name taken out of them."""
    return {
        fact: value.replace(f" {name} ", " ? ") if isinstance(value, str) else value
        for fact, value in item.facts.items()
    }


def _last(name: str) -> str:
    return name.rpartition(".")[2]
