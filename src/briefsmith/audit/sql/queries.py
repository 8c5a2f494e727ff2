"""SELECT, INSERT, UPDATE, DELETE and MERGE: each name held against what its scope has."""

from collections.abc import Callable
from dataclasses import replace

from briefsmith.audit.sql.reader import Reader, alias_of
from briefsmith.audit.sql.results import given_name, star_of
from briefsmith.audit.sql.scope import FUNCTION_COLUMNS, Relation, Scope
from briefsmith.audit.sql.tree import Fields, as_fields, items, location, node, nodes, strings, word
from briefsmith.audit.text import HOLE

_NOTHING = Relation("", frozenset())
_UNKNOWN = Relation("", None)


def read_query(reader: Reader, kind: str, fields: Fields, around: Scope | None) -> Relation:
    """Reads a query; what it gives back is a relation without a name."""
    scope = Scope(around)
    _read_ctes(reader, as_fields(fields.get("withClause")), scope)
    return _QUERIES[kind](reader, fields, scope)


def read_expression(reader: Reader, value: object, scope: Scope) -> None:
    """Every name in a tree, without recursion but for queries inside."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting.extend(items(one))  # pyright: ignore[reportUnknownArgumentType]
            continue
        kind, inner = node(one)
        if kind == "ColumnRef":
            reader.column(inner, scope)
        elif kind in _QUERIES:
            read_query(reader, kind, inner, scope)
        else:
            fields = inner if kind else as_fields(one)
            if "relname" in fields:
                reader.table(fields)
            waiting.extend(fields.values())


def _read_ctes(reader: Reader, clause: Fields, scope: Scope) -> None:
    recursive = bool(clause.get("recursive"))
    for _, cte in nodes(clause.get("ctes")):
        name, named = word(cte, "ctename"), frozenset(strings(cte.get("aliascolnames")))
        if recursive:
            scope.ctes[name] = _UNKNOWN
        kind, query = node(cte.get("ctequery"))
        if kind in _QUERIES:
            given = read_query(reader, kind, query, scope)
            columns = None if given.columns is None else given.columns | named
            scope.ctes[name] = replace(given, columns=columns)
        else:
            scope.ctes[name] = _UNKNOWN


def _select(reader: Reader, fields: Fields, scope: Scope) -> Relation:
    if "larg" in fields:
        given = read_query(reader, "SelectStmt", as_fields(fields["larg"]), scope)
        read_query(reader, "SelectStmt", as_fields(fields.get("rarg")), scope)
        return given
    for source in items(fields.get("fromClause")):
        _add_source(reader, source, scope)
    for clause in ("valuesLists", "whereClause", "havingClause", "limitCount", "limitOffset"):
        read_expression(reader, fields.get(clause), scope)
    into = as_fields(as_fields(fields.get("intoClause")).get("rel"))
    if into and reader.gathered.schema.removed_tables:
        reader.table(into, "creates")
    given = _targets(reader, fields.get("targetList"), scope)
    ordering = Scope(scope, names=given.columns or frozenset())
    for clause in ("groupClause", "sortClause", "distinctClause", "windowClause"):
        read_expression(reader, fields.get(clause), ordering)
    return _UNKNOWN if "valuesLists" in fields else given


def _targets(reader: Reader, targets: object, scope: Scope) -> Relation:
    """Reads a list of results; the relation has their names."""
    names: set[str] = set()
    tables: list[str] = []
    known = True
    for _, target in nodes(targets):
        read_expression(reader, target.get("val"), scope)
        kind, value = node(target.get("val"))
        if word(target, "name"):
            names.add(word(target, "name"))
        elif kind == "ColumnRef":
            star = star_of(value, scope)
            if star is None:
                names.add(word(node(items(value.get("fields"))[-1])[1], "sval"))
                continue
            for relation in star:
                known = known and relation.columns is not None
                names |= relation.columns or frozenset()
                tables += relation.tables
        elif kind:
            names.add(given_name(kind, value))
    return Relation(
        "", frozenset(names) if known and HOLE not in names else None, tuple(dict.fromkeys(tables))
    )


def _add_source(reader: Reader, source: object, scope: Scope) -> None:
    """Adds what stands in a FROM to the scope; joins are taken apart without recursion."""
    conditions: list[object] = []
    waiting = [source]
    while waiting:
        kind, fields = node(waiting.pop())
        if kind == "JoinExpr":
            waiting += [fields.get("rarg"), fields.get("larg")]
            conditions.append(fields.get("quals"))
            alias, _ = alias_of(fields)
            if alias:
                scope.relations.append(Relation(alias, None))
        elif kind == "RangeVar":
            scope.relations.append(reader.relation(fields, scope))
        elif kind == "RangeTableSample":
            waiting.append(fields.get("relation"))
        elif kind == "RangeSubselect":
            scope.relations.append(_subselect(reader, fields, scope))
        elif kind == "RangeFunction":
            scope.relations.append(_function(reader, fields, scope))
        elif kind:
            read_expression(reader, list(fields.values()), scope)
            scope.relations.append(Relation(alias_of(fields)[0], None))
    for condition in conditions:
        read_expression(reader, condition, scope)


def _subselect(reader: Reader, fields: Fields, scope: Scope) -> Relation:
    around = scope if fields.get("lateral") else Scope(scope.parent, ctes=scope.ctes)
    kind, query = node(fields.get("subquery"))
    given = read_query(reader, kind, query, around)
    alias, named = alias_of(fields)
    columns = given.columns
    return replace(given, name=alias, columns=None if columns is None else columns | named)


def _function(reader: Reader, fields: Fields, scope: Scope) -> Relation:
    read_expression(reader, fields.get("functions"), scope)
    alias, named = alias_of(fields)
    listed = frozenset(word(one, "colname") for _, one in nodes(fields.get("coldeflist")))
    calls = [
        node(one)
        for _, group in nodes(fields.get("functions"))
        for one in items(group.get("items"))
    ]
    names = [strings(call.get("funcname"))[-1] for kind, call in calls if kind == "FuncCall"]
    known = FUNCTION_COLUMNS.get(names[0]) if len(names) == 1 else None
    if known is None and not (named or listed):
        return Relation(alias or (names or [""])[0], None)
    ordinality = frozenset({"ordinality"}) if fields.get("ordinality") else frozenset[str]()
    own = frozenset({alias or names[0]}) if names else frozenset[str]()
    return Relation(
        alias or (names or [""])[0], (known or frozenset()) | named | listed | ordinality | own
    )


def _target(reader: Reader, fields: Fields, scope: Scope) -> str | None:
    """The table that is written to, added to the scope; its key where it is ours."""
    relation = as_fields(fields.get("relation"))
    scope.relations.append(reader.relation(relation, Scope()))
    table = reader.ours(relation)
    return table if table in reader.gathered.schema.tables else None


def _assigned(reader: Reader, targets: object, table: str | None) -> None:
    """Columns that are written to."""
    for _, target in nodes(targets):
        name = word(target, "name")
        if table is not None and name and HOLE not in name:
            at = reader.at(location(target))
            reader.gathered.check_column(reader.text.offset(at), table, name)


def _returning(reader: Reader, fields: Fields, scope: Scope) -> Relation:
    clause = as_fields(fields.get("returningClause"))
    results = clause.get("exprs", fields.get("returningList"))
    written = scope.relations[0] if scope.relations else _UNKNOWN
    images = [replace(written, name=name) for name in ("old", "new")]
    # The rows before and after are seen beside all else; a star is of the relations alone.
    around = Scope(scope.parent, images)
    return _targets(reader, results, Scope(around, scope.relations, scope.ctes))


def _insert(reader: Reader, fields: Fields, scope: Scope) -> Relation:
    kind, query = node(fields.get("selectStmt"))
    if kind:
        read_query(reader, kind, query, Scope(scope.parent, ctes=scope.ctes))
    table = _target(reader, fields, scope)
    _assigned(reader, fields.get("cols"), table)
    conflict = as_fields(fields.get("onConflictClause"))
    infer = as_fields(conflict.get("infer"))
    read_columns_of_index(reader, infer.get("indexElems"), table, location(infer), scope)
    read_expression(reader, infer.get("whereClause"), scope)
    _assigned(reader, conflict.get("targetList"), table)
    excluded = Scope(scope, [replace(scope.relations[0], name="excluded")])
    for _, target in nodes(conflict.get("targetList")):
        # Of two rows with the same columns, an unqualified name is of the one that is there.
        read_expression(reader, target.get("val"), excluded)
    read_expression(reader, conflict.get("whereClause"), excluded)
    return _returning(reader, fields, scope)


def read_columns_of_index(
    reader: Reader, elements: object, table: str | None, from_bytes: int, scope: Scope
) -> None:
    """Columns and expressions of an index, or of what ON CONFLICT infers one from."""
    for _, element in nodes(elements):
        name = word(element, "name")
        if name and table is not None and HOLE not in name:
            offset = reader.text.offset(reader.find(name, from_bytes))
            reader.gathered.check_column(offset, table, name)
        read_expression(reader, element.get("expr"), scope)


def _update(reader: Reader, fields: Fields, scope: Scope) -> Relation:
    table = _target(reader, fields, scope)
    for source in items(fields.get("fromClause")):
        _add_source(reader, source, scope)
    _assigned(reader, fields.get("targetList"), table)
    for _, target in nodes(fields.get("targetList")):
        read_expression(reader, target.get("val"), scope)
    read_expression(reader, fields.get("whereClause"), scope)
    return _returning(reader, fields, scope)


def _delete(reader: Reader, fields: Fields, scope: Scope) -> Relation:
    _target(reader, fields, scope)
    for source in items(fields.get("usingClause")):
        _add_source(reader, source, scope)
    read_expression(reader, fields.get("whereClause"), scope)
    return _returning(reader, fields, scope)


def _merge(reader: Reader, fields: Fields, scope: Scope) -> Relation:
    table = _target(reader, fields, scope)
    _add_source(reader, fields.get("sourceRelation"), scope)
    read_expression(reader, fields.get("joinCondition"), scope)
    for _, clause in nodes(fields.get("mergeWhenClauses")):
        _assigned(reader, clause.get("targetList"), table)
        for _, target in nodes(clause.get("targetList")):
            read_expression(reader, target.get("val"), scope)
        read_expression(reader, [clause.get("condition"), clause.get("values")], scope)
    return _returning(reader, fields, scope)


_QUERIES: dict[str, Callable[[Reader, Fields, Scope], Relation]] = {
    "SelectStmt": _select,
    "InsertStmt": _insert,
    "UpdateStmt": _update,
    "DeleteStmt": _delete,
    "MergeStmt": _merge,
}
