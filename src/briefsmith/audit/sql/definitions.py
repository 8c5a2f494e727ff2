"""CREATE, ALTER, DROP and what else is said of tables."""

from collections.abc import Callable
from dataclasses import replace

from briefsmith.audit.sql.queries import read_columns_of_index, read_expression
from briefsmith.audit.sql.reader import Reader
from briefsmith.audit.sql.scope import Scope
from briefsmith.audit.sql.tree import Fields, as_fields, location, node, nodes, strings, word

_QUALIFIED = 2  # schema.table, or table.column


def _scope_of(reader: Reader, relation: Fields) -> tuple[str | None, Scope]:
    """The table that a statement is about, where we know it, and a scope of it alone."""
    scope = Scope()
    scope.relations.append(reader.relation(relation, Scope()))
    tables = scope.relations[0].tables
    return (tables[0] if tables else None), scope


def _columns(reader: Reader, names: object, table: str | None, from_bytes: int) -> None:
    for name in strings(names):
        if table is not None:
            offset = reader.text.offset(reader.find(name, from_bytes))
            reader.gathered.check_column(offset, table, name)


def _create_table(reader: Reader, fields: Fields) -> None:
    relation = as_fields(fields.get("relation"))
    if word(relation, "relpersistence") == "t":
        reader.shadowed.add(word(relation, "relname"))
        return
    key = reader.ours(relation)
    if key is None and not word(relation, "schemaname"):
        # A name that anybody may use: whose table it is, its columns tell.
        name = word(relation, "relname")
        key = name if name in reader.gathered.schema.tables else None
    reader.table(relation, "creates")
    table = key if key in reader.gathered.schema.tables else None
    scope = Scope()
    for kind, element in nodes(fields.get("tableElts")):
        if kind == "ColumnDef":
            name = word(element, "colname")
            if table is not None:
                reader.gathered.created[table].add(name)
                at = reader.text.offset(reader.at(location(element)))
                reader.gathered.check_column(at, table, name, "creates")
            for _, constraint in nodes(element.get("constraints")):
                _constraint(reader, constraint, None, scope)
        elif kind == "Constraint":
            _constraint(reader, element, None, scope)


def _constraint(reader: Reader, fields: Fields, table: str | None, scope: Scope) -> None:
    """Of a table that is being made, `table` is None: its columns are judged where they are defined."""
    _columns(reader, fields.get("keys"), table, location(fields))
    _columns(reader, fields.get("fk_attrs"), table, location(fields))
    if table is not None:
        read_expression(reader, fields.get("raw_expr"), scope)
    target = as_fields(fields.get("pktable"))
    if target:
        other, _ = _scope_of(reader, target)
        _columns(reader, fields.get("pk_attrs"), other, location(target))


def _alter_table(reader: Reader, fields: Fields) -> None:
    relation = as_fields(fields.get("relation"))
    table, scope = _scope_of(reader, relation)
    for _, command in nodes(fields.get("cmds")):
        kind, definition = node(command.get("def"))
        name, subtype = word(command, "name"), word(command, "subtype")
        if subtype == "AT_DropColumn":
            reader.drop(f"{word(relation, 'relname')}.{name}")
        elif subtype == "AT_AddColumn" and kind == "ColumnDef":
            _add_column(reader, definition, table, scope)
        elif kind == "Constraint":
            _constraint(reader, definition, table, scope)
        elif name and subtype.startswith(("AT_Alter", "AT_Set", "AT_Column", "AT_DropNotNull")):
            offset = reader.text.offset(reader.find(name, location(relation)))
            if table is not None and "Constraint" not in subtype and "Storage" not in subtype:
                reader.gathered.check_column(offset, table, name)


def _add_column(reader: Reader, definition: Fields, table: str | None, scope: Scope) -> None:
    if table is not None:
        at = reader.text.offset(reader.at(location(definition)))
        reader.gathered.check_column(at, table, word(definition, "colname"), "creates")
    for _, constraint in nodes(definition.get("constraints")):
        _constraint(reader, constraint, None, scope)


def _rename(reader: Reader, fields: Fields) -> None:
    """The old name goes, and is no finding; the new one comes."""
    relation = as_fields(fields.get("relation"))
    name, new = word(relation, "relname"), word(fields, "newname")
    kind = word(fields, "renameType")
    if kind in {"OBJECT_TABLE", "OBJECT_VIEW"}:
        reader.drop(name)
        if new in reader.gathered.schema.removed_tables:
            offset = reader.text.offset(reader.find(new, location(relation) + len(name)))
            reader.gathered.add_table(offset, new, "creates")
    elif kind == "OBJECT_COLUMN":
        old = word(fields, "subname")
        reader.drop(f"{name}.{old}")
        table, _ = _scope_of(reader, relation)
        if table is not None:
            at = reader.find(old, location(relation) + len(name))
            offset = reader.text.offset(reader.find(new, at + len(old)))
            reader.gathered.check_column(offset, table, new, "creates")
    elif relation:
        reader.table(relation)


def _drop(reader: Reader, fields: Fields) -> None:
    """What goes is no finding."""
    if word(fields, "removeType") in {"OBJECT_TABLE", "OBJECT_VIEW"}:
        for kind, listed in nodes(fields.get("objects")):
            if kind == "List" and (names := strings(listed.get("items"))):
                reader.drop(names[-1])


def _leave(reader: Reader, fields: Fields) -> None:
    """ALTER TABLE … SET SCHEMA: out of public, so gone from there."""
    reader.drop(word(as_fields(fields.get("relation")), "relname"))


def _comment(reader: Reader, fields: Fields) -> None:
    kind, listed = node(fields.get("object"))
    names = strings(listed.get("items")) if kind == "List" else []
    on_column = word(fields, "objtype") == "OBJECT_COLUMN"
    if word(fields, "objtype") not in {"OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_COLUMN"} or not names:
        return
    path = names[:-1] if on_column else names
    if not path or len(path) > _QUALIFIED:
        return
    relation: Fields = {
        "relname": path[-1],
        "schemaname": path[0] if len(path) == _QUALIFIED else "",
    }
    at = reader.find(path[-1], reader.statement_bytes)
    table = reader.ours(relation)
    if table in reader.gathered.schema.removed_tables:
        reader.gathered.add_table(reader.text.offset(at), table)
    elif table is not None and on_column:
        place = reader.text.value.find(names[-1], at + len(path[-1]))
        reader.gathered.check_column(reader.text.offset(max(place, at)), table, names[-1])


def _policy(reader: Reader, fields: Fields) -> None:
    _, scope = _scope_of(reader, as_fields(fields.get("table")))
    read_expression(reader, [fields.get("qual"), fields.get("with_check")], scope)


def _trigger(reader: Reader, fields: Fields) -> None:
    relation = as_fields(fields.get("relation"))
    table, scope = _scope_of(reader, relation)
    _columns(reader, fields.get("columns"), table, reader.statement_bytes)
    rows = [replace(scope.relations[0], name=name) for name in ("new", "old")]
    read_expression(reader, fields.get("whenClause"), Scope(relations=rows))


def _index(reader: Reader, fields: Fields) -> None:
    relation = as_fields(fields.get("relation"))
    table, scope = _scope_of(reader, relation)
    place = location(relation) + len(word(relation, "relname"))
    for listed in ("indexParams", "indexIncludingParams"):
        read_columns_of_index(reader, fields.get(listed), table, place, scope)
    read_expression(reader, fields.get("whereClause"), scope)


def _grant(reader: Reader, fields: Fields) -> None:
    if not fields.get("is_grant"):
        return
    for kind, relation in nodes(fields.get("objects")):
        if kind == "RangeVar":
            table, _ = _scope_of(reader, relation)
            for _, privilege in nodes(fields.get("privileges")):
                _columns(reader, privilege.get("cols"), table, reader.statement_bytes)


def _copy(reader: Reader, fields: Fields) -> None:
    relation = as_fields(fields.get("relation"))
    if relation:
        table, scope = _scope_of(reader, relation)
        _columns(reader, fields.get("attlist"), table, location(relation))
        read_expression(reader, fields.get("whereClause"), scope)
    read_expression(reader, fields.get("query"), Scope())


def _view(reader: Reader, fields: Fields) -> None:
    reader.table(as_fields(fields.get("view")), "creates")
    read_expression(reader, fields.get("query"), Scope())


def _table_as(reader: Reader, fields: Fields) -> None:
    relation = as_fields(as_fields(fields.get("into")).get("rel"))
    if word(relation, "relpersistence") == "t":
        reader.shadowed.add(word(relation, "relname"))
    elif relation:
        reader.table(relation, "creates")
    read_expression(reader, fields.get("query"), Scope())


DEFINITIONS: dict[str, Callable[[Reader, Fields], None]] = {
    "CreateStmt": _create_table,
    "AlterTableStmt": _alter_table,
    "RenameStmt": _rename,
    "DropStmt": _drop,
    "AlterObjectSchemaStmt": _leave,
    "CommentStmt": _comment,
    "CreatePolicyStmt": _policy,
    "AlterPolicyStmt": _policy,
    "CreateTrigStmt": _trigger,
    "IndexStmt": _index,
    "GrantStmt": _grant,
    "CopyStmt": _copy,
    "ViewStmt": _view,
    "CreateTableAsStmt": _table_as,
}


def read_statement(reader: Reader, kind: str, fields: Fields) -> None:
    """One statement of any kind."""
    define = DEFINITIONS.get(kind)
    if define is not None:
        define(reader, fields)
    else:
        read_expression(reader, {kind: fields}, Scope(names=reader.names))
