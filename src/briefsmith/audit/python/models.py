"""Classes and tables that stand for tables of ours: SQLAlchemy, SQLModel, pydantic, dataclasses."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from briefsmith.audit.gathering import Gathered
from briefsmith.audit.python.chains import TextOf
from briefsmith.audit.python.literals import start_of
from briefsmith.audit.source import Source

_COLUMN = frozenset({"Column", "mapped_column", "MappedColumn", "Field", "field"})
_ALIASES = frozenset({"alias", "validation_alias", "sa_column", "sa_column_args"})


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a class that may be a column."""

    name: str
    offset: int


def read_class(node: ast.ClassDef, source: Source, text_of: TextOf, gathered: Gathered) -> None:
    """Fields of a row model that its table does not have."""
    table = _declared(node, text_of)
    fields = list(_fields(node, source, text_of, mapped=table is not None))
    if table is None:
        table = gathered.schema.row_of(node.name, [field.name for field in fields])
    elif table in gathered.schema.tables:
        gathered.created[table] |= {field.name for field in fields}
    if table is not None:
        for field in fields:
            gathered.check_column(field.offset, table, field.name)


def _declared(node: ast.ClassDef, text_of: TextOf) -> str | None:
    """The table that `__tablename__` or `__table_args__` name; None unless it is one of public."""
    table: str | None = None
    for statement in node.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name = statement.targets[0].id
            if name == "__tablename__":
                text = text_of(statement.value)
                table = None if text is None else text.value
            elif name == "__table_args__" and not _in_public(statement.value, text_of):
                return None
    return table


def _in_public(arguments: ast.expr, text_of: TextOf) -> bool:
    for node in ast.walk(arguments):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                named = None if key is None else text_of(key)
                schema = text_of(value)
                if named is not None and named.value == "schema" and schema is not None:
                    return schema.value == "public"
    return True


def _fields(
    node: ast.ClassDef, source: Source, text_of: TextOf, *, mapped: bool
) -> Iterator[Field]:
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign):
            target, is_one = statement.target, _is_field(statement)
        elif isinstance(statement, ast.Assign):
            target, is_one = statement.targets[0], mapped and _is_call_of(statement.value, _COLUMN)
        else:
            continue
        if is_one and isinstance(target, ast.Name):
            yield _named(target, statement.value, source, text_of)


def _is_field(statement: ast.AnnAssign) -> bool:
    """Not a relation to other classes, a class variable, or something computed."""
    name = statement.target.id if isinstance(statement.target, ast.Name) else "_"
    if name.startswith("_") or name == "model_config":
        return False
    annotation = {part.id for part in ast.walk(statement.annotation) if isinstance(part, ast.Name)}
    annotation |= {
        part.attr for part in ast.walk(statement.annotation) if isinstance(part, ast.Attribute)
    }
    if annotation & {"ClassVar", "InitVar", "Relationship", "relationship"}:
        return False
    value = statement.value
    if value is None:
        return True
    if _is_call_of(
        value, frozenset({"relationship", "Relationship", "column_property", "association_proxy"})
    ):
        return False
    keywords = {one.arg: one.value for one in value.keywords} if isinstance(value, ast.Call) else {}
    flags = [keywords.get("exclude"), keywords.get("init")]
    return not (
        (isinstance(flags[0], ast.Constant) and flags[0].value is True)
        or (isinstance(flags[1], ast.Constant) and flags[1].value is False)
    )


def _is_call_of(value: ast.expr, names: frozenset[str]) -> bool:
    if not isinstance(value, ast.Call):
        return False
    function = value.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name in names


def _named(target: ast.Name, value: ast.expr | None, source: Source, text_of: TextOf) -> Field:
    """A field under the column's own name, where that is another than the attribute's."""
    if isinstance(value, ast.Call):
        aliases = [one.value for one in value.keywords if one.arg in _ALIASES]
        first = value.args[:1] if _is_call_of(value, frozenset({"Column", "mapped_column"})) else []
        for given in (*aliases, *first):
            text = text_of(given)
            if text is not None:
                return Field(text.value, text.offset(0))
    return Field(target.id, start_of(target, source))


def read_table(call: ast.Call, text_of: TextOf, gathered: Gathered) -> str | None:
    """SQLAlchemy's `Table("x", metadata, Column("a"), …)` and alembic's `create_table`: their columns.

    Returns:
        The table, if it is one of ours that is there.
    """
    name = text_of(call.args[0]) if call.args else None
    schemas = [text_of(one.value) for one in call.keywords if one.arg == "schema"]
    if name is None or any(one is None or one.value != "public" for one in schemas):
        return None
    table = name.value.removeprefix("public.")
    if table not in gathered.schema.tables:
        return None
    for argument in call.args[1:]:
        read_column(table, argument, text_of, gathered)
    return table


def read_column(table: str, value: ast.expr, text_of: TextOf, gathered: Gathered) -> None:
    """A `Column("a")` of a table."""
    if _is_call_of(value, frozenset({"Column"})) and isinstance(value, ast.Call) and value.args:
        name = text_of(value.args[0])
        if name is not None:
            gathered.created[table].add(name.value)
            gathered.check_column(name.offset(0), table, name.value)
