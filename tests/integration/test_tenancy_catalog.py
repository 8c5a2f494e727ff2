"""Policies, grants and indexes as the catalog has them."""

import re
from collections.abc import Generator
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from tests.conftest import Server
from tests.contract import catalog as read
from tests.integration.grants import grants_of, policies_of
from tests.integration.rows import SHARED


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


def test_row_security_is_on_and_forced_for_every_table(plain: Connection[Any]) -> None:
    rows = plain.execute(
        """
        select format('%%s.%%s', relnamespace::regnamespace, relname),
          relrowsecurity and relforcerowsecurity
        from pg_class where relkind in ('r', 'p') and relnamespace::regnamespace::text = any (%s)
        """,
        [read.OUR_SCHEMAS],
    ).fetchall()

    assert dict(rows) == dict.fromkeys(read.tables(plain), True)


def test_a_policy_names_one_command_and_the_one_role_that_it_is_for(
    plain: Connection[Any],
) -> None:
    policies = policies_of(plain)

    assert {policy.command for policy in policies} == {"select", "insert", "update", "delete"}
    assert {tuple(policy.roles) for policy in policies} == {("authenticated",)}
    assert {policy.permissive for policy in policies} == {"PERMISSIVE"}


def test_a_policy_checks_what_is_written_and_limits_what_is_read(plain: Connection[Any]) -> None:
    parts = {
        "select": (True, False),
        "insert": (False, True),
        "update": (True, True),
        "delete": (True, False),
    }

    for policy in policies_of(plain):
        found = (policy.using is not None, policy.check is not None)
        assert found == parts[policy.command], policy.name


def test_every_command_that_is_granted_has_one_policy_and_no_other_has(
    plain: Connection[Any],
) -> None:
    granted = {
        (name.removeprefix("r "), privilege)
        for (name, grantee), privileges in grants_of(plain).items()
        if grantee == "authenticated" and name.startswith("r ")
        for privilege in privileges
    }

    policies = [(policy.table, policy.command) for policy in policies_of(plain)]

    assert sorted(policies) == sorted(granted)


def test_the_claim_is_wrapped_so_that_it_is_read_once_a_statement(plain: Connection[Any]) -> None:
    wrapped = re.compile(r"\( SELECT auth\.uid\(\) AS uid\)")
    for policy in policies_of(plain):
        text = f"{policy.using} {policy.check}"
        if policy.table in SHARED:
            assert policy.using == "true"
            continue
        assert "uid()" not in wrapped.sub("", text), policy.name
        assert "current_setting" not in text, policy.name
        assert wrapped.search(text), policy.name


def test_every_foreign_key_has_an_index_that_starts_with_it(plain: Connection[Any]) -> None:
    keys = read.foreign_keys(plain)

    assert [key.name for key in keys if not key.is_indexed] == []
    assert len(keys) >= 25


def test_a_unique_key_tells_nothing_about_another_tenant(plain: Connection[Any]) -> None:
    """It holds the owner, or what only an owner has: an id that the database made."""
    rows = plain.execute(
        """
        select
          indexrelid::regclass::text,
          array(
            select attname::text from pg_attribute
            where attrelid = indrelid and attnum = any (indkey::smallint[])
          )
        from pg_index
        join pg_class as class on class.oid = indrelid
        where indisunique and class.relnamespace::regnamespace::text = any (%s)
        """,
        [read.OUR_SCHEMAS],
    ).fetchall()

    by_others = [
        name
        for name, columns in rows
        if "user_id" not in columns
        and not {"id", "document_no"} & set(columns)
        and not columns[0].endswith("_id")
        and not any(column.endswith("_id") for column in columns)
    ]
    assert by_others == ["task_brief_types_title_key"]


def test_public_and_anon_have_nothing(plain: Connection[Any]) -> None:
    assert [key for key in grants_of(plain) if key[1] in {"PUBLIC", "anon"}] == []


def test_nobody_but_the_owner_may_truncate_or_hang_triggers_and_keys_on_a_table(
    plain: Connection[Any],
) -> None:
    rows = {"select", "insert", "update", "delete"}

    more = {
        key: sorted(set(privileges) - rows)
        for key, privileges in grants_of(plain).items()
        if key[0][0] in "rpvm" and set(privileges) - rows
    }

    assert more == {}


def test_views_are_read_and_nothing_else(plain: Connection[Any]) -> None:
    views = {
        key[1]: privileges
        for key, privileges in grants_of(plain).items()
        if key[0].startswith("v ")
    }

    assert views == {"authenticated": ["select"], "service_role": ["select"]}


def test_functions_run_with_a_search_path_of_their_own(plain: Connection[Any]) -> None:
    loose = plain.execute(
        """
        select procedure.oid::regprocedure::text
        from pg_proc as procedure
        where procedure.pronamespace::regnamespace::text in ('public', 'briefsmith', 'auth')
          and not coalesce('search_path=""' = any (procedure.proconfig), false)
        """
    ).fetchall()

    assert loose == []


def test_only_one_function_runs_as_its_owner_and_nobody_may_call_it(
    plain: Connection[Any],
) -> None:
    definers = plain.execute(
        """
        select procedure.oid::regprocedure::text, procedure.proacl::text
        from pg_proc as procedure
        where procedure.prosecdef
          and procedure.pronamespace::regnamespace::text in ('public', 'briefsmith', 'auth')
        """
    ).fetchall()

    assert definers == [
        ("briefsmith.forget_words()", "{postgres=X/postgres}"),
    ]
