"""Mends of columns."""

import re
from collections.abc import Sequence

from briefsmith.schema_sync.catalog import Item
from briefsmith.schema_sync.compare import Difference
from briefsmith.schema_sync.definitions import part_pieces
from briefsmith.schema_sync.detours import Detour, Sides, detour, uses_column
from briefsmith.schema_sync.names import mentions, text_of
from briefsmith.schema_sync.pieces import Piece, statements
from briefsmith.schema_sync.tables import identity_clause

_STRINGS = ("text", "character varying", "character", "json", "jsonb", "citext")
_FAMILIES = (
    {"smallint", "integer", "bigint", "numeric", "real", "double precision"},
    {"date", "timestamp without time zone", "timestamp with time zone"},
    {"json", "jsonb"},
)
# How a type stores its values unless it is told otherwise, where that is not `extended`.
_STORAGE = {
    "numeric": "main",
    "inet": "main",
    "cidr": "main",
    "vector": "external",
    "halfvec": "external",
    "sparsevec": "external",
}
_BEHIND_NUMBERS = "Its numbers begin anew, so they may meet those that rows have already."


def change_column(  # noqa: PLR0911  a table of cases
    difference: Difference, sides: Sides
) -> tuple[str, str | None]:
    """How one fact of a table's column becomes what it has to be: SQL, and its danger."""
    item, fact = difference.item, difference.fact
    actual = difference.actual or item
    alter = alter_column(item)
    if is_made_anew(item, actual):
        return _make_anew(item, sides)
    match fact:
        case "type" | "collation" | "extension":
            return _retype(item, actual, sides)
        case "nullable":
            if item.facts.get("nullable"):
                return f"{alter} drop not null;", None
            return f"{alter} set not null;", "It fails where a row has null there."
        case "not_null_unproven":
            return _prove(item)
        case "default":
            return _set_default(item, actual), None
        case "identity":
            return change_identity(item, difference.actual, sides)
        case "generated":
            return f"{alter} drop expression;", None
        case "storage":
            kind = base_type(text_of(item, "type") or "")
            wanted = text_of(item, "storage") or _STORAGE.get(kind, "extended")
            return f"{alter} set storage {wanted};", None
        case _:
            return f"{alter} set {fact} {difference.expected or 'default'};", None


def alter_column(item: Item) -> str:
    """How a statement about a column begins."""
    assert item.parent is not None  # noqa: S101  a column is always of something
    return f"alter table {item.parent[1]} alter column {item.local_name}"


def change_identity(item: Item, actual: Item | None, sides: Sides) -> tuple[str, str | None]:
    """How a column comes to be numbered as it has to be."""
    if actual is not None and is_made_anew(item, actual):
        return _make_anew(item, sides)
    alter = alter_column(item)
    wanted = text_of(item, "identity")
    if wanted is None:
        return f"{alter} drop identity if exists;", None
    if actual is not None and "identity" in actual.facts:
        return f"{alter} set generated {wanted};", None
    clause = identity_clause(item, sides.expected) or f"generated {wanted} as identity"
    lines = [f"{alter} add {clause};"]
    for sequence in sides.expected.parts_of(item, "sequence"):
        taken = sides.found.catalog.items.get(sequence.key)
        if taken is not None and "identity" not in taken.facts:
            lines = [f"{alter} drop default;", f"drop sequence {sequence.name};", *lines]
    return "\n".join(lines), _BEHIND_NUMBERS


def _prove(item: Item) -> tuple[str, str | None]:
    alter = alter_column(item)
    if item.facts.get("nullable"):
        return f"{alter} drop not null;", None
    if item.facts.get("not_null_unproven"):
        # Nothing that is proven can be made less so, and nothing has to.
        return f"-- {item.name} is as good as it has to be, and better.", None
    # Setting it again looks at the rows.
    return f"{alter} set not null;", "It fails where a row has null there."


def _set_default(item: Item, actual: Item) -> str:
    alter = alter_column(item)
    default = text_of(item, "default")
    if default is None:
        return f"{alter} drop default;"
    first = f"{alter} drop identity if exists;\n" if "identity" in actual.facts else ""
    return f"{first}{alter} set default {default};"


def base_type(name: str) -> str:
    """A type without its modifiers."""
    return re.sub(r"\([^)]*\)", "", name).strip()


def _cast(column: str, before: str, after: str, target: str) -> str:
    old, new = base_type(before), base_type(after)
    direct = (
        old == new
        or old in _STRINGS[:3]
        or new in _STRINGS[:3]
        or (old.endswith("[]") and new.endswith("[]"))
        or any(old in family and new in family for family in _FAMILIES)
    )
    return f"{column}::{target}" if direct else f"{column}::text::{target}"


def _retype(item: Item, actual: Item, sides: Sides) -> tuple[str, str]:
    before, after = text_of(actual, "type") or "", text_of(item, "type") or ""
    target = sides.expected.type_of(item)
    collation = text_of(item, "collation")
    collate = f" collate {collation}" if collation else ""
    alter = alter_column(item)
    cast = _cast(item.local_name, before, after, target)
    changes = [f"{alter} type {target}{collate} using {cast};"]
    if "default" in actual.facts:
        changes.insert(0, f"{alter} drop default;")
    default = text_of(item, "default")
    if default is not None:
        changes.append(f"{alter} set default {default};")
    same = base_type(before) == base_type(after)
    computed = _computed_from(item, sides)
    around = _around_column(item, computed, sides, with_expressions=not same)
    says = f"It rewrites the table, and fails where a value has no place in {after}."
    if computed:
        changes = [*_drops(computed), *changes, *_creates(computed, sides)]
        names = ", ".join(other.name for other in computed)
        says += f" Computed anew, and the last of the table then: {names}."
    return around.around(*changes), says + around.sentence()


def _computed_from(item: Item, sides: Sides) -> list[Item]:
    """Columns of the same table that are computed from a column; none can be while its type changes."""
    return [
        other
        for other in sides.found.catalog.items.values()
        if other.kind == "column"
        and other.parent == item.parent
        and mentions(item.local_name, text_of(other, "generated") or "")
    ]


def _drops(columns: Sequence[Item]) -> list[str]:
    return [
        f"alter table {one.parent[1]} drop column {one.local_name};"
        for one in columns
        if one.parent is not None
    ]


def _creates(columns: Sequence[Item], sides: Sides) -> list[str]:
    made: list[Piece] = []
    for one in columns:
        wanted = sides.expected.catalog.items.get(one.key)
        source = sides.found if wanted is None else sides.expected
        made += part_pieces(wanted or one, source, whole=False)
    return statements(made)


def _around_column(
    item: Item, computed: Sequence[Item], sides: Sides, *, with_expressions: bool
) -> Detour:
    assert item.parent is not None  # noqa: S101  a column is always of something
    table = item.parent[1]
    uses = uses_column(table, item.local_name)
    use_computed = [uses_column(table, one.local_name) for one in computed]

    def hit(other: Item) -> bool:
        if any(use(other) for use in use_computed):
            return True
        if other.kind == "statistics":
            return False
        if other.kind in {"index", "constraint"}:
            return with_expressions and is_expression(other) and uses(other)
        return uses(other)

    return detour(sides, hit)


def is_expression(item: Item) -> bool:
    """Whether a constraint or an index says more than columns."""
    definition = text_of(item, "definition") or ""
    if item.kind == "constraint":
        return definition.startswith(("CHECK", "EXCLUDE"))
    return " WHERE " in definition or "(" in definition.partition("(")[2]


def is_made_anew(item: Item, actual: Item) -> bool:
    """Whether a column has to be dropped: what is computed can become plain, and nothing else."""
    wanted, got = text_of(item, "generated"), text_of(actual, "generated")
    return wanted != got and not (wanted is None and got is not None and got.endswith(" stored"))


def _make_anew(item: Item, sides: Sides) -> tuple[str, str]:
    assert item.parent is not None  # noqa: S101  a column is always of something
    around = detour(sides, uses_column(item.parent[1], item.local_name))
    made = statements(part_pieces(item, sides.expected, whole=False))
    sql = around.around(f"alter table {item.parent[1]} drop column {item.local_name};", *made)
    says = "What the column holds goes, and it becomes the last one; it rewrites the table."
    return sql, says + around.sentence()
