"""The contract: a catalog as a file that can be kept, read and compared."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Any

from briefsmith.errors import InvalidContract
from briefsmith.schema_sync.catalog import Catalog, Fact, Item, Key

FORMAT = 1

Spellings = Mapping[Key, Mapping[str, tuple[Fact, ...]]]


@dataclass(frozen=True, slots=True)
class Contract:
    """What a schema has to be.

    Attributes:
        server_version: Major version of the server that printed the facts; 0 where nobody knows.
        spellings: Other ways in which servers print the same fact.
        migrations: Versions of the migrations that make it; empty where it was not made by any.
    """

    catalog: Catalog
    server_version: int
    spellings: Spellings = field(default_factory=dict[Key, Mapping[str, tuple[Fact, ...]]])
    migrations: tuple[str, ...] = ()


@cache
def packaged() -> Contract:
    """The contract that this package was written for."""
    return read((files(__package__ or "") / "contract.json").read_text(encoding="utf-8"))


def merge(contracts: Sequence[Contract]) -> Contract:
    """One contract out of those that several servers print of the same schema, the first one's way first.

    Raises:
        InvalidContract: They are not of the same schema.
    """
    first, *others = contracts
    spellings: dict[Key, dict[str, tuple[Fact, ...]]] = {}
    for other in others:
        if other.catalog.items.keys() != first.catalog.items.keys():
            message = "The servers do not have the same objects."
            raise InvalidContract(message)
        for item in first.catalog.items.values():
            facts = other.catalog.items[item.key].facts
            for fact in dict.fromkeys((*item.facts, *facts)):
                known = spellings.get(item.key, {}).get(fact, ())
                if facts.get(fact) not in (item.facts.get(fact), *known):
                    spellings.setdefault(item.key, {})[fact] = (*known, facts.get(fact))
    return replace(first, spellings=spellings)


def write(contract: Contract) -> str:
    """The contract as JSON, an object a line, so that two can be compared by any tool."""
    catalog = contract.catalog
    items = [
        json.dumps(_entry(item, contract.spellings.get(item.key, {})), ensure_ascii=False)
        for item in sorted(catalog.items.values(), key=_place)
    ]
    head = {
        "format": FORMAT,
        "server_version": contract.server_version,
        "migrations": list(contract.migrations),
        "schemas": list(catalog.schemas),
    }
    lines = [f"{json.dumps(name)}: {json.dumps(value)}," for name, value in head.items()]
    return "\n".join(["{", *lines, '"items": [', ",\n".join(items), "]", "}", ""])


def _place(item: Item) -> tuple[str, bool, str, str]:
    """By the object and what belongs to it; columns keep their order, which sorting leaves alone."""
    owner = item.parent[1] if item.parent else item.name
    return owner, item.parent is not None, item.kind, "" if item.kind == "column" else item.name


def _entry(item: Item, spellings: Mapping[str, Sequence[Fact]]) -> dict[str, Any]:
    entry: dict[str, Any] = {"kind": item.kind, "name": item.name}
    if item.parent:
        entry["of"] = list(item.parent)
    entry.update(item.facts)
    if spellings:
        entry["also"] = {name: list(others) for name, others in sorted(spellings.items())}
    return entry


def read(text: str) -> Contract:
    """A contract out of its JSON.

    Raises:
        InvalidContract: It is none, or of a format that this package does not know.
    """
    try:
        held = json.loads(text)
        if held["format"] != FORMAT:
            message = f"The contract has format {held['format']!r}; this package reads {FORMAT}."
            raise InvalidContract(message)
        items = [_read_entry(entry) for entry in held["items"]]
        return Contract(
            Catalog(tuple(held["schemas"]), None, {item.key: item for item, _ in items}),
            int(held["server_version"]),
            {item.key: also for item, also in items if also},
            tuple(held["migrations"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        message = "The file is not a contract."
        raise InvalidContract(message) from error


def _read_entry(entry: dict[str, Any]) -> tuple[Item, dict[str, tuple[Fact, ...]]]:
    rest = dict(entry)
    kind, name = str(rest.pop("kind")), str(rest.pop("name"))
    parent = rest.pop("of", None)
    also: dict[str, list[Fact]] = rest.pop("also", {})
    item = Item(kind, name, (str(parent[0]), str(parent[1])) if parent else None, rest)
    return item, {fact: tuple(others) for fact, others in also.items()}
