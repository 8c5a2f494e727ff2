"""Whatever is wrong with a request, it is answered with a problem that says so, and shows nothing of the inside."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.types import Message

from briefsmith.config import ServerSettings
from briefsmith.errors import BriefsmithError, Bug
from briefsmith.faces.server.hints import ROUTES, for_requests
from briefsmith.operations import blocks
from briefsmith.postgres.database import Database, open_database
from tests.faces.server.asked import Asked, asking, new_person

JSON = {"Content-Type": "application/json"}
NOTHING = "00000000-0000-0000-0000-000000000000"


def assert_problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body.keys() == {"type", "title", "status", "detail", "code", "hint", "details"}
    assert body["status"] == status
    assert body["detail"].endswith(".")
    return body


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/block", "/v1/blocks/", "//v1/blocks", "/%00"])
async def test_a_path_that_is_none_is_not_found(asked: Asked, path: str) -> None:
    answer = await asked.client.get(f"http://localhost{path}")

    assert_problem(answer, 404, "B300")


async def test_a_wrong_method_is_told_all_the_right_ones(asked: Asked) -> None:
    answer = await asked.client.put("/v1/blocks")
    one = await asked.client.post(f"/v1/blocks/{NOTHING}")

    assert_problem(answer, 405, "B100")
    assert answer.headers["allow"] == "GET, HEAD, POST"
    assert one.headers["allow"] == "DELETE, GET, HEAD, PATCH"


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "", "application/jsonx", "multipart/form-data"])  # fmt: skip
async def test_a_body_of_another_type_is_refused(asked: Asked, kind: str) -> None:
    answer = await asked.client.post(
        "/v1/blocks", content=b'{"label": "a", "content": "b"}', headers={"Content-Type": kind}
    )

    assert_problem(answer, 415, "B100")


BROKEN: dict[str, bytes] = {
    "nothing": b"",
    "cut": b'{"label": "a"',
    "text": b"label",
    "a list": b"[]",
    "null": b"null",
    "a number": b"7",
    "no UTF-8": b'{"label": "\xff", "content": "b"}',
    "nested": b"[" * 100_000,
    "nested within": b'{"label": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    "NUL escaped": b'{"label": "a\\u0000", "content": "b"}',
    "NUL as it is": b'{"label": "a\x00", "content": "b"}',
    "half a surrogate": b'{"label": "\\ud800", "content": "b"}',
    "no number": b'{"label": NaN, "content": "b"}',
    "a number for a text": b'{"label": 7, "content": "b"}',
    "a text for a truth": b'{"label": "a", "content": "b", "meta_refreshable": "yes"}',
    "a field that is none": b'{"label": "a", "content": "b", "user_id": "x"}',
    "a value that is none": b'{"label": "a", "content": "b", "type": "novel"}',
    "white space": b'{"label": " \\n", "content": "b"}',
    "empty text": b'{"label": "a", "content": ""}',
    "too long": b'{"label": "' + b"a" * 501 + b'", "content": "b"}',
    "a huge number": b'{"label": "a", "content": "b", "type": ' + b"9" * 5_000 + b"}",
}


@pytest.mark.parametrize("kind", BROKEN)
async def test_a_body_that_is_no_block_is_refused_and_says_why(asked: Asked, kind: str) -> None:
    answer = await asked.client.post("/v1/blocks", content=BROKEN[kind], headers=JSON)

    problem = assert_problem(answer, 422, "B100")
    assert problem["details"]["problems"]


HUGE = "9" * 5_000
PLACES = (
    "/v1/blocks?limit={}",
    "/v1/blocks?cursor={}",
    "/v1/blocks?tag={}&limit=0",
    "/v1/blocks/{}",
    f"/v1/blocks/{NOTHING}/versions/{{}}",
    "/v1/search?q=a&limit={}",
    "/v1/briefs?limit={}",
    "/v1/briefs/{}/replay",
    f"/v1/briefs/{NOTHING}/diff?other={{}}",
    "/v1/events?last_event_id={}",
    "/v1/insights/usage?limit={}",
    "/v1/agents/runs?limit={}",
    "/v1/review?status={}",
    "/v1/deployment-configs?task_brief_id={}",
)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("value", [HUGE, "-1", "1e3", "0x1", "%00", "%ff", "\u0663", "NaN", " 5"])
async def test_what_is_no_number_or_id_is_refused_wherever_it_stands(
    asked: Asked, place: str, value: str
) -> None:
    answer = await asked.client.get(place.format(value))

    assert_problem(answer, 422, "B100")


@pytest.mark.parametrize("place", ["/v1/blocks?tag=a%00", "/v1/blocks?scope=%00", "/v1/search?q=%00", "/v1/agents/runs?agent=%00", "/v1/events?topic=%00"])  # fmt: skip
async def test_a_nul_character_in_a_query_is_refused(asked: Asked, place: str) -> None:
    assert_problem(await asked.client.get(place), 422, "B100")


async def test_a_query_that_is_not_known_is_refused_and_not_passed_over(asked: Asked) -> None:
    answer = await asked.client.get("/v1/blocks?statuss=archived")

    assert "statuss" in assert_problem(answer, 422, "B100")["detail"]


async def drop(pieces: int, size: int, taken: list[int]) -> AsyncIterator[bytes]:
    for _ in range(pieces):
        taken.append(size)
        yield b" " * size


async def test_a_body_is_counted_as_it_comes_whatever_length_it_claims(shared: Database) -> None:
    async with asking(shared, ServerSettings(body_bytes=100_000)) as asked:
        taken: list[int] = []
        sent: list[Message] = []

        async def receive() -> Message:
            taken.append(10_000)
            return {"type": "http.request", "body": b" " * 10_000, "more_body": True}

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": "/v1/blocks",
            "raw_path": b"/v1/blocks",
            "query_string": b"",
            "root_path": "",
            "headers": [
                (b"host", b"localhost"),
                (b"content-type", b"application/json"),
                (b"content-length", b"10"),
            ],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        await asked.app(scope, receive, send)

    assert sent[0]["status"] == 413
    assert json.loads(sent[1]["body"])["code"] == "B505"
    assert sum(taken) <= 110_000


async def test_a_length_that_is_too_much_is_answered_before_the_body_is_read(
    shared: Database,
) -> None:
    async with asking(shared, ServerSettings(body_bytes=100_000)) as asked:
        answer = await asked.client.post("/v1/blocks", content=b" " * 100_001, headers={**JSON})

    assert_problem(answer, 413, "B505")


async def test_a_fault_of_ours_is_an_incident_and_tells_nothing_else(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        message = "the password is hunter2"
        raise RuntimeError(message)

    monkeypatch.setattr(blocks, "get_block", broken)

    answer = await asked.client.get(f"/v1/blocks/{NOTHING}")

    problem = assert_problem(answer, 500, "B900")
    assert "hunter2" not in answer.text
    assert "hunter2" not in asked.log.getvalue()
    line = asked.logged[-1]
    assert (
        problem["details"]
        == {"incident": line["id"]}
        == {"incident": answer.headers["x-request-id"]}
    )
    assert (line["error"], line["level"]) == ("RuntimeError", "error")


async def test_what_a_bug_says_of_the_inside_is_not_told(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        message = "The database refused a statement."
        raise Bug(message, details={"sqlstate": "XX000"})

    monkeypatch.setattr(blocks, "get_block", broken)

    answer = await asked.client.get(f"/v1/blocks/{NOTHING}")

    assert_problem(answer, 500, "B900")
    assert "XX000" not in answer.text


async def test_a_request_that_takes_too_long_is_ended_and_stores_nothing(
    shared: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = blocks.add_block

    async def slow(*given: Any, **named: Any) -> Any:
        made = await add(*given, **named)
        await asyncio.sleep(60)
        return made

    monkeypatch.setattr(blocks, "add_block", slow)
    async with asking(shared, ServerSettings(timeout_seconds=1)) as asked:
        answer = await asked.client.post("/v1/blocks", json={"label": "Slow", "content": "a"})
        found = await asked.client.get("/v1/search?q=slow")

    assert_problem(answer, 503, "B611")
    assert answer.headers["retry-after"] == "1"
    assert all(hit["block"]["label"] != "Slow" for hit in found.json()["items"])


async def test_without_a_free_connection_the_answer_is_503_and_comes_soon(
    database_url: str,
) -> None:
    async with (
        open_database(database_url, connections=1, wait_seconds=0.2) as database,
        asking(database) as asked,
        database.session(),
    ):
        answer = await asked.client.get("/v1/blocks")
        ready = await asked.client.get("/readyz")
        alive = await asked.client.get("/healthz")

    assert_problem(answer, 503, "B604")
    assert answer.headers["retry-after"] == "1"
    assert ready.status_code == 503
    assert alive.status_code == 200


async def test_requests_are_logged_without_content(asked: Asked) -> None:
    await asked.client.post("/v1/blocks", json={"label": "Secret plans", "content": "hush"})
    await asked.client.get(
        "/v1/search?q=hush", headers={"X-Request-Id": "mine-1", "X-Other": "hush"}
    )

    assert "hush" not in asked.log.getvalue()
    assert "Secret" not in asked.log.getvalue()
    line = asked.logged[-1]
    assert (line["id"], line["route"], line["status"]) == ("mine-1", "/v1/search", 200)


@pytest.mark.parametrize("given", ["a b", "x" * 65, "a\\n", '{"a":1}', ""])
async def test_an_id_that_could_pass_for_more_is_not_taken(asked: Asked, given: str) -> None:
    answer = await asked.client.get("/healthz", headers={"X-Request-Id": given})

    assert answer.headers["x-request-id"] != given
    assert asked.logged[-1]["id"] == answer.headers["x-request-id"]


async def test_hints_name_routes_in_the_place_of_commands(asked: Asked) -> None:
    new_person(asked.backend.store.database.url, "hints@localhost")
    made = await asked.client.post("/v1/blocks", json={"label": "Hint", "content": "a"})
    path = f"/v1/blocks/{made.json()['id']}"
    await asked.client.post(f"{path}/archive")

    answer = await asked.client.patch(path, json={"content": "b"})

    assert (
        assert_problem(answer, 409, "B403")["hint"] == f"Restore it first: `POST {path}/restore`."
    )
    assert for_requests("Run `briefsmith init`.") == "Run `briefsmith init`."


async def test_every_route_that_a_hint_may_name_exists(asked: Asked) -> None:
    description = (await asked.client.get("/openapi.json")).json()
    known = {
        f"{method.upper()} {path}"
        for path, methods in description["paths"].items()
        for method in methods
    }
    named = {route.replace("{id}", "{}") for route in ROUTES.values()}

    import re

    assert named <= {re.sub(r"\{[a-z_]+\}", "{}", route) for route in known}


def test_every_error_has_a_status_that_a_hint_can_go_with() -> None:
    assert not for_requests(BriefsmithError("").hint)
