"""Two catalogs, object by object and fact by fact."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from briefsmith.schema_sync.catalog import Catalog, Fact, Item, Key
from briefsmith.schema_sync.contract import Spellings
from briefsmith.schema_sync.names import schema_of
from briefsmith.schema_sync.renames import Renames, find_renames

Change = Literal["missing", "extra", "changed", "renamed"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which two schemas differ.

    Attributes:
        change: `missing` and `extra` are of whole objects, whose parts are not listed again.
        item: The object as it has to be; as it was found where it is extra.
        actual: The object as it was found; None where it is missing.
        fact: Name of the fact that changed; None for a whole object.
        expected: The fact as it has to be; of a renamed object its name.
        found: The fact as it was found.
    """

    change: Change
    item: Item
    actual: Item | None
    fact: str | None = None
    expected: Fact = None
    found: Fact = None


def differences(
    expected: Catalog, found: Catalog, spellings: Spellings | None = None
) -> list[Difference]:
    """In what the second schema differs from the first, in the first one's order, extras last."""
    renames = find_renames(expected, found)
    return list(_differences(expected, found, spellings or {}, renames))


def _differences(
    expected: Catalog, found: Catalog, spellings: Spellings, renames: Renames
) -> Iterator[Difference]:
    seen: set[Key] = set()
    for key, item in expected.items.items():
        actual = found.items.get(key)
        # Nearly all of nearly every database.
        if actual is not None and actual == item and not renames.own:
            seen.add(key)
            continue
        actual = _counterpart(item, found, renames)
        if actual is None:
            whole = _whole(item, expected)
            owner = None if whole is None else expected.items.get(whole)
            if (
                whole is None
                or (owner is None and whole in found.items)
                or (owner is not None and _counterpart(owner, found, renames) is not None)
            ):
                yield Difference("missing", item, None)
            continue
        seen.add(actual.key)
        if renames.is_renamed(item):
            yield Difference("renamed", item, actual, None, item.local_name, actual.local_name)
        if item.facts != actual.facts:
            yield from _changed(item, actual, spellings.get(item.key, {}), renames)
    for key, actual in found.items.items():
        if key in seen:
            continue
        whole = _whole(actual, found)
        if whole is None or whole in seen:
            yield Difference("extra", actual, actual)


def _counterpart(item: Item, found: Catalog, renames: Renames) -> Item | None:
    actual = found.items.get(renames.actual_key(item))
    if actual is None or item.kind == "sequence" or item.parent is None or actual.parent is None:
        return actual
    # A column of a view is none of a table, though both are called the same.
    return actual if actual.parent[0] == item.parent[0] else None


def _whole(item: Item, catalog: Catalog) -> Key | None:
    """What an object is a part of; if of nothing else, of its schema, where that is told."""
    if item.parent is not None or item.kind in {"schema", "extension"}:
        return item.parent
    schema = ("schema", schema_of(item.name))
    return schema if schema in catalog.items else None


def _changed(
    item: Item, actual: Item, spellings: Mapping[str, tuple[Fact, ...]], renames: Renames
) -> Iterator[Difference]:
    named = dict.fromkeys((*item.facts, *actual.facts))
    if item.kind == "extension":
        # One side may leave open where it is.
        named = [fact for fact in item.facts if fact in actual.facts]
    for fact in named:
        wanted, got = item.facts.get(fact), actual.facts.get(fact)
        if wanted == got or got in spellings.get(fact, ()):
            continue
        if renames.as_expected(got) != wanted:
            yield Difference("changed", item, actual, fact, wanted, got)
