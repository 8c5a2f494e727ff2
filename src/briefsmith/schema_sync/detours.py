"""What is in the way of a change: dropped before it, and made again behind it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from briefsmith.schema_sync.catalog import Item, Key
from briefsmith.schema_sync.definitions import object_pieces, part_pieces
from briefsmith.schema_sync.names import Finder, called, list_of, mentions, text_of
from briefsmith.schema_sync.pieces import Piece, in_order, statements
from briefsmith.schema_sync.source import Source, address

_NAMED_BY_OTHERS = frozenset({"view", "materialized_view", "function"})
_IN_THE_WAY = _NAMED_BY_OTHERS | {"policy", "rule", "trigger", "index", "constraint", "statistics"}


@dataclass(frozen=True, slots=True)
class Sides:
    """Both schemas, to write statements from."""

    expected: Source
    found: Source


@dataclass(frozen=True, slots=True)
class Detour:
    """Statements around a change.

    Attributes:
        names: What is dropped and made again, for people.
    """

    drops: list[str]
    creates: list[str]
    names: list[str]

    def around(self, *changes: str) -> str:
        """The whole script."""
        return "\n".join([*self.drops, *changes, *self.creates])

    def sentence(self) -> str:
        """What to tell of it; empty where nothing is in the way."""
        if not self.names:
            return ""
        return f" Dropped and made again around it: {', '.join(self.names)}."


def text_in(item: Item) -> str:
    """Everything of an object in which names stand."""
    facts = ("definition", "using", "check", "arguments", "result", "sql_body", "default")
    said = [text_of(item, fact) or "" for fact in facts]
    return "\n".join([*said, *list_of(item, "aggregate")])


def uses_column(table: str, column: str) -> Callable[[Item], bool]:
    """Whether an object mentions a column, as far as names tell: rather too often than not."""

    def hit(item: Item) -> bool:
        text = text_in(item)
        is_of_table = item.parent is not None and item.parent[1] == table
        return mentions(column, text) and (is_of_table or mentions(table, text))

    return hit


def detour(sides: Sides, hit: Callable[[Item], bool], *besides: str) -> Detour:
    """What `hit` says is in the way, and what needs that.

    Args:
        besides: Names of other objects that go and come again; what mentions them is in the way.
    """
    items = sides.found.catalog.items
    candidates = [item for item in items.values() if item.kind in _IN_THE_WAY]
    out = {item.key: item for item in candidates if hit(item)}
    names = {called(item.name) for item in out.values() if item.kind in _NAMED_BY_OTHERS}
    names.update(besides)
    grown = bool(names)
    while grown:
        finder = Finder(names)
        more = [
            item
            for item in candidates
            if item.key not in out and finder.names_in(text_in(item)) - {called(item.name)}
        ]
        out |= {item.key: item for item in more}
        new = {called(item.name) for item in more if item.kind in _NAMED_BY_OTHERS}
        grown = not new <= names
        names |= new
    # What belongs to a view goes and comes with it.
    out = {key: item for key, item in out.items() if item.parent not in out}
    defaults = [] if not names else _defaults(sides, Finder(names))
    return Detour(
        [*(f"{alter} drop default;" for alter, _ in defaults), *_drops(out, sides.found)],
        [
            *_creates(out, sides),
            *(f"{alter} set default {default};" for alter, default in defaults),
        ],
        [f"{item.kind.replace('_', ' ')} {item.name}" for item in out.values()],
    )


def _defaults(sides: Sides, finder: Finder) -> Iterator[tuple[str, str]] | list[tuple[str, str]]:
    """Columns whose default mentions a name: how to alter each, and what it has to be."""
    held: list[tuple[str, str]] = []
    for item in sides.found.catalog.items.values():
        default = text_of(item, "default")
        if item.kind != "column" or item.parent is None or default is None:
            continue
        if finder.names_in(default):
            wanted = sides.expected.catalog.items.get(item.key, item)
            alter = f"alter table {item.parent[1]} alter column {item.local_name}"
            held.append((alter, text_of(wanted, "default") or default))
    return held


def _pieces(item: Item, source: Source) -> list[Piece]:
    made = (
        object_pieces(item, source)
        if item.parent is None
        else part_pieces(item, source, whole=False)
    )
    return list(made)


def _drops(out: dict[Key, Item], found: Source) -> list[str]:
    items = list(out.values())
    made = [_pieces(item, found)[0] for item in items]
    return [drop_statement(items[number]) for number in reversed(in_order(made))]


def _creates(out: dict[Key, Item], sides: Sides) -> list[str]:
    made: list[Piece] = []
    for key, item in out.items():
        wanted = sides.expected.catalog.items.get(key)
        made += _pieces(item, sides.found) if wanted is None else _pieces(wanted, sides.expected)
    return statements(made)


def drop_statement(item: Item) -> str:
    """What drops an object, if nothing needs it; a schema goes with all that is in it."""
    if item.parent is None or item.kind == "sequence":
        return f"drop {address(item)}{' cascade' if item.kind == 'schema' else ''};"
    kind, owner = item.parent
    match item.kind:
        case "column" if kind == "composite_type":
            return f"alter type {owner} drop attribute {item.local_name};"
        case "column" | "constraint":
            return f"alter table {owner} drop {item.kind} {item.local_name};"
        case "index":
            return f"drop {address(item)};"
        case "statistics":
            return f"drop statistics {statistics_name(item)};"
        case _:
            return f"drop {item.kind} {item.local_name} on {owner};"


def statistics_name(item: Item) -> str:
    """Its name with its schema."""
    return item.name
