"""Types that stand for rows of ours: what Supabase generates, and what people write."""

from collections.abc import Iterator

from tree_sitter import Node

from briefsmith.audit.gathering import Gathered
from briefsmith.audit.javascript.nodes import key_of, properties, said
from briefsmith.audit.source import Source

_SHAPES = frozenset({"Row", "Insert", "Update"})


def read_schema_type(signature: Node, source: Source, gathered: Gathered) -> Iterator[int]:
    """The generated `Database` type: `public: { Tables: { x: { Row: { … } } } }`.

    Returns:
        Nodes of tables of another schema, which are none of ours whatever their name.
    """
    groups = [one for one in _members(signature) if _name(one, source) in {"Tables", "Views"}]
    is_ours = _name(signature, source) == "public"
    for group in groups:
        for table in _members(group):
            if not is_ours:
                yield from (child.id for child in table.named_children[:1])
                continue
            columns = gathered.schema.tables.get(_name(table, source))
            if columns is not None:
                _read_shapes(table, source, gathered)


def _read_shapes(table: Node, source: Source, gathered: Gathered) -> None:
    for shape in _members(table):
        if _name(shape, source) in _SHAPES:
            for column in _members(shape):
                key = key_of(column, source)
                if key is not None:
                    gathered.check_column(key[1], _name(table, source), key[0])


def read_row_type(declaration: Node, source: Source, gathered: Gathered) -> None:
    """An interface or type that is evidently a row: by its name and nearly all of its members."""
    body = declaration.child_by_field_name("body") or declaration.child_by_field_name("value")
    if body is None or body.type not in {"interface_body", "object_type"}:
        return
    keys = [key for one in properties(body) if (key := key_of(one, source)) is not None]
    name = said(declaration.child_by_field_name("name"))
    table = gathered.schema.row_of(name, [key for key, _ in keys])
    if table is not None:
        for key, offset in keys:
            gathered.check_column(offset, table, key)


def _members(signature: Node) -> Iterator[Node]:
    annotation = signature.child_by_field_name("type")
    inner = (
        annotation.named_children[0]
        if annotation is not None and annotation.named_children
        else None
    )
    if inner is not None and inner.type == "object_type":
        yield from (one for one in properties(inner) if one.type == "property_signature")


def _name(signature: Node, source: Source) -> str:
    key = key_of(signature, source)
    return "" if key is None else key[0]
