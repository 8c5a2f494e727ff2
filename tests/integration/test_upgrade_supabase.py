"""The upgrade where the database is not ours alone: as a login without superuser, on Supabase."""

import asyncio
import random
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from briefsmith import errors
from briefsmith.operations.schema_upgrade import finish_upgrade, plan_upgrade
from briefsmith.postgres.database import prepare_database
from tests.conftest import Server
from tests.integration.grants import grants_of, policies_of
from tests.integration.legacy import create_legacy, random_content, rows_as_text, store
from tests.integration.test_tenancy_supabase import (
    Supabase,
    supabase,  # noqa: F401  # pyright: ignore[reportUnusedImport]  a fixture
)
from tests.integration.test_upgrade_random import account_for
from tests.integration.upgraded import facts, run, undo

SCHEMAS = ("public", "briefsmith", "briefsmith_staging", "briefsmith_legacy", "auth", "extensions")


def test_on_supabase_the_upgrade_works_and_leaves_the_rights_of_a_fresh_install(
    supabase: Supabase,  # noqa: F811
    any_server: Server,
    tmp_path: Path,
) -> None:
    content = random_content(random.Random(11))  # noqa: S311  no secret
    with psycopg.connect(supabase.customer_url) as connection:
        create_legacy(connection, bare=True)
        store(connection, content)
    rows, catalog = rows_as_text(supabase.url), facts(supabase.url, *SCHEMAS)
    archive = tmp_path / "old.jsonl"

    foreseen = asyncio.run(plan_upgrade(supabase.customer_url))
    done = asyncio.run(run(supabase.customer_url, archive))

    assert foreseen.outcome.made == done.made
    account_for(supabase.url, content, archive)
    fresh = any_server.migrated_database()
    with psycopg.connect(supabase.url) as ours, psycopg.connect(fresh) as theirs:
        # A function of the person's own is left alone.
        granted = {
            name: rights for name, rights in grants_of(ours).items() if "touch" not in name[0]
        }
        assert granted == grants_of(theirs)
        assert policies_of(ours) == policies_of(theirs)
    any_server.drop(fresh)

    asyncio.run(undo(supabase.customer_url))
    assert (rows_as_text(supabase.url), facts(supabase.url, *SCHEMAS)) == (rows, catalog)

    asyncio.run(run(supabase.customer_url, tmp_path / "second.jsonl"))
    asyncio.run(finish_upgrade(supabase.customer_url))
    assert asyncio.run(prepare_database(supabase.customer_url)).applied == ()


def test_a_login_that_does_not_see_all_rows_is_refused(
    supabase: Supabase,  # noqa: F811
    any_server: Server,
    tmp_path: Path,
) -> None:
    name = str(conninfo_to_dict(supabase.url)["dbname"]) + "_small"
    with psycopg.connect(supabase.url) as connection:
        create_legacy(connection, bare=True)
        connection.execute(sql.SQL("create role {} login").format(sql.Identifier(name)))

    with pytest.raises(errors.UpgradeRefused, match="does not see") as caught:
        asyncio.run(run(make_conninfo(supabase.url, user=name), tmp_path / "old.jsonl"))

    assert "bypasses" in caught.value.hint
    with pytest.raises(errors.UpgradeRefused, match="another login"):
        asyncio.run(run(supabase.customer_url, tmp_path / "old.jsonl"))
    with psycopg.connect(any_server.url, autocommit=True) as connection:
        connection.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))
