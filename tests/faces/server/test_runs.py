"""Running a brief by HTTP: at once, as a stream, and to a webhook."""

from collections.abc import AsyncGenerator, Generator
from typing import Any

import httpx
import pytest

from briefsmith.postgres.database import Database
from tests.faces.server.asked import Asked, EventReader, asking, listening
from tests.integration.chat_story import DONE, USED, chunk, says, streams, streams_and_hangs
from tests.integration.http_story import Server, serving, status
from tests.integration.stored import ask, tell


@pytest.fixture
def model() -> Generator[Server]:
    with serving(says("What the model wrote.")) as story:
        yield story


@pytest.fixture
def webhook() -> Generator[Server]:
    with serving(status(204)) as story:
        yield story


@pytest.fixture
async def running(shared: Database, model: Server) -> AsyncGenerator[Asked]:
    secret = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    async with asking(
        shared,
        model="tiny",
        model_base_url=model.url,
        webhook_secret=secret,
        webhook_allow_private=True,
    ) as asked:
        yield asked


async def composed(asked: Asked) -> str:
    """The path of a new brief, made without a model."""
    made = await asked.client.post("/v1/briefs?model=false", json={"intent": "Write a letter"})
    assert made.status_code == 201
    return made.headers["location"]


async def of_runs(asked: Asked, path: str) -> list[str]:
    """Ids of what a brief came to, but for what composing made of it."""
    listed = (await asked.client.get(f"{path}/outputs")).json()["items"]
    return [one["id"] for one in listed if one["agent_type"] == "runner"]


async def test_a_run_answers_with_what_is_stored(running: Asked) -> None:
    path = await composed(running)

    answer = await running.client.post(f"{path}/run", json={})
    listed = await running.client.get(f"{path}/outputs")
    stored = await running.client.get(f"/v1/outputs/{answer.json()['id']}")

    assert answer.status_code == 200, answer.text
    assert answer.json()["content"] == "What the model wrote."
    assert answer.json()["usage"]["requests"] == 1
    assert answer.json()["delivery"] is None
    assert listed.json()["items"][0]["id"] == answer.json()["id"]
    assert stored.json()["content"] == "What the model wrote."


async def test_a_repeated_run_asks_the_model_once(running: Asked, model: Server) -> None:
    path = await composed(running)
    key = {"Idempotency-Key": "run"}

    first = await running.client.post(f"{path}/run", json={}, headers=key)
    again = await running.client.post(f"{path}/run", json={}, headers=key)

    assert again.content == first.content
    assert len(model.requests) == 1


async def test_a_repeated_run_delivers_once_and_tells_so_again(
    running: Asked, webhook: Server
) -> None:
    path = await composed(running)
    body = {"receiver": webhook.url.replace("127.0.0.1", "localhost")}
    key = {"Idempotency-Key": "deliver"}

    first = await running.client.post(f"{path}/run", json=body, headers=key)
    again = await running.client.post(f"{path}/run", json=body, headers=key)

    assert first.status_code == 200, first.text
    assert first.json()["delivery"]["receiver"] == "webhook"
    assert again.content == first.content
    assert len(webhook.requests) == 1


async def read(asked: Asked, path: str, key: str | None = None) -> EventReader:
    """The events of a run."""
    reader = EventReader()
    headers = {"Accept": "text/event-stream"}
    if key is not None:
        headers["Idempotency-Key"] = key
    async with asked.client.stream("POST", path, json={}, headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        async for line in answer.aiter_lines():
            reader.take(line)
    return reader


async def test_a_stream_tells_the_text_as_it_comes_and_what_was_stored(
    running: Asked, model: Server
) -> None:
    path = await composed(running)
    model.usual = streams(
        chunk("What the "), chunk("model\u2028wrote."), chunk(finish="stop"), USED, DONE
    )

    reader = await read(running, f"{path}/run")

    names = [event.name for event in reader.events]
    assert (names[0], names[-1]) == ("started", "stored")
    texts = [event.data["text"] for event in reader.events if event.name == "text"]
    assert len(texts) > 1
    stored = await running.client.get(f"/v1/outputs/{reader.events[-1].data['output_id']}")
    assert stored.json()["content"] == "".join(texts) == "What the model\u2028wrote."


async def test_a_stream_that_fails_on_the_way_ends_with_the_problem_and_stores_nothing(
    running: Asked, model: Server
) -> None:
    path = await composed(running)
    model.usual = status(400, b'{"error": {"message": "no"}}')

    reader = await read(running, f"{path}/run")

    assert reader.events[-1].name == "problem"
    assert reader.events[-1].data["code"].startswith("B")
    assert await of_runs(running, path) == []


async def test_what_is_wrong_before_a_stream_begins_is_an_answer_like_any_other(
    running: Asked,
) -> None:
    nothing = "/v1/briefs/00000000-0000-0000-0000-000000000000/run"

    answer = await running.client.post(nothing, json={}, headers={"Accept": "text/event-stream"})

    assert (answer.status_code, answer.json()["code"]) == (404, "B302")


async def test_a_streamed_run_that_is_repeated_gets_what_was_stored(
    running: Asked, model: Server
) -> None:
    path = await composed(running)
    model.usual = streams(chunk("Once."), chunk(finish="stop"), USED, DONE)
    reader = await read(running, f"{path}/run", "streamed")

    headers = {"Accept": "text/event-stream", "Idempotency-Key": "streamed"}
    again = await running.client.post(f"{path}/run", json={}, headers=headers)

    assert again.headers["idempotency-replayed"] == "true"
    assert again.json()["id"] == reader.events[-1].data["output_id"]
    assert again.json()["content"] == "Once."


@pytest.mark.parametrize("receiver", ["out.md", "/etc/passwd", "./a", "file:///etc/passwd"])
async def test_the_server_writes_no_files_for_who_asks(running: Asked, receiver: str) -> None:
    path = await composed(running)

    answer = await running.client.post(f"{path}/run", json={"receiver": receiver})

    assert answer.status_code == 422
    assert not running.backend.settings.traces


async def test_a_configuration_that_names_a_file_is_for_the_command_line_alone(
    running: Asked, model: Server, tmp_path: Any
) -> None:
    path = await composed(running)
    place = tmp_path / "out.md"
    tell(
        running.backend.store.database.url,
        "insert into deployment_configs (task_brief_id, receiver) values (%s, %s)",
        path.rpartition("/")[2],
        str(place),
    )

    answer = await running.client.post(f"{path}/run", json={})

    assert (answer.status_code, answer.json()["code"]) == (422, "B108")
    assert not place.exists()
    assert model.requests == []


async def test_the_text_is_sent_while_the_model_still_writes(running: Asked, model: Server) -> None:
    path = await composed(running)
    model.usual = streams_and_hangs(chunk("The first words."))

    async with (
        listening(running) as address,
        httpx.AsyncClient(base_url=address) as client,
        client.stream(
            "POST", f"{path}/run", json={}, headers={"Accept": "text/event-stream"}
        ) as answer,
    ):
        reader = EventReader()
        async for line in answer.aiter_lines():
            event = reader.take(line)
            if event is not None and event.name == "text":
                break

    assert "The first words." in reader.events[-1].data["text"]
    # Whoever leaves stores nothing, and leaves no place taken.
    assert await of_runs(running, path) == []
    left = ask(
        running.backend.store.database.url, "select count(*) from briefsmith.running_requests"
    )
    assert left == [(0,)]
