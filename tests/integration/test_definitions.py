"""Whole schemas as statements: made from what was read, a database reads the same."""

from collections.abc import Sequence
from pathlib import Path

import psycopg
import pytest
from psycopg import Connection
from psycopg.rows import class_row

from briefsmith.postgres.catalog import CatalogRow
from briefsmith.schema_sync.catalog import Catalog, catalog_of
from briefsmith.schema_sync.compare import differences
from briefsmith.schema_sync.contract import Contract, read, write
from briefsmith.schema_sync.definitions import create_schema, create_statements
from briefsmith.schema_sync.detours import drop_statement
from briefsmith.schema_sync.mends import mend_all
from briefsmith.sql import load, surroundings
from tests.conftest import Server

OURS = ("briefsmith", "public")
FOREIGN = ("Odd one", "shop")


def look(connection: Connection[tuple[object, ...]], schemas: Sequence[str]) -> Catalog:
    sql = load("catalog")
    with connection.transaction(), connection.cursor(row_factory=class_row(CatalogRow)) as cursor:
        connection.execute(sql["prepare_to_read"].text)
        rows = cursor.execute(sql["read_catalog"].text, {"schemas": list(schemas)}).fetchall()
    return catalog_of(rows, schemas)


def made_again(server: Server, expected: Catalog) -> tuple[Catalog, list[str]]:
    """The catalog of an empty database after its statements, and what the server refused."""
    url = server.empty_database()
    refused: list[str] = []
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(surroundings())
        for statement in create_schema(expected):
            try:
                connection.execute(statement.encode())
            except psycopg.Error as error:
                refused.append(f"{error}: {statement}")
        found = look(connection, expected.schemas)
    server.drop(url)
    return found, refused


def through_a_file(catalog: Catalog) -> Catalog:
    return read(write(Contract(catalog, 0))).catalog


def test_our_schema_made_from_its_catalog_is_the_same(any_server: Server) -> None:
    url = any_server.migrated_database()
    with psycopg.connect(url, autocommit=True) as connection:
        expected = look(connection, OURS)

    found, refused = made_again(any_server, through_a_file(expected))

    assert refused == []
    assert differences(expected, found) == []
    any_server.drop(url)


@pytest.fixture
def foreign(any_server: Server) -> Catalog:
    url = any_server.empty_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(surroundings())
        connection.execute(Path(__file__).with_name("foreign.sql").read_bytes())
        found = look(connection, FOREIGN)
    any_server.drop(url)
    return found


def test_a_schema_with_everything_made_from_its_catalog_is_the_same(
    foreign: Catalog, any_server: Server
) -> None:
    found, refused = made_again(any_server, through_a_file(foreign))

    assert refused == []
    assert differences(foreign, found) == []
    assert differences(found, foreign) == []
    assert foreign.items.keys() == found.items.keys()


def test_a_schema_by_itself_brings_all_that_is_in_it(foreign: Catalog) -> None:
    shop = create_statements(foreign.items["schema", "shop"], foreign)

    assert shop[0] == "create schema shop;"
    assert any(statement.startswith("create table shop.customers") for statement in shop)
    assert not any(statement.startswith('create table "Odd one"') for statement in shop)


def test_each_object_of_it_that_is_dropped_is_made_again(server: Server) -> None:
    url = server.empty_database()
    wrong: list[str] = []
    tried = refused = 0
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(surroundings())
        connection.execute(Path(__file__).with_name("foreign.sql").read_bytes())
        expected = look(connection, FOREIGN)
        for item in expected.items.values():
            if item.kind in {"schema", "grant"} or (item.kind == "sequence" and item.parent):
                continue
            connection.execute("begin")
            try:
                connection.execute(f"{drop_statement(item).removesuffix(';')} cascade".encode())
            except psycopg.Error:
                # What is inherited goes with the whole, and a column of a view with the view.
                refused += 1
            else:
                tried += 1
                said = dropped(connection, expected)
                # Statistics print columns in the order in which they were added.
                if said and "CREATE STATISTICS" not in said:
                    wrong.append(f"{item.key}: {said}")
            connection.execute("rollback")
    server.drop(url)

    assert wrong == []
    assert tried > refused


def test_a_column_that_others_are_computed_from_gets_its_type_back(server: Server) -> None:
    url = server.empty_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(surroundings())
        connection.execute(
            """
            create schema shop;
            create table shop.sales (
              price numeric(10, 2) not null default 0,
              twice numeric generated always as (price * 2) stored,
              label text
            );
            create index sales_twice_idx on shop.sales (twice);
            create view shop.dear as select twice from shop.sales where price > 10;
            insert into shop.sales (price) values (2);
            """
        )
        expected = look(connection, ["shop"])
        connection.execute(
            """
            drop view shop.dear;
            alter table shop.sales drop column twice;
            alter table shop.sales alter column price type numeric(12, 2);
            alter table shop.sales add column twice numeric generated always as (price * 2) stored;
            create index sales_twice_idx on shop.sales (twice);
            create view shop.dear as select twice from shop.sales where price > 10;
            """
        )

        said = dropped(connection, expected, ["shop"])

        [(twice,)] = connection.execute("select twice::text from shop.sales").fetchall()
    server.drop(url)
    assert said is None
    assert twice == "4.00"


def dropped(
    connection: Connection[tuple[object, ...]],
    expected: Catalog,
    schemas: Sequence[str] = FOREIGN,
) -> str | None:
    """What is left of a difference after its mends."""
    found = look(connection, schemas)
    told = differences(expected, found)
    mends = mend_all(told, expected, found)
    if not mends:
        return "not found"
    script = dict.fromkeys(one.sql for one in sorted(mends, key=lambda one: one.place))
    try:
        connection.execute("\n".join(script).encode())
    except psycopg.Error as error:
        return f"{error}: {script}"
    left = differences(expected, look(connection, schemas))
    return "\n".join(f"{one}" for one in left) or None
