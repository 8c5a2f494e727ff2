"""Tables, their columns and their parts as statements."""

from collections.abc import Iterator

from briefsmith.schema_sync.catalog import Item
from briefsmith.schema_sync.names import list_of, literal, text_of
from briefsmith.schema_sync.pieces import Piece, Turn
from briefsmith.schema_sync.rights import column_name
from briefsmith.schema_sync.source import Source

_FOREIGN_KEY = "FOREIGN KEY"
_NOT_CHECKED = " NOT VALID"
# Of names with room for `_seq` in the 63 bytes that a name may have.
_LONG = 50
_LARGEST = {
    "smallint": "32767",
    "integer": "2147483647",
    "bigint": "9223372036854775807",
}


def options_of(item: Item, fact: str = "options") -> str:
    """Storage parameters and the like, in parentheses; empty where there are none."""
    pairs = [option.partition("=") for option in list_of(item, fact)]
    listed = ", ".join(f"{name}={_value(value)}" for name, _, value in pairs)
    return f" with ({listed})" if listed else ""


def _value(value: str) -> str:
    return value if value.replace(".", "").replace("_", "").isalnum() else literal(value)


def create_table(item: Item, source: Source) -> Iterator[Piece]:
    """The table with what can stand inside of it."""
    columns = source.parts_of(item, "column")
    lines = [column_line(column, source) for column in columns]
    lines += [
        f"constraint {part.local_name} {text_of(part, 'definition')}"
        for part in source.parts_of(item, "constraint")
        if _stands_inside(part, source)
    ]
    body = ",\n  ".join(lines)
    what = "foreign table" if item.kind == "foreign_table" else "table"
    unlogged = "unlogged " if text_of(item, "persistence") == "unlogged" else ""
    head = f"create {unlogged}{what} {item.name} (" + (f"\n  {body}\n)" if lines else ")")
    yield Piece(Turn.TABLE, head + "".join(_tail(item)) + ";", item.name)


def _tail(item: Item) -> Iterator[str]:
    key, method = text_of(item, "partition_key"), text_of(item, "access_method")
    if key is not None:
        yield f" partition by {key}"
    if method is not None:
        yield f" using {method}"
    yield options_of(item)
    server = text_of(item, "server")
    if server is not None:
        yield f" server {server}"
        pairs = [option.partition("=") for option in list_of(item, "server_options")]
        listed = ", ".join(f"{name} {literal(value)}" for name, _, value in pairs)
        yield f" options ({listed})" if listed else ""


def _stands_inside(constraint: Item, source: Source) -> bool:
    definition = text_of(constraint, "definition") or ""
    # Inside of CREATE TABLE a check that was not checked counts as one that was.
    return not (
        definition.startswith(_FOREIGN_KEY)
        or definition.endswith(_NOT_CHECKED)
        or source.functions.names_in(definition)
    )


def depth_of(kind: str, table: str, source: Source) -> int:
    """How many tables a partition or an heir is below."""
    item = source.catalog.items.get((kind, table))
    above = [] if item is None else list_of(item, "inherits")
    return max((1 + depth_of(kind, parent, source) for parent in above), default=0)


def table_setting_pieces(item: Item) -> Iterator[Piece]:
    """What is said of a table after it was made."""
    bound = text_of(item, "partition_bound")
    for parent in list_of(item, "inherits"):
        sql = (
            f"alter table {item.name} inherit {parent};"
            if bound is None
            else f"alter table {parent} attach partition {item.name} {bound};"
        )
        yield Piece(Turn.ATTACH, sql)
    if item.facts.get("row_security"):
        yield Piece(Turn.POLICY, f"alter table {item.name} enable row level security;")
    if item.facts.get("forced"):
        yield Piece(Turn.POLICY, f"alter table {item.name} force row level security;")
    identity = text_of(item, "replica_identity")
    if identity is not None:
        yield Piece(Turn.ATTACH, f"alter table {item.name} replica identity {identity};", rank=(1,))


def column_line(column: Item, source: Source, *, with_default: bool | None = None) -> str:
    """A column as CREATE TABLE takes it.

    Args:
        with_default: None where its default can wait for a function that it needs.
    """
    words = [column.local_name, source.type_of(column)]
    for fact, word in (("compression", "compression"), ("collation", "collate")):
        value = text_of(column, fact)
        words += [] if value is None else [f"{word} {value}"]
    default = text_of(column, "default")
    if default is not None and (with_default or not source.functions.names_in(default)):
        words.append(f"default {default}")
    generated = text_of(column, "generated")
    if generated is not None:
        expression, _, sort = generated.rpartition(" ")
        words.append(f"generated always as ({expression}) {sort}")
    identity = identity_clause(column, source)
    words += [] if identity is None else [identity]
    if column.facts.get("nullable") is False and not column.facts.get("not_null_unproven"):
        words.append("not null")
    return " ".join(words)


def identity_clause(column: Item, source: Source) -> str | None:
    """How it is numbered; None where it is not, or its partitioned table does it."""
    identity = text_of(column, "identity")
    sequences = [part for part in source.parts_of(column, "sequence") if part.facts.get("identity")]
    if identity is None or not sequences:
        return None
    options = list(sequence_options(sequences[0], text_of(column, "type") or ""))
    if sequences[0].name != _usual_sequence(column):
        options.insert(0, f"sequence name {sequences[0].name}")
    listed = f" ({' '.join(options)})" if options else ""
    return f"generated {identity} as identity{listed}"


def _usual_sequence(column: Item) -> str | None:
    table = "" if column.parent is None else column.parent[1]
    # A quoted or a long name is put together in other ways.
    plain = '"' not in column.name and len(column.name) < _LONG
    return f"{table}_{column.local_name}_seq" if plain else None


def sequence_options(sequence: Item, usual_type: str = "bigint") -> Iterator[str]:
    """What of a sequence is not as it would be anyway."""
    kind = text_of(sequence, "type") or "bigint"
    if kind != usual_type:
        yield f"as {kind}"
    largest = _LARGEST.get(kind, "")
    rising = not str(sequence.facts.get("increment", 1)).startswith("-")
    usual = {
        "increment": "1",
        "minimum": "1" if rising else f"-{int(largest or 0) + 1}",
        "maximum": largest if rising else "-1",
    }
    usual["start"] = (text_of(sequence, "minimum" if rising else "maximum")) or "1"
    words = {
        "start": "start with",
        "increment": "increment by",
        "minimum": "minvalue",
        "maximum": "maxvalue",
    }
    for fact, word in words.items():
        value = text_of(sequence, fact)
        if value is not None and value != usual[fact]:
            yield f"{word} {value}"
    if "cache" in sequence.facts:
        yield f"cache {text_of(sequence, 'cache')}"
    if sequence.facts.get("cycle"):
        yield "cycle"


def sequence_pieces(sequence: Item) -> Iterator[Piece]:
    """A sequence; one that numbers a column is made with it."""
    if sequence.facts.get("identity"):
        return
    words = " ".join([f"create sequence {sequence.name}", *sequence_options(sequence)])
    yield Piece(Turn.SEQUENCE, f"{words};", sequence.name)
    owner = text_of(sequence, "owned_by")
    if owner is not None:
        yield Piece(Turn.LATER, f"alter sequence {sequence.name} owned by {owner};")


def column_setting_pieces(column: Item, source: Source) -> Iterator[Piece]:
    """What is said of a column after its table was made."""
    assert column.parent is not None  # noqa: S101  a column is always of something
    kind, table = column.parent
    default, storage = text_of(column, "default"), text_of(column, "storage")
    alter = f"alter {'view' if kind == 'view' else 'table'} {table} alter column {column_name(column.name)}"
    late = default is not None and (kind == "view" or source.functions.names_in(default))
    if late:
        yield Piece(
            Turn.LATER if kind != "view" else Turn.TRIGGER, f"{alter} set default {default};"
        )
    if storage is not None and kind in {"table", "materialized_view"}:
        if kind == "materialized_view":
            alter = alter.replace("alter table", "alter materialized view", 1)
        yield Piece(Turn.LATER, f"{alter} set storage {storage};")
    if column.facts.get("not_null_unproven"):
        yield Piece(Turn.LATER, f"alter table {table} add not null {column.local_name} not valid;")


def constraint_pieces(constraint: Item, source: Source, *, whole: bool) -> Iterator[Piece]:
    """A constraint by itself.

    Args:
        whole: Its table is made as well, with what can stand inside of it.
    """
    assert constraint.parent is not None  # noqa: S101  a constraint is always of something
    kind, table = constraint.parent
    definition = text_of(constraint, "definition") or ""
    if not (whole and _stands_inside(constraint, source)):
        is_foreign = definition.startswith(_FOREIGN_KEY)
        depth = depth_of(kind, table, source)
        # A partition's own goes first: the one of the whole then takes it as its part.
        late = Turn.BEFORE_ATTACH if depth else Turn.FOREIGN_KEY
        turn, rank = late if is_foreign else Turn.LATER, (-depth,)
        sql = f"alter table {table} add constraint {constraint.local_name} {definition};"
        yield Piece(turn, sql, rank=rank)
    options = text_of(constraint, "index_options")
    if options is not None:
        schema = table[: -len(column_name(table)) - 1]
        yield Piece(Turn.INDEX, f"alter index {schema}.{constraint.local_name} set ({options});")
