"""What the results of a query are called."""

from briefsmith.audit.sql.scope import Relation, Scope
from briefsmith.audit.sql.tree import Fields, as_fields, items, node, nodes, strings, word

_NOBODY_KNOWS = Relation("", None)


def given_name(kind: str, value: Fields) -> str:
    """As PostgreSQL names a result that has no name."""
    if kind == "FuncCall":
        return strings(value.get("funcname"))[-1]
    if kind == "TypeCast":
        inner, fields = node(value.get("arg"))
        if inner == "ColumnRef":
            return word(node(items(fields.get("fields"))[-1])[1], "sval")
        return (strings(as_fields(value.get("typeName")).get("names")) or [""])[-1]
    return {"CoalesceExpr": "coalesce", "CaseExpr": "case", "A_ArrayExpr": "array"}.get(kind, "")


def star_of(reference: Fields, scope: Scope) -> list[Relation] | None:
    """The relations whose columns a `*` stands for; None where it is no star."""
    parts = list(nodes(reference.get("fields")))
    if parts[-1][0] != "A_Star":
        return None
    if len(parts) == 1:
        return scope.relations or [_NOBODY_KNOWS]
    return [scope.named(word(parts[-2][1], "sval")) or _NOBODY_KNOWS]
