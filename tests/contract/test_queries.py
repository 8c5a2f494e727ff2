"""Named statements against the live database, and against the functions that send them."""

import asyncio
import inspect
import re
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from importlib.resources import files
from pkgutil import iter_modules
from typing import Any

import pytest
from psycopg._queries import PostgresQuery
from psycopg.adapt import Transformer

from briefsmith import postgres, store
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.postgres.asking import numbered
from briefsmith.postgres.database import connect
from briefsmith.postgres.descriptions import Description, Descriptions
from briefsmith.postgres.preparing import describe
from briefsmith.postgres.statements import Statement
from briefsmith.schema_sync.python_types import fields_of
from briefsmith.schema_sync.statements import (
    NOT_READ,
    all_statements,
    check_statements,
    declared_statements,
    tables_of,
)
from briefsmith.sql import Query, load, query_files

_PLACEHOLDER = re.compile(r"%\((\w+)\)s(::[\w.]+(?:\[\])?)?")
_SENT = re.compile(r"\bsession\.(one|maybe|many|stream|execute)\(\s*(_[A-Z_]+)\b")
# Two of them in one round trip: a list of rows of each.
_SENT_BOTH = re.compile(
    r"\bsession\.both\(\s*\(\s*(_[A-Z_]+)\s*,.*?\)\s*,\s*\(\s*(_[A-Z_]+)\b", re.DOTALL
)
_METHODS = {"one": {"one"}, "maybe": {"maybe"}, "many": {"many", "stream"}, "exec": {"execute"}}
# What is chosen by a table of checks, or printed to be run by a person, has no types to declare.
_UNDECLARED = {"catalog", "data_checks"}


def _queries() -> Iterator[Query]:
    for file in query_files():
        yield from load(file).values()


QUERIES = {query.name: query for query in _queries()}


@pytest.fixture(scope="session")
def described(_catalog_url: str) -> Descriptions:
    """What a migrated database says of everything that is sent, on each version."""

    async def ask() -> Descriptions:
        connection = await connect(_catalog_url)
        try:
            return await describe(connection, all_statements(), tables_of(all_statements()))
        finally:
            await connection.close()

    return asyncio.run(ask())


def _description(described: Descriptions, name: str) -> Description:
    return next(one for one in described.statements if one.name == name)


def test_every_statement_fits_the_live_database(described: Descriptions) -> None:
    assert {one.name for one in described.statements} == set(QUERIES)
    assert check_statements(all_statements(), described) == []


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_a_query_answers_with_rows_unless_it_says_that_it_has_none(
    name: str, described: Descriptions
) -> None:
    returned = _description(described, name).columns

    assert bool(returned) == (QUERIES[name].shape != "exec")


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_every_parameter_of_a_query_names_its_type(name: str) -> None:
    untyped = [found[1] for found in _PLACEHOLDER.finditer(QUERIES[name].text) if not found[2]]

    assert untyped == []


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_a_query_is_looked_at_as_psycopg_sends_it(name: str) -> None:
    text, names = numbered(QUERIES[name].text)

    sent = PostgresQuery(Transformer())
    sent.convert(QUERIES[name].text, dict.fromkeys(names))
    assert text.encode() == sent.query


def test_every_query_is_declared_with_its_types_by_one_module() -> None:
    holders = Counter(one.name for _, one in _declared())

    assert {name for name in QUERIES if name.partition(".")[0] not in _UNDECLARED} <= set(holders)
    assert [name for name, count in holders.items() if count > 1] == []
    assert set(holders) == {one.name for one in declared_statements()}


def test_what_sessions_send_is_declared_by_the_store_and_what_the_login_sends_is_not() -> None:
    wrong = [one.name for module, one in _declared() if one.is_of_login == (module in _STORE)]

    assert wrong == []


def test_a_statement_of_the_store_is_sent_by_one_function_in_the_shape_that_it_declares() -> None:
    sent: list[str] = []
    for module in _STORE:
        content = import_module(module)
        for method, variable in _SENT.findall(inspect.getsource(content)):
            statement: Statement[Any, Any] = getattr(content, variable)
            assert method in _METHODS[statement.query.shape], statement.name
            sent.append(statement.name)
        for pair in _SENT_BOTH.findall(inspect.getsource(content)):
            both: list[Statement[Any, Any]] = [getattr(content, variable) for variable in pair]
            assert {one.query.shape for one in both} <= {"one", "many"}, both
            sent += [one.name for one in both]

    assert sorted(sent) == sorted(one.name for module, one in _declared() if module in _STORE)


def test_a_whole_row_is_shown_without_the_columns_that_nobody_reads() -> None:
    [(table, column)] = NOT_READ
    assert table == "public.context_blocks"
    showing = [
        one
        for one in declared_statements()
        if one.row is not None
        and any(field.model is ContextBlock for field in fields_of(one.row)[1].values())
    ]

    assert showing
    for one in showing:
        rows = re.findall(r"to_jsonb\(\w+\)(.*)", one.text)
        assert rows, one.name
        assert all(rest.startswith(f" - '{column}'") for rest in rows), one.name


def test_no_name_stands_twice_in_a_file_of_queries() -> None:
    for file in query_files():
        text = (files("briefsmith.sql") / "queries" / f"{file}.sql").read_text(encoding="utf-8")
        names = re.findall(r"^-- name: (\w+)", text, re.MULTILINE)
        assert sorted(names) == sorted(load(file))


def _modules(package: Any) -> list[str]:
    found = iter_modules(package.__path__, f"{package.__name__}.")
    return [module.name for module in found if not module.ispkg]


_STORE = _modules(store)


def _declared() -> Iterator[tuple[str, Statement[Any, Any]]]:
    """Modules and the statements that they make themselves."""
    for module in (*_STORE, *_modules(postgres)):
        content = import_module(module)
        source = inspect.getsource(content)
        for name, value in vars(content).items():
            made_here = re.search(rf"^{name} = statement\(", source, re.MULTILINE)
            if isinstance(value, Statement) and made_here:
                yield module, value
