"""One change, and what is asked of the catalog to make many."""

from dataclasses import dataclass

from briefsmith.schema_sync.catalog import Catalog, Item, Key
from briefsmith.schema_sync.source import source_of


@dataclass(frozen=True, slots=True)
class Change:
    """One change.

    Attributes:
        sort: What is done to which kind of object: `column: renamed`.
        names: What the comparison has to name; any of them.
        ways: SQL; the first that PostgreSQL takes.
        near: The object that is changed; it reaches what speaks of that. None where it could be anything.
        kinds: Of what it reaches, the kinds that it can change; empty where it could be any.
    """

    sort: str
    names: tuple[Key, ...]
    ways: tuple[str, ...]
    near: str | None = None
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drifting:
    """What the changes are made from.

    Attributes:
        server: Major version of the server: newer ones can more.
        stranger: A role that may own things.
    """

    catalog: Catalog
    server: int
    stranger: str

    def _all(self, kind: str) -> list[Item]:
        return [item for item in self.catalog.items.values() if item.kind == kind]

    def _columns_of(self, item: Item) -> list[Item]:
        return [part for part in self.catalog.children(item.key) if part.kind == "column"]

    def _type(self, item: Item) -> str:
        return source_of(self.catalog).type_of(item)
