"""Objects that need each other, as a table and a function in its policy do: they are made together."""

from collections.abc import Mapping, Sequence

from briefsmith.schema_sync.catalog import Item, Key
from briefsmith.schema_sync.definitions import pieces_of
from briefsmith.schema_sync.names import Finder, called, mentions, text_of
from briefsmith.schema_sync.source import Source


def rings(missing: Sequence[Item], source: Source) -> dict[Key, list[Item]]:
    """With what each missing object has to be made; it is among them itself."""
    items = [item for item in missing if item.parent is None or _has_computed_default(item, source)]
    finder = Finder(called(item.name) for item in items if item.parent is None)
    needs = {item.key: _needs(item, items, finder, source) for item in items}
    reached = {key: _reached(key, needs) for key in needs}
    return {
        item.key: [
            other
            for other in items
            if other is item or (other.key in reached[item.key] and item.key in reached[other.key])
        ]
        for item in items
    }


def _has_computed_default(item: Item, source: Source) -> bool:
    default = text_of(item, "default")
    return item.kind == "column" and bool(default and source.functions.names_in(default))


def _needs(item: Item, items: Sequence[Item], finder: Finder, source: Source) -> set[Key]:
    text = "\n".join(
        piece.sql if piece.needs is None else piece.needs for piece in pieces_of(item, source)
    )
    names = finder.names_in(text)
    return {
        other.key
        for other in items
        if other is not item
        and (
            called(other.name) in names
            if other.parent is None
            else mentions(other.parent[1], text) and mentions(other.local_name, text)
        )
    }


def _reached(start: Key, needs: Mapping[Key, set[Key]]) -> set[Key]:
    reached: set[Key] = set()
    waiting = [start]
    while waiting:
        new = needs[waiting.pop()] - reached
        reached |= new
        waiting += new
    return reached
