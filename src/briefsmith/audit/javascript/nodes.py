"""Nodes of tree-sitter's trees, and the texts that they say."""

from collections.abc import Callable, Iterator

from tree_sitter import Node

from briefsmith.audit.source import Source
from briefsmith.audit.text import Text, TextBuilder

Lookup = Callable[[Node], Text | None]

# What stands around a value without changing it.
_WRAPPING = frozenset({
    "await_expression", "non_null_expression", "parenthesized_expression", "as_expression",
    "satisfies_expression", "type_assertion",
})  # fmt: skip
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": " "}


def unwrapped(node: Node) -> Node:
    """The value inside of `await x`, `(x)`, `x!` and `x as T`."""
    while node.type in _WRAPPING and node.named_children:
        inner = node.named_children[-1] if node.type == "type_assertion" else node.named_children[0]
        node = inner
    return node


def said(node: Node | None) -> str:
    """The source of a node; empty where there is none."""
    return "" if node is None or node.text is None else node.text.decode("utf-8", "replace")


def at(node: Node, source: Source) -> int:
    """The character where a node begins."""
    return source.places.character(node.start_byte)


def is_string(node: Node) -> bool:
    """Whether it is a literal, a template one included."""
    return node.type in {"string", "template_string"}


def literal(node: Node, source: Source, lookup: Lookup) -> Text:
    """The text of a literal."""
    builder = TextBuilder()
    end = node.start_byte + 1
    for part in node.named_children:
        # Some grammars have no nodes for the plain stretches of a template.
        if part.start_byte > end:
            builder.add(_between(node, end, part.start_byte), source.places.character(end))
        _add(part, source, lookup, builder)
        end = part.end_byte
    if node.end_byte - 1 > end:
        builder.add(_between(node, end, node.end_byte - 1), source.places.character(end))
    return builder.text()


def _between(node: Node, start: int, end: int) -> str:
    text = node.text or b""
    return text[start - node.start_byte : end - node.start_byte].decode("utf-8", "replace")


def _add(part: Node, source: Source, lookup: Lookup, builder: TextBuilder) -> None:
    place = at(part, source)
    if part.type == "template_substitution":
        known = lookup(part.named_children[0]) if part.named_children else None
        if known is None:
            builder.add_hole(place)
        else:
            builder.add_at(known.value, place)
    elif part.type == "escape_sequence":
        builder.add(_decoded(said(part)), place)
    else:
        builder.add(said(part), place)


def _decoded(escape: str) -> str:
    body = escape[1:]
    if body[:1] in {"\n", "\r"}:
        return ""
    digits = body[1:].strip("{}") if body[:1] in {"x", "u"} else ""
    if digits:
        try:
            return chr(int(digits, 16))
        except (ValueError, OverflowError):
            return "?"
    return _ESCAPES.get(body[:1], body[:1])


def key_of(node: Node, source: Source) -> tuple[str, int] | None:
    """The name of a pair, a property or a shorthand, with its place; None where it is computed."""
    name = node.child_by_field_name("key") or node.child_by_field_name("name") or node
    if name.type == "string":
        text = literal(name, source, lambda _: None)
        return text.value, text.offset(0)
    if name.type in {"property_identifier", "shorthand_property_identifier"}:
        return said(name), at(name, source)
    return None


def properties(object_: Node) -> Iterator[Node]:
    """Members of an object, without spreads and comments."""
    for member in object_.named_children:
        if member.type in {
            "pair",
            "shorthand_property_identifier",
            "property_signature",
            "method_definition",
        }:
            yield member


def first_error(root: Node) -> Node | None:
    """The first place that the parser could not make sense of."""
    node = root
    while node.has_error:
        if node.is_error or node.is_missing:
            return node
        inner = next(
            (child for child in node.children if child.has_error or child.is_missing), None
        )
        if inner is None:
            return node
        node = inner
    return node if node.is_missing else None
