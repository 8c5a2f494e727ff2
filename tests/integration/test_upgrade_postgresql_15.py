"""The upgrade on the versions that the embedded server does not bring."""

import asyncio
import random
from pathlib import Path

import psycopg
import pytest

from tests.conftest import Server, server_of
from tests.integration.legacy import random_content, rows_as_text, store
from tests.integration.test_upgrade_random import account_for
from tests.integration.upgraded import facts, legacy_database, run, undo


@pytest.fixture(params=[15, 17])
def other_server(request: pytest.FixtureRequest) -> Server:
    return server_of(request, request.param)


def test_there_and_back_on_postgresql_15_and_17(other_server: Server, tmp_path: Path) -> None:
    url, fresh = legacy_database(other_server), other_server.migrated_database()
    content = random_content(random.Random(15))  # noqa: S311  no secret
    with psycopg.connect(url) as connection:
        store(connection, content)
    rows, catalog = rows_as_text(url), facts(url, "public", "briefsmith")

    asyncio.run(run(url, tmp_path / "old.jsonl"))

    account_for(url, content, tmp_path / "old.jsonl")
    mine = [fact for fact in facts(url, "public", "briefsmith") if "touch()" not in fact[1]]
    assert _inside(mine) == _inside(facts(fresh, "public", "briefsmith"))
    asyncio.run(undo(url))
    assert (rows_as_text(url), facts(url, "public", "briefsmith")) == (rows, catalog)
    other_server.drop(url)
    other_server.drop(fresh)


def _inside(found: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    return [fact for fact in found if fact[0] != "schema"]
