"""GRANT and REVOKE."""

from collections.abc import Iterable, Iterator

from briefsmith.schema_sync.catalog import Catalog, Item
from briefsmith.schema_sync.names import list_of, text_of
from briefsmith.schema_sync.pieces import Piece, Turn
from briefsmith.schema_sync.source import Source, keyword

_OPTION = " with grant option"
_RELATIONS = frozenset({"table", "view", "materialized_view", "foreign_table"})
_TYPES = frozenset({"enum", "domain", "range", "composite_type"})
# What everybody may do from the beginning with whatever is made.
_OPEN = frozenset({"function"}) | _TYPES


def roles_of(catalog: Catalog) -> set[str]:
    """Every role that owns something, may do something, or is meant by a policy, as PostgreSQL writes them."""
    found: set[str] = set()
    for item in catalog.items.values():
        named = [text_of(item, "owner"), text_of(item, "grantee"), *list_of(item, "roles")]
        found.update(role for role in named if role is not None)
    return found - {"public"}


def rights_pieces(item: Item, source: Source) -> Iterator[Piece]:
    """Takes away what an object of this kind is made with, and gives what it has to have."""
    grants = source.parts_of(item, "grant")
    for_all = any(text_of(grant, "grantee") == "public" for grant in grants)
    losers = list(source.grantees)
    if item.kind in _OPEN:
        losers = losers if for_all else ["public", *losers]
    elif losers and item.kind != "schema":
        losers = ["public", *losers]
    else:
        losers = []
    target = _target(item.kind, item.name, item)
    if losers:
        yield Piece(Turn.GRANT, f"revoke all on {target} from {', '.join(losers)};", rank=(0,))
    for grant in grants:
        for sql in grant_statements(grant, list_of(grant, "privileges"), source):
            yield Piece(Turn.GRANT, sql, rank=(1,))


def grant_statements(grant: Item, privileges: Iterable[str], source: Source) -> list[str]:
    """Gives the privileges, of which some may be given on."""
    every = list(privileges)
    kept = [one for one in every if not one.endswith(_OPTION)]
    given_on = [one.removesuffix(_OPTION) for one in every if one.endswith(_OPTION)]
    role = text_of(grant, "grantee")
    said = [
        (_listed(kept, grant), ""),
        (_listed(given_on, grant), _OPTION),
    ]
    target = _target_of(grant, source)
    return [f"grant {what} on {target} to {role}{option};" for what, option in said if what]


def revoke_statements(grant: Item, privileges: Iterable[str], source: Source) -> list[str]:
    """Takes the privileges away, and from whom they were given on to."""
    every = [one.removesuffix(_OPTION) for one in privileges]
    if not every:
        return []
    target, role = _target_of(grant, source), text_of(grant, "grantee")
    # Without it, a right that was given on stays.
    cascade = " cascade" if any(one.endswith(_OPTION) for one in privileges) else ""
    return [f"revoke {_listed(every, grant)} on {target} from {role}{cascade};"]


def _listed(privileges: list[str], grant: Item) -> str:
    words = [one.lower() for one in privileges]
    if grant.parent is not None and grant.parent[0] == "column":
        column = column_name(grant.parent[1])
        words = [f"{word} ({column})" for word in words]
    return ", ".join(words)


def column_name(name: str) -> str:
    """The last part of the name of a column."""
    return name[len(table_of_column(name)) + 1 :]


def table_of_column(name: str) -> str:
    """The table in the name of a column."""
    quoted, cut = False, 0
    for position, letter in enumerate(name):
        if letter == '"':
            quoted = not quoted
        elif letter == "." and not quoted:
            cut = position
    return name[:cut]


def _target_of(grant: Item, source: Source) -> str:
    assert grant.parent is not None  # noqa: S101  a right is always to something
    kind, name = grant.parent
    if kind == "column":
        return f"table {table_of_column(name)}"
    return _target(kind, name, source.catalog.items.get(grant.parent))


def _target(kind: str, name: str, item: Item | None) -> str:
    if kind in _RELATIONS:
        return f"table {name}"
    if kind in _TYPES:
        return f"type {name}"
    if kind == "function":
        return f"{'routine' if item is None or keyword(item) != 'function' else 'function'} {name}"
    return f"{kind} {name}"
