"""Nobody sees or changes what is another's: the matrix of tables, commands and roles, from the catalog."""

import json
from collections.abc import Generator
from typing import Any, LiteralString
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from tests.conftest import Server
from tests.contract import catalog as read
from tests.integration.rows import SHARED, identifier
from tests.integration.town import Town, settle

# A trigger writes these rows; a block id of another in one of them shows nothing and finds nothing.
WITHOUT_A_CHECK = {("briefsmith.search_documents", "block_id")}


@pytest.fixture(scope="module")
def _town_url(any_server: Server) -> Generator[str]:
    url = any_server.migrated_database()
    yield url
    any_server.drop(url)


@pytest.fixture
def town(_town_url: str) -> Generator[Town]:
    """Two people in one database, on each version; rolled back."""
    with psycopg.connect(_town_url) as connection:
        connection.execute("set search_path = public, extensions")
        yield settle(connection)
        connection.rollback()


def test_each_of_the_two_has_a_row_in_every_table(town: Town) -> None:
    assert {table: len(rows) > 0 for table, rows in town.everything(town.ann).items()} == (
        dict.fromkeys(town.tables, True)
    )
    assert {table: len(rows) > 0 for table, rows in town.everything(town.bob).items()} == (
        dict.fromkeys(town.tables, True)
    )
    assert len(town.tables) >= 17


def test_a_person_reads_the_own_rows_of_every_table_and_no_other(town: Town) -> None:
    own = {table: len(rows) for table, rows in town.everything(town.bob).items()}

    with town.acting(town.bob):
        seen = {table: town.count(table) for table in town.tables}

    assert seen == own


def test_whoever_is_signed_in_without_a_name_reads_nothing(town: Town) -> None:
    with town.acting(None):
        seen = {table: town.count(table) for table in town.tables}

    assert seen == dict.fromkeys(town.tables, 0)


def test_an_update_of_every_row_changes_the_own_ones_alone(town: Town) -> None:
    for table in town.tables:
        column = sql.Identifier(town.catalog.columns[table][-1].name)
        statement = sql.SQL("update {} set {} = {}").format(identifier(table), column, column)
        before = town.rows(table, town.ann)
        own = len(town.rows(table, town.bob))
        may = town.grants(table, "update")

        with town.acting(town.bob):
            if may:
                assert town.connection.execute(statement).rowcount == own, table
            else:
                with town.refused():
                    town.connection.execute(statement)

        assert town.rows(table, town.ann) == before, table


def test_an_update_that_names_rows_of_another_touches_none(town: Town) -> None:
    for table in town.tables:
        if not town.grants(table, "update"):
            continue
        column = sql.Identifier(town.catalog.columns[table][-1].name)
        statement = sql.SQL("update {} set {} = {} where {}").format(
            identifier(table), column, column, town.catalog.condition(table, town.ann)
        )

        with town.acting(town.bob):
            touched = town.connection.execute(statement).rowcount

        assert touched == 0, table


def test_a_deletion_of_every_row_leaves_those_of_the_other(town: Town) -> None:
    everything = town.everything(town.ann)

    for table in town.tables:
        own = len(town.rows(table, town.bob))
        may = town.grants(table, "delete")
        statement = sql.SQL("delete from {}").format(identifier(table))
        with town.connection.transaction(force_rollback=True), town.acting(town.bob):
            if may:
                assert town.connection.execute(statement).rowcount == own, table
            else:
                with town.refused():
                    town.connection.execute(statement)
            town.connection.execute("select set_config('role', 'none', true)")
            assert town.everything(town.ann) == everything, table


def _copy_of_a_row(town: Town, table: str, user: UUID) -> dict[str, Any]:
    """A user's row under a new key, as a copy of it would be inserted."""
    row: dict[str, Any] = json.loads(town.rows(table, user)[0])
    for column in town.catalog.columns[table]:
        is_key = column.name in town.catalog.primary_keys[table]
        if column.is_identity or (is_key and column.plain_type == "uuid" and column.default):
            del row[column.name]
        elif (is_key and column.plain_type == "text") or column.name in {"label", "key_sha256"}:
            row[column.name] += " (copy)"
    return row


def _insert_row(town: Town, table: str, row: dict[str, Any]) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, row))
    statement = sql.SQL(
        "insert into {table} ({names}) select {names} from jsonb_populate_record({null}, %s)"
    )
    null = sql.SQL("null::{}").format(identifier(table))
    town.connection.execute(
        statement.format(table=identifier(table), names=names, null=null), [json.dumps(row)]
    )


def test_a_row_under_the_name_of_another_is_refused(town: Town) -> None:
    for table in town.tables:
        row = _copy_of_a_row(town, table, town.ann)

        with town.acting(town.bob), town.refused():
            _insert_row(town, table, row)


def test_a_row_that_hangs_on_a_row_of_another_is_refused(town: Town) -> None:
    tried: set[str] = set()
    for table in town.tables:
        for column, target in town.catalog.owning_columns(table).items():
            row = _copy_of_a_row(town, table, town.bob)
            row[column] = str(town.id_of(target, town.ann))
            if (table, column) in WITHOUT_A_CHECK:
                continue
            tried.add(f"{table}.{column}")

            with town.acting(town.bob), town.refused():
                _insert_row(town, table, row)

    assert len(tried) >= 25


def test_a_copy_of_the_own_row_goes_in_so_the_refusals_mean_something(town: Town) -> None:
    unique = {
        "public.block_revisions": "version",
        "public.block_brief_link": "transformation",
        "briefsmith.block_surroundings": "block_id",
        "briefsmith.block_parts": "place",
    }
    other = {"block_id": str(UUID(int=7))}
    for table in town.tables:
        if not town.grants(table, "insert") or table == "briefsmith.search_documents":
            continue
        row = _copy_of_a_row(town, table, town.bob)
        if table in unique:
            row[unique[table]] = other.get(unique[table], 7)
        before = len(town.rows(table, town.bob))
        is_pair = set(town.catalog.primary_keys[table]) <= town.catalog.references[table].keys()

        with town.acting(town.bob):
            if is_pair:  # There is one row for each pair, so it makes room for its copy.
                town.connection.execute(sql.SQL("delete from {}").format(identifier(table)))
            _insert_row(town, table, row)

        assert len(town.rows(table, town.bob)) == (1 if is_pair else before + 1), table


def test_an_own_row_cannot_be_moved_to_another(town: Town) -> None:
    moved: set[str] = set()
    for table in town.tables:
        for column, target in town.catalog.owning_columns(table).items():
            statement = sql.SQL("update {} set {} = {}").format(
                identifier(table),
                sql.Identifier(column),
                sql.Literal(town.id_of(target, town.ann)),
            )
            moved.add(f"{table}.{column}")

            with town.acting(town.bob), town.refused():
                town.connection.execute(statement)

    assert len(moved) >= 25


def test_what_is_shared_is_read_by_all_who_are_signed_in_and_written_by_none(town: Town) -> None:
    for table in SHARED:
        column = sql.Identifier(town.catalog.columns[table][1].name)
        row = _copy_of_a_row_of_all(town, table)
        name = identifier(table)

        with town.acting(town.bob):
            assert town.count(table) > 0
            with town.refused():
                _insert_row(town, table, row)
            with town.refused():
                statement = sql.SQL("update {} set {} = {}")
                town.connection.execute(statement.format(name, column, column))
            with town.refused():
                town.connection.execute(sql.SQL("delete from {}").format(name))


def _copy_of_a_row_of_all(town: Town, table: str) -> dict[str, Any]:
    statement = sql.SQL("select to_jsonb(r) - 'id' from {} as r").format(identifier(table))
    found = town.connection.execute(statement).fetchone()
    assert found is not None
    return found[0]


@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_no_table_can_be_emptied_by_truncate(role: str, town: Town) -> None:
    for table in [*town.tables, *SHARED]:
        with town.acting(town.bob, role), town.refused():
            town.connection.execute(sql.SQL("truncate {} cascade").format(identifier(table)))


def test_anon_can_do_nothing_to_any_table(town: Town) -> None:
    for table in [*town.tables, *SHARED]:
        name = identifier(table)
        column = sql.Identifier(town.catalog.columns[table][-1].name)
        for statement in (
            sql.SQL("select from {}").format(name),
            sql.SQL("insert into {} default values").format(name),
            sql.SQL("update {} set {} = {}").format(name, column, column),
            sql.SQL("delete from {}").format(name),
        ):
            with town.acting(town.bob, "anon"), town.refused():
                town.connection.execute(statement)


@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_no_sequence_can_be_read_or_turned(role: str, town: Town) -> None:
    found = town.connection.execute(
        """
        select format('%%s.%%s', namespace.nspname, class.relname)
        from pg_class as class
        join pg_namespace as namespace on namespace.oid = class.relnamespace
        where class.relkind = 'S' and namespace.nspname = any (%s)
        """,
        [read.OUR_SCHEMAS],
    ).fetchall()

    for (sequence,) in found:
        for statement in ("select nextval({0})", "select setval({0}, 1)"):
            with town.acting(town.bob, role), town.refused():
                town.connection.execute(sql.SQL(statement).format(sql.Literal(sequence)))
        with town.acting(town.bob, role), town.refused():
            town.connection.execute(sql.SQL("select * from {}").format(identifier(sequence)))
    assert len(found) >= 4


def _functions(town: Town) -> list[tuple[str, str]]:
    return town.connection.execute(
        """
        select procedure.oid::regprocedure::text, procedure.prorettype::regtype::text
        from pg_proc as procedure
        join pg_namespace as namespace on namespace.oid = procedure.pronamespace
        where namespace.nspname = any (%s)
          and not exists (
            select from pg_depend
            where objid = procedure.oid and deptype = 'e' and classid = 'pg_proc'::regclass
          )
        """,
        [read.OUR_SCHEMAS],
    ).fetchall()


def test_anon_and_the_public_can_run_no_function(town: Town) -> None:
    functions = [name for name, _ in _functions(town)]

    allowed = [
        (role, name)
        for role in ("anon", "public")
        for name in functions
        if _scalar(town, "select has_function_privilege(%s, %s, 'execute')", role, name)
    ]

    assert allowed == []
    assert len(functions) >= 7


def _scalar(town: Town, statement: LiteralString, *params: object) -> Any:
    found = town.connection.execute(statement, params).fetchone()
    assert found is not None
    return found[0]


def test_no_function_of_ours_answers_about_the_block_of_another(town: Town) -> None:
    block = town.id_of("public.context_blocks", town.ann)

    with town.acting(town.bob):
        told = _scalar(town, "select briefsmith.owns_block(%s)", block)
    with town.acting(town.ann):
        owned = _scalar(town, "select briefsmith.owns_block(%s)", block)

    assert (told, owned) == (False, True)


def _views(town: Town) -> list[str]:
    return sorted({column.table for column in read.columns(town.connection, kinds="v")})


def test_a_view_shows_what_it_would_show_if_the_other_were_not_there(town: Town) -> None:
    def seen() -> dict[str, list[str]]:
        with town.acting(town.bob):
            return {
                view: [
                    row[0]
                    for row in town.connection.execute(
                        sql.SQL("select to_jsonb(v)::text from {} as v order by 1").format(
                            sql.Identifier("public", view)
                        )
                    ).fetchall()
                ]
                for view in _views(town)
            }

    together = seen()
    town.connection.execute("delete from auth.users where id <> %s", [town.bob])

    assert seen() == together
    assert all(together.values()), "a view that shows nothing hides nothing"


def test_anon_reads_no_view(town: Town) -> None:
    views = _views(town)
    for view in views:
        with town.acting(town.bob, "anon"), town.refused():
            town.connection.execute(
                sql.SQL("select from {}").format(sql.Identifier("public", view))
            )
    assert len(views) == 4


def test_accounts_are_no_business_of_those_who_are_signed_in(town: Town) -> None:
    for statement in ("select from auth.users", "delete from auth.users"):
        with town.acting(town.bob), town.refused():
            town.connection.execute(statement)
