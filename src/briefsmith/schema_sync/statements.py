"""Every statement that this package sends, held against what a live database says of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Literal, TypedDict

from pydantic import BaseModel

from briefsmith import models, postgres, store
from briefsmith.postgres.descriptions import (
    Description,
    Descriptions,
    LiveType,
    ResultColumn,
)
from briefsmith.postgres.inspection import CountedRows
from briefsmith.postgres.statements import Statement
from briefsmith.schema_sync.data_checks import DATA_CHECKS
from briefsmith.schema_sync.python_types import (
    PythonType,
    Way,
    fields_of,
    misfit,
    parameters_of,
    shown,
)
from briefsmith.sql import load, query_files

# Only search reads vectors, as bytes: what shows a block as JSON takes it out.
NOT_READ = {("public.context_blocks", "meta_embedding")}

_NOTHING = "nothing of this name"


class _Unknown(TypedDict):
    """Of a query that no `Statement` declares."""


@dataclass(frozen=True, slots=True)
class StatementFinding:
    """One thing in which a statement and a database do not agree.

    Attributes:
        statement: `<file>.<name>`.
        what: `refused` by the database, or a `parameter` or a part of the `result` that does not fit.
        name: Of the parameter or column; one inside of a block is `block.<column>`.
        expected: The Python type, for one.
        found: What the database has.
        says: What there is to add, in the words of the database where it refuses.
    """

    statement: str
    what: Literal["refused", "parameter", "result"]
    name: str | None
    expected: str
    found: str
    says: str | None = None


@cache
def declared_statements() -> tuple[Statement[Any, Any], ...]:
    """All statements that modules of `postgres/` and `store/` declare on queries, by name."""
    queries = {name for file in query_files() for name in (one.name for one in load(file).values())}
    found: dict[str, Statement[Any, Any]] = {}
    for package in (postgres, store):
        for module in iter_modules(package.__path__, f"{package.__name__}."):
            if not module.ispkg:
                content = vars(import_module(module.name)).values()
                found |= {one.name: one for one in content if isinstance(one, Statement)}
    return tuple(found[name] for name in sorted(found) if name in queries)


@cache
def all_statements() -> tuple[Statement[Any, Any], ...]:
    """The declared ones, and every other query: of those, the rows that checks of data give are known."""
    declared = declared_statements()
    names = {one.name for one in declared}
    counting = {f"data_checks.{check.query}" for check in DATA_CHECKS}
    queries = [query for file in query_files() for query in load(file).values()]
    others: list[Statement[Any, Any]] = [
        Statement(one, _Unknown, CountedRows if one.name in counting else None, is_of_login=True)
        for one in queries
        if one.name not in names
    ]
    return (*declared, *others)


def tables_of(statements: Iterable[Statement[Any, Any]]) -> list[str]:
    """Tables of which statements show whole rows as JSON, with their schema."""
    found = {
        table
        for one in statements
        if one.row is not None
        for field in fields_of(one.row)[1].values()
        if (table := _table_of(field)) is not None
    }
    return sorted(found)


def check_statements(
    statements: Iterable[Statement[Any, Any]], live: Descriptions
) -> list[StatementFinding]:
    """In what they do not agree with the database.

    Args:
        statements: At least those that are described.
        live: What the database says of them, and of the tables that `tables_of` names.
    """
    by_name = {one.name: one for one in statements}
    return [
        finding
        for description in live.statements
        for finding in _check(by_name[description.name], description, live)
    ]


def _check(
    statement: Statement[Any, Any], description: Description, live: Descriptions
) -> Iterator[StatementFinding]:
    refusal = description.refusal
    if refusal is not None:
        name, state = statement.name, refusal.sqlstate
        yield StatementFinding(name, "refused", None, "a statement", state, refusal.says)
        return
    if statement.params is not _Unknown:
        yield from _check_parameters(statement, description.parameters, live.types)
    if statement.row is not None:
        yield from _check_result(statement.name, statement.row, description.columns, live)


def _check_parameters(
    statement: Statement[Any, Any], found: Mapping[str, int], types: Mapping[int, LiveType]
) -> Iterator[StatementFinding]:
    wanted = parameters_of(statement.params)
    for name in sorted(wanted.keys() | found.keys()):
        python, oid = wanted.get(name), found.get(name)
        live = None if oid is None else types[oid]
        for says in _faults(python, live, types, "parameter"):
            yield _finding(statement.name, "parameter", name, python, live, says=says)


def _check_result(
    statement: str, row: type[Any], columns: Sequence[ResultColumn], live: Descriptions
) -> Iterator[StatementFinding]:
    way, fields = fields_of(row)
    yield from _check_columns(statement, fields, columns, live.types, way)
    for name, field in fields.items():
        table = _table_of(field)
        if field.model is not None and table is not None:
            parts = [
                ResultColumn(one.name, one.type_oid, one.is_nullable if one.is_table else None)
                for one in live.tables.get(table, ())
                if (table, one.name) not in NOT_READ
            ]
            _, inner = fields_of(field.model)
            for finding in _check_columns(statement, inner, parts, live.types, "model"):
                yield replace(finding, name=f"{name}.{finding.name}")


def _check_columns(
    statement: str,
    fields: Mapping[str, PythonType],
    columns: Sequence[ResultColumn],
    types: Mapping[int, LiveType],
    way: Way,
) -> Iterator[StatementFinding]:
    found = {column.name: column for column in columns}
    for name in sorted(fields.keys() | found.keys()):
        python, column = fields.get(name), found.get(name)
        live = None if column is None else types[column.type_oid]
        for says in _faults(python, live, types, way):
            yield _finding(statement, "result", name, python, live, says=says)
        if python is not None and not python.is_optional and column and column.is_nullable:
            yield _finding(statement, "result", name, python, live, says="it may be null")
    names = [column.name for column in columns]
    for name in sorted({name for name in names if names.count(name) > 1}):
        says = f"it is there {names.count(name)} times"
        yield StatementFinding(statement, "result", name, "one", "several", says)


def _faults(
    python: PythonType | None, live: LiveType | None, types: Mapping[int, LiveType], way: Way
) -> Iterator[str]:
    says = "" if python is None or live is None else misfit(python, live, types, way)
    if says is not None:
        yield says


def _finding(
    statement: str,
    what: Literal["parameter", "result"],
    name: str,
    python: PythonType | None,
    live: LiveType | None,
    *,
    says: str,
) -> StatementFinding:
    expected = str(python or _NOTHING)
    found = _NOTHING if live is None else shown(live)
    return StatementFinding(statement, what, name, expected, found, says or None)


def _table_of(field: PythonType) -> str | None:
    """The table of a row model: its module is called like it."""
    model: type[BaseModel] | None = field.model
    if model is None or not model.__module__.startswith(f"{models.__name__}."):
        return None
    return f"public.{model.__module__.rpartition('.')[2]}"
