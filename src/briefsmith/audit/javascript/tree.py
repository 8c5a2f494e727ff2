"""A walk over a file's tree."""

import re

from tree_sitter import Node

from briefsmith.audit.gathering import Gathered
from briefsmith.audit.javascript import chains
from briefsmith.audit.javascript.nodes import at, is_string, literal, said, unwrapped
from briefsmith.audit.javascript.types import read_row_type, read_schema_type
from briefsmith.audit.names import Names
from briefsmith.audit.postgrest import check, read_chain
from briefsmith.audit.source import Source
from briefsmith.audit.strings import read_string
from briefsmith.audit.text import Text, TextBuilder

_FUNCTIONS = frozenset({
    "function_declaration", "function_expression", "arrow_function", "method_definition",
    "generator_function", "generator_function_declaration",
})  # fmt: skip
_KEYS = frozenset({
    "property_identifier", "shorthand_property_identifier", "shorthand_property_identifier_pattern",
})  # fmt: skip
_FILTER = re.compile(r"\s*([A-Za-z_]\w*)=\w+\.")


class Reading:
    """Reads one file. Trees are walked with a stack of our own: they may be deeper than Python's."""

    def __init__(self, source: Source, gathered: Gathered) -> None:
        self._source, self._gathered = source, gathered
        self._names = Names[Node]()
        self._done: set[int] = set()

    def read(self, root: Node) -> None:
        """Everything that the file refers to."""
        waiting: list[tuple[Node, Names[Node]]] = [(root, self._names)]
        while waiting:
            node, names = waiting.pop()
            self._names = names
            inner = _inside(node, names) if node.type in _FUNCTIONS else names
            self._visit(node)
            waiting.extend((child, inner) for child in reversed(node.named_children))

    def _visit(self, node: Node) -> None:
        kind = node.type
        if kind in _KEYS:
            self._key(node)
        elif is_string(node) or kind == "binary_expression":
            self._string(node)
        elif kind == "call_expression":
            self._call(node)
        elif kind == "object":
            self._subscription(node)
        elif kind == "property_signature":
            self._done.update(read_schema_type(node, self._source, self._gathered))
        elif kind in {"interface_declaration", "type_alias_declaration"}:
            read_row_type(node, self._source, self._gathered)
        elif kind == "variable_declarator":
            self._assign(node.child_by_field_name("name"), node.child_by_field_name("value"))
        elif kind == "assignment_expression":
            self._assign(node.child_by_field_name("left"), node.child_by_field_name("right"))

    def _key(self, node: Node) -> None:
        name, schema = said(node), self._gathered.schema
        if node.id not in self._done and (
            name in schema.removed_columns or name in schema.removed_tables
        ):
            self._gathered.add_removed(at(node, self._source), name)

    def _assign(self, target: Node | None, value: Node | None) -> None:
        if target is None or target.type != "identifier":
            return
        value = None if value is None else unwrapped(value)
        table = None
        if value is not None and value.type == "call_expression":
            table = self._table_of(chains.unchained(value))[1]
        self._names.assign(said(target), value, table)

    def _table_of(self, chain: chains.Chain) -> tuple[int, str | None]:
        """From which link on a chain speaks of a table, and of which."""
        found = chains.table_of(chain, self._text_of)
        if found is not None:
            place, text = found
            is_ours = text.value not in self._gathered.schema.telling or chains.is_of_client(chain)
            return place + 1, text.value if is_ours else None
        return 0, self._names.table(said(chain.root)) if chain.root.type == "identifier" else None

    def _call(self, node: Node) -> None:
        function = node.child_by_field_name("function")
        if function is None:
            return
        name = said(function.child_by_field_name("property") or function)
        if name.lower().startswith("drop"):
            self._done.update(one.id for one in chains.arguments(node))
        if node.id in self._done:
            return
        chain = chains.unchained(node)
        self._done.update(link.call.id for link in chain.links if link.call is not None)
        start, table = self._table_of(chain)
        if table is not None:
            calls = [
                chains.as_call(link, self._source, self._text_of, self._resolve)
                for link in chain.links[start:]
            ]
            read_chain(table, calls, self._gathered)

    def _subscription(self, node: Node) -> None:
        """`.on('postgres_changes', { table: 'x', filter: 'id=eq.1' })`."""
        given = chains.argument(node, self._source, self._text_of, self._resolve).options
        if {"table", "filter"} <= given.keys():
            found = _FILTER.match(given["filter"].value)
            schema = given.get("schema")
            if found is not None and (schema is None or schema.value == "public"):
                place = given["filter"].offset(found.start(1))
                check(self._gathered, given["table"].value, found[1], place)

    def _resolve(self, value: Node) -> Node:
        """What a variable stands for; itself where that is not known."""
        value = unwrapped(value)
        if value.type in {"identifier", "shorthand_property_identifier"}:
            return self._names.value(said(value)) or value
        return value

    def _text_of(self, value: Node) -> Text | None:
        """The text of a literal, or of the variable that holds one."""
        value = self._resolve(value)
        return literal(value, self._source, self._constant) if is_string(value) else None

    def _constant(self, value: Node) -> Text | None:
        value = self._resolve(value)
        return literal(value, self._source, lambda _: None) if is_string(value) else None

    def _string(self, node: Node) -> None:
        if node.id in self._done:
            return
        if is_string(node):
            text: Text | None = self._text_of(node)
        else:
            text = self._sum(node)
        if text is not None:
            read_string(text, self._gathered)

    def _sum(self, node: Node) -> Text | None:
        """The text of a concatenation; None for another operation, or one without a literal."""
        leaves: list[Node] = []
        waiting = [node]
        while waiting:
            one = unwrapped(waiting.pop())
            operator = (
                one.child_by_field_name("operator") if one.type == "binary_expression" else None
            )
            if operator is not None and operator.type == "+":
                self._done.add(one.id)
                sides = (one.child_by_field_name("right"), one.child_by_field_name("left"))
                waiting += [side for side in sides if side is not None]
            else:
                leaves.append(one)
        if leaves == [node] or not any(map(is_string, leaves)):
            return None
        builder = TextBuilder()
        for leaf in leaves:
            self._done.add(leaf.id)
            text = self._text_of(leaf)
            if text is None:
                builder.add_hole(at(leaf, self._source))
            else:
                builder.add_text(text)
        return builder.text()


def _inside(function: Node, names: Names[Node]) -> Names[Node]:
    """The names of a function; of its parameters nothing is known."""
    inner = Names(names)
    single = function.child_by_field_name("parameter")
    listed = function.child_by_field_name("parameters")
    parameters = ([single] if single is not None else []) + (
        listed.named_children if listed is not None else []
    )
    for one in parameters:
        pattern = one.child_by_field_name("pattern") or one
        if pattern.type == "identifier":
            inner.assign(said(pattern), None)
    return inner
