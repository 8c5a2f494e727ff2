"""Mends of types: labels, checks, and making a type anew under columns that have it."""

from briefsmith.schema_sync.catalog import Item
from briefsmith.schema_sync.compare import Difference
from briefsmith.schema_sync.definitions import object_pieces
from briefsmith.schema_sync.detours import Sides, detour, text_in, uses_column
from briefsmith.schema_sync.mend_columns import alter_column, is_expression
from briefsmith.schema_sync.names import bare, beside, list_of, literal, mentions, text_of
from briefsmith.schema_sync.pieces import statements

_COMMIT_FIRST = "What it adds can be used after a commit: run it by itself, before the rest."


def change_type(difference: Difference, sides: Sides) -> tuple[str, str | None]:
    """How one fact of a type becomes what it has to be: SQL, and its danger."""
    item, fact = difference.item, difference.fact
    if item.kind == "enum":
        return _relabel(item, difference.actual or item, sides)
    if item.kind == "domain":
        simple = _change_domain(difference)
        if simple is not None:
            return simple
    return _rebuild(item, sides, f"fact {fact}")


def _relabel(item: Item, actual: Item, sides: Sides) -> tuple[str, str | None]:
    wanted, got = list_of(item, "labels"), list_of(actual, "labels")
    if [label for label in wanted if label in got] == got:
        new = [f"{literal(label)}::{item.name}" for label in wanted if label not in got]
        used = any(
            written in text_in(other)
            for other in sides.expected.catalog.items.values()
            for written in new
        )
        return "\n".join(_added(item.name, wanted, got)), _COMMIT_FIRST if used else None
    renamed = [(old, new) for old, new in zip(got, wanted, strict=False) if old != new]
    given_up, taken_up = {old for old, _ in renamed}, {new for _, new in renamed}
    if len(wanted) == len(got) and not (given_up & set(wanted) or taken_up & set(got)):
        lines = [
            f"alter type {item.name} rename value {literal(old)} to {literal(new)};"
            for old, new in renamed
        ]
        return "\n".join(lines), None
    return _rebuild(item, sides, ", ".join(label for label in got if label not in wanted))


def _added(name: str, wanted: list[str], got: list[str]) -> list[str]:
    lines: list[str] = []
    for number, label in enumerate(wanted):
        if label in got:
            continue
        # Behind its neighbour, which is there by now.
        where = (
            f" after {literal(wanted[number - 1])}"
            if number
            else (f" before {literal(got[0])}" if got else "")
        )
        lines.append(f"alter type {name} add value {literal(label)}{where};")
    return lines


def _change_domain(difference: Difference) -> tuple[str, str | None] | None:
    item, alter = difference.item, f"alter domain {difference.item.name}"
    match difference.fact:
        case "not_null":
            if item.facts.get("not_null"):
                return f"{alter} set not null;", "It fails where a row has null there."
            return f"{alter} drop not null;", None
        case "default":
            default = text_of(item, "default")
            end = "drop default" if default is None else f"set default {default}"
            return f"{alter} {end};", None
        case "checks":
            wanted = list_of(item, "checks")
            got = list_of(difference.actual or item, "checks")
            drops = [f"{alter} drop constraint {_name(one)};" for one in got if one not in wanted]
            adds = [f"{alter} add {one};" for one in wanted if one not in got]
            return "\n".join(
                [*drops, *adds]
            ), "It fails where a value does not fit." if adds else None
        case _:
            return None


def _name(check: str) -> str:
    rest = check.removeprefix("CONSTRAINT ")
    return rest.partition(" CHECK ")[0]


def _rebuild(item: Item, sides: Sides, misfits: str) -> tuple[str, str]:
    name = item.name
    columns = [
        column
        for column in sides.found.catalog.items.values()
        if column.kind == "column" and _is_stored(column, sides) and _has_type(column, name)
    ]
    uses = [uses_column(column.parent[1], column.local_name) for column in columns if column.parent]

    def hit(other: Item) -> bool:
        if mentions(name, text_in(other)):
            return True
        if other.kind == "statistics":
            return False
        if other.kind in {"index", "constraint"} and not is_expression(other):
            return False
        return any(used(other) for used in uses)

    around = detour(sides, hit)
    old = beside(_old_name(bare(name)), name)
    changes = [f"{alter_column(one)} drop default;" for one in columns if "default" in one.facts]
    kind = "domain" if item.kind == "domain" else "type"
    changes += [f"alter {kind} {name} rename to {bare(old)};"]
    changes += statements(object_pieces(item, sides.expected))
    changes += [_recast(column, name) for column in columns]
    changes += [f"drop {kind} {old};"]
    for column in columns:
        wanted = sides.expected.catalog.items.get(column.key, column)
        default = text_of(wanted, "default")
        if default is not None:
            changes.append(f"{alter_column(column)} set default {default};")
    tables = ", ".join(dict.fromkeys(column.parent[1] for column in columns if column.parent))
    says = f"It makes the type anew and rewrites {tables}" if tables else "It makes the type anew"
    if item.kind == "enum" and misfits:
        says += f", and fails where a row has one of these: {misfits}"
    return around.around(*changes), f"{says}.{around.sentence()}"


def _old_name(name: str) -> str:
    return f'"{name[1:-1]}_before"' if name.startswith('"') else f"{name}_before"


def _has_type(column: Item, name: str) -> bool:
    return (text_of(column, "type") or "").removesuffix("[]") == name


def _is_stored(column: Item, sides: Sides) -> bool:
    if column.parent is None or column.parent[0] != "table":
        return False
    table = sides.found.catalog.items.get(column.parent)
    # Of a partition or an heir, the whole or the parent takes it along.
    return table is not None and "inherits" not in table.facts


def _recast(column: Item, name: str) -> str:
    array = "[]" if (text_of(column, "type") or "").endswith("[]") else ""
    cast = f"{column.local_name}::text{array}::{name}{array}"
    return f"{alter_column(column)} type {name}{array} using {cast};"


def change_attribute(item: Item, sides: Sides) -> str:
    """An attribute of a composite type as it has to be."""
    assert item.parent is not None  # noqa: S101  an attribute is always of a type
    collation = text_of(item, "collation")
    collate = f" collate {collation}" if collation else ""
    kind = sides.expected.type_of(item)
    return f"alter type {item.parent[1]} alter attribute {item.local_name} type {kind}{collate};"
