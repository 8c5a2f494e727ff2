"""Named statements against the live database, and against the functions that run them."""

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from importlib import import_module
from typing import Any, cast

import pytest
from psycopg import Connection
from psycopg._queries import PostgresQuery
from psycopg.adapt import Transformer
from psycopg.pq import ExecStatus
from pydantic import BaseModel

from briefsmith.sql import Query, load, query_files
from tests.contract.calls import Use, uses

# What opening a store asks, before there is an actor.
OF_THE_LOGIN = {"handshake.handshake", "handshake.server_facts", "handshake.insert_user"}

_PLACEHOLDER = re.compile(r"%\((\w+)\)s(::[\w.]+(?:\[\])?)?")


def _queries() -> Iterator[Query]:
    for file in query_files():
        yield from load(file).values()


QUERIES = {query.name: query for query in _queries()}


def _numbered(query: Query, connection: Connection[Any]) -> bytes:
    """The statement with $1, $2, ... as psycopg itself would send it.

    Source: `psycopg._queries` is not public, but no public way sends a statement without running it.
    """
    names = {found[1] for found in _PLACEHOLDER.finditer(query.text)}
    converted = PostgresQuery(Transformer(connection))
    converted.convert(query.text, dict.fromkeys(names))
    return converted.query


def _columns_of(query: Query, connection: Connection[Any]) -> list[str]:
    prepared = connection.pgconn.prepare(b"", _numbered(query, connection))
    assert prepared.status == ExecStatus.COMMAND_OK, prepared.error_message.decode()
    described = connection.pgconn.describe_prepared(b"")
    names = [described.fname(number) for number in range(described.nfields)]
    return [name.decode() for name in names if name is not None]


def _fields_of(use: Use) -> set[str]:
    assert use.row is not None
    row: Any = getattr(import_module(use.module), use.row)
    if is_dataclass(row):
        return {field.name for field in fields(row)}
    return set(cast("type[BaseModel]", row).model_fields)


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_a_query_is_understood_by_the_live_database(name: str, catalog: Connection[Any]) -> None:
    query = QUERIES[name]

    returned = _columns_of(query, catalog)

    assert bool(returned) == (query.shape != "exec")


@pytest.mark.parametrize("name", sorted(set(QUERIES) - OF_THE_LOGIN))
def test_a_query_is_permitted_to_those_who_are_signed_in(
    name: str, catalog: Connection[Any]
) -> None:
    statement = _numbered(QUERIES[name], catalog)
    catalog.execute("set local role authenticated")

    planned = catalog.pgconn.exec_(b"explain (generic_plan) " + statement)

    assert planned.status == ExecStatus.TUPLES_OK, planned.error_message.decode()


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_every_parameter_of_a_query_names_its_type(name: str) -> None:
    untyped = [found[1] for found in _PLACEHOLDER.finditer(QUERIES[name].text) if not found[2]]

    assert untyped == []


def test_every_query_is_run_by_a_function_and_every_function_finds_its_query() -> None:
    assert {use.query for use in uses()} == set(QUERIES)


def test_no_query_is_run_by_two_functions_of_the_store() -> None:
    runners = [use.query for use in uses() if use.module.startswith("briefsmith.store")]

    assert sorted(runners) == sorted(set(runners))


def test_a_query_is_run_in_the_shape_that_it_declares() -> None:
    methods = {"one": {"one"}, "maybe": {"maybe"}, "many": {"many", "stream"}, "exec": {"execute"}}

    wrong = [
        (use.function, use.query)
        for use in uses()
        if use.module.startswith("briefsmith.store")
        and use.method not in methods[QUERIES[use.query].shape]
    ]

    assert wrong == []


@pytest.mark.parametrize(
    "use", [use for use in uses() if use.row], ids=lambda use: cast("Use", use).query
)
def test_a_row_class_has_the_columns_of_its_query(use: Use, catalog: Connection[Any]) -> None:
    returned = _columns_of(QUERIES[use.query], catalog)

    assert len(returned) == len(set(returned))
    assert set(returned) == _fields_of(use)


def test_no_name_stands_twice_in_a_file_of_queries() -> None:
    from importlib.resources import files

    for file in query_files():
        text = (files("briefsmith.sql") / "queries" / f"{file}.sql").read_text(encoding="utf-8")
        names = re.findall(r"^-- name: (\w+)", text, re.MULTILINE)
        assert sorted(names) == sorted(load(file))
