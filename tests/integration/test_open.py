"""Opening a database: who it is for, and why one cannot be opened."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from briefsmith import errors
from briefsmith.operations.counts import count_blocks
from briefsmith.postgres.database import (
    Handshake,
    ServerFacts,
    _check_schema,  # pyright: ignore[reportPrivateUsage]
    conninfo_of,
    open_database,
    place_of,
    prepare_database,
    refusal,
)
from briefsmith.sql import migrations
from tests.conftest import Server
from tests.integration.stored import NO_ID, ask, everything, tell

PASSWORD = "s3cr$t&word"
QUOTED = "s3cr%24t%26word"


async def _opened(url: str, user: str | None = None) -> UUID:
    async with open_database(url, user=user, connections=1) as database:
        async with database.session(read_only=True) as session:
            await count_blocks(session, "any")
        return database.user_id


def _add_user(url: str, email: str | None) -> UUID:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "insert into auth.users (email) values (%s) returning id", (email,)
        ).fetchone()
    assert row is not None
    return row[0]


# Whose store it is


async def test_the_only_user_is_the_one(database_url: str) -> None:
    [(only,)] = ask(database_url, "select id from auth.users")

    assert await _opened(database_url) == only


async def test_one_of_several_is_found_by_id_and_by_e_mail(database_url: str) -> None:
    _add_user(database_url, None)
    ann = _add_user(database_url, "Ann@Example.com")

    for user in (str(ann), str(ann).upper(), "Ann@Example.com", "ann@example.com"):
        assert await _opened(database_url, user) == ann


async def test_several_users_and_none_named_is_refused(database_url: str) -> None:
    _add_user(database_url, "ann@example.com")

    with pytest.raises(errors.UnknownUser, match="several users") as caught:
        await _opened(database_url)

    assert "BRIEFSMITH_USER" in caught.value.hint
    assert "example.com" not in str(caught.value.as_dict())


@pytest.mark.parametrize(
    "user", ["nobody@example.com", str(NO_ID), "", "%", "_", "' or true --", "person"]
)
async def test_a_user_that_is_not_there_is_refused(user: str, database_url: str) -> None:
    with pytest.raises(errors.UnknownUser, match="no user") as caught:
        await _opened(database_url, user)

    assert caught.value.details == {"user": user}


async def test_an_address_of_two_users_is_refused(database_url: str) -> None:
    _add_user(database_url, "ann@example.com")
    _add_user(database_url, "ANN@example.com")

    with pytest.raises(errors.UnknownUser, match="several users") as caught:
        await _opened(database_url, "ann@example.com")

    assert "id" in caught.value.hint


async def test_a_database_without_any_user_is_refused(database_url: str) -> None:
    tell(database_url, "delete from auth.users")

    with pytest.raises(errors.UnknownUser, match="no user yet") as caught:
        await _opened(database_url)

    assert "init" in caught.value.hint


# What it holds


async def test_an_empty_database_is_not_migrated(server: Server) -> None:
    url = server.empty_database()

    with pytest.raises(errors.NotMigrated) as caught:
        await _opened(url)

    assert "init" in caught.value.hint
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "select count(*) from pg_class where relnamespace = 'public'::regnamespace"
        ).fetchone()
    assert found == (0,)
    server.drop(url)


async def test_a_database_that_lacks_a_migration_is_not_migrated(database_url: str) -> None:
    tell(database_url, "delete from supabase_migrations.schema_migrations")

    with pytest.raises(errors.NotMigrated) as caught:
        await _opened(database_url)

    assert caught.value.details["missing"] == [item.version for item in migrations()]


async def test_a_database_with_a_later_migration_is_newer(database_url: str) -> None:
    tell(
        database_url,
        "insert into supabase_migrations.schema_migrations (version, name)"
        " values ('29990101000000', 'briefsmith_future')",
    )

    with pytest.raises(errors.DatabaseIsNewer, match="29990101000000") as caught:
        await _opened(database_url)

    assert "pip install" in caught.value.hint


async def test_migrations_of_others_are_none_of_our_business(database_url: str) -> None:
    tell(
        database_url,
        "insert into supabase_migrations.schema_migrations (version, name)"
        " values ('29990101000000', 'add_shop'), ('29990101000001', 'briefsmithy'), ('3', null)",
    )

    await _opened(database_url)


async def test_a_database_without_the_extension_is_refused(database_url: str) -> None:
    tell(database_url, "drop extension vector cascade")

    with pytest.raises(errors.VectorMissing) as caught:
        await _opened(database_url)

    assert "schema verify --sql" in caught.value.hint
    assert "reembed" in caught.value.hint


@pytest.mark.parametrize(
    ("change", "lacking"),
    [
        (
            "alter table public.context_blocks rename column feedback_score to score",
            ["public.context_blocks.feedback_score"],
        ),
        (
            "drop table briefsmith.agent_jobs",
            [
                "briefsmith.agent_jobs.agent_session_id",
                "briefsmith.agent_jobs.created_at",
                "briefsmith.agent_jobs.job",
                "briefsmith.agent_jobs.user_id",
            ],
        ),
        (
            "drop view public.block_usage_summary",
            [
                "public.block_usage_summary.block_id",
                "public.block_usage_summary.distinct_tasks",
                "public.block_usage_summary.last_used_at",
                "public.block_usage_summary.total_usages",
            ],
        ),
    ],
)
async def test_a_database_that_has_lost_a_column_is_refused_before_anybody_meets_it(
    database_url: str, change: str, lacking: list[str]
) -> None:
    tell(database_url, change)

    with pytest.raises(errors.SchemaDrifted) as caught:
        await _opened(database_url)

    assert caught.value.details["lacking"] == lacking
    assert lacking[0] in caught.value.message
    assert "schema verify --sql" in caught.value.hint


async def test_columns_and_tables_of_others_do_not_keep_a_database_closed(
    database_url: str,
) -> None:
    tell(database_url, "alter table public.context_blocks add column mine text")
    tell(database_url, "create table public.theirs (id integer)")

    await _opened(database_url)


async def test_a_database_whose_tables_are_gone_gives_a_clear_error(database_url: str) -> None:
    tell(database_url, "drop schema auth cascade")

    with pytest.raises(errors.NotMigrated):
        await _opened(database_url)


HANDSHAKE = Handshake(
    server_version=150000,
    server_version_text="15.0",
    vector_version="0.8.0",
    migrations=[item.version for item in migrations()],
    users=[NO_ID],
    lacking=[],
)
FACTS = ServerFacts(
    server_version=170002,
    server_version_text="17.2",
    vector_version=None,
    vector_available=True,
    has_blocks=False,
    is_legacy=False,
    is_supabase=False,
    size_bytes=0,
)


def test_the_oldest_server_that_works_is_15() -> None:
    _check_schema(HANDSHAKE)

    with pytest.raises(errors.ServerTooOld, match=r"14\.20"):
        _check_schema(replace(HANDSHAKE, server_version=140020, server_version_text="14.20"))


@pytest.mark.parametrize(
    ("facts", "error"),
    [
        ({"server_version": 140000}, errors.ServerTooOld),
        ({"server_version": 140000, "vector_available": False}, errors.ServerTooOld),
        ({"vector_available": False}, errors.VectorMissing),
        ({}, errors.NotMigrated),
        ({"vector_version": "0.8", "vector_available": False}, errors.NotMigrated),
    ],
)
def test_a_server_without_our_schema_is_refused_for_its_first_fault(
    facts: dict[str, Any], error: type[errors.BriefsmithError]
) -> None:
    assert type(refusal(replace(FACTS, **facts))) is error


@pytest.mark.parametrize(
    ("version", "is_unsafe"),
    [
        (150008, True),
        (150009, False),
        (160004, True),
        (160005, False),
        (170000, True),
        (170001, False),
        (180000, False),
    ],
)
def test_a_server_with_unsafe_row_security_is_known(version: int, is_unsafe: bool) -> None:
    assert replace(FACTS, server_version=version).has_unsafe_row_security is is_unsafe


# Where it is


@pytest.mark.parametrize(
    "place",
    [
        "no-such-host.invalid/db",
        "127.0.0.1:1/db",
        "127.0.0.1:1,127.0.0.1:2/db",
        "%2Fno%2Fsuch%2Ffolder/db",
    ],
)
@pytest.mark.parametrize("work", [_opened, prepare_database])
async def test_a_database_that_is_not_there_is_named_without_its_password(
    work: Any, place: str
) -> None:
    with pytest.raises(errors.DatabaseUnreachable) as caught:
        await work(f"postgresql://ann:{QUOTED}@{place}")

    said = str(caught.value.as_dict())
    assert PASSWORD not in said
    assert QUOTED not in said
    assert "'db'" in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.retryable


async def test_a_login_or_database_that_does_not_exist_is_unreachable(server: Server) -> None:
    for wrong in ({"dbname": "nosuch"}, {"user": "nosuch"}):
        url = make_conninfo(server.url, password=PASSWORD, **wrong)
        with pytest.raises(errors.DatabaseUnreachable, match="nosuch") as caught:
            await _opened(url)
        assert PASSWORD not in str(caught.value.as_dict())


@pytest.mark.parametrize(
    "url",
    [
        "no address",
        f"mysql://ann:{QUOTED}@host/db",
        f"postgresql://ann:{QUOTED}@host:1:2/db",
        f"postgresql://ann:{QUOTED}@host:0/db",
        f"postgresql://ann:{QUOTED}@host:99999/db",
        f"postgresql://ann:{QUOTED}@host:5432,host:\u0665/db",
        f"postgresql://ann:{QUOTED}@host/db?colour=red",
        f"postgresql://ann:{QUOTED}@host/\udce9",
        "postgresql://ann:%zz@host/db",
    ],
)
async def test_what_is_no_address_is_an_invalid_setting_and_not_repeated(url: str) -> None:
    with pytest.raises(errors.InvalidSetting, match="address") as caught:
        await _opened(url)

    assert QUOTED not in str(caught.value.as_dict())
    assert "postgresql://" in caught.value.hint


@pytest.mark.parametrize(
    ("given", "understood"),
    [
        ("?pgbouncer=true", {}),
        ("?pgbouncer=true&connection_limit=1", {}),
        ("?sslmode=require&pgbouncer=true", {"sslmode": "require"}),
        ("?pgbouncer=true&sslmode=require", {"sslmode": "require"}),
        ("?connection_limit=1&sslmode=require&supa=base-pooler.x", {"sslmode": "require"}),
        ("?connect_timeout=3", {"connect_timeout": "3"}),
    ],
)
def test_what_is_meant_for_other_clients_is_passed_over(
    given: str, understood: dict[str, str]
) -> None:
    found = conninfo_to_dict(conninfo_of(f"postgresql://ann:{QUOTED}@host:6543/db{given}"))

    assert {key: found.get(key) for key in ("host", "port", "dbname", "password")} == {
        "host": "host",
        "port": "6543",
        "dbname": "db",
        "password": PASSWORD,
    }
    assert understood.items() <= found.items()


_words = st.from_regex(r"[a-z][a-z0-9]{0,20}", fullmatch=True)


@given(_words, _words, st.text("abc123!$&+'=", min_size=8, max_size=12))
def test_the_place_of_a_database_holds_neither_login_nor_password(
    host: str, name: str, password: str
) -> None:
    url = make_conninfo(host=host, dbname=name, user="loginname", password=f"Pass{password}")

    place = place_of(url)

    assert (host in place, name in place) == (True, True)
    assert "loginname" not in place
    assert "Pass" not in place


# While it is open


async def test_sessions_wait_for_a_connection_and_then_say_that_all_are_busy(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_database(database_url, connections=1) as database:
        pool = database._pool  # pyright: ignore[reportPrivateUsage]
        monkeypatch.setattr(pool, "timeout", 0.2)
        async with database.session(read_only=True):
            with pytest.raises(errors.DatabaseBusy):
                async with database.session(read_only=True):
                    pass
        async with database.session(read_only=True) as session:
            await count_blocks(session, "any")


async def test_a_connection_that_breaks_is_a_clear_error_and_the_next_session_works(
    database_url: str,
) -> None:
    async with open_database(database_url, connections=1) as database:
        with pytest.raises(errors.DatabaseUnreachable):
            async with database.session() as session:
                await asyncio.to_thread(
                    ask,
                    database_url,
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where datname = current_database() and application_name = 'briefsmith'",
                )
                await count_blocks(session, "any")

        async with database.session() as session:
            assert (await count_blocks(session, "any")).blocks == 0


async def test_opening_changes_nothing(database_url: str) -> None:
    before = everything(database_url)

    await _opened(database_url)

    assert everything(database_url) == before
