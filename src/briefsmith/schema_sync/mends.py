"""The SQL that takes a difference away."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from briefsmith.schema_sync.catalog import Catalog, Item
from briefsmith.schema_sync.compare import Difference
from briefsmith.schema_sync.definitions import create_statements, pieces_of
from briefsmith.schema_sync.detours import Sides, drop_statement
from briefsmith.schema_sync.mend_columns import change_column, change_identity
from briefsmith.schema_sync.mend_objects import (
    Mended,
    change_constraint,
    change_function,
    change_grant,
    change_index,
    change_owner,
    change_part,
    change_policy,
    change_sequence,
    change_table,
    change_view,
    drop_grant,
    remake_view,
)
from briefsmith.schema_sync.mend_order import Order
from briefsmith.schema_sync.mend_types import change_attribute, change_type
from briefsmith.schema_sync.names import bare, beside, list_of, schema_of, text_of
from briefsmith.schema_sync.pieces import in_order, statements
from briefsmith.schema_sync.renames import find_renames
from briefsmith.schema_sync.rings import rings
from briefsmith.schema_sync.source import KEYWORDS, address, keyword, source_of

_VIEWS = frozenset({"view", "materialized_view"})
_MAY_FAIL = "It fails where rows do not fit, and holds the table while it looks at them."
_DATA_GOES = "Its data goes, and nothing brings it back."
_LOST = "Its definition goes with it."
_IN_USE = "It fails while something uses it."


@dataclass(frozen=True, slots=True)
class Mend:
    """Statements that make an object what it has to be.

    Attributes:
        sql: One or more statements, each with its semicolon.
        danger: Why a person should look before running it (data goes, it may fail, it rewrites a table);
            None where it may simply be run.
        place: Where it stands in a script of all that `mend_all` gave together; several that are the
            same SQL are meant to be run once.
    """

    sql: str
    danger: str | None
    place: int = 0


def mend(difference: Difference, expected: Catalog, found: Catalog) -> Mend:
    """How to take one difference away."""
    return mend_all([difference], expected, found)[0]


def mend_all(differences: Sequence[Difference], expected: Catalog, found: Catalog) -> list[Mend]:
    """How to take each of them away, and in which order."""
    if not differences:
        return []
    missing = [one.item for one in differences if one.change == "missing"]
    mender = _Mender(expected, found, missing)
    mends = [Mend(*mender.mend(difference)) for difference in differences]
    order = Order(expected, found, mender.sides)
    pieces = [
        order.piece(difference, one.sql) for difference, one in zip(differences, mends, strict=True)
    ]
    places = {number: place for place, number in enumerate(in_order(pieces))}
    return [replace(one, place=places[number]) for number, one in enumerate(mends)]


_CHANGES: dict[str, Callable[[Difference, Sides], Mended]] = {
    "table": change_table,
    "foreign_table": change_table,
    "view": change_view,
    "materialized_view": change_view,
    "enum": change_type,
    "domain": change_type,
    "range": change_type,
    "function": change_function,
    "constraint": change_constraint,
    "index": change_index,
    "policy": change_policy,
    "grant": change_grant,
}


class _Mender:
    """Two schemas, and what would make the second one like the first."""

    def __init__(self, expected: Catalog, found: Catalog, missing: Sequence[Item]) -> None:
        self._expected, self._found = expected, found
        self.sides = Sides(source_of(expected, found), source_of(found))
        self._rings = rings(missing, self.sides.expected)

    def mend(self, difference: Difference) -> Mended:
        match difference.change:
            case "missing":
                return self._make(difference.item)
            case "extra":
                return self._drop(self._under_expected(difference.item))
            case "renamed":
                return self._rename(difference.item, difference.actual or difference.item), None
            case "changed":
                return self._change(difference)

    def _make(self, item: Item) -> Mended:
        whole = self._inherited(item)
        if whole is not None:
            return self._make(whole)
        parent = None if item.parent is None else self._expected.items.get(item.parent)
        if item.kind == "column" and parent is not None and parent.kind in _VIEWS:
            return remake_view(parent, self.sides)
        if item.kind == "sequence" and parent is not None and item.facts.get("identity"):
            return change_identity(parent, self._found.items.get(parent.key), self.sides)
        together = self._rings.get(item.key, [item])
        made = statements(
            piece for one in together for piece in pieces_of(one, self.sides.expected)
        )
        return "\n".join(made), _danger_of_making(item)

    def _inherited(self, item: Item) -> Item | None:
        """The missing part of the parent or the whole with which a part of a table comes."""
        table = None if item.parent is None else self._expected.items.get(item.parent)
        if table is None or item.kind not in {"column", "constraint", "trigger"}:
            return None
        for name in list_of(table, "inherits"):
            parent = self._expected.items.get((table.kind, name))
            parts = [] if parent is None else self.sides.expected.parts_of(parent, item.kind)
            for part in parts:
                same = (
                    part.facts.get("definition") == item.facts.get("definition")
                    if item.kind == "constraint"
                    else part.local_name == item.local_name
                )
                if same and part.key not in self._found.items:
                    return part
        return None

    def _drop(self, item: Item) -> Mended:
        parent = None if item.parent is None else self._expected.items.get(item.parent)
        if item.kind == "grant":
            return drop_grant(item, self.sides)
        if item.kind == "column" and parent is not None and parent.kind in _VIEWS:
            return remake_view(parent, self.sides)
        if item.kind == "sequence" and parent is not None and item.facts.get("identity"):
            return change_identity(parent, None, self.sides)
        return drop_statement(item), _danger_of_dropping(item)

    def _under_expected(self, item: Item) -> Item:
        """A found part with the name of what it is a part of as it is when everything has its name."""
        if item.parent is None or item.parent in self._expected.items:
            return item
        renames = find_renames(self._expected, self._found)
        for wanted, actual in renames.own.items():
            if actual == item.parent:
                name = item.name.replace(actual[1], wanted[1], 1)
                return replace(item, name=name, parent=wanted)
        return item

    def _rename(self, item: Item, actual: Item) -> str:  # noqa: PLR0911  a table of cases
        if item.parent is None:
            return _rename_object(item, actual)
        kind, owner = item.parent
        new, old = item.local_name, actual.local_name
        match item.kind:
            case "column" if kind in _VIEWS:
                return remake_view(self._expected.items[item.parent], self.sides)[0]
            case "column" if kind == "composite_type":
                return f"alter type {owner} rename attribute {old} to {new};"
            case "column" | "constraint":
                return f"alter table {owner} rename {item.kind} {old} to {new};"
            case "index":
                return f"alter index {schema_of(owner)}.{old} rename to {new};"
            case "sequence":
                return f"alter sequence {beside(bare(actual.name), item.name)} rename to {bare(item.name)};"
            case "statistics":
                return f"alter statistics {actual.name} rename to {bare(item.name)};"
            case _:
                return f"alter {item.kind} {old} on {owner} rename to {new};"

    def _change(self, difference: Difference) -> Mended:
        item, sides = difference.item, self.sides
        if difference.fact == "owner":
            return change_owner(difference, sides)
        match item.kind:
            case "column":
                return self._change_column(difference)
            case "sequence":
                return self._change_sequence(difference)
            case "extension":
                return f"alter extension {item.name} set schema {difference.expected};", None
            case "collation":
                made = create_statements(item, self._expected, self._found)
                return "\n".join([drop_statement(item), *made]), _IN_USE
            case _:
                return _CHANGES.get(item.kind, change_part)(difference, sides)

    def _change_column(self, difference: Difference) -> Mended:
        parent = difference.item.parent
        if parent is not None and parent[0] in _VIEWS:
            if difference.fact == "default":
                end = (
                    f"set default {difference.expected}" if difference.expected else "drop default"
                )
                name = difference.item.local_name
                return f"alter view {parent[1]} alter column {name} {end};", None
            return remake_view(self._expected.items[parent], self.sides)
        if parent is not None and parent[0] == "composite_type":
            return change_attribute(difference.item, self.sides), _IN_USE
        return change_column(difference, self.sides)

    def _change_sequence(self, difference: Difference) -> Mended:
        item = difference.item
        column = None if item.parent is None else self._expected.items.get(item.parent)
        if difference.fact in {"identity", "owned_by"} and column is not None:
            actual = self._found.items.get(column.key)
            if item.facts.get("identity"):
                return change_identity(column, actual, self.sides)
            if difference.fact == "identity":
                sql = change_identity(column, actual, self.sides)[0]
                made = statements(pieces_of(item, self.sides.expected))
                return "\n".join([sql, *made]), "Its numbers begin anew."
        return change_sequence(difference, self.sides)


def _rename_object(item: Item, actual: Item) -> str:
    what, name = keyword(actual), actual.name
    schema, old_schema = schema_of(item.name), schema_of(actual.name)
    new, old = bare(item.name), bare(actual.name)
    lines: list[str] = []
    if schema != old_schema:
        lines.append(f"alter {address(actual)} set schema {schema};")
        name = f"{schema}{name[len(old_schema) :]}"
    if new != old:
        whole = (
            f"{what} {name}" if item.kind in KEYWORDS or what != "aggregate" else f"routine {name}"
        )
        lines.append(f"alter {whole} rename to {new};")
    return "\n".join(lines)


def _danger_of_making(item: Item) -> str | None:
    definition = text_of(item, "definition") or ""
    if item.kind == "column":
        made = {"default", "identity", "generated"} & item.facts.keys()
        if not made and item.facts.get("nullable") is False:
            return "It fails where the table has rows, which have nothing to put there."
        default = text_of(item, "default") or ""
        if made - {"default"} or ("(" in default and default != "now()"):
            return "It rewrites the table."
    if item.kind == "constraint" and not definition.endswith(" NOT VALID"):
        return _MAY_FAIL
    if item.kind == "index" and definition.startswith("CREATE UNIQUE"):
        return _MAY_FAIL
    return None


def _danger_of_dropping(item: Item) -> str | None:
    match item.kind:
        case "table" | "foreign_table" | "column" | "sequence" | "schema" | "extension":
            return _DATA_GOES
        case "enum" | "domain" | "range" | "composite_type" | "collation":
            return _IN_USE
        case "function" | "view" | "materialized_view":
            return _LOST
        case _:
            return None
