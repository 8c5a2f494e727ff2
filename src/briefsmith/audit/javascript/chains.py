"""Calls that hang together: `supabase.from('x').select('a').eq('b', 1)`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tree_sitter import Node

from briefsmith.audit.javascript.nodes import key_of, properties, said, unwrapped
from briefsmith.audit.postgrest import Argument, Call
from briefsmith.audit.source import Source
from briefsmith.audit.text import Text

TextOf = Callable[[Node], Text | None]
Resolve = Callable[[Node], Node]


@dataclass(frozen=True, slots=True)
class Link:
    """A member of a chain; `call` is None where it is not called."""

    name: str
    call: Node | None


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain from its root outward."""

    root: Node
    links: Sequence[Link]


def unchained(call: Node) -> Chain:
    """The chain that ends with this call."""
    links: list[Link] = []
    inner = call
    while True:
        inner = unwrapped(inner)
        member, made = inner, None
        if inner.type == "call_expression":
            function = inner.child_by_field_name("function")
            if function is None:
                break
            member, made = unwrapped(function), inner
        owner = member.child_by_field_name("object") if member.type == "member_expression" else None
        if owner is None:
            break
        links.append(Link(said(member.child_by_field_name("property")), made))
        inner = owner
    return Chain(inner, links[::-1])


def arguments(call: Node) -> list[Node]:
    """What a call is given."""
    listed = call.child_by_field_name("arguments")
    if listed is None or listed.type != "arguments":
        return []
    return [unwrapped(one) for one in listed.named_children if one.type != "comment"]


def table_of(chain: Chain, text_of: TextOf) -> tuple[int, Text] | None:
    """Which link names the table, and the name; None for a chain of something else."""
    for place, link in enumerate(chain.links):
        given = arguments(link.call) if link.call is not None else []
        if link.name == "schema" and given:
            schema = text_of(given[0])
            if schema is None or schema.value != "public":
                return None
        if link.name == "from" and len(given) == 1:
            in_storage = place > 0 and chain.links[place - 1].name == "storage"
            text = None if in_storage else text_of(given[0])
            return None if text is None else (place, text)
    return None


def is_of_client(chain: Chain) -> bool:
    """Whether the root says that it is a client of Supabase, for tables with a name of anybody's."""
    before = [link.name for link in chain.links[:3]]
    return any("supabase" in name.lower() for name in (said(chain.root)[:200], *before))


def as_call(link: Link, source: Source, text_of: TextOf, resolve: Resolve) -> Call:
    """A link in the terms of PostgREST."""
    given = arguments(link.call) if link.call is not None else []
    return Call(link.name, [argument(one, source, text_of, resolve) for one in given])


def argument(value: Node, source: Source, text_of: TextOf, resolve: Resolve) -> Argument:
    """A string, an object or a list of objects."""
    text = text_of(value)
    if text is not None:
        return Argument(text)
    value = resolve(value)
    rows = value.named_children if value.type == "array" else [_mapped(value)]
    keys: list[tuple[str, int]] = []
    options: dict[str, Text] = {}
    for row in (resolve(unwrapped(one)) for one in rows):
        if row.type != "object":
            continue
        for member in properties(row):
            key = key_of(member, source)
            if key is not None:
                keys.append(key)
                held = member.child_by_field_name("value")
                said_there = None if held is None else text_of(held)
                if said_there is not None:
                    options[key[0]] = said_there
    return Argument(keys=keys, options=options)


def _mapped(value: Node) -> Node:
    """Of `rows.map(row => ({…}))` the object."""
    if value.type != "call_expression":
        return value
    function = value.child_by_field_name("function")
    given = arguments(value)
    if function is None or not given or said(function.child_by_field_name("property")) != "map":
        return value
    body = given[0].child_by_field_name("body") if given[0].type == "arrow_function" else None
    return value if body is None else unwrapped(body)
