"""A catalog with what is asked of it when SQL is written from it."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from briefsmith.schema_sync.catalog import Catalog, Item, Key
from briefsmith.schema_sync.names import Finder, called, list_of, schema_of, text_of

# Supabase supplies all of them and gives them every right to whatever is made in `public`.
_SUPPLIED = ("anon", "authenticated", "service_role")
# Where an extension goes that is expected nowhere in particular, as on Supabase.
_EXTENSIONS = "extensions"

KEYWORDS = {
    "materialized_view": "materialized view",
    "foreign_table": "foreign table",
    "composite_type": "type",
    "enum": "type",
    "range": "type",
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where statements take their facts from.

    Attributes:
        parts: What belongs to each object, in its order.
        grantees: Roles that may have been given rights to whatever is made.
        functions: Finds names of the catalog's functions in texts.
        extensions: Schema of each extension.
    """

    catalog: Catalog
    parts: Mapping[Key, list[Item]]
    grantees: tuple[str, ...]
    functions: Finder
    extensions: Mapping[str, str]

    def parts_of(self, item: Item, *kinds: str) -> list[Item]:
        """The parts of these kinds, in their order."""
        return [part for part in self.parts.get(item.key, []) if part.kind in kinds]

    def type_of(self, column: Item) -> str:
        """The type of a column as SQL finds it whatever the search path."""
        name, extension = text_of(column, "type") or "", text_of(column, "extension")
        return name if extension is None else f"{self.extension_schema(extension)}.{name}"

    def extension_schema(self, extension: str) -> str:
        """Where an extension is, or is put."""
        return self.extensions.get(extension, _EXTENSIONS)


def source_of(catalog: Catalog, found: Catalog | None = None) -> Source:
    """A catalog to write from.

    Args:
        found: What is there already: roles with rights, and where extensions are.
    """
    parts: dict[Key, list[Item]] = defaultdict(list)
    for item in catalog.items.values():
        if item.parent is not None:
            parts[item.parent].append(item)
    catalogs = (catalog,) if found is None else (catalog, found)
    every = [item for one in catalogs for item in one.items.values()]
    functions = [called(item.name) for item in catalog.items.values() if item.kind == "function"]
    # What is found comes last: that is where it is.
    extensions = {
        item.name: str(item.facts["schema"])
        for item in every
        if item.kind == "extension" and "schema" in item.facts
    }
    return Source(catalog, parts, _grantees(every), Finder(functions), extensions)


def _grantees(items: list[Item]) -> tuple[str, ...]:
    seen = {str(item.facts.get("grantee")) for item in items if item.kind == "grant"}
    seen.update(role for item in items if item.kind == "policy" for role in list_of(item, "roles"))
    if seen.intersection(_SUPPLIED):
        seen.update(_SUPPLIED)
    return tuple(sorted(seen - {"public"}))


def keyword(item: Item) -> str:
    """What SQL calls an object of this kind."""
    if item.kind == "function":
        sort = text_of(item, "sort")
        return sort if sort in {"procedure", "aggregate"} else "function"
    return KEYWORDS.get(item.kind, item.kind)


def address(item: Item) -> str:
    """Keyword and name of an object, as ALTER and DROP take it: `table public.a`."""
    if item.kind == "function" and item.name.endswith("()") and keyword(item) == "aggregate":
        return f"aggregate {called(item.name)}(*)"
    if item.kind == "function" and keyword(item) == "aggregate":
        # An aggregate over an order has its arguments in two lists; a routine has one.
        return f"routine {item.name}"
    if item.kind == "index" and item.parent is not None:
        return f"index {schema_of(item.parent[1])}.{item.local_name}"
    return f"{keyword(item)} {item.name}"
