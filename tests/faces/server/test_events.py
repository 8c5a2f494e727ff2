"""Events as they happen, over a real socket."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx
import psycopg
import pytest

from briefsmith.faces.server.routes import events
from briefsmith.postgres.database import open_database
from tests.faces.server.asked import (
    WITH_TOKENS,
    Asked,
    EventReader,
    ServerSentEvent,
    asking,
    listening,
    new_person,
    signed_in,
)

TOPICS = ["block.created"]


@pytest.fixture
async def alone(database_url: str) -> AsyncGenerator[Asked]:
    """A server whose database nobody else writes to."""
    async with open_database(database_url, connections=6) as database, asking(database) as asked:
        yield asked


class Listener:
    """Somebody who hears events."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.reader = EventReader()
        self._lines = answer.aiter_lines()

    async def next(self) -> ServerSentEvent:
        """The next event, when it comes."""
        async with asyncio.timeout(30):
            async for line in self._lines:
                if (event := self.reader.take(line)) is not None:
                    return event
        message = "the stream has ended"
        raise EOFError(message)


@asynccontextmanager
async def hearing(
    address: str, last: str | None = None, **headers: str
) -> AsyncGenerator[Listener]:
    if last is not None:
        headers["Last-Event-ID"] = last
    async with (
        httpx.AsyncClient(base_url=address, timeout=30) as client,
        client.stream("GET", "/v1/events", headers=headers) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Listener(answer)


async def add(asked: Asked, label: str) -> str:
    made = await asked.client.post("/v1/blocks", json={"label": label, "content": "a"})
    return made.json()["id"]


async def test_what_happens_is_heard_and_what_happened_meanwhile_comes_afterwards(
    alone: Asked,
) -> None:
    await add(alone, "before")
    async with listening(alone) as address:
        async with hearing(address) as listener:
            first = await add(alone, "first")
            heard = await listener.next()
            last = listener.reader.last_id
        missed = [await add(alone, f"missed {number}") for number in range(3)]
        async with hearing(address, last) as listener:
            came = [await listener.next() for _ in missed]
            now = await add(alone, "now")
            after = await listener.next()

    assert heard.name == "block.created"
    assert heard.data["payload"]["block_id"] == first
    assert [event.data["payload"]["block_id"] for event in came] == missed
    assert after.data["payload"]["block_id"] == now
    assert [event.id for event in came] == [str(event.data["id"]) for event in came]


async def test_a_stream_from_the_beginning_that_does_not_follow_ends(alone: Asked) -> None:
    ids = [await add(alone, f"block {number}") for number in range(3)]
    reader = EventReader()

    answer = await alone.client.get(
        "/v1/events", params={"last_event_id": 0, "follow": "false", "topic": TOPICS}
    )
    for line in answer.text.split("\n"):
        reader.take(line)

    assert [event.data["payload"]["block_id"] for event in reader.events] == ids


async def test_an_event_that_is_committed_late_is_not_lost_to_who_comes_back(
    alone: Asked,
) -> None:
    database = alone.backend.store.database
    async with listening(alone) as address:
        async with (
            hearing(address) as listener,
            await psycopg.AsyncConnection.connect(database.url) as late,
        ):
            await late.execute(
                "insert into events (topic, user_id) values ('late', %s)", [database.user_id]
            )
            await add(alone, "early")
            heard = await listener.next()
            last = listener.reader.last_id
        async with hearing(address, last or "0") as listener:
            came = [await listener.next(), await listener.next()]

    assert heard.id is None
    assert [event.name for event in came] == ["late", "block.created"]


async def test_another_person_s_events_are_not_heard(database_url: str) -> None:
    people = [new_person(database_url, f"{name}@localhost") for name in ("one", "other")]
    async with (
        open_database(database_url, of_nobody=True) as database,
        asking(database, WITH_TOKENS) as asked,
    ):
        for user_id in people:
            await asked.client.post(
                "/v1/blocks", json={"label": "a", "content": "b"}, headers=signed_in(user_id)
            )
        answer = await asked.client.get(
            "/v1/events?last_event_id=0&follow=false", headers=signed_in(people[0])
        )

    assert str(people[0]) in answer.text
    assert str(people[1]) not in answer.text


async def test_a_stream_ends_with_the_token_that_it_was_opened_with(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "_BEAT_SECONDS", 0.05)
    monkeypatch.setattr("briefsmith.faces.server.tokens.LEEWAY_SECONDS", 0)
    user_id = new_person(database_url, "soon@localhost")
    async with (
        open_database(database_url, of_nobody=True) as database,
        asking(database, WITH_TOKENS) as asked,
        listening(asked) as address,
    ):
        import time

        headers = signed_in(user_id, exp=int(time.time()) + 2)
        async with hearing(address, **headers) as listener:
            with pytest.raises(EOFError):
                await listener.next()
        assert asked.backend.streams.total() == 0


async def test_one_person_opens_only_so_many_streams(
    alone: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "_MOST_OF_ONE", 1)
    async with listening(alone) as address:
        async with hearing(address), httpx.AsyncClient(base_url=address) as client:
            refused = await client.get("/v1/events")
        for _ in range(100):
            if alone.backend.streams.total() == 0:
                break
            await asyncio.sleep(0.05)
        async with hearing(address):
            opened = alone.backend.streams.total()

    assert (refused.status_code, refused.json()["code"]) == (429, "B610")
    assert opened == 1


async def test_a_topic_with_a_line_end_forges_no_event(alone: Asked) -> None:
    database = alone.backend.store.database
    async with database.session() as session:
        from briefsmith.store.events import insert_event

        await insert_event(session, "x\nid: 999999\ndata: {}\n\nevent: y", {})
    reader = EventReader()

    answer = await alone.client.get("/v1/events?last_event_id=0&follow=false")
    for line in answer.text.split("\n"):
        reader.take(line)

    assert [event.name for event in reader.events] == ["other"]
    assert reader.last_id == str(reader.events[0].data["id"])


@pytest.mark.parametrize("last", ["x", "-1", "1e3", "\u0663", "9" * 30])
async def test_a_last_id_that_is_none_is_refused(alone: Asked, last: str) -> None:
    answer = await alone.client.get("/v1/events", headers={b"Last-Event-ID": last.encode()})

    assert (answer.status_code, answer.json()["code"]) == (422, "B100")
