"""Mends of everything that is neither a column nor a type."""

from briefsmith.schema_sync.catalog import Item
from briefsmith.schema_sync.compare import Difference
from briefsmith.schema_sync.definitions import (
    create_policy,
    create_view,
    object_pieces,
    part_pieces,
    set_enabled,
)
from briefsmith.schema_sync.detours import Detour, Sides, detour, drop_statement
from briefsmith.schema_sync.names import called, list_of, mentions, schema_of, text_of
from briefsmith.schema_sync.pieces import statements
from briefsmith.schema_sync.rights import grant_statements, revoke_statements
from briefsmith.schema_sync.routines import create_routine
from briefsmith.schema_sync.source import address, keyword
from briefsmith.schema_sync.tables import options_of

Mended = tuple[str, str | None]

_MAY_FAIL = "It fails where rows do not fit, and holds the table while it looks at them."
_REWRITES = "It rewrites the table and holds it meanwhile."
_BY_HAND = "PostgreSQL has no way to alter it; make it anew and move the rows."
# Of a routine that is there, these cannot be changed.
_FIXED = frozenset({"arguments", "result", "sort", "aggregate"})


def change_owner(difference: Difference, sides: Sides) -> Mended:
    """Gives an object to whom it has to belong: if to nobody in particular, to whom most belongs."""
    item = difference.item
    owner = text_of(item, "owner") or sides.found.catalog.owner
    if owner is None:
        return f"-- Nobody else owns anything: alter {address(item)} owner to ...;", _BY_HAND
    if item.kind == "sequence" and item.parent is not None:
        column = sides.expected.catalog.items.get(item.parent)
        if column is not None and column.parent is not None:
            return f"alter {column.parent[0]} {column.parent[1]} owner to {owner};", None
    return f"alter {address(item)} owner to {owner};", None


def change_table(difference: Difference, _: Sides) -> Mended:  # noqa: PLR0911  a table of cases
    """A setting of a whole table."""
    item, fact = difference.item, difference.fact
    alter = f"alter {keyword(item)} {item.name}"
    match fact:
        case "row_security":
            if item.facts.get("row_security"):
                return f"{alter} enable row level security;", None
            return f"{alter} disable row level security;", "Every row becomes visible."
        case "forced":
            return (
                f"{alter} {'' if item.facts.get('forced') else 'no '}force row level security;",
                None,
            )
        case "options":
            return _change_options(difference, alter), None
        case "persistence":
            word = "unlogged" if text_of(item, "persistence") == "unlogged" else "logged"
            return f"{alter} set {word};", _REWRITES
        case "access_method":
            return f"{alter} set access method {difference.expected or 'heap'};", _REWRITES
        case "replica_identity":
            return f"{alter} replica identity {difference.expected or 'default'};", None
        case "inherits" | "partition_bound":
            return _change_parents(difference)
        case _:
            return f"-- {item.name} has another {fact}.", _BY_HAND


def _change_parents(difference: Difference) -> Mended:
    item, actual = difference.item, difference.actual or difference.item
    name = item.name
    bound, old_bound = text_of(item, "partition_bound"), text_of(actual, "partition_bound")
    lines = [
        f"alter table {parent} detach partition {name};"
        if old_bound
        else f"alter table {name} no inherit {parent};"
        for parent in list_of(actual, "inherits")
    ]
    lines += [
        f"alter table {parent} attach partition {name} {bound};"
        if bound
        else f"alter table {name} inherit {parent};"
        for parent in list_of(item, "inherits")
    ]
    return "\n".join(lines), _MAY_FAIL


def _change_options(difference: Difference, alter: str) -> str:
    item = difference.item
    wanted = {one.partition("=")[0] for one in list_of(item, "options")}
    got = [one.partition("=")[0] for one in list_of(difference.actual or item, "options")]
    lines = [f"{alter} set{options_of(item).removeprefix(' with')};"] if wanted else []
    gone = [name for name in got if name not in wanted]
    lines += [f"{alter} reset ({', '.join(gone)});"] if gone else []
    return "\n".join(lines)


def change_view(difference: Difference, sides: Sides) -> Mended:
    """The view's options, or all of it."""
    item = difference.item
    if difference.fact == "options":
        return _change_options(difference, f"alter {keyword(item)} {item.name}"), None
    return remake_view(item, sides)


def remake_view(item: Item, sides: Sides) -> Mended:
    """The view as it has to be, in place where its columns allow that."""
    actual = sides.found.catalog.items.get(item.key)
    wanted = [_column(one) for one in sides.expected.parts_of(item, "column")]
    got = [] if actual is None else [_column(one) for one in sides.found.parts_of(actual, "column")]
    if item.kind == "view" and wanted[: len(got)] == got:
        return create_view(item, replace=True), None
    around = detour(sides, lambda _: False, item.name)
    made = statements(object_pieces(item, sides.expected))
    says = "It is computed anew." if item.kind == "materialized_view" else None
    return around.around(drop_statement(item), *made), says


def _column(item: Item) -> tuple[str, object, object]:
    return item.local_name, item.facts.get("type"), item.facts.get("collation")


def change_sequence(difference: Difference, _: Sides) -> Mended:
    """A setting of a sequence."""
    item = difference.item
    if difference.fact == "owned_by":
        return f"alter sequence {item.name} owned by {difference.expected or 'none'};", None
    cycle = "cycle" if item.facts.get("cycle") else "no cycle"
    sql = (
        f"alter sequence {item.name} as {item.facts.get('type')}"
        f" increment by {item.facts.get('increment')} minvalue {item.facts.get('minimum')}"
        f" maxvalue {item.facts.get('maximum')} start with {item.facts.get('start')}"
        f" cache {item.facts.get('cache', 1)} {cycle};"
    )
    return sql, None


def change_function(difference: Difference, sides: Sides) -> Mended:
    """The whole function in the place of the one that is there."""
    item, actual = difference.item, difference.actual or difference.item
    fixed = any(item.facts.get(fact) != actual.facts.get(fact) for fact in _FIXED)
    if not fixed and text_of(item, "sort") != "aggregate":
        return create_routine(item, replace=True), None
    around = detour(sides, lambda _: False, called(item.name))
    others = [one for one in around.drops if one != drop_statement(actual)]
    made = statements(object_pieces(item, sides.expected))
    around = Detour(others, around.creates, around.names)
    return around.around(drop_statement(actual), *made), None


def change_constraint(difference: Difference, sides: Sides) -> Mended:
    """The constraint as it has to be."""
    item, actual = difference.item, difference.actual or difference.item
    assert item.parent is not None  # noqa: S101  a constraint is always of something
    table = item.parent[1]
    index = f"{schema_of(table)}.{item.local_name}"
    if difference.fact == "invalid_index":
        return f"reindex index {index};", "It fails where rows do not fit."
    if difference.fact == "index_options":
        return _reindex_options(difference, index), None
    wanted, got = text_of(item, "definition") or "", text_of(actual, "definition") or ""
    if got == f"{wanted} NOT VALID":
        return f"alter table {table} validate constraint {item.local_name};", _MAY_FAIL
    return remake_constraint(item, sides)


def _reindex_options(difference: Difference, index: str) -> str:
    wanted, got = difference.expected, difference.found
    if wanted is not None:
        return f"alter index {index} set ({wanted});"
    names = ", ".join(one.partition("=")[0] for one in str(got).split(", "))
    return f"alter index {index} reset ({names});"


def remake_constraint(item: Item, sides: Sides) -> Mended:
    """Dropped and made again, with the foreign keys that need it."""
    assert item.parent is not None  # noqa: S101  a constraint is always of something
    table = item.parent[1]
    actual = sides.found.catalog.items.get(item.key, item)
    is_key = (text_of(actual, "definition") or "").startswith(("PRIMARY KEY", "UNIQUE"))

    def hit(other: Item) -> bool:
        text = text_of(other, "definition") or ""
        if not is_key or other.key == item.key or not mentions(table, text):
            return False
        if other.kind == "constraint":
            return text.startswith("FOREIGN KEY") and f"REFERENCES {table}(" in text
        # A view that groups by a key shows other columns because of it.
        return other.kind in {"view", "materialized_view"} and "GROUP BY" in text

    around = detour(sides, hit)
    made = statements(part_pieces(item, sides.expected, whole=False))
    return around.around(drop_statement(item), *made), _MAY_FAIL + around.sentence()


def change_index(difference: Difference, sides: Sides) -> Mended:
    """The index as it has to be."""
    item = difference.item
    is_unique = (text_of(item, "definition") or "").startswith("CREATE UNIQUE")
    danger = "It fails where rows do not fit." if is_unique else None
    if difference.fact == "invalid":
        return f"reindex {address(item)};", danger
    made = statements(part_pieces(item, sides.expected, whole=False))
    if difference.fact == "partition_of" and difference.found is None:
        return made[-1], danger
    return "\n".join([drop_statement(item), *made]), danger


def change_policy(difference: Difference, _: Sides) -> Mended:
    """The policy as it has to be, altered where PostgreSQL can."""
    item, actual = difference.item, difference.actual or difference.item
    assert item.parent is not None  # noqa: S101  a policy is always of a table
    same = all(
        item.facts.get(fact) == actual.facts.get(fact) for fact in ("command", "restrictive")
    )
    kept = all(fact in item.facts or fact not in actual.facts for fact in ("using", "check"))
    if not (same and kept):
        return "\n".join([drop_statement(item), create_policy(item)]), None
    words = [f"alter policy {item.local_name} on {item.parent[1]}"]
    words.append(f"to {', '.join(list_of(item, 'roles'))}")
    for fact, word in (("using", "using"), ("check", "with check")):
        value = text_of(item, fact)
        words += [] if value is None else [f"{word} ({value})"]
    return "\n  ".join(words) + ";", None


def change_part(difference: Difference, sides: Sides) -> Mended:
    """A trigger, a rule or statistics as it has to be."""
    item = difference.item
    if difference.fact == "enabled":
        return set_enabled(item), None
    made = statements(part_pieces(item, sides.expected, whole=False))
    return "\n".join([drop_statement(item), *made]), None


def change_grant(difference: Difference, sides: Sides) -> Mended:
    """Rights added and taken away."""
    item, actual = difference.item, difference.actual or difference.item
    wanted, got = list_of(item, "privileges"), list_of(actual, "privileges")
    sql = [
        *revoke_statements(item, [one for one in got if one not in wanted], sides.expected),
        *_columns_again(item, sides),
        *grant_statements(item, [one for one in wanted if one not in got], sides.expected),
    ]
    return "\n".join(sql), None


def drop_grant(item: Item, sides: Sides) -> Mended:
    """Takes away all that was given to somebody."""
    sql = revoke_statements(item, list_of(item, "privileges"), sides.found)
    return "\n".join([*sql, *_columns_again(item, sides)]), None


def _columns_again(grant: Item, sides: Sides) -> list[str]:
    """What is taken of a whole table is taken of its columns as well."""
    table = None if grant.parent is None else sides.expected.catalog.items.get(grant.parent)
    if table is None:
        return []
    role = text_of(grant, "grantee")
    return [
        sql
        for column in sides.expected.parts_of(table, "column")
        for given in sides.expected.parts_of(column, "grant")
        if text_of(given, "grantee") == role
        for sql in grant_statements(given, list_of(given, "privileges"), sides.expected)
    ]
