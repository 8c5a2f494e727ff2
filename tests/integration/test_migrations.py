"""Migrations: once, one runner at a time, whole or not at all, and recorded where Supabase's tool looks."""

import asyncio
from typing import Any, LiteralString, cast

import psycopg
import pytest
from psycopg.rows import TupleRow

from briefsmith import errors
from briefsmith.postgres import migrate as migrating
from briefsmith.postgres.database import connect, open_database, prepare_database
from briefsmith.postgres.migrate import Applied, migrate, split_statements
from briefsmith.sql import Migration, migrations
from tests.conftest import Server
from tests.integration.lexical import fresh_index, fresh_signs, stored_index, stored_signs

OURS = tuple(migration.file_name for migration in migrations())


@pytest.fixture
def empty_url(server: Server) -> Any:
    """A database without any schema."""
    url = server.empty_database()
    yield url
    server.drop(url)


def _rows(url: str, statement: LiteralString, *params: object) -> list[TupleRow]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement, params)
        return cursor.fetchall() if cursor.description else []


def _objects(url: str) -> list[TupleRow]:
    """Everything that is not the server's own."""
    return _rows(
        url,
        """
        select 'class', oid::regclass::text from pg_class
        where relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
        union all
        select 'function', oid::regprocedure::text from pg_proc
        where pronamespace::regnamespace::text !~ '^(pg_|information_schema)'
        union all
        select 'schema', nspname from pg_namespace where nspname !~ '^pg_'
        union all
        select 'extension', extname from pg_extension
        order by 1, 2
        """,
    )


async def test_an_empty_database_gets_every_migration_in_order(empty_url: str) -> None:
    applied = await prepare_database(empty_url)

    assert applied == Applied(OURS, 0)
    assert list(OURS) == sorted(OURS)


async def test_a_second_run_does_nothing(empty_url: str) -> None:
    await prepare_database(empty_url)
    before = _objects(empty_url)

    again = await prepare_database(empty_url)

    assert again == Applied((), len(OURS))
    assert _objects(empty_url) == before
    assert len(_rows(empty_url, "select id from auth.users")) == 1


async def test_of_two_runners_one_applies_and_the_other_waits_and_finds_nothing(
    empty_url: str,
) -> None:
    results = await asyncio.gather(prepare_database(empty_url), prepare_database(empty_url))

    assert sorted(result.already for result in results) == [0, len(OURS)]
    assert {result.applied for result in results} == {OURS, ()}
    assert len(_rows(empty_url, "select id from auth.users")) == 1


async def test_a_runner_waits_as_long_as_another_holds_the_lock(empty_url: str) -> None:
    holder = await connect(empty_url)
    await holder.execute(migrating._LOCK.text)  # pyright: ignore[reportPrivateUsage]
    runner = asyncio.create_task(prepare_database(empty_url))
    waiting: LiteralString = "select from pg_locks where locktype = 'advisory' and not granted"
    while not await asyncio.to_thread(_count, empty_url, waiting):
        assert not runner.done()

    await holder.close()

    assert (await runner).applied == OURS


def _count(url: str, statement: LiteralString) -> int:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(statement).rowcount


# ---- what fails


_GOOD = Migration("20990101000000", "briefsmith_good", "create table public.good ();")
_BAD = Migration(
    "20990102000000",
    "briefsmith_bad",
    "create table public.half ();\ncreate table public.half_too ();\n-- why\nselect 1 / 0;\nselect 2;",
)


async def test_a_failing_migration_leaves_nothing_and_names_file_and_statement(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrating, "migrations", lambda: (*migrations(), _GOOD, _BAD))

    with pytest.raises(errors.MigrationFailed) as caught:
        await prepare_database(database_url)

    assert caught.value.code == "B805"
    assert "20990102000000_briefsmith_bad.sql" in caught.value.message
    assert "statement 3 (`select 1 / 0`)" in caught.value.message
    assert "division by zero" in caught.value.message
    assert caught.value.details["statement_number"] == 3
    names = [name for _, name in _objects(database_url)]
    assert "good" in names
    assert "half" not in names
    versions = _rows(
        database_url,
        "select version from supabase_migrations.schema_migrations order by version desc limit 1",
    )
    assert versions == [(_GOOD.version,)]


@pytest.mark.parametrize(
    ("state", "kind"), [("53100", errors.DiskFull), ("55P03", errors.DatabaseBusy)]
)
async def test_what_stops_a_migration_without_a_fault_of_its_own_is_told_as_it_is(
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    state: str,
    kind: type[errors.BriefsmithError],
) -> None:
    text = f"do $$ begin raise exception 'x' using errcode = '{state}'; end $$;"
    unlucky = Migration(_BAD.version, _BAD.name, cast("LiteralString", text))
    monkeypatch.setattr(migrating, "migrations", lambda: (*migrations(), unlucky))

    with pytest.raises(kind):
        await prepare_database(database_url)


async def test_the_first_migration_failing_halfway_leaves_an_empty_database(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    [first] = migrations()[:1]
    broken = Migration(first.version, first.name, f"{first.text}\nselect 1 / 0;")
    monkeypatch.setattr(migrating, "migrations", lambda: (broken,))
    before = set(_objects(empty_url))

    with pytest.raises(errors.MigrationFailed):
        await prepare_database(empty_url)

    added = {name for _, name in set(_objects(empty_url)) - before}
    assert all(name.startswith("supabase_migrations") for name in added), added


async def test_after_a_failure_the_next_run_goes_on_and_no_lock_is_left(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = await connect(empty_url)
    with monkeypatch.context() as patched:
        patched.setattr(migrating, "migrations", lambda: (_BAD,))
        with pytest.raises(errors.MigrationFailed):
            await migrate(connection)

    applied = await prepare_database(empty_url)

    assert applied.applied == OURS
    assert _count(empty_url, "select from pg_locks where locktype = 'advisory'") == 0
    await connection.close()


async def test_a_migration_that_cannot_run_in_a_transaction_says_so_and_runs_without(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (
        f"{migrating.NO_TRANSACTION}an index is built beside the writers\n"
        "create index concurrently good_idx on public.events (topic);"
    )
    apart = Migration("20990103000000", "briefsmith_apart", text)
    monkeypatch.setattr(migrating, "migrations", lambda: (*migrations(), apart))

    applied = await prepare_database(database_url)

    assert applied.applied == (apart.file_name,)
    assert ("class", "good_idx") in _objects(database_url)


# ---- beside other tools


async def test_each_migration_is_recorded_as_the_supabase_command_line_does(
    empty_url: str,
) -> None:
    await prepare_database(empty_url)

    rows = _rows(
        empty_url,
        "select version, name, statements from supabase_migrations.schema_migrations order by 1",
    )

    assert [(version, name) for version, name, _ in rows] == [
        (migration.version, migration.name) for migration in migrations()
    ]
    for (_, _, statements), migration in zip(rows, migrations(), strict=True):
        assert all(statement in migration.text for statement in statements)
        assert statements


# What the command line of Supabase makes before its first migration, column for column.
_TABLE_OF_THE_CLI = """
create schema supabase_migrations;
create table supabase_migrations.schema_migrations (version text not null primary key);
alter table supabase_migrations.schema_migrations add column if not exists statements text[];
alter table supabase_migrations.schema_migrations add column if not exists name text;
alter table supabase_migrations.schema_migrations add column if not exists created_by text;
alter table supabase_migrations.schema_migrations add column if not exists idempotency_key text unique;
"""


def _apply_as_the_cli(url: str) -> None:
    """Statement by statement through the extended protocol, one file in one pipeline, with its record."""
    record = "insert into supabase_migrations.schema_migrations (version, name, statements) values (%s, %s, %s)"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_TABLE_OF_THE_CLI)
        for migration in migrations():
            statements = list(split_statements(migration.text))
            with connection.pipeline():
                for statement in statements:
                    connection.execute(cast("LiteralString", statement))
                connection.execute(record, [migration.version, migration.name, statements])
        connection.execute("insert into auth.users (email) values ('ann@example.org')")


async def test_a_database_that_the_supabase_command_line_migrated_is_accepted(
    empty_url: str,
) -> None:
    _apply_as_the_cli(empty_url)

    applied = await prepare_database(empty_url)

    assert applied == Applied((), len(OURS))
    async with open_database(empty_url) as database, database.session() as session:
        assert session.actor.user_id == database.user_id
    with psycopg.connect(empty_url) as connection:
        assert connection.execute("show search_path").fetchone() == ('"$user", public',)


async def test_our_record_fits_the_table_of_the_supabase_command_line(empty_url: str) -> None:
    with psycopg.connect(empty_url) as connection:
        connection.execute(_TABLE_OF_THE_CLI)

    applied = await prepare_database(empty_url)

    assert applied.applied == OURS


@pytest.mark.parametrize(
    ("version", "name"),
    [("20200101000000", "create_profiles"), ("20990101000000", "later"), ("20210101000000", None)],
)
async def test_a_migration_of_the_user_s_own_disturbs_nothing(
    empty_url: str, version: str, name: str | None
) -> None:
    with psycopg.connect(empty_url) as connection:
        connection.execute(_TABLE_OF_THE_CLI)
        connection.execute(
            "insert into supabase_migrations.schema_migrations (version, name) values (%s, %s)",
            [version, name],
        )

    applied = await prepare_database(empty_url)

    assert applied.applied == OURS
    async with open_database(empty_url) as database, database.session() as session:
        assert session.actor.user_id == database.user_id


# ---- what does not fit is refused when it is opened


async def _refusal(url: str) -> errors.SchemaMismatch:
    with pytest.raises(errors.SchemaMismatch) as caught:
        async with open_database(url):
            pass
    return caught.value


async def test_a_database_without_our_schema_is_not_migrated(empty_url: str) -> None:
    refusal = await _refusal(empty_url)

    assert (type(refusal), refusal.code) == (errors.NotMigrated, "B803")
    assert "briefsmith init" in refusal.hint


async def test_a_database_with_the_user_s_own_migrations_only_is_not_migrated(
    empty_url: str,
) -> None:
    with psycopg.connect(empty_url) as connection:
        connection.execute(_TABLE_OF_THE_CLI)

    assert type(await _refusal(empty_url)) is errors.NotMigrated


async def test_a_database_that_lacks_a_migration_of_ours_is_not_migrated(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("briefsmith.postgres.database.migrations", lambda: (*migrations(), _GOOD))

    refusal = await _refusal(database_url)

    assert type(refusal) is errors.NotMigrated
    assert refusal.details["missing"] == [_GOOD.version]


@pytest.mark.parametrize("version", ["20261123000300", "20261124000000"])
async def test_blocks_of_an_older_store_are_in_the_index_that_is_made_anew(
    version: str, empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [one for one in migrations() if one.version < version]
    with monkeypatch.context() as patched:
        patched.setattr(migrating, "migrations", lambda: before)
        connection = await connect(empty_url)
        async with connection:
            await migrate(connection)
            await connection.execute("set search_path = public, extensions")
            await connection.execute(
                """
                with people as (
                  insert into auth.users (id) values (gen_random_uuid()), (gen_random_uuid())
                  returning id
                )
                insert into public.context_blocks
                  (user_id, label, content, meta_locale, meta_embedding, meta_embedding_model)
                select people.id, 'Oak ' || n, 'Brushes of Ölung getUserId' || n, case n when 3 then 'de' end,
                  array_fill(cos(n)::real, array[256])::vector, 'm'
                from people, generate_series(1, 80) as n
                """
            )
            await connection.execute("delete from public.context_blocks where label like '%7'")

    await prepare_database(empty_url)

    with psycopg.connect(empty_url) as looked_at:
        looked_at.execute("set search_path = public, extensions")
        assert len(stored_index(looked_at).documents) == 144
        assert stored_index(looked_at) == fresh_index(looked_at)
        assert stored_signs(looked_at) == fresh_signs(looked_at)


async def test_a_database_with_a_migration_of_ours_that_is_not_known_is_newer(
    database_url: str,
) -> None:
    _rows(
        database_url,
        "insert into supabase_migrations.schema_migrations (version, name) values (%s, %s)",
        _GOOD.version,
        _GOOD.name,
    )

    refusal = await _refusal(database_url)

    assert (type(refusal), refusal.code) == (errors.DatabaseIsNewer, "B804")
    assert _GOOD.version in refusal.message


async def test_a_database_whose_vector_was_dropped_is_told(empty_url: str) -> None:
    await prepare_database(empty_url)
    _rows(empty_url, "drop extension vector cascade")

    assert type(await _refusal(empty_url)) is errors.VectorMissing


async def test_a_legacy_database_is_refused_and_nothing_is_changed(empty_url: str) -> None:
    _rows(empty_url, "create table public.profile_core_data (id uuid)")
    before = _objects(empty_url)

    with pytest.raises(errors.SchemaMismatch) as caught:
        await prepare_database(empty_url)

    assert "legacy" in caught.value.message
    assert _objects(empty_url) == before
