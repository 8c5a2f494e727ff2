"""Whole objects as the statements that make them, for people to read and for scratch databases."""

from collections.abc import Callable, Iterable, Iterator

from briefsmith.schema_sync.catalog import Catalog, Item
from briefsmith.schema_sync.names import list_of, schema_of, text_of
from briefsmith.schema_sync.pieces import Piece, Turn, statements
from briefsmith.schema_sync.rights import grant_statements, rights_pieces
from briefsmith.schema_sync.routines import routine_piece
from briefsmith.schema_sync.source import Source, address, source_of
from briefsmith.schema_sync.tables import (
    column_line,
    column_setting_pieces,
    constraint_pieces,
    create_table,
    depth_of,
    options_of,
    sequence_pieces,
    table_setting_pieces,
)
from briefsmith.schema_sync.user_types import TYPE_MAKERS

_TABLES = frozenset({"table", "foreign_table"})
_VIEWS = frozenset({"view", "materialized_view"})
_STATES = {"no": "disable", "on replicas": "enable replica", "always": "enable always"}


def create_statements(item: Item, catalog: Catalog, found: Catalog | None = None) -> list[str]:
    """What makes an object with everything that belongs to it; of a schema, with all that is in it.

    Args:
        found: What is there already.
    """
    return statements(pieces_of(item, source_of(catalog, found)))


def create_schema(catalog: Catalog) -> list[str]:
    """What makes everything, in an order that works."""
    source = source_of(catalog)
    roots = [item for item in catalog.items.values() if item.parent is None]
    made = statements(piece for item in roots for piece in object_pieces(item, source))
    # Bodies are read when they are run: what they mention may come later.
    return ["set check_function_bodies = off;", *made, "reset check_function_bodies;"]


def create_roles(roles: Iterable[str]) -> list[str]:
    """What makes roles that may do nothing, a statement each: some may be there already."""
    return [f"create role {role};" for role in roles]


def pieces_of(item: Item, source: Source) -> Iterator[Piece]:
    """The statements for an object and its parts, in no order yet."""
    if item.kind == "schema":
        for other in source.catalog.items.values():
            is_inside = other.parent is None and other.kind not in {"schema", "extension"}
            if is_inside and schema_of(other.name) == item.name:
                yield from object_pieces(other, source)
    if item.parent is None:
        yield from object_pieces(item, source)
    else:
        yield from part_pieces(item, source, whole=False)


def object_pieces(item: Item, source: Source) -> Iterator[Piece]:
    """The same for an object that is no part of another."""
    maker = _MAKERS.get(item.kind)
    yield from () if maker is None else maker(item, source)
    for part in source.parts.get(item.key, ()):
        if part.kind != "grant":
            yield from part_pieces(part, source, whole=True)
    if "owner" in item.facts:
        yield Piece(Turn.OWNER, f"alter {address(item)} owner to {text_of(item, 'owner')};")
    if item.kind not in {"extension", "collation"} and item.name != "public":
        yield from rights_pieces(item, source)


def _schema(item: Item, _: Source) -> Iterator[Piece]:
    unless = "if not exists " if item.name == "public" else ""
    yield Piece(Turn.SCHEMA, f"create schema {unless}{item.name};", item.name)


def _table(item: Item, source: Source) -> Iterator[Piece]:
    yield from create_table(item, source)
    yield from table_setting_pieces(item)


def _view(item: Item, _: Source) -> Iterator[Piece]:
    yield Piece(Turn.VIEW, create_view(item), item.name)


_MAKERS: dict[str, Callable[[Item, Source], Iterable[Piece]]] = {
    **TYPE_MAKERS,
    "schema": _schema,
    "sequence": lambda item, _: sequence_pieces(item),
    "table": _table,
    "foreign_table": _table,
    "view": _view,
    "materialized_view": _view,
    "function": lambda item, _: [routine_piece(item)],
}


def create_view(item: Item, *, replace: bool = False) -> str:
    """The statement that makes a view.

    Args:
        replace: Put it in the place of the one that is there, which has the same columns.
    """
    create = "create or replace" if replace else "create"
    what = "materialized view" if item.kind == "materialized_view" else "view"
    definition = (text_of(item, "definition") or "").strip().removesuffix(";")
    return f"{create} {what} {item.name}{options_of(item)} as\n{definition};"


def part_pieces(part: Item, source: Source, *, whole: bool) -> Iterator[Piece]:
    """The statements for a part of an object.

    Args:
        whole: The object is made as well, with what can stand inside of it.
    """
    match part.kind:
        case "column":
            yield from _column(part, source, whole=whole)
        case "constraint":
            yield from constraint_pieces(part, source, whole=whole)
        case _:
            maker = _PART_MAKERS.get(part.kind)
            yield from () if maker is None else maker(part, source)


def _sequence(part: Item, source: Source) -> Iterator[Piece]:
    yield from sequence_pieces(part)
    yield from rights_pieces(part, source)


def _grant(part: Item, source: Source) -> Iterator[Piece]:
    for sql in grant_statements(part, list_of(part, "privileges"), source):
        yield Piece(Turn.GRANT, sql, rank=(1,))


def _policy(part: Item, _: Source) -> Iterator[Piece]:
    yield Piece(Turn.POLICY, create_policy(part), rank=(1,))


def _index(part: Item, source: Source) -> Iterator[Piece]:
    depth = 0 if part.parent is None else depth_of(*part.parent, source)
    yield Piece(Turn.INDEX, f"{text_of(part, 'definition')};", rank=(depth,))
    whole = text_of(part, "partition_of")
    if whole is not None:
        name = address(part).removeprefix("index ")
        yield Piece(Turn.ATTACH, f"alter index {whole} attach partition {name};", rank=(1,))


def _statistics(part: Item, _: Source) -> Iterator[Piece]:
    yield Piece(Turn.STATISTICS, f"{text_of(part, 'definition')};")


def _firing(part: Item, _: Source) -> Iterator[Piece]:
    turn = Turn.TRIGGER if part.kind == "trigger" else Turn.RULE
    if not part.facts.get("inherited"):
        yield Piece(turn, (text_of(part, "definition") or "").removesuffix(";") + ";")
    if "enabled" in part.facts:
        yield Piece(turn, set_enabled(part), rank=(1,))


_PART_MAKERS: dict[str, Callable[[Item, Source], Iterable[Piece]]] = {
    "sequence": _sequence,
    "grant": _grant,
    "policy": _policy,
    "index": _index,
    "statistics": _statistics,
    "trigger": _firing,
    "rule": _firing,
}


def _column(column: Item, source: Source, *, whole: bool) -> Iterator[Piece]:
    assert column.parent is not None  # noqa: S101  a column is always of something
    kind, owner = column.parent
    if not whole and kind in _TABLES:
        line = column_line(column, source)
        what = "foreign table" if kind == "foreign_table" else "table"
        yield Piece(Turn.COLUMN, f"alter {what} {owner} add column {line};", column.name)
    elif not whole and kind == "composite_type":
        line = column_line(column, source)
        yield Piece(Turn.COLUMN, f"alter type {owner} add attribute {line};", column.name)
    yield from column_setting_pieces(column, source)
    for part in source.parts.get(column.key, ()):
        yield from part_pieces(part, source, whole=whole)


def create_policy(policy: Item) -> str:
    """The statement that makes a policy."""
    assert policy.parent is not None  # noqa: S101  a policy is always of a table
    restrictive = " as restrictive" if policy.facts.get("restrictive") else ""
    roles = ", ".join(list_of(policy, "roles"))
    head = f"create policy {policy.local_name} on {policy.parent[1]}{restrictive}"
    lines = [f"{head} for {text_of(policy, 'command')} to {roles}"]
    for fact, word in (("using", "using"), ("check", "with check")):
        value = text_of(policy, fact)
        lines += [] if value is None else [f"  {word} ({value})"]
    return "\n".join(lines) + ";"


def set_enabled(part: Item) -> str:
    """Makes a trigger or a rule fire when it has to."""
    assert part.parent is not None  # noqa: S101  it is always of a table
    state = _STATES.get(text_of(part, "enabled") or "", "enable")
    return f"alter table {part.parent[1]} {state} {part.kind} {part.local_name};"
