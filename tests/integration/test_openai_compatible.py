"""A server that speaks OpenAI's embeddings is used with care, whatever it answers."""

import asyncio
import gzip
import json
import logging
import math
import socket
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from briefsmith.errors import BriefsmithError, EmbedderUnavailable, WrongEmbedding
from briefsmith.providers import openai_compatible
from briefsmith.providers.embeddings import Vector
from briefsmith.providers.openai_compatible import OpenAICompatibleEmbedder
from tests.integration.http_story import (
    Handler,
    Reply,
    Request,
    Server,
    Waits,
    cut_connection,
    drip,
    never,
    serving,
    status,
)

KEY = "sk-very-secret-0123456789"


Items = list[dict[str, Any]]
Change = Callable[[Items], Items]


def batches(server: Server) -> list[list[str]]:
    return [request.payload["input"] for request in server.requests]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "*")
    with serving(well) as story:
        yield story


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def embedder(server: Server, waits: Waits) -> OpenAICompatibleEmbedder:
    return OpenAICompatibleEmbedder(server.url, "tiny", KEY, sleep=waits)


# What the server may reply.


def numbers(text: str) -> list[float]:
    """A vector that tells its text, twice as long as it should be."""
    angle = float(len(text))
    return [2 * math.cos(angle), 2 * math.sin(angle), *[0.0] * 254]


def items(texts: Sequence[str]) -> Items:
    return [{"index": i, "embedding": numbers(text)} for i, text in enumerate(texts)]


def well(handler: Handler, request: Request) -> None:
    body = json.dumps({"object": "list", "data": items(request.payload["input"])}).encode()
    handler.send(200, body, Content_Type="application/json")


def data(change: Change) -> Reply:
    """A good answer whose list of items is replaced by what `change` makes of it."""

    def reply(handler: Handler, request: Request) -> None:
        body = {"data": change(items(request.payload["input"]))}
        handler.send(200, json.dumps(body).encode())

    return reply


def slow(handler: Handler, request: Request) -> None:
    handler.story.closing.wait(0.1)
    well(handler, request)


def told(vector: Vector | None) -> list[float]:
    assert vector is not None
    assert vector.dtype == np.float32
    return [round(float(number), 5) for number in vector[:2]]


def expected(text: str) -> list[float]:
    return [round(number / 2, 5) for number in numbers(text)[:2]]


# Good answers.


async def test_each_text_gets_its_vector_at_length_one(
    server: Server, embedder: OpenAICompatibleEmbedder
) -> None:
    vectors = await embedder.embed(["a", "bbb", "cc"])

    assert [told(vector) for vector in vectors] == [expected(text) for text in ("a", "bbb", "cc")]
    (request,) = server.requests
    assert request.path == "/v1/embeddings"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.payload == {
        "model": "tiny",
        "input": ["a", "bbb", "cc"],
        "dimensions": 256,
        "encoding_format": "float",
    }


async def test_blank_texts_are_not_sent_and_get_no_vector(
    server: Server, embedder: OpenAICompatibleEmbedder
) -> None:
    vectors = await embedder.embed(["", "a", " \n\t", "bb"])

    assert [vector is None for vector in vectors] == [True, False, True, False]
    assert told(vectors[3]) == expected("bb")
    assert batches(server) == [["a", "bb"]]


async def test_only_blank_texts_need_no_server() -> None:
    embedder = OpenAICompatibleEmbedder("http://127.0.0.1:9", "tiny")

    assert await embedder.embed(["", " "]) == [None, None]
    assert await embedder.embed([]) == []


async def test_many_texts_go_in_batches_and_come_back_in_order(
    server: Server, embedder: OpenAICompatibleEmbedder
) -> None:
    texts = ["x" * (1 + i % 9) for i in range(300)]

    vectors = await embedder.embed(texts)

    assert [told(vector) for vector in vectors] == [expected(text) for text in texts]
    assert [len(batch) for batch in batches(server)] == [128, 128, 44]


async def test_a_batch_is_bounded_by_its_characters_and_a_longer_text_goes_alone(
    server: Server, embedder: OpenAICompatibleEmbedder
) -> None:
    texts = ["a" * 60_000, "b" * 40_000, "c", "d" * 250_000, "e"]

    await embedder.embed(texts)

    assert batches(server) == [texts[:2], texts[2:3], texts[3:4], texts[4:]]


async def test_the_index_decides_whose_vector_it_is(
    server: Server, embedder: OpenAICompatibleEmbedder
) -> None:
    server.replies.append(data(lambda found: found[::-1]))

    vectors = await embedder.embed(["a", "bb", "ccc"])

    assert [told(vector) for vector in vectors] == [expected(text) for text in ("a", "bb", "ccc")]


async def test_a_slow_answer_is_waited_for(
    server: Server, embedder: OpenAICompatibleEmbedder
) -> None:
    server.replies.append(slow)

    assert told((await embedder.embed(["a"]))[0]) == expected("a")


async def test_a_vector_of_zeros_is_none(
    server: Server, embedder: OpenAICompatibleEmbedder
) -> None:
    server.replies.append(data(lambda _: [{"index": 0, "embedding": [0] * 256}]))

    assert await embedder.embed(["a"]) == [None]


async def test_lone_surrogates_are_sent_as_question_marks(
    server: Server, embedder: OpenAICompatibleEmbedder
) -> None:
    await embedder.embed(["a\ud800b"])

    assert batches(server) == [["a?b"]]


async def test_a_compressed_answer_is_read(
    server: Server, embedder: OpenAICompatibleEmbedder
) -> None:
    body = gzip.compress(json.dumps({"data": items(["a"])}).encode())
    server.replies.append(status(200, body, Content_Encoding="gzip"))

    assert told((await embedder.embed(["a"]))[0]) == expected("a")


@pytest.mark.parametrize(
    ("login", "key", "sent"),
    [
        ("", None, None),
        ("ann:p%40ss@", None, "Basic YW5uOnBAc3M="),
        ("ann:pass@", KEY, f"Bearer {KEY}"),
        ("", f" {KEY}\n", f"Bearer {KEY}"),
    ],
)
async def test_the_key_goes_before_a_login_in_the_address(
    server: Server, login: str, key: str | None, sent: str | None
) -> None:
    url = server.url.replace("://", f"://{login}") + "/?version=1"
    embedder = OpenAICompatibleEmbedder(url, "tiny", key)

    await embedder.embed(["a"])

    assert server.requests[0].headers.get("authorization") == sent
    assert server.requests[0].path == "/v1/embeddings?version=1"
    assert embedder.name == f"tiny@{server.url.split('/')[2]}/256"


# Answers that another try may better.


@pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
async def test_a_passing_failure_is_tried_again(
    server: Server, embedder: OpenAICompatibleEmbedder, waits: Waits, code: int
) -> None:
    server.replies += [status(code), status(code)]

    vectors = await embedder.embed(["a"])

    assert told(vectors[0]) == expected("a")
    assert waits == [0.5, 2.0]


async def test_a_cut_connection_is_tried_again(
    server: Server, embedder: OpenAICompatibleEmbedder
) -> None:
    server.replies.append(cut_connection)

    assert told((await embedder.embed(["a"]))[0]) == expected("a")
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry_After": "3"}, 3.0),
        ({"Retry_After": "0"}, 0.0),
        ({"Retry_After": "86400"}, 20.0),
        ({"Retry_After": "9" * 400}, 20.0),
        ({"Retry_After": "-3"}, 0.5),
        ({"Retry_After": "nan"}, 0.5),
        ({"Retry_After": "soon"}, 0.5),
        ({"Retry_After": "Wed, 21 Oct 2099 07:28:00 GMT"}, 20.0),
        ({"Retry_After": "Wed, 21 Oct 1999 07:28:00 GMT"}, 0.0),
    ],
)
async def test_retry_after_is_honoured_up_to_a_cap(
    server: Server,
    embedder: OpenAICompatibleEmbedder,
    waits: Waits,
    headers: dict[str, str],
    wait: float,
) -> None:
    server.replies.append(status(429, **headers))

    await embedder.embed(["a"])

    assert waits == [wait]


@pytest.mark.parametrize("reply", [status(503, b"busy"), cut_connection])
async def test_three_failures_are_enough(
    server: Server, embedder: OpenAICompatibleEmbedder, reply: Reply
) -> None:
    server.replies += [reply] * 3

    with pytest.raises(EmbedderUnavailable):
        await embedder.embed(["a"])

    assert len(server.requests) == 3


async def test_no_server_at_all_is_told_with_its_host(waits: Waits) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    embedder = OpenAICompatibleEmbedder(f"http://127.0.0.1:{port}/v1", "tiny", sleep=waits)

    with pytest.raises(EmbedderUnavailable, match=rf"127\.0\.0\.1:{port}") as caught:
        await embedder.embed(["a"])

    assert len(waits) == 2
    assert "ConnectError" in caught.value.details["reason"]


# Answers that end it.


@pytest.mark.parametrize("reply", [never, drip])
async def test_a_server_that_does_not_finish_is_given_up(server: Server, reply: Reply) -> None:
    server.replies.append(reply)
    embedder = OpenAICompatibleEmbedder(server.url, "tiny", timeout_seconds=0.2)

    with pytest.raises(EmbedderUnavailable, match=r"within 0\.2 seconds"):
        await embedder.embed(["a"])


async def test_waits_between_tries_count_against_the_timeout(server: Server) -> None:
    async def wait_for_ever(_seconds: float) -> None:
        await asyncio.Event().wait()

    server.replies.append(status(503))
    embedder = OpenAICompatibleEmbedder(
        server.url, "tiny", timeout_seconds=0.3, sleep=wait_for_ever
    )

    with pytest.raises(EmbedderUnavailable, match="within"):
        await embedder.embed(["a"])


@pytest.mark.parametrize("code", [401, 403])
async def test_a_refused_key_names_its_setting_and_is_not_tried_again(
    server: Server, embedder: OpenAICompatibleEmbedder, code: int
) -> None:
    server.replies.append(status(code))

    with pytest.raises(EmbedderUnavailable) as caught:
        await embedder.embed(["a"])

    assert "BRIEFSMITH_EMBEDDING_KEY" in caught.value.hint
    assert len(server.requests) == 1


@pytest.mark.parametrize("code", [400, 404, 413, 422, 501])
async def test_a_refusal_shows_what_the_server_said_without_control_characters(
    server: Server, embedder: OpenAICompatibleEmbedder, code: int
) -> None:
    server.replies.append(status(code, b"no such \x1b[31mmodel" + b"!" * 5000))

    with pytest.raises(EmbedderUnavailable) as caught:
        await embedder.embed(["a"])

    answer = caught.value.details["answer"]
    assert caught.value.details["status"] == code
    assert answer.startswith("no such  [31mmodel!")
    assert len(answer) == 200
    assert len(server.requests) == 1


@pytest.mark.parametrize("code", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(
    server: Server, embedder: OpenAICompatibleEmbedder, code: int
) -> None:
    server.replies.append(status(code, Location=f"{server.url}/elsewhere"))

    with pytest.raises(EmbedderUnavailable, match="redirects"):
        await embedder.embed(["a"])

    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<html>Welcome</html>", b"null", b"[]", b"{}", b'{"data": null}', b'{"data": {}}',
        b'{"data": [1]}', b'{"data": [{"index": 0}]}', b'{"data": [{"embedding": []}]}',
        b'{"data": [{"index": 0, "embedding": "AAAA"}]}',
        b'{"data": [{"index": true, "embedding": [1]}]}',
        b'{"data": [{"index": 0, "embedding": ["1"]}]}',
        b'{"data": [{"index": 0, "embedding": [null]}]}',
        b'{"data": [{"index": 0, "embedding": [[1]]}]}',
        b"[" * 100_000, b"\xff\xfe{}", b'{"data": [{"index": 0, "embedding": [1',
    ],
)  # fmt: skip
async def test_garbage_is_refused_with_the_form_of_the_address(
    server: Server, embedder: OpenAICompatibleEmbedder, body: bytes
) -> None:
    server.replies.append(status(200, body))

    with pytest.raises(WrongEmbedding, match="no list of embeddings") as caught:
        await embedder.embed(["a"])

    assert "BRIEFSMITH_EMBEDDING_URL" in caught.value.hint


MISMATCHES: dict[str, Change] = {
    "one short": lambda found: found[:1],
    "one over": lambda found: [*found, {"index": 2, "embedding": numbers("x")}],
    "twice": lambda found: [found[0], found[0]],
    "beyond": lambda found: [found[0], found[1] | {"index": 7}],
    "below": lambda found: [found[0], found[1] | {"index": -1}],
    "none": lambda _found: [],
}


@pytest.mark.parametrize("change", MISMATCHES.values(), ids=MISMATCHES)
async def test_another_count_or_index_is_refused(
    server: Server,
    embedder: OpenAICompatibleEmbedder,
    change: Change,
) -> None:
    server.replies.append(data(change))

    with pytest.raises(WrongEmbedding, match="do not match"):
        await embedder.embed(["a", "bb"])


async def test_a_longer_vector_is_refused_with_its_width_and_not_cut(
    server: Server, embedder: OpenAICompatibleEmbedder
) -> None:
    server.replies.append(data(lambda _: [{"index": 0, "embedding": [0.1] * 1536}]))

    with pytest.raises(WrongEmbedding, match="1536") as caught:
        await embedder.embed(["a"])

    assert caught.value.details == {"width": 1536, "expected": 256}


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 400])
async def test_values_that_are_no_finite_numbers_are_refused(
    server: Server, embedder: OpenAICompatibleEmbedder, value: str
) -> None:
    row = ",".join(["1"] * 255 + [value])
    server.replies.append(status(200, b'{"data":[{"index":0,"embedding":[%b]}]}' % row.encode()))

    with pytest.raises(WrongEmbedding):
        await embedder.embed(["a"])


ENDLESS = b" " * 1_000_000


@pytest.mark.parametrize(
    "reply",
    [status(200, ENDLESS), status(200, gzip.compress(ENDLESS), Content_Encoding="gzip")],
    ids=["plain", "packed"],
)
async def test_an_endless_answer_is_refused(
    server: Server,
    embedder: OpenAICompatibleEmbedder,
    reply: Reply,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(openai_compatible, "_MOST_BODY_BYTES", 10_000)
    server.replies.append(reply)

    with pytest.raises(WrongEmbedding, match="more than 10000 bytes"):
        await embedder.embed(["a"])


async def test_a_broken_compression_is_refused(
    server: Server, embedder: OpenAICompatibleEmbedder
) -> None:
    server.replies.append(status(200, b"no gzip", Content_Encoding="gzip"))

    with pytest.raises(WrongEmbedding, match="compression"):
        await embedder.embed(["a"])


@pytest.mark.parametrize("login", ["", "ann:very-secret-password@"])
async def test_no_error_log_or_repr_shows_a_secret(
    server: Server, waits: Waits, login: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    key = None if login else KEY
    url = server.url.replace("://", f"://{login}")
    embedder = OpenAICompatibleEmbedder(url, "tiny", key, sleep=waits)
    secret = (key or "very-secret-password").encode()
    replies: list[Reply] = [
        well,
        status(401, b"Incorrect API key provided: " + secret),
        status(400, b"." * 190 + secret),
        status(302, secret, Location=server.url),
        status(200, b'{"data": ["' + secret + b'"]}'),
    ]
    shown = [repr(embedder), str(embedder), embedder.name]

    for reply in replies:
        server.replies.append(reply)
        try:
            await embedder.embed(["a"])
        except BriefsmithError as error:
            shown += [str(error.as_dict()), *traceback.format_exception(error)]

    assert len(server.requests) == len(replies)
    everything = "\n".join([*shown, caplog.text])
    assert "very-secret" not in everything
    assert "[key]" in everything
    assert "POST http://127.0.0.1" in caplog.text
