"""The outbox: each committed event once in effect for each reader, whatever happens to writers and readers."""

import asyncio
import random
from collections import Counter
from contextlib import aclosing
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict

from briefsmith import errors
from briefsmith.operations.events import take_events
from briefsmith.postgres.database import Database, open_database
from briefsmith.postgres.listening import Wake, can_listen, wake_ups
from briefsmith.postgres.session import Actor
from tests.integration.stored import ask, new_person, tell, wait_until_blocked

TOPIC = "test.happened"
WRITERS, EACH = 8, 250


# A number of a transaction that this server will not give for a long while.
FOREIGN = "900000000000"
# An expression that waits, for a row whose id is given out before its transaction has a number.
GATE = """
create function public.gate() returns jsonb language plpgsql as $$
begin
  perform pg_advisory_lock_shared(1);
  perform pg_advisory_unlock_shared(1);
  return '{}';
end
$$
"""


def insert(
    connection: psycopg.Connection[Any], user: UUID, payload: str = "'{}'", *, topic: str = TOPIC
) -> int:
    """An event that is not committed."""
    row = connection.execute(
        f"insert into public.events (topic, user_id, payload) values (%s, %s, {payload})"  # pyright: ignore[reportArgumentType]
        " returning id",
        (topic, user),
    ).fetchone()
    assert row is not None
    return row[0]


def write_event(url: str, actor: Actor, topic: str = TOPIC) -> int:
    """An event that is committed."""
    with psycopg.connect(url) as connection:
        return insert(connection, actor.user_id, topic=topic)


def place(url: str, consumer: str = "reader") -> tuple[int, int]:
    """Up to which id a reader has seen everything, and how many receipts it keeps."""
    [(all_until,)] = ask(
        url, "select all_until from briefsmith.event_consumers where consumer = %s", consumer
    )
    [(receipts,)] = ask(
        url, "select count(*) from briefsmith.event_receipts where consumer = %s", consumer
    )
    return all_until, receipts


@pytest.fixture
async def reader(database_url: str) -> Any:
    """A store whose reader's connections can be cut."""
    async with open_database(database_url) as opened:
        yield opened


async def taken(store: Database, consumer: str = "reader", limit: int = 100) -> list[int]:
    """What a reader takes in a session of its own."""
    async with store.session() as session:
        return [event.id for event in await take_events(session, consumer, [TOPIC], limit=limit)]


async def test_each_reader_sees_each_event_once_in_the_order_of_their_ids(
    reader: Database, database_url: str
) -> None:
    me = Actor(reader.user_id)
    ids = [write_event(database_url, me) for _ in range(5)]
    write_event(database_url, me, "another.topic")

    assert await taken(reader, limit=3) == ids[:3]
    assert await taken(reader) == ids[3:]
    assert await taken(reader) == []
    assert await taken(reader, "another") == ids


async def test_events_of_another_person_are_never_taken(
    reader: Database, database_url: str
) -> None:
    write_event(database_url, new_person(database_url))

    assert await taken(reader) == []


async def test_what_is_taken_in_a_session_that_fails_is_taken_again(
    reader: Database, database_url: str
) -> None:
    wanted = [write_event(database_url, Actor(reader.user_id))]

    with pytest.raises(RuntimeError):
        async with reader.session() as session:
            assert len(await take_events(session, "reader", [TOPIC])) == 1
            raise RuntimeError

    assert await taken(reader) == wanted


async def test_a_second_reader_of_the_same_name_waits_and_finds_nothing(
    reader: Database, database_url: str
) -> None:
    ids = [write_event(database_url, Actor(reader.user_id)) for _ in range(3)]

    async with reader.session() as session:
        first = [event.id for event in await take_events(session, "reader", [TOPIC])]
        second = asyncio.create_task(taken(reader))
        await asyncio.sleep(0)
        assert not second.done()

    assert first == ids
    assert await second == []


async def test_an_event_that_is_committed_late_is_not_lost(
    reader: Database, database_url: str
) -> None:
    with psycopg.connect(database_url) as late:
        first = insert(late, reader.user_id)
        ids = [write_event(database_url, Actor(reader.user_id)) for _ in range(3)]
        seen = await taken(reader) + await taken(reader)

    assert first < min(ids)
    assert seen == ids
    assert await taken(reader) == [first]
    assert place(database_url) == (ids[-1], 0)


async def test_a_writer_that_began_after_the_reader_did_loses_nothing(
    reader: Database, database_url: str
) -> None:
    me = Actor(reader.user_id)
    with psycopg.connect(database_url) as late:
        async with reader.session() as session:
            # From here on, the reader's transaction has a number that is lower than the writer's.
            await take_events(session, "another", [TOPIC])
            first = insert(late, me.user_id)
            ids = [write_event(database_url, me)]
            seen = [event.id for event in await take_events(session, "reader", [TOPIC])]
        seen += await taken(reader) + await taken(reader)

    assert first < min(ids)
    assert seen == ids
    assert await taken(reader) == [first]
    assert place(database_url) == (ids[-1], 0)


async def test_a_writer_that_has_an_id_and_no_number_yet_loses_nothing(
    reader: Database, database_url: str
) -> None:
    me = Actor(reader.user_id)
    tell(database_url, GATE)
    for _ in range(3):  # the first id of a while brings a number with it
        write_event(database_url, me)
    before = await taken(reader)
    with psycopg.connect(database_url) as gate, psycopg.connect(database_url) as late:
        gate.execute("select pg_advisory_lock(1)")
        waiting = asyncio.create_task(asyncio.to_thread(insert, late, me.user_id, "public.gate()"))
        await asyncio.to_thread(wait_until_blocked, database_url)
        ids = [write_event(database_url, me)]
        seen = await taken(reader) + await taken(reader)
        gate.execute("select pg_advisory_unlock(1)")
        first = await waiting
        seen += await taken(reader) + await taken(reader)

    assert max(before) < first < min(ids)
    assert seen == ids
    assert await taken(reader) == [first]
    assert place(database_url) == (ids[-1], 0)


async def test_a_reader_in_a_transaction_of_one_snapshot_does_not_move_on(
    reader: Database, database_url: str
) -> None:
    name = conninfo_to_dict(database_url)["dbname"]
    ids = [write_event(database_url, Actor(reader.user_id))]
    setting = "default_transaction_isolation = 'repeatable read'"
    tell(database_url, f"alter database {name} set {setting}")

    async with open_database(database_url) as strict:
        assert await taken(strict) == ids

    assert place(database_url) == (0, 1)
    assert await taken(reader) == []
    assert place(database_url) == (ids[-1], 0)


async def test_receipts_stay_only_as_long_as_somebody_could_write_before_them(
    reader: Database, database_url: str
) -> None:
    me = Actor(reader.user_id)
    ids = [write_event(database_url, me) for _ in range(20)]
    assert await taken(reader) == ids
    assert place(database_url) == (ids[-1], 0)

    with psycopg.connect(database_url) as late:
        insert(late, me.user_id, topic="another.topic")
        more = [write_event(database_url, me) for _ in range(3)]
        for _ in range(3):
            await taken(reader)
        assert place(database_url) == (ids[-1], len(more))
    assert await taken(reader) == []

    assert place(database_url) == (more[-1], 0)


async def test_a_long_transaction_that_writes_no_event_keeps_no_receipt(
    reader: Database, database_url: str
) -> None:
    me = Actor(reader.user_id)
    with psycopg.connect(database_url) as long, psycopg.connect(database_url) as late:
        long.execute("create table public.unrelated ()")
        insert(late, me.user_id)
        ids = [write_event(database_url, me) for _ in range(3)]
        assert await taken(reader) == ids
        assert place(database_url) == (0, len(ids))
        late.rollback()

        assert await taken(reader) == []
        assert place(database_url) == (ids[-1], 0)


async def test_events_that_nobody_asked_for_are_passed_and_leave_one_receipt_at_most(
    reader: Database, database_url: str
) -> None:
    me = Actor(reader.user_id)
    with psycopg.connect(database_url) as late:
        insert(late, me.user_id)
        unwanted = [write_event(database_url, me, "another.topic") for _ in range(20)]
        for _ in range(3):
            assert await taken(reader) == []
            assert place(database_url) == (0, 1)
        late.rollback()

    assert await taken(reader) == []
    assert place(database_url) == (unwanted[-1], 0)


async def test_what_is_left_for_the_next_time_is_not_passed(
    reader: Database, database_url: str
) -> None:
    me = Actor(reader.user_id)
    ids = [write_event(database_url, me) for _ in range(3)]
    write_event(database_url, me, "another.topic")

    assert await taken(reader, limit=2) == ids[:2]

    assert place(database_url) == (ids[1], 0)


@pytest.mark.parametrize("foreign", [FOREIGN, "3"])
async def test_a_database_that_was_restored_elsewhere_loses_nothing_and_repeats_nothing(
    reader: Database, database_url: str, foreign: str
) -> None:
    me = Actor(reader.user_id)
    with psycopg.connect(database_url) as late:
        insert(late, me.user_id)
        ids = [write_event(database_url, me) for _ in range(5)]
        assert await taken(reader, limit=3) == ids[:3]
        late.rollback()
    # As a dump brings them along: what was not committed then never will be.
    tell(database_url, "update briefsmith.event_receipts set seen_in = %s::text::xid8", foreign)

    more = [write_event(database_url, me)]

    assert await taken(reader) == [*ids[3:], *more]
    assert await taken(reader) == []
    assert place(database_url) == (more[-1], 0)


async def test_a_foreign_number_is_not_believed_while_somebody_writes(
    reader: Database, database_url: str
) -> None:
    me = Actor(reader.user_id)
    ids = [write_event(database_url, me)]
    with psycopg.connect(database_url) as late:
        first = insert(late, me.user_id)
        ids += [write_event(database_url, me)]
        assert await taken(reader) == ids
        tell(database_url, "update briefsmith.event_receipts set seen_in = %s::text::xid8", FOREIGN)
        for _ in range(3):
            assert await taken(reader) == []

    assert await taken(reader) == [first]


async def test_an_event_that_is_deleted_stops_nobody(reader: Database, database_url: str) -> None:
    me = Actor(reader.user_id)
    with psycopg.connect(database_url) as late:
        insert(late, me.user_id)
        ids = [write_event(database_url, me) for _ in range(3)]
        assert await taken(reader) == ids
        late.rollback()
    tell(database_url, "delete from public.events where id = %s", ids[-1])

    more = [write_event(database_url, me)]

    assert await taken(reader) == more
    assert place(database_url) == (more[-1], 0)


# Wake-ups

CUT = (
    "select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity"
    " where application_name = 'briefsmith' and datname = current_database()"
)


async def test_a_listener_is_woken_by_each_connection_by_events_and_by_the_clock(
    database_url: str, reader: Database
) -> None:
    async with aclosing(wake_ups(database_url, poll_seconds=60)) as wakes:
        assert await anext(wakes) is Wake.LISTENING
        write_event(database_url, Actor(reader.user_id))
        assert await anext(wakes) is Wake.NOTIFIED
        assert ask(database_url, CUT) != [(0,)]
        assert await anext(wakes) is Wake.LISTENING
        write_event(database_url, Actor(reader.user_id))
        assert await anext(wakes) is Wake.NOTIFIED
    async with aclosing(wake_ups(database_url, poll_seconds=0.01)) as wakes:
        assert [await anext(wakes) for _ in range(3)][1:] == [Wake.POLLED] * 2


async def test_a_listener_outlives_a_server_that_is_not_there(tmp_path: Path) -> None:
    nowhere = f"host={tmp_path} dbname=nothing"

    async with aclosing(wake_ups(nowhere)) as wakes:
        waiting = asyncio.ensure_future(anext(wakes))
        done, _ = await asyncio.wait([waiting], timeout=0.5)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    assert not done


async def test_behind_a_transaction_pooler_the_outbox_is_only_looked_at_now_and_then() -> None:
    pooler = "postgresql://a:b@localhost:6543/c"

    async with aclosing(wake_ups(pooler, poll_seconds=0.01)) as wakes:
        heard = [await anext(wakes) for _ in range(3)]

    assert heard == [Wake.POLLED] * 3
    assert not can_listen(pooler)
    with pytest.raises(errors.InvalidSetting):
        can_listen("postgresql://localhost:none/c")


# Writers that commit out of order, and a reader whose connection is cut


async def test_nothing_is_lost_or_seen_twice_while_connections_are_cut(
    reader: Database, database_url: str
) -> None:
    tell(database_url, "create table public.effects (event_id bigint not null)")
    tell(database_url, "grant insert on public.effects to authenticated")
    me = Actor(reader.user_id)
    done = asyncio.Event()
    naive = NaiveReader()

    async with asyncio.TaskGroup() as group:
        reading = group.create_task(_read_to_the_end(reader, database_url, done))
        group.create_task(_cut(database_url, done))
        group.create_task(naive.read(database_url, done))
        await _write(database_url, me)
        done.set()
    cuts = await reading

    committed = {row[0] for row in ask(database_url, "select id from public.events")}
    effects = Counter(row[0] for row in ask(database_url, "select event_id from public.effects"))
    assert len(committed) > WRITERS * EACH // 2
    assert cuts > 0
    assert effects == Counter(committed)
    assert committed - naive.seen, "a cursor of the greatest id would have lost nothing"
    assert place(database_url) == (max(committed), 0)


async def _write(url: str, me: Actor) -> None:
    """Writes in transactions that overlap; one holds the first id until all others are through."""
    async with await AsyncConnection.connect(url) as late:
        await _insert(late, me)
        await asyncio.gather(*(_write_some(url, me, seed) for seed in range(WRITERS)))
        await asyncio.sleep(0.1)  # the naive reader comes by
        await late.commit()


async def _write_some(url: str, me: Actor, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  no secret
    async with await AsyncConnection.connect(url) as connection:
        for _ in range(EACH):
            await _insert(connection, me)
            if chance.random() < 0.2:
                await asyncio.sleep(chance.random() / 200)
            if chance.random() < 0.1:
                await connection.rollback()
            else:
                await connection.commit()


async def _insert(connection: AsyncConnection[Any], me: Actor) -> None:
    await connection.execute(
        "insert into public.events (topic, user_id) values (%s, %s)", (TOPIC, me.user_id)
    )


async def _read_to_the_end(store: Database, url: str, done: asyncio.Event) -> int:
    """Takes events when woken, until the writers are done and none is left; gives how often it was cut off."""
    cuts = 0
    async with aclosing(wake_ups(url, poll_seconds=0.2)) as wakes:
        async for _ in wakes:
            is_last = done.is_set()
            events = [None]
            while events:
                try:
                    events = await _take_some(store)
                except errors.Unavailable:
                    cuts += 1
            if is_last:
                return cuts
    return cuts


async def _take_some(store: Database) -> list[Any]:
    async with store.session() as session:
        events = await take_events(session, "reader", [TOPIC], limit=50)
        await session._connection.execute(  # pyright: ignore[reportPrivateUsage]
            "insert into public.effects (event_id) select unnest(%s::bigint[])",
            ([event.id for event in events],),
        )
    return events


async def _cut(url: str, done: asyncio.Event) -> None:
    """Ends all connections of the reader, its listening one too, over and over."""
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        while not done.is_set():
            await asyncio.sleep(0.05)
            await connection.execute(CUT)


class NaiveReader:
    """Reads what is after the greatest id that it has seen, as one would."""

    def __init__(self) -> None:
        self.seen: set[int] = set()

    async def read(self, url: str, done: asyncio.Event) -> None:
        async with await AsyncConnection.connect(url, autocommit=True) as connection:
            while not done.is_set():
                cursor = await connection.execute(
                    "select id from public.events where id > %s", (max(self.seen, default=0),)
                )
                self.seen |= {row[0] for row in await cursor.fetchall()}
                await asyncio.sleep(0.01)
            cursor = await connection.execute(
                "select id from public.events where id > %s", (max(self.seen, default=0),)
            )
            self.seen |= {row[0] for row in await cursor.fetchall()}
