"""Claims stay with their transaction: ten thousand interleaved ones, with errors and cancels among them."""

import asyncio
import random
from collections import Counter
from collections.abc import Generator
from contextlib import AsyncExitStack, suppress
from uuid import UUID

import psycopg
import pytest

from briefsmith.errors import BriefsmithError
from briefsmith.postgres.database import Database, open_database
from briefsmith.postgres.session import Actor
from briefsmith.postgres.statements import NoParameters, Statement
from briefsmith.sql import Query
from tests.conftest import Server
from tests.integration.pgbouncer import pooled

_TRANSACTIONS = 10_000
_PEOPLE = [UUID(int=number) for number in range(1, 24)]


class Who:
    """What a transaction says of itself."""

    def __init__(self, role: str, user_id: UUID | None, name: str | None) -> None:
        self.found = (role, user_id, name)


_WHO = Statement(
    Query(
        "test.who",
        "one",
        "select current_user::text as role, auth.uid() as user_id,"
        " current_setting('briefsmith.changed_by', true) as name",
    ),
    NoParameters,
    Who,
)
_BROKEN: Statement[NoParameters, None] = Statement(
    Query("test.broken", "exec", "select 1 / 0"), NoParameters, None
)
_SLOW: Statement[NoParameters, None] = Statement(
    Query("test.slow", "exec", "select pg_sleep(0.01)"), NoParameters, None
)


async def transact(
    database: Database, number: int, chance: random.Random, seen: Counter[str]
) -> None:
    user_id, name = chance.choice(_PEOPLE), f"agent {number}"
    end = chance.random()
    async with database.session(Actor(user_id, name), read_only=end < 0.5) as session:
        before = (await session.one(_WHO, {})).found
        if end > 0.9:
            seen["error"] += 1
            await session.execute(_BROKEN, {})
        if end > 0.8:
            seen["exception"] += 1
            raise KeyError(name)
        if end > 0.75:
            await session.execute(_SLOW, {})
        after = (await session.one(_WHO, {})).found
    assert before == after == ("authenticated", user_id, name)
    seen["whole"] += 1


async def left_on_connections(url: str) -> set[tuple[str, str]]:
    """What several connections at once carry between transactions."""
    async with AsyncExitStack() as stack:
        found: set[tuple[str, str]] = set()
        for _ in range(3):
            connection = await psycopg.AsyncConnection.connect(url, prepare_threshold=None)
            await stack.enter_async_context(connection)
            cursor = await connection.execute(
                "select current_user::text, coalesce(current_setting('request.jwt.claims', true), '')"
            )
            found |= {*await cursor.fetchall()}
        return found


async def interleave(database: Database, seed: int, count: int = _TRANSACTIONS) -> Counter[str]:
    """All of them, forty at once; of each batch some are cancelled on the way."""
    chance = random.Random(seed)  # noqa: S311  no secret
    seen: Counter[str] = Counter()
    numbers = iter(range(count))

    async def worker() -> None:
        for number in numbers:
            task = asyncio.create_task(transact(database, number, chance, seen))
            if number % 25 == 0:
                await asyncio.sleep(chance.random() / 200)
                task.cancel()
            with suppress(BriefsmithError, KeyError):
                try:
                    await task
                except asyncio.CancelledError:
                    seen["cancelled"] += 1

    await asyncio.gather(*(worker() for _ in range(40)))
    return seen


@pytest.fixture(scope="module")
def behind_pooler(server_17: Server) -> Generator[str]:
    url = server_17.migrated_database()
    with pooled(url, servers=3) as address:
        yield address
    server_17.drop(url)


async def test_claims_do_not_leak_through_a_transaction_pooler(behind_pooler: str) -> None:
    async with open_database(
        behind_pooler, of_nobody=True, connections=8, wait_seconds=60
    ) as database:
        seen = await interleave(database, seed=1)
        left = await left_on_connections(behind_pooler)

    assert left == {("postgres", "")}
    assert seen["whole"] > _TRANSACTIONS / 2
    assert min(seen["error"], seen["exception"], seen["cancelled"]) > 100


async def test_claims_do_not_leak_through_our_own_pool(database_url: str) -> None:
    async with open_database(
        database_url, of_nobody=True, connections=3, wait_seconds=60
    ) as database:
        seen = await interleave(database, seed=2, count=2_000)

    assert seen["whole"] > 1_000
    assert min(seen["error"], seen["exception"], seen["cancelled"]) > 20
