"""Extensions, collations and types as statements."""

from collections.abc import Callable, Iterable, Iterator

from briefsmith.schema_sync.catalog import Item
from briefsmith.schema_sync.names import list_of, literal, text_of
from briefsmith.schema_sync.pieces import Piece, Turn
from briefsmith.schema_sync.source import Source
from briefsmith.schema_sync.tables import column_line


def _enum(item: Item, _: Source) -> Iterator[Piece]:
    labels = ", ".join(map(literal, list_of(item, "labels")))
    yield Piece(Turn.TYPE, f"create type {item.name} as enum ({labels});", item.name)


def _composite(item: Item, source: Source) -> Iterator[Piece]:
    columns = source.parts_of(item, "column")
    listed = ",\n  ".join(column_line(column, source) for column in columns)
    yield Piece(Turn.TYPE, f"create type {item.name} as (\n  {listed}\n);", item.name)


def _extension(item: Item, source: Source) -> Iterator[Piece]:
    schema = source.extension_schema(item.name)
    first = f"create schema if not exists {schema};\n" if schema != "public" else ""
    sql = f"{first}create extension if not exists {item.name} with schema {schema};"
    yield Piece(Turn.EXTENSION, sql, needs="")


def _collation(item: Item) -> str:
    provider, locale = text_of(item, "provider"), literal(text_of(item, "locale") or "")
    ctype, rules = text_of(item, "ctype"), text_of(item, "rules")
    said = [f"provider = {provider}"]
    said += (
        [f"locale = {locale}"]
        if ctype is None
        else [f"lc_collate = {locale}", f"lc_ctype = {literal(ctype)}"]
    )
    said += ["deterministic = false"] if item.facts.get("deterministic") is False else []
    said += [] if rules is None else [f"rules = {literal(rules)}"]
    return f"create collation {item.name} ({', '.join(said)});"


def _domain(item: Item, source: Source) -> Iterator[Piece]:
    words = [f"create domain {item.name} as {text_of(item, 'type')}"]
    for fact, word in (("collation", "collate"), ("default", "default")):
        value = text_of(item, fact)
        words += [] if value is None else [f"{word} {value}"]
    words += ["not null"] if item.facts.get("not_null") else []
    late: list[str] = []
    for check in list_of(item, "checks"):
        waits = check.endswith(" NOT VALID") or source.functions.names_in(check)
        (late if waits else words).append(check)
    yield Piece(Turn.TYPE, " ".join(words) + ";", item.name)
    for check in late:
        yield Piece(Turn.LATER, f"alter domain {item.name} add {check};")


def _range(item: Item) -> str:
    facts = (
        *("subtype", "subtype_opclass", "collation", "canonical", "subtype_diff"),
        "multirange_type_name",
    )
    listed = ", ".join(f"{fact} = {item.facts[fact]}" for fact in facts if fact in item.facts)
    return f"create type {item.name} as range ({listed});"


TYPE_MAKERS: dict[str, Callable[[Item, Source], Iterable[Piece]]] = {
    "extension": _extension,
    "collation": lambda item, _: [Piece(Turn.COLLATION, _collation(item), item.name)],
    "enum": _enum,
    "domain": _domain,
    "range": lambda item, _: [Piece(Turn.TYPE, _range(item), item.name)],
    "composite_type": _composite,
}
