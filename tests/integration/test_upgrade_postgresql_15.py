"""The upgrade on the oldest PostgreSQL that works."""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.conftest import Server
from tests.integration.legacy import random_content, rows_as_text, store
from tests.integration.servers import running, wheel_programs
from tests.integration.test_upgrade_random import account_for
from tests.integration.upgraded import facts, legacy_database, run, undo


@pytest.fixture
def server_15() -> Iterator[Server]:
    with wheel_programs() as programs, running(programs) as url:
        yield Server(url)


def test_there_and_back_on_postgresql_15(server_15: Server, tmp_path: Path) -> None:
    url, fresh = legacy_database(server_15), server_15.migrated_database()
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


def _inside(found: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    return [fact for fact in found if fact[0] != "schema"]
