"""Where the database is not ours alone: on Supabase, and on a hosted server without a superuser."""

import asyncio
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import Connection, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from briefsmith.postgres.database import open_database, prepare_database
from tests.conftest import Server
from tests.integration.grants import grants_of, policies_of
from tests.integration.rows import SHARED, Catalog
from tests.integration.town import settle

SQL = Path(__file__).parent / "supabase.sql"


@pytest.fixture(scope="module")
def _plain_url(any_server: Server) -> Generator[str]:
    url = any_server.migrated_database()
    yield url
    any_server.drop(url)


@pytest.fixture
def plain(_plain_url: str) -> Generator[Connection[Any]]:
    with psycopg.connect(_plain_url) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def generous(any_server: Server) -> Generator[str]:
    """Migrated where everything new in public is granted to everybody, as on Supabase."""
    url = any_server.empty_database()
    with psycopg.connect(url, autocommit=True) as connection:
        _make_roles(connection)
        for kind in ("tables", "functions", "sequences"):
            connection.execute(
                sql.SQL(
                    "alter default privileges in schema public grant all on {} "
                    "to anon, authenticated, service_role"
                ).format(sql.SQL(kind))
            )
    asyncio.run(prepare_database(url))
    yield url
    any_server.drop(url)


def _make_roles(connection: Connection[Any]) -> None:
    for name in ("anon", "authenticated", "service_role"):
        found = connection.execute("select from pg_roles where rolname = %s", [name])
        if found.rowcount == 0:
            connection.execute(sql.SQL("create role {} nologin").format(sql.Identifier(name)))


def test_generous_default_privileges_leave_no_trace(generous: str, plain: Connection[Any]) -> None:
    with psycopg.connect(generous) as connection:
        assert grants_of(connection) == grants_of(plain)
        assert policies_of(connection) == policies_of(plain)


@dataclass(frozen=True, slots=True)
class Supabase:
    """A database made like one of Supabase.

    Attributes:
        url: As its superuser, whom customers do not have.
        customer_url: As the customer's `postgres`, which is no superuser and passes row security by.
        keeper: Role that owns the accounts.
    """

    url: str
    customer_url: str
    keeper: str


@pytest.fixture
def supabase(any_server: Server) -> Generator[Supabase]:
    url = any_server.empty_database()
    name = str(conninfo_to_dict(url)["dbname"])
    customer, keeper = f"{name}_postgres", f"{name}_auth_admin"
    with psycopg.connect(url, autocommit=True) as connection:
        _make_roles(connection)
        for statement in SQL.read_text(encoding="utf-8").split(";\n"):
            connection.execute(
                sql.SQL(statement).format(  # pyright: ignore[reportArgumentType]  a file beside this one
                    database=sql.Identifier(name),
                    postgres=sql.Identifier(customer),
                    auth_admin=sql.Identifier(keeper),
                )
            )
    yield Supabase(url, make_conninfo(url, user=customer), keeper)
    any_server.drop(url)
    with psycopg.connect(any_server.url, autocommit=True) as connection:
        for role in (customer, keeper):
            connection.execute(sql.SQL("drop role {}").format(sql.Identifier(role)))


def _auth(url: str) -> list[tuple[Any, ...]]:
    """Everything in the schema auth, with its owners and grants."""
    with psycopg.connect(url) as connection:
        return connection.execute(
            """
            select 'column', attrelid::regclass::text, attname::text, atttypid::regtype::text
            from pg_attribute join pg_class as class on class.oid = attrelid
            where class.relnamespace = 'auth'::regnamespace and attnum > 0
            union all
            select
              'class', relname, relacl::text, format('%s %s', relowner::regrole, relrowsecurity)
            from pg_class where relnamespace = 'auth'::regnamespace
            union all
            select 'function', proname, proacl::text, format('%s %s', proowner::regrole, prosrc)
            from pg_proc where pronamespace = 'auth'::regnamespace
            union all
            select 'schema', nspname, nspacl::text, nspowner::regrole::text
            from pg_namespace where nspname = 'auth'
            union all
            select 'policy', polname, polrelid::regclass::text, ''
            from pg_policy where polrelid = 'auth.users'::regclass
            union all
            select 'trigger', tgname, tgrelid::regclass::text, ''
            from pg_trigger where tgrelid = 'auth.users'::regclass and not tgisinternal
            order by 1, 2, 3, 4
            """
        ).fetchall()


def test_on_supabase_the_migration_works_and_leaves_auth_alone(supabase: Supabase) -> None:
    before = _auth(supabase.url)

    applied = asyncio.run(prepare_database(supabase.customer_url))

    assert len(applied.applied) > 0
    assert _auth(supabase.url) == before
    with psycopg.connect(supabase.url) as connection:
        assert connection.execute("select from auth.users").rowcount == 0


def test_on_supabase_grants_and_policies_are_the_same(
    supabase: Supabase, plain: Connection[Any]
) -> None:
    asyncio.run(prepare_database(supabase.customer_url))

    with psycopg.connect(supabase.url) as connection:
        assert grants_of(connection) == grants_of(plain)
        assert policies_of(connection) == policies_of(plain)


def _accounts(url: str) -> Iterator[UUID]:
    with psycopg.connect(url) as connection:
        for email in ("ann@example.org", "bob@example.org"):
            row = connection.execute(
                "insert into auth.users (id, email) values (gen_random_uuid(), %s) returning id",
                [email],
            ).fetchone()
            assert row is not None
            yield row[0]


async def test_on_supabase_a_person_is_found_and_acts_as_authenticated(
    supabase: Supabase,
) -> None:
    await prepare_database(supabase.customer_url)
    ann, _ = _accounts(supabase.url)

    async with open_database(supabase.customer_url, user="ann@example.org") as database:
        assert database.user_id == ann
        async with database.session() as session:
            assert session.actor.user_id == ann


def test_on_supabase_an_account_goes_with_all_that_is_its_own(supabase: Supabase) -> None:
    """Its keeper deletes it, a role that has no rights on our tables."""
    asyncio.run(prepare_database(supabase.customer_url))
    with psycopg.connect(supabase.url) as connection:
        connection.execute("set search_path = public, extensions")
        town = settle(connection)
        kept = town.everything(town.ann)

        connection.execute(sql.SQL("set local role {}").format(sql.Identifier(supabase.keeper)))
        connection.execute("delete from auth.users where id = %s", [town.bob])
        connection.execute("reset role")

        assert town.everything(town.ann) == kept
        assert town.everything(town.bob) == town.nothing


def test_on_supabase_a_purge_takes_every_word_even_where_accounts_may_be_read(
    supabase: Supabase,
) -> None:
    asyncio.run(prepare_database(supabase.customer_url))
    with psycopg.connect(supabase.url) as connection:
        connection.execute("grant select on auth.users to authenticated")
        connection.execute("set search_path = public, extensions")
        town = settle(connection)

        with town.acting(town.bob):
            connection.execute("delete from public.context_blocks")

        assert town.rows("briefsmith.search_documents", town.bob) == []
        assert len(town.rows("briefsmith.search_documents", town.ann)) == 1


# ---- a plain server whose login is no superuser, as a hosted one gives


@pytest.fixture
def hosted_url(any_server: Server) -> Generator[str]:
    """A database whose owner may create roles and is not above row security."""
    url = any_server.empty_database()
    name = str(conninfo_to_dict(url)["dbname"])
    owner = sql.Identifier(f"{name}_owner")
    with psycopg.connect(url, autocommit=True) as connection:
        _make_roles(connection)
        connection.execute(sql.SQL("create role {} login createrole").format(owner))
        connection.execute(
            sql.SQL("alter database {} owner to {}").format(sql.Identifier(name), owner)
        )
        # Roles that an earlier migration of the cluster made: their admin is this login.
        connection.execute(
            sql.SQL("grant anon, authenticated, service_role to {} with admin option").format(owner)
        )
        if connection.info.server_version >= 160000:
            connection.execute(
                sql.SQL(
                    "grant authenticated to {} with admin true, inherit false, set false"
                ).format(owner)
            )
        connection.execute("create schema extensions")
        connection.execute("grant usage on schema extensions to public")
        connection.execute("create extension vector with schema extensions")
    yield make_conninfo(url, user=f"{name}_owner")
    any_server.drop(url)
    with psycopg.connect(any_server.url, autocommit=True) as connection:
        connection.execute(sql.SQL("drop role {}").format(owner))


async def test_a_login_that_is_no_superuser_can_migrate_and_work(hosted_url: str) -> None:
    await prepare_database(hosted_url)

    async with open_database(hosted_url) as database, database.session() as session:
        assert session.actor.user_id == database.user_id


def test_an_account_goes_with_all_that_is_its_own(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("set search_path = public, extensions")
        town = settle(connection)
        kept = town.everything(town.ann)

        connection.execute("delete from auth.users where id = %s", [town.bob])

        assert town.everything(town.ann) == kept
        assert town.everything(town.bob) == town.nothing


def test_an_account_goes_whole_where_the_owner_is_not_above_row_security(hosted_url: str) -> None:
    asyncio.run(prepare_database(hosted_url))
    with psycopg.connect(hosted_url) as connection:
        row = connection.execute("select id from auth.users").fetchone()
        assert row is not None
        connection.execute("set search_path = public, extensions")
        connection.execute(
            "select set_config('request.jwt.claims', jsonb_build_object('sub', %s::uuid)::text, true)",
            row,
        )
        connection.execute("set local role authenticated")
        connection.execute(
            "insert into public.context_blocks (user_id, label, content) values (%s, 'a', 'wombat')",
            row,
        )
        connection.execute("reset role")
        connection.execute("select set_config('request.jwt.claims', '', true)")
        connection.execute("delete from auth.users")
        connection.commit()
    superuser = make_conninfo(hosted_url, user="postgres")
    with psycopg.connect(superuser) as connection:
        connection.execute("set search_path = public, extensions")
        for table in set(Catalog(connection).ordered()) - SHARED:
            left = connection.execute(
                sql.SQL("select from {}").format(sql.Identifier(*table.split(".")))
            )
            assert left.rowcount == 0, table
