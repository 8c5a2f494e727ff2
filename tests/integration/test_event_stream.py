"""Following the outbox: in order, none lost, however late a commit is."""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import psycopg
from psycopg import AsyncConnection

from briefsmith.models.events import Event
from briefsmith.operations.event_stream import StreamPlace, begin_stream, follow_events
from briefsmith.postgres.database import Database
from briefsmith.store.events import insert_event
from tests.integration.stored import new_person


class Follower:
    """Reads until there is no more, and may forget all but its place."""

    def __init__(self, database: Database, place: StreamPlace) -> None:
        self.database = database
        self.place = place
        self.seen: list[int] = []

    async def read(self, *topics: str) -> list[Event]:
        events: list[Event] = []
        while True:
            async with self.database.session(read_only=True) as session:
                found = await follow_events(session, self.place, topics or None)
            self.place = found.place
            events += found.events
            if found.is_all:
                self.seen += [event.id for event in events]
                return events

    def come_back(self) -> None:
        """As somebody does who was cut off: with the last id and nothing else."""
        self.place = StreamPlace(self.place.after)


async def tell(database: Database, *topics: str) -> None:
    async with database.session() as session:
        for topic in topics:
            await insert_event(session, topic, {})


@asynccontextmanager
async def late(database: Database, topic: str) -> AsyncGenerator[AsyncConnection]:
    """An event whose id is given out now and that is committed at the end of the block."""
    async with await AsyncConnection.connect(database.url) as connection:
        await connection.execute(
            "insert into events (topic, user_id) values (%s, %s)", [topic, database.user_id]
        )
        yield connection
        await connection.commit()


async def begun(database: Database) -> Follower:
    async with database.session(read_only=True) as session:
        return Follower(database, await begin_stream(session))


async def test_what_comes_is_told_once_and_in_order(store: Database) -> None:
    await tell(store, "before")
    follower = await begun(store)
    await tell(store, "a", "b")

    first, second = await follower.read(), await follower.read()

    assert [event.topic for event in first] == ["a", "b"]
    assert second == []
    assert follower.place == StreamPlace(first[-1].id)


async def test_what_is_committed_late_comes_though_its_id_is_smaller(store: Database) -> None:
    follower = await begun(store)
    async with late(store, "late"):
        await tell(store, "early")
        early = await follower.read()
        before = follower.place
        again = await follower.read()
    after = await follower.read()

    assert [event.topic for event in early] == ["early"]
    assert before.after < early[0].id
    assert again == []
    assert [event.topic for event in after] == ["late"]
    assert after[0].id < early[0].id
    assert follower.place.after == early[0].id


async def test_who_is_cut_off_meanwhile_loses_nothing(store: Database) -> None:
    follower = await begun(store)
    async with late(store, "late"):
        await tell(store, "early")
        await follower.read()
        follower.come_back()
    follower_read = await follower.read()

    assert [event.topic for event in follower_read] == ["late", "early"]


async def test_who_begins_while_another_writes_is_told_what_that_one_commits(
    store: Database,
) -> None:
    await tell(store, "before")
    async with late(store, "late"):
        await tell(store, "between")
        follower = await begun(store)
    told = await follower.read()

    assert [event.topic for event in told] == ["late"]


async def test_a_transaction_that_is_rolled_back_holds_nothing_up(store: Database) -> None:
    follower = await begun(store)
    async with late(store, "never") as connection:
        await tell(store, "a")
        await follower.read()
        await connection.rollback()
    told = await follower.read()

    assert told == []
    assert follower.place.fence is None


async def test_topics_that_are_not_wanted_move_the_place_and_are_not_told(
    store: Database,
) -> None:
    follower = await begun(store)
    await tell(store, "wanted", "other", "other")

    told = await follower.read("wanted")
    moved = follower.place.after
    await follower.read("wanted")

    assert [event.topic for event in told] == ["wanted"]
    assert follower.place.after > moved


async def test_more_than_fit_into_one_look_are_all_told(store: Database) -> None:
    follower = Follower(store, StreamPlace(0))
    with psycopg.connect(store.url, autocommit=True) as connection:
        connection.execute(
            "insert into events (topic, user_id) select 'many', %s from generate_series(1, 1000)",
            [store.user_id],
        )

    async with late(store, "late"):
        await tell(store, "last")
        await follower.read()
    await follower.read()

    assert len(follower.seen) == len(set(follower.seen)) == 1002


async def test_another_person_s_events_are_not_told(store: Database) -> None:
    follower = await begun(store)
    with psycopg.connect(store.url, autocommit=True) as connection:
        other = new_person(store.url)
        connection.execute(
            "insert into events (topic, user_id) values ('secret', %s)", [other.user_id]
        )

    assert await follower.read() == []


async def test_of_many_writers_at_once_every_event_comes_to_who_is_cut_off_again_and_again(
    store: Database,
) -> None:
    chance = random.Random(4)  # noqa: S311  no secret
    written = 0

    async def write(count: int) -> None:
        nonlocal written
        async with await AsyncConnection.connect(store.url) as connection:
            for _ in range(count):
                for _ in range(chance.randint(1, 3)):
                    await connection.execute(
                        "insert into events (topic, user_id) values ('x', %s)", [store.user_id]
                    )
                    await asyncio.sleep(chance.random() / 500)
                if chance.random() < 0.1:
                    await connection.rollback()
                else:
                    await connection.commit()
        written += 1

    follower = await begun(store)
    first = follower.place.after
    writers = [asyncio.create_task(write(40)) for _ in range(6)]
    while written < len(writers):
        await follower.read()
        if chance.random() < 0.2:
            follower.come_back()
    await asyncio.gather(*writers)
    await follower.read()
    await follower.read()

    with psycopg.connect(store.url) as connection:
        rows = connection.execute(
            "select id from events where user_id = %s and id > %s", [store.user_id, first]
        ).fetchall()
    assert set(follower.seen) == {row[0] for row in rows}
    assert follower.place.after == max(follower.seen)
