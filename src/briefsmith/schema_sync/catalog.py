"""A schema as a set of objects with facts, wherever it was read from."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

Fact: TypeAlias = "str | int | float | bool | list[str] | None"
Key: TypeAlias = tuple[str, str]


class Row(Protocol):
    """An object as the database gives it."""

    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def parent_kind(self) -> str | None: ...  # noqa: D102
    @property
    def parent(self) -> str | None: ...  # noqa: D102
    @property
    def facts(self) -> dict[str, Fact]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Item:
    """One object of a schema.

    Attributes:
        kind: `table`, `column`, `constraint`, `index`, `view`, `policy`, `grant` and so on.
        name: As SQL names it; a part of another object says of which: `a_pkey on public.a`.
        parent: Kind and name of the object that it is a part of.
        facts: What is to be said of it; what has its usual value is left out.
    """

    kind: str
    name: str
    parent: Key | None
    facts: Mapping[str, Fact]

    @property
    def key(self) -> Key:
        """What makes it this object."""
        return self.kind, self.name

    @property
    def local_name(self) -> str:
        """Its own name, without what it is a part of."""
        if self.parent is None:
            return self.name
        if self.kind == "column":
            return self.name.removeprefix(f"{self.parent[1]}.")
        return self.name.removesuffix(f" on {self.parent[1]}")


@dataclass(frozen=True, slots=True)
class Catalog:
    """The objects of some schemas; columns stand in their order.

    Attributes:
        owner: Who owns most of it; the fact `owner` is there only where it is somebody else.
    """

    schemas: tuple[str, ...]
    owner: str | None
    items: Mapping[Key, Item]

    def children(self, key: Key) -> list[Item]:
        """The parts of an object, in their order."""
        return [item for item in self.items.values() if item.parent == key]


def catalog_of(
    rows: Iterable[Row], schemas: Iterable[str], *, ours: Collection[Key] | None = None
) -> Catalog:
    """The catalog out of what the database gives.

    Args:
        ours: Objects among which the most common owner is looked for; None means all.
    """
    read = list(rows)
    owners = Counter(
        str(row.facts["owner"])
        for row in read
        if row.facts.get("owner") is not None and (ours is None or (row.kind, row.name) in ours)
    )
    # Of several that are as common, the first by name.
    owner = min(owners, key=lambda name: (-owners[name], name), default=None)
    items = [_item(row, owner) for row in read]
    return Catalog(tuple(schemas), owner, {item.key: item for item in items})


def _item(row: Row, owner: str | None) -> Item:
    parent = (
        None if row.parent_kind is None or row.parent is None else (row.parent_kind, row.parent)
    )
    facts = row.facts
    if "owner" in facts or None in facts.values():
        facts = {
            name: fact
            for name, fact in facts.items()
            if fact is not None and (name != "owner" or fact != owner)
        }
    return Item(row.kind, row.name, parent, facts)
