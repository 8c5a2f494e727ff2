"""A request that comes again under its key has one effect, and the first one's answer."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import httpx
import psycopg
import pytest

from briefsmith.agents import composer
from briefsmith.operations.idempotency import KEPT_DAYS
from briefsmith.postgres.database import Database, open_database
from tests.faces.calls import Shell
from tests.faces.server.asked import HOME, WITH_TOKENS, Asked, asking, new_person, signed_in
from tests.faces.server.process import served
from tests.integration.chat_story import answers
from tests.integration.http_story import serving


def key(name: str) -> dict[str, str]:
    return {"Idempotency-Key": name}


@pytest.fixture
async def other(shared: Database) -> AsyncGenerator[Asked]:
    """Another server of the same database."""
    async with (
        open_database(shared.url, user="person@localhost") as opened,
        asking(opened) as asked,
    ):
        yield asked


async def test_a_repetition_gets_the_first_answer_from_any_server(
    asked: Asked, other: Asked
) -> None:
    body = {"label": "Once", "content": "a"}

    first = await asked.client.post("/v1/blocks", json=body, headers=key("once"))
    again = await other.client.post("/v1/blocks", json=body, headers=key('"once"'))

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    for name in ("etag", "location", "content-type"):
        assert again.headers[name] == first.headers[name]
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers


def test_the_answer_is_from_another_process_and_of_the_time_before_it_was_killed(
    shell: Shell,
) -> None:
    body = {"label": "Across", "content": "a"}
    with served(shell) as address:
        first = httpx.post(f"{address}/v1/blocks", json=body, headers=key("across"), timeout=30)
    with served(shell) as address:
        again = httpx.post(f"{address}/v1/blocks", json=body, headers=key("across"), timeout=30)

    assert again.content == first.content


@pytest.mark.parametrize("change", [{"content": "b"}, {"label": "Other"}])
async def test_a_key_under_another_request_is_refused(asked: Asked, change: dict[str, str]) -> None:
    body = {"label": f"Reused {change}", "content": "a"}
    name = f"reused-{len(str(change))}"
    await asked.client.post("/v1/blocks", json=body, headers=key(name))

    answer = await asked.client.post("/v1/blocks", json={**body, **change}, headers=key(name))
    elsewhere = await asked.client.post("/v1/briefs", json=body, headers=key(name))

    assert (answer.status_code, answer.json()["code"]) == (422, "B114")
    assert elsewhere.status_code == 422


async def test_a_key_is_its_person_s_own(shared: Database) -> None:
    people = [new_person(shared.url, f"key-{number}@localhost") for number in range(2)]
    body = {"label": "Mine", "content": "a"}
    async with asking(shared, WITH_TOKENS) as asked:
        made = [
            await asked.client.post(
                "/v1/blocks", json=body, headers={**key("same"), **signed_in(user_id)}
            )
            for user_id in people
        ]

    assert [one.json()["user_id"] for one in made] == [str(user_id) for user_id in people]


async def test_what_failed_did_nothing_and_may_be_tried_again(asked: Asked) -> None:
    taken = await asked.client.post("/v1/blocks", json={"label": "Free soon", "content": "a"})
    body = {"label": "Free soon", "content": "b"}

    refused = await asked.client.post("/v1/blocks", json=body, headers=key("later"))
    await asked.client.delete(f"/v1/blocks/{taken.json()['id']}")
    done = await asked.client.post("/v1/blocks", json=body, headers=key("later"))

    assert (refused.status_code, done.status_code) == (409, 201)


@pytest.mark.parametrize("name", ["", " ", "a b", "x" * 201, "\u00e4", "a,b", '"a'])
async def test_what_is_no_key_is_refused(asked: Asked, name: str) -> None:
    answer = await asked.client.post(
        "/v1/blocks",
        json={"label": f"No key {name}", "content": "a"},
        headers={b"Idempotency-Key": name.encode()},
    )

    assert (answer.status_code, answer.json()["code"]) == (422, "B100")


async def test_of_many_at_once_one_has_an_effect(asked: Asked, other: Asked) -> None:
    body = {"label": "Race", "content": "a"}

    done = await asyncio.gather(
        *(
            server.client.post("/v1/blocks", json=body, headers=key("race"))
            for server in (asked, other) * 5
        )
    )

    statuses = [one.status_code for one in done]
    assert set(statuses) <= {201, 409}
    assert 201 in statuses
    assert {one.json()["code"] for one in done if one.status_code == 409} <= {"B406"}
    assert len({one.content for one in done if one.status_code == 201}) == 1
    late = await asked.client.post("/v1/blocks", json=body, headers=key("race"))
    assert late.status_code == 201


async def test_an_effect_that_cannot_be_remembered_does_not_happen(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as there:
        there.setattr("briefsmith.faces.server.asking.keep_answer", broken)
        failed = await asked.client.post(
            "/v1/blocks", json={"label": "Half", "content": "a"}, headers=key("half")
        )
    made = await asked.client.post(
        "/v1/blocks", json={"label": "Half", "content": "a"}, headers=key("half")
    )

    assert (failed.status_code, made.status_code) == (500, 201)


async def test_a_purge_takes_the_text_out_of_kept_answers(asked: Asked) -> None:
    body = {"label": "Purged soon", "content": "the text that has to go"}
    made = await asked.client.post("/v1/blocks", json=body, headers=key("purged"))

    await asked.client.delete(f"/v1/blocks/{made.json()['id']}")
    again = await asked.client.post("/v1/blocks", json=body, headers=key("purged"))

    assert (again.status_code, again.json()["code"]) == (409, "B403")
    with psycopg.connect(asked.backend.store.database.url) as connection:
        held = connection.execute(
            "select count(*) from briefsmith.idempotent_answers"
            " where position('text that has to go'::bytea in body) > 0"
        ).fetchone()
    assert held == (0,)


async def test_old_answers_go(asked: Asked) -> None:
    body = {"label": "Old", "content": "a"}
    await asked.client.post("/v1/blocks", json=body, headers=key("old"))
    with psycopg.connect(asked.backend.store.database.url, autocommit=True) as connection:
        connection.execute(
            "update briefsmith.idempotent_answers"
            " set created_at = now() - %s * interval '1 day' where key = 'old'",
            [KEPT_DAYS + 1],
        )
        await asked.client.post(
            "/v1/blocks", json={"label": "New", "content": "a"}, headers=key("new")
        )
        rows = connection.execute("select key from briefsmith.idempotent_answers").fetchall()

    assert ("new",) in rows
    assert ("old",) not in rows


async def test_a_key_is_made_once_and_its_text_is_kept_nowhere(asked: Asked) -> None:
    first = await asked.client.post("/v1/keys", json={"name": "a"}, headers=key("k"))
    again = await asked.client.post("/v1/keys", json={"name": "a"}, headers=key("k"))

    assert first.json()["key"].startswith("bsk_")
    assert again.json() == {**first.json(), "key": None}
    with psycopg.connect(asked.backend.store.database.url) as connection:
        row = connection.execute(
            "select body from briefsmith.idempotent_answers where key = 'k'"
        ).fetchone()
    assert row is not None
    assert first.json()["key"].encode() not in row[0]


OUTLINE = {"title": "Plan", "outline": [{"text": "Do it.", "cites": ["B1"]}]}


async def test_a_brief_by_a_model_is_composed_once_and_the_model_asked_once(
    shared: Database,
) -> None:
    with serving(answers(OUTLINE)) as model:
        async with asking(shared, model="tiny", model_base_url=model.url, home=HOME) as asked:
            await asked.client.post(
                "/v1/blocks", json={"label": "Plans", "content": "A plan has steps."}
            )
            body = {"intent": "Make a plan with steps"}

            first = await asked.client.post("/v1/briefs", json=body, headers=key("composed"))
            again = await asked.client.post("/v1/briefs", json=body, headers=key("composed"))

    assert first.status_code == 201, first.text
    assert first.json()["made_by"] == "model"
    assert again.content == first.content
    assert len(model.requests) == 1


async def test_while_a_brief_is_composed_its_repetition_waits_outside(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()
    prepare = composer.prepare_composition

    async def slow(*given: Any, **named: Any) -> Any:
        prepared = await prepare(*given, **named)
        begun.set()
        await may_end.wait()
        return prepared

    monkeypatch.setattr(composer, "prepare_composition", slow)
    body = {"intent": "Take your time"}
    first = asyncio.create_task(asked.client.post("/v1/briefs", json=body, headers=key("slow")))
    await begun.wait()

    early = await asked.client.post("/v1/briefs", json=body, headers=key("slow"))
    may_end.set()
    done = await first
    late = await asked.client.post("/v1/briefs", json=body, headers=key("slow"))

    assert (early.status_code, early.json()["code"]) == (409, "B406")
    assert early.headers["retry-after"] == "1"
    assert done.status_code == 201
    assert late.content == done.content


async def test_a_place_among_the_composes_is_free_again_however_one_ends(
    shared: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = replace(WITH_TOKENS, composes_at_once=1, jwt_secret=None, timeout_seconds=1)
    async with asking(shared, replace(one, jwt_issuer=None), model_timeout_seconds=0) as asked:

        async def never(*_: Any, **__: Any) -> None:
            await asyncio.sleep(60)

        with monkeypatch.context() as there:
            there.setattr(composer, "prepare_composition", never)
            stuck = asyncio.create_task(
                asked.client.post("/v1/briefs", json={"intent": "Never done"})
            )
            await asyncio.sleep(0.5)
            full = await asked.client.post("/v1/briefs", json={"intent": "One too many"})
            ended = await stuck
        free = await asked.client.post("/v1/briefs", json={"intent": "In its place"})

    assert (full.status_code, full.json()["code"]) == (429, "B610")
    assert int(full.headers["retry-after"]) > 0
    assert (ended.status_code, ended.json()["code"]) == (503, "B611")
    assert free.status_code == 201


async def test_only_a_request_that_writes_is_kept(asked: Asked) -> None:
    made = await asked.client.post(
        "/v1/blocks", json={"label": "Read", "content": "a"}, headers=key("read")
    )
    assert made.status_code == 201

    answer = await asked.client.get("/v1/blocks", headers=key("read"))

    assert answer.status_code == 200
