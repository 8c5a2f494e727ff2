"""Catalogs to compare, made by hand."""

from collections.abc import Iterable

from briefsmith.schema_sync.catalog import Catalog, Fact, Item


def table(name: str, *columns: str, **types: str) -> list[Item]:
    """A table of text columns, and of columns of other types by name."""
    key = ("table", name)
    every = {**dict.fromkeys(columns, "text"), **types}
    return [
        Item("table", name, None, {"row_security": True}),
        *(
            Item("column", f"{name}.{column}", key, {"type": kind, "nullable": True})
            for column, kind in every.items()
        ),
    ]


def part(kind: str, name: str, of: str, **facts: Fact) -> Item:
    """A constraint, an index, a policy or a trigger of a table."""
    return Item(kind, f"{name} on {of}", ("table", of), facts)


def catalog(*items: Item | Iterable[Item]) -> Catalog:
    """All of these, in their order."""
    flat = [one for item in items for one in ([item] if isinstance(item, Item) else item)]
    return Catalog(("public",), None, {item.key: item for item in flat})
