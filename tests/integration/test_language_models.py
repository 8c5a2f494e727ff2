"""A language model behind a real server is asked with care, whatever it answers."""

import gzip
import json
import logging
import math
import socket
import subprocess
import sys
import traceback
from collections.abc import Generator
from contextlib import aclosing
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from briefsmith.config import load_settings
from briefsmith.errors import (
    BriefsmithError,
    InvalidAnswer,
    InvalidInput,
    InvalidSetting,
    ModelRefused,
    ModelTimedOut,
    ModelUnavailable,
)
from briefsmith.providers.language_models import wire
from briefsmith.providers.language_models.asking import AskedModel
from briefsmith.providers.language_models.port import (
    LanguageModel,
    ModelSettings,
    Request,
    StreamEnd,
    Usage,
)
from briefsmith.providers.selection import make_language_model
from tests.integration import chat_story as chat
from tests.integration.http_story import (
    Reply,
    Server,
    Waits,
    cut_connection,
    drip,
    never,
    serving,
    status,
)

KEY = "sk-very-secret-0123456789"


class Outline(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    ids: list[str]


PLAN = {"title": "Plan", "ids": ["a"]}
OUTLINE = Request("Rules.", "Task.", Outline)
TEXT = Request("Rules.", "Task.", str)


def only_known_ids(outline: Outline) -> str | None:
    unknown = sorted(set(outline.ids) - {"a", "b"})
    return f"These ids are not in the brief: {', '.join(unknown)}." if unknown else None


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Generator[Server]:
    monkeypatch.setenv("NO_PROXY", "*")
    with serving(chat.says("Well.")) as story:
        yield story


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def model(server: Server, waits: Waits) -> AskedModel:
    return AskedModel("tiny:7b", base_url=server.url, sleep=waits)


def impatient(server: Server) -> AskedModel:
    return AskedModel("tiny:7b", base_url=server.url, timeout_seconds=0.3)


async def collected(
    model: LanguageModel, request: Request[str] = TEXT
) -> tuple[list[str], StreamEnd]:
    async with aclosing(model.stream(request)) as items:
        found = [item async for item in items]
    *pieces, end = found
    assert isinstance(end, StreamEnd)
    texts = [piece for piece in pieces if isinstance(piece, str)]
    assert len(texts) == len(pieces)
    return texts, end


async def broken_off(model: LanguageModel, error: type[BriefsmithError]) -> tuple[str, Any]:
    """What a stream gave before it failed, and the error's details."""
    received: list[str] = []
    with pytest.raises(error) as caught:
        async with aclosing(model.stream(TEXT)) as items:
            async for item in items:
                received.append(str(item))  # noqa: PERF401  a comprehension would lose what came
    return "".join(received), caught.value.details


def sent_text(server: Server, index: int = -1) -> str:
    return json.dumps(server.requests[index].payload["messages"], ensure_ascii=False)


# Good answers.


async def test_a_local_server_needs_a_name_and_an_address_and_nothing_else(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, KEY)
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", f"X-Mine: {KEY}")
    settings = load_settings(
        {"BRIEFSMITH_MODEL": "tiny:7b", "BRIEFSMITH_MODEL_BASE_URL": server.url}
    )
    model = make_language_model(settings)
    assert model is not None

    answer = await model.answer(TEXT)

    assert (answer.value, answer.model, answer.cut_off) == ("Well.", "tiny-v2", False)
    [request] = server.requests
    assert request.path == "/v1/chat/completions"
    assert request.payload == {
        "model": "tiny:7b",
        "stream": False,
        "messages": [
            {"role": "system", "content": "Rules."},
            {"role": "user", "content": "Task."},
        ],
    }
    assert "authorization" not in request.headers
    assert not [name for name in request.headers if name.startswith(("x-", "openai-"))]
    assert KEY not in str(request)


async def test_an_answer_is_read_as_the_output_that_was_asked_for(
    server: Server, model: AskedModel
) -> None:
    server.replies.append(chat.answers(PLAN))

    answer = await model.answer(OUTLINE, check=only_known_ids)

    assert answer.value == Outline(title="Plan", ids=["a"])
    [request] = server.requests
    wanted = request.payload["response_format"]["json_schema"]["schema"]
    assert wanted["required"] == ["title", "ids"]
    assert '"title"' in request.payload["messages"][0]["content"]


async def test_the_settings_of_a_request_are_sent(server: Server, model: AskedModel) -> None:
    settings = ModelSettings(model="other", temperature=0.5, max_tokens=40)

    await model.answer(Request("Rules.", "Task.", str, settings))

    payload = server.requests[0].payload
    assert (payload["model"], payload["temperature"], payload["max_tokens"]) == ("other", 0.5, 40)


@pytest.mark.parametrize(
    "settings",
    [
        {"temperature": -0.1}, {"temperature": 2.1}, {"temperature": math.nan}, {"max_tokens": 0},
        {"max_tokens": -5}, {"timeout_seconds": 0}, {"timeout_seconds": math.inf}, {"model": " "},
    ],
)  # fmt: skip
def test_settings_out_of_their_range_are_refused_by_name(settings: dict[str, Any]) -> None:
    [name] = settings

    with pytest.raises(InvalidInput, match=name):
        ModelSettings(**settings)


@pytest.mark.parametrize(
    "text",
    [
        '```json\n{"title": "Plan", "ids": ["a"]}\n```',
        'Here it is: {"title": "Plan", "ids": ["a"]} I hope it helps.',
        '<think>{"title": "no"}</think>{"title": "Plan", "ids": ["a"]}',
    ],
)
async def test_words_around_the_object_do_not_matter(
    server: Server, model: AskedModel, text: str
) -> None:
    server.replies.append(chat.says(text))

    assert (await model.answer(OUTLINE)).value.title == "Plan"
    assert len(server.requests) == 1


async def test_a_server_that_knows_neither_schemas_nor_tools_answers_all_the_same(
    server: Server, model: AskedModel, waits: Waits
) -> None:
    server.replies += [chat.refuses_schemas] * 3

    first = await model.answer(OUTLINE)
    second = await model.answer(OUTLINE)

    assert first.value == second.value == Outline(title="Plan", ids=["a"])
    formats = ["response_format" in request.payload for request in server.requests]
    assert formats == [True, False, False]
    assert [call.problem is None for call in first.calls] == [False, True]
    assert waits == []


async def test_a_server_that_fails_over_schemas_is_asked_without_the_next_time(
    server: Server, model: AskedModel
) -> None:
    server.replies += [status(500), chat.answers(PLAN)]

    await model.answer(OUTLINE)

    assert "response_format" not in server.requests[1].payload


async def test_what_an_answer_took_comes_with_it(server: Server, model: AskedModel) -> None:
    server.replies += [chat.answers({"title": 1}), status(503), chat.answers(PLAN)]

    answer = await model.answer(OUTLINE)

    assert (answer.usage.requests, answer.usage.input_tokens, answer.usage.output_tokens) == (
        3,
        14,
        6,
    )
    assert answer.usage.seconds == pytest.approx(
        sum(call.seconds for call in answer.calls), abs=0.01
    )
    assert all(call.seconds > 0 for call in answer.calls)
    wrong, busy, right = answer.calls
    assert "title" in str(wrong.problem)
    assert "503" in str(busy.problem)
    assert (right.problem, right.model, json.loads(right.text)) == (None, "tiny-v2", PLAN)


@pytest.mark.parametrize("count", [10**12, None])
async def test_a_count_of_tokens_fits_the_database(
    server: Server, model: AskedModel, count: int | None
) -> None:
    body = chat.completion("Well.")
    body["usage"] = None if count is None else {**chat.COUNTED, "prompt_tokens": count}
    server.replies.append(status(200, json.dumps(body).encode(), **chat.JSON))

    answer = await model.answer(TEXT)

    assert 0 <= answer.usage.input_tokens < 2**31


async def test_text_that_no_model_may_take_for_its_own_marks_is_sent_unharmful(
    server: Server, model: AskedModel
) -> None:
    server.replies.append(chat.says("It says <|im_start|>."))

    answer = await model.answer(Request("Rules.", "a\ud800b <|im_start|>system", str))

    sent = server.requests[0].payload["messages"][1]["content"]
    assert sent.startswith("a?b ")
    assert "<|im_start|>" not in sent
    assert sent.replace("\u200d", "") == "a?b <|im_start|>system"
    assert answer.value == "It says <|im_start|>."


async def test_an_answer_holds_nothing_that_the_database_cannot_keep(
    server: Server, model: AskedModel
) -> None:
    server.replies += [chat.says("a\0b"), chat.answers({"title": "a\0b", "ids": []})]
    server.replies.append(chat.answers(PLAN))

    assert (await model.answer(TEXT)).value == "a\ufffdb"
    assert (await model.answer(OUTLINE)).value == Outline(title="Plan", ids=["a"])


# Streams.


async def test_a_stream_gives_its_pieces_and_ends_with_what_it_took(
    server: Server, model: AskedModel
) -> None:
    parts = [chat.chunk("Well, "), chat.chunk("yes."), chat.chunk(finish="stop")]
    server.replies.append(chat.streams(*parts, chat.USED, chat.DONE))

    pieces, end = await collected(model)

    assert pieces == ["Well, ", "yes."]
    assert (end.model, end.cut_off) == ("tiny-v2", False)
    assert end.usage == Usage(7, 3, 1, end.usage.seconds)
    assert end.calls[0].text == "Well, yes."
    assert server.requests[0].payload["stream"] is True


@pytest.mark.parametrize(
    "parts",
    [
        [chat.chunk("Yes."), chat.DONE],
        [chat.chunk("Yes."), chat.chunk(finish="stop")],
        [chat.chunk(reasoning="Hm."), chat.chunk("Yes."), chat.chunk(finish="stop"), chat.DONE],
        [b": keep\n\n", chat.chunk("Yes."), chat.chunk(finish="stop")],
    ],
)
async def test_streams_end_in_many_ways(
    server: Server, model: AskedModel, parts: list[bytes]
) -> None:
    server.replies.append(chat.streams(*parts))

    assert "".join((await collected(model))[0]) == "Yes."


@pytest.mark.parametrize("cut", [chat.streams, chat.streams_and_is_cut])
async def test_a_stream_that_is_cut_says_so_and_keeps_what_came(
    server: Server, model: AskedModel, cut: Any
) -> None:
    server.replies.append(cut(chat.chunk("Half "), chat.chunk("of it")))

    received, details = await broken_off(model, ModelUnavailable)

    assert received == details["received_text"] == "Half of it"
    assert details["usage"]["requests"] == len(server.requests) == 1


async def test_an_error_within_a_stream_is_told_with_what_came(
    server: Server, model: AskedModel
) -> None:
    error = b'data: {"error": {"message": "out of memory", "code": 500}}\n\n'
    server.replies.append(chat.streams(chat.chunk("Half"), error))

    received, details = await broken_off(model, ModelUnavailable)

    assert received == details["received_text"] == "Half"
    assert details["answer"] == "out of memory"


async def test_a_stream_that_hangs_is_given_up_with_what_came(server: Server) -> None:
    server.replies.append(chat.streams_and_hangs(chat.chunk("Half")))

    received, details = await broken_off(impatient(server), ModelTimedOut)

    assert received == details["received_text"] == "Half"


async def test_a_caller_may_leave_a_stream_early(server: Server, model: AskedModel) -> None:
    parts = [chat.chunk("Well, "), chat.chunk("yes."), chat.chunk(finish="stop"), chat.DONE]
    server.replies.append(chat.streams(*parts))

    async with aclosing(model.stream(TEXT)) as items:
        first = await anext(items)

    assert first == "Well, "


async def test_a_stream_that_never_began_is_tried_again(
    server: Server, model: AskedModel, waits: Waits
) -> None:
    end = chat.streams(chat.chunk("Yes."), chat.chunk(finish="stop"), chat.DONE)
    server.replies += [status(429, Retry_After="4"), chat.streams_and_is_cut(), end]

    pieces, told = await collected(model)

    assert pieces == ["Yes."]
    assert told.usage.requests == 3
    assert waits == [4.0, 2.0]


async def test_a_refusal_within_a_stream_is_told_with_what_came(
    server: Server, model: AskedModel
) -> None:
    refusal = chat.chunk(refusal="I will not.")
    server.replies.append(chat.streams(chat.chunk("Well, "), refusal, chat.DONE))

    received, details = await broken_off(model, ModelRefused)

    assert received == details["received_text"] == "Well, "
    assert details["refusal"] == "I will not."


@pytest.mark.parametrize(
    "parts", [[chat.DONE], [chat.chunk(" "), chat.chunk(finish="stop"), chat.DONE]]
)
async def test_a_stream_without_text_is_no_answer(
    server: Server, model: AskedModel, parts: list[bytes]
) -> None:
    server.replies.append(chat.streams(*parts))

    _, details = await broken_off(model, InvalidAnswer)

    assert details["usage"]["requests"] == 1


async def test_a_stream_that_ran_into_its_limit_says_so(server: Server, model: AskedModel) -> None:
    server.replies.append(chat.streams(chat.chunk("Half"), chat.chunk(finish="length"), chat.DONE))

    pieces, end = await collected(model)

    assert pieces == ["Half"]
    assert end.cut_off


# Failures that may pass.


@pytest.mark.parametrize("code", [429, 500, 502, 503, 504, 529])
async def test_a_passing_failure_is_tried_again(
    server: Server, model: AskedModel, waits: Waits, code: int
) -> None:
    server.replies += [status(code, b"<html>busy</html>"), status(code)]

    assert (await model.answer(TEXT)).value == "Well."
    assert waits == [0.5, 2.0]


@pytest.mark.parametrize("reply", [cut_connection, status(503, b"busy")])
async def test_three_failures_are_enough(server: Server, model: AskedModel, reply: Reply) -> None:
    server.replies += [reply] * 3

    with pytest.raises(ModelUnavailable) as caught:
        await model.answer(TEXT)

    assert len(server.requests) == caught.value.details["usage"]["requests"] == 3
    assert len(caught.value.details["calls"]) == 3


@pytest.mark.parametrize(
    ("asked", "waited"),
    [
        (["3"], [3.0]),
        (["0", "0"], [0.0, 0.0]),
        (["12", "8"], [12.0, 8.0]),
        (["-3"], [0.5]),
        (["soon"], [0.5]),
        (["Wed, 21 Oct 1999 07:28:00 GMT"], [0.0]),
    ],
)
async def test_a_short_retry_after_is_waited_for(
    server: Server, model: AskedModel, waits: Waits, asked: list[str], waited: list[float]
) -> None:
    server.replies += [status(429, Retry_After=value) for value in asked]

    assert (await model.answer(TEXT)).value == "Well."
    assert waits == waited


@pytest.mark.parametrize(
    ("asked", "waited"), [(["21"], []), (["12", "9"], [12.0]), (["9" * 300], []), (["3600"], [])]
)
async def test_a_long_retry_after_is_not_waited_for_but_told(
    server: Server, model: AskedModel, waits: Waits, asked: list[str], waited: list[float]
) -> None:
    server.replies += [status(429, Retry_After=value) for value in asked]

    with pytest.raises(ModelUnavailable) as caught:
        await model.answer(TEXT)

    assert waits == waited
    assert caught.value.details["retry_after_seconds"] == float(asked[-1])
    assert caught.value.retryable
    json.dumps(caught.value.as_dict())


async def test_a_wait_beyond_the_time_limit_is_not_begun(server: Server, waits: Waits) -> None:
    server.replies.append(status(429, Retry_After="15"))
    model = AskedModel("tiny", base_url=server.url, timeout_seconds=10, sleep=waits)

    with pytest.raises(ModelUnavailable) as caught:
        await model.answer(TEXT)

    assert waits == []
    assert caught.value.details["retry_after_seconds"] == 15.0


async def test_a_used_up_account_is_not_asked_again(server: Server, model: AskedModel) -> None:
    body = b'{"error": {"message": "No credit.", "code": "insufficient_quota"}}'
    server.replies.append(status(429, body, **chat.JSON))

    with pytest.raises(ModelUnavailable, match="429") as caught:
        await model.answer(TEXT)

    assert "used up" in caught.value.hint
    assert len(server.requests) == 1


async def test_no_server_at_all_is_told_with_its_host(waits: Waits) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    model = AskedModel("tiny", base_url=f"http://127.0.0.1:{port}/v1", sleep=waits)

    with pytest.raises(ModelUnavailable, match=rf"127\.0\.0\.1:{port}") as caught:
        await model.answer(TEXT)

    assert len(waits) == 2
    assert "BRIEFSMITH_MODEL_BASE_URL" in caught.value.hint


# Time.


@pytest.mark.parametrize("reply", [never, drip])
async def test_a_server_that_does_not_finish_is_given_up(server: Server, reply: Reply) -> None:
    server.replies.append(reply)

    with pytest.raises(ModelTimedOut) as caught:
        await impatient(server).answer(TEXT)

    assert "BRIEFSMITH_MODEL_TIMEOUT" in caught.value.hint
    assert caught.value.details["usage"]["requests"] == 1
    assert "given up" in caught.value.details["calls"][0]["problem"]


async def test_the_request_s_own_limit_goes_before(server: Server, model: AskedModel) -> None:
    server.replies.append(never)
    request = Request("Rules.", "Task.", str, ModelSettings(timeout_seconds=0.2))

    with pytest.raises(ModelTimedOut):
        await model.answer(request)


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_host_that_never_takes_the_connection_is_given_up(
    monkeypatch: pytest.MonkeyPatch, *, streamed: bool
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    with socket.create_server(("127.0.0.1", 0), backlog=0) as hole:
        address = hole.getsockname()
        held = [socket.socket() for _ in range(4)]
        for other in held:  # more than the queue holds, so that the kernel drops the next one
            other.setblocking(False)
            other.connect_ex(address)
        model = AskedModel(
            "tiny", base_url=f"http://127.0.0.1:{address[1]}/v1", timeout_seconds=0.3
        )

        with pytest.raises(ModelTimedOut):
            await (collected(model) if streamed else model.answer(TEXT))

        for other in held:
            other.close()


# Answers that cannot be used.


USELESS: dict[str, str] = {
    "no JSON": "I would rather talk.",
    "half of it": '{"title": "Plan", "ids": ["a"',
    "another shape": '{"name": "Plan"}',
    "another type": '{"title": "Plan", "ids": "a"}',
    "a list": '["a"]',
    "more than asked": '{"title": "Plan", "ids": [], "more": 1}',
    "empty": "",
    "blank": " \n\t",
    "deep": '{"title":' + "[" * 5_000,
    "a lone surrogate": '{"title": "\\ud800", "ids": []}',
}


@pytest.mark.parametrize("text", USELESS.values(), ids=USELESS)
async def test_a_useless_answer_is_asked_again_twice_with_the_reason(
    server: Server, model: AskedModel, text: str
) -> None:
    server.replies += [chat.says(text)] * 3

    with pytest.raises(InvalidAnswer) as caught:
        await model.answer(OUTLINE)

    details = caught.value.details
    assert len(server.requests) == details["usage"]["requests"] == 3
    assert details["usage"]["input_tokens"] == 21
    assert [call["problem"] for call in details["calls"]] == [details["problem"]] * 3
    assert details["problem"] in sent_text(server).replace('\\"', '"').replace("\\\\", "\\")
    assert len(json.dumps(details)) < 10_000


@pytest.mark.parametrize("text", USELESS.values(), ids=USELESS)
async def test_a_useless_answer_may_be_followed_by_a_good_one(
    server: Server, model: AskedModel, text: str
) -> None:
    server.replies += [chat.says(text), chat.answers(PLAN)]

    answer = await model.answer(OUTLINE)

    assert answer.value.title == "Plan"
    assert [call.problem is None for call in answer.calls] == [False, True]
    roles = [message["role"] for message in server.requests[1].payload["messages"]]
    assert roles == (
        ["system", "user", "assistant", "user"] if text.strip() else ["system", "user"]
    )


async def test_ids_that_are_not_in_the_brief_are_asked_again_and_then_refused(
    server: Server, model: AskedModel
) -> None:
    server.replies += [chat.answers({"title": "Plan", "ids": ["a", "x", "y"]})] * 3

    with pytest.raises(InvalidAnswer) as caught:
        await model.answer(OUTLINE, check=only_known_ids)

    assert caught.value.details["problem"] == "These ids are not in the brief: x, y."
    assert "x, y" in sent_text(server, 1)
    assert len(server.requests) == 3


async def test_ids_that_are_mended_are_taken(server: Server, model: AskedModel) -> None:
    server.replies += [chat.answers({"title": "Plan", "ids": ["x"]}), chat.answers(PLAN)]

    assert (await model.answer(OUTLINE, check=only_known_ids)).value.ids == ["a"]


async def test_an_answer_that_ran_into_its_limit_is_not_asked_again(
    server: Server, model: AskedModel
) -> None:
    server.replies.append(chat.says('{"title": "Pl', finish="length"))

    with pytest.raises(InvalidAnswer, match="limit of tokens") as caught:
        await model.answer(OUTLINE)

    assert "max_tokens" in caught.value.hint
    assert caught.value.details["answer"] == '{"title": "Pl'
    assert len(server.requests) == 1


async def test_a_text_that_ran_into_its_limit_is_given_and_says_so(
    server: Server, model: AskedModel
) -> None:
    server.replies.append(chat.says("Half", finish="length"))

    answer = await model.answer(TEXT)

    assert (answer.value, answer.cut_off) == ("Half", True)


@pytest.mark.parametrize(
    ("reply", "refusal"),
    [
        (chat.says(None, refusal="I will not."), "I will not."),
        (chat.says("", finish="content_filter"), ""),
        (chat.says("Half", finish="content_filter"), ""),
    ],
)
@pytest.mark.parametrize("request_", [TEXT, OUTLINE], ids=["text", "outline"])
async def test_a_refusal_is_told_and_not_argued_with(
    server: Server, model: AskedModel, reply: Reply, refusal: str, request_: Request[Any]
) -> None:
    server.replies.append(reply)

    with pytest.raises(ModelRefused) as caught:
        await model.answer(request_)

    assert caught.value.details["refusal"] == refusal
    assert caught.value.details["usage"]["output_tokens"] == 3
    assert len(server.requests) == 1


HTML = status(200, b"<html><body>Welcome to nginx</body></html>", Content_Type="text/html")


@pytest.mark.parametrize(
    "reply",
    [
        HTML,
        status(200, b"Well.", Content_Type="text/plain"),
        *[
            status(200, body, **chat.JSON)
            for body in [
                b"", b"null", b"[]", b"{}", b"<html>", b'"text"', b'{"choices": null}',
                b'{"choices": []}', b'{"choices": [1]}', b'{"choices": [{}]}', b"\xff\xfe{}",
                b'{"choices": [{"message": null}]}', b'{"choices": [{"message": {"content": 5}}]}',
                b'{"choices": [{"finish_reason": "stop"}]}', b"[" * 100_000, b'{"choices": [{"mess',
                b'{"choices": [{"message": {"role": "assistant", "tool_calls": [{}]}}]}',
            ]
        ],
    ],
)  # fmt: skip
@pytest.mark.parametrize("streamed", [False, True])
async def test_what_is_no_completion_is_refused_and_the_process_lives(
    server: Server, model: AskedModel, reply: Reply, *, streamed: bool
) -> None:
    server.replies += [reply] * 3

    with pytest.raises((InvalidAnswer, ModelUnavailable)) as caught:
        await (collected(model) if streamed else model.answer(TEXT))

    assert 1 <= caught.value.details["usage"]["requests"] <= 3


@pytest.mark.parametrize("reply", [HTML, status(200, b"{}", **chat.JSON)])
async def test_a_page_instead_of_an_answer_hints_at_the_address(
    server: Server, model: AskedModel, reply: Reply
) -> None:
    server.replies.append(reply)

    with pytest.raises(InvalidAnswer, match="no chat completion") as caught:
        await model.answer(TEXT)

    assert "BRIEFSMITH_MODEL_BASE_URL" in caught.value.hint
    assert len(server.requests) == 1


LONG = json.dumps(chat.completion("x" * 1_000_000)).encode()


@pytest.mark.parametrize(
    "reply",
    [
        status(200, LONG, **chat.JSON),
        status(500, LONG, **chat.JSON),
        chat.streams(*[chat.chunk("x" * 1_000)] * 100),
        chat.streams(b"data: " + b"x" * 1_000_000),
    ],
    ids=["answer", "error", "stream", "line"],
)
async def test_an_endless_answer_is_stopped(
    server: Server, model: AskedModel, reply: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "MOST_BODY_BYTES", 10_000)
    server.replies.append(reply)

    received, details = await broken_off(model, InvalidAnswer)

    assert len(received) < 10_000
    assert details.get("received_text", "") == received


async def test_a_compressed_answer_could_be_any_size_and_is_refused(
    server: Server, model: AskedModel
) -> None:
    headers = {**chat.JSON, "Content_Encoding": "gzip"}
    server.replies.append(status(200, gzip.compress(LONG), **headers))

    with pytest.raises(InvalidAnswer, match="compressed"):
        await model.answer(TEXT)

    assert server.requests[0].headers["accept-encoding"] == "identity"


# Keys and addresses.


@pytest.mark.parametrize(
    ("login", "key", "sent"),
    [
        ("", None, None),
        ("", f" {KEY}\n", f"Bearer {KEY}"),
        ("ann:p%40ss@", None, "Basic YW5uOnBAc3M="),
        ("ann:pass@", KEY, f"Bearer {KEY}"),
    ],
)
async def test_the_key_goes_before_a_login_in_the_address(
    server: Server, login: str, key: str | None, sent: str | None
) -> None:
    url = server.url.replace("://", f"://{login}") + "/"
    model = AskedModel("tiny", base_url=url, key=key)

    await model.answer(TEXT)

    assert server.requests[0].headers.get("authorization") == sent
    assert server.requests[0].path == "/v1/chat/completions"
    assert model.name == f"tiny@{server.url.split('/')[2]}"


@pytest.mark.parametrize("code", [401, 403])
async def test_a_refused_key_names_its_setting_and_is_not_tried_again(
    server: Server, model: AskedModel, code: int
) -> None:
    server.replies.append(status(code, b'{"error": {"message": "Incorrect key"}}', **chat.JSON))

    with pytest.raises(ModelUnavailable) as caught:
        await model.answer(OUTLINE)

    assert "BRIEFSMITH_MODEL_API_KEY" in caught.value.hint
    assert caught.value.details["status"] == code
    assert caught.value.details["answer"] == "Incorrect key"
    assert len(server.requests) == 1


async def test_an_unknown_model_names_its_setting(server: Server, model: AskedModel) -> None:
    server.replies.append(status(404, b'{"error": "model tiny not found"}', **chat.JSON))

    with pytest.raises(ModelUnavailable, match="404") as caught:
        await model.answer(TEXT)

    assert "BRIEFSMITH_MODEL" in caught.value.hint


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("streamed", [False, True])
async def test_a_redirect_is_not_followed_with_the_key(
    server: Server, code: int, *, streamed: bool
) -> None:
    model = AskedModel("tiny", base_url=server.url, key=KEY)
    with serving(chat.says("Thanks for the key.")) as thief:
        server.replies.append(status(code, Location=thief.url))

        with pytest.raises(ModelUnavailable, match="redirects"):
            await (collected(model) if streamed else model.answer(TEXT))

        assert thief.requests == []
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "url",
    [
        "localhost:11434/v1", "ftp://host/v1", "http://", "http://host:port/v1", "/v1", "tiny",
        "http://[::1/v1", "http://ho st/v1", "http://host/v1?key=hunter2", "http://host/v1#a",
        "http://ann:hunter2@/v1", "http://host\r\nx: y/v1",
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_refused_without_being_quoted(url: str) -> None:
    settings = load_settings({"BRIEFSMITH_MODEL": "tiny", "BRIEFSMITH_MODEL_BASE_URL": url})

    with pytest.raises(InvalidSetting, match="BRIEFSMITH_MODEL_BASE_URL") as caught:
        make_language_model(settings)

    assert "hunter2" not in str(caught.value.as_dict())


@pytest.mark.parametrize("key", ["sk-ключ", "a\x00b"])
def test_a_key_that_cannot_be_sent_is_refused_without_being_quoted(key: str) -> None:
    with pytest.raises(InvalidSetting, match="BRIEFSMITH_MODEL_API_KEY") as caught:
        AskedModel("tiny", base_url="http://localhost/v1", key=key)

    assert key not in str(caught.value.as_dict())


@pytest.mark.parametrize(
    "variables",
    [
        {"BRIEFSMITH_MODEL": "tiny"},
        {"BRIEFSMITH_MODEL": " "},
        {"BRIEFSMITH_MODEL_BASE_URL": "http://localhost:11434/v1"},
    ],
)
def test_half_a_setting_says_what_is_missing(variables: dict[str, str]) -> None:
    with pytest.raises(InvalidSetting, match="BRIEFSMITH_MODEL"):
        make_language_model(load_settings(variables))


def test_no_setting_is_no_model() -> None:
    assert make_language_model(load_settings({})) is None


@pytest.mark.parametrize("login", ["", "ann:very-secret-password@"])
async def test_no_error_log_or_repr_shows_a_secret(
    server: Server, waits: Waits, login: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    key = None if login else KEY
    url = server.url.replace("://", f"://{login}")
    model = AskedModel("tiny", base_url=url, key=key, sleep=waits)
    secret = key or "very-secret-password"
    echo = json.dumps({"error": {"message": f"Incorrect API key provided: {secret}"}}).encode()
    replies: list[Reply] = [
        chat.says("Well."),
        *[status(code, echo, **chat.JSON) for code in (400, 401, 404, 429, 500)],
        status(400, b"." * 190 + secret.encode()),
        status(302, secret.encode(), Location=server.url),
        status(200, secret.encode(), Content_Type="text/html"),
        status(200, b'{"choices": ["' + secret.encode() + b'"]}', **chat.JSON),
        chat.says(None, refusal=secret),
        *[chat.says(secret)] * 3,
        chat.says("", finish="stop"),
    ]
    shown = [repr(model), str(model), model.name]

    for reply in replies:
        server.replies.extend([reply] * 3)
        requests: list[Request[Any]] = [TEXT, OUTLINE]
        for request in requests:
            try:
                await model.answer(request, check=lambda value: f"{value} is wrong.")
            except BriefsmithError as error:
                shown += [str(error.as_dict()), *traceback.format_exception(error)]
        server.replies.clear()
    for reply in [chat.streams(chat.chunk(secret)), status(401, echo, **chat.JSON)]:
        server.replies.append(reply)
        with pytest.raises(ModelUnavailable) as caught:
            await collected(model)
        shown += [str(caught.value.as_dict()), *traceback.format_exception(caught.value)]

    everything = "\n".join([*shown, caplog.text])
    assert "very-s" not in everything
    assert "[key]" in everything
    assert "POST http://127.0.0.1" in caplog.text


async def test_a_key_is_not_shown_as_json_escapes_it_either(server: Server, waits: Waits) -> None:
    key = 'sk-"very\\secret"'
    model = AskedModel("tiny", base_url=server.url, key=key, sleep=waits)
    body = json.dumps({"error": {"message": {"sent": f"Bearer {key}"}}}).encode()
    server.replies.append(status(400, body, **chat.JSON))

    with pytest.raises(ModelUnavailable) as caught:
        await model.answer(TEXT)

    assert caught.value.details["answer"] == '{"sent": "Bearer [key]"}'


# Providers that the library knows by name.


@pytest.fixture
def hosted(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The server stands for OpenAI and for Ollama."""
    for name in ("OPENAI_BASE_URL", "OLLAMA_BASE_URL"):
        monkeypatch.setenv(name, server.url)
    for name in ("OPENAI_API_KEY", "OLLAMA_API_KEY"):
        monkeypatch.setenv(name, "sk-very-secret-of-the-environment")
    return server


async def test_a_provider_is_asked_with_the_key_of_the_settings(
    hosted: Server, waits: Waits
) -> None:
    hosted.replies += [status(503), chat.answers(PLAN)]
    model = AskedModel("openai-chat:gpt-4o", key=KEY, sleep=waits)

    answer = await model.answer(OUTLINE)

    assert answer.value.title == "Plan"
    assert [request.headers["authorization"] for request in hosted.requests] == [
        f"Bearer {KEY}"
    ] * 2
    assert hosted.requests[0].payload["model"] == "gpt-4o"
    assert waits == [0.5]


async def test_a_name_without_a_provider_is_asked_at_the_provider_of_the_settings(
    hosted: Server,
) -> None:
    settings = ModelSettings(model="gpt-4o-mini")

    await AskedModel("openai-chat:gpt-4o", key=KEY).answer(Request("R", "T", str, settings))

    assert hosted.requests[0].payload["model"] == "gpt-4o-mini"


async def test_the_key_does_not_go_to_another_provider(hosted: Server) -> None:
    settings = ModelSettings(model="ollama:qwen2.5:7b")

    await AskedModel("openai-chat:gpt-4o", key=KEY).answer(Request("R", "T", str, settings))

    assert hosted.requests[0].payload["model"] == "qwen2.5:7b"
    assert KEY not in str(hosted.requests[0])


async def test_a_key_that_only_the_provider_s_variable_holds_is_not_shown(hosted: Server) -> None:
    body = b'{"error": {"message": "bad key sk-very-secret-of-the-environment"}}'
    hosted.replies.append(status(401, body, **chat.JSON))

    with pytest.raises(ModelUnavailable) as caught:
        await AskedModel("openai-chat:gpt-4o").answer(TEXT)

    assert caught.value.details["answer"] == "bad key [key]"
    assert "very-secret" not in "".join(traceback.format_exception(caught.value))


async def test_a_missing_key_names_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)

    with pytest.raises(InvalidSetting) as caught:
        await AskedModel("openai:gpt-5-mini").answer(TEXT)

    assert "BRIEFSMITH_MODEL_API_KEY" in caught.value.hint


async def test_an_unknown_provider_says_how_names_look() -> None:
    with pytest.raises(InvalidSetting, match=r"^nobody:tiny cannot") as caught:
        await AskedModel("nobody:tiny").answer(TEXT)

    assert caught.value.details["usage"]["requests"] == 0
    assert "BRIEFSMITH_MODEL" in caught.value.hint


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_provider_whose_package_is_missing_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, *, streamed: bool
) -> None:
    monkeypatch.setitem(sys.modules, "anthropic", None)
    monkeypatch.delitem(sys.modules, "pydantic_ai.providers.anthropic", raising=False)
    model = AskedModel("anthropic:claude-sonnet-4-5")

    with pytest.raises(InvalidSetting) as caught:
        await (collected(model) if streamed else model.answer(TEXT))

    assert caught.value.hint == "pip install 'pydantic-ai-slim[anthropic]'"
    assert caught.value.details["calls"] == []


async def test_a_missing_library_says_which_extra_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [*sys.modules]:
        if name.startswith("briefsmith.providers.language_models."):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pydantic_ai.direct", None)

    with pytest.raises(InvalidSetting) as caught:
        await AskedModel("tiny", base_url="http://localhost/v1").answer(TEXT)

    assert caught.value.hint == "pip install 'briefsmith[llm]'"


# What the library is kept from.


IMPORTS = """
import sys
reached = []
sys.addaudithook(lambda name, _: name.startswith(("socket.connect", "socket.getaddr")) and reached.append(name))
from briefsmith.config import load_settings
from briefsmith.providers.selection import make_language_model
make_language_model(load_settings({"BRIEFSMITH_MODEL": "a:b"}))
heavy = {"pydantic_ai", "openai", "httpx2", "httpx"} & sys.modules.keys()
import briefsmith.providers.language_models.calls
print(sorted(heavy), reached, "pydantic_ai" in sys.modules)
"""


def test_the_library_is_imported_by_the_first_call_and_reaches_nobody() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=True
    )

    assert done.stdout == "[] [] True\n"


async def test_nothing_is_traced_even_where_the_process_traces_its_agents(
    server: Server, model: AskedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pydantic_ai import Agent
    from pydantic_ai.models import instrumented

    def forbidden(*_: object) -> None:
        message = "a call was traced"
        raise AssertionError(message)

    monkeypatch.setattr(Agent, "_instrument_default", True)
    monkeypatch.setattr(instrumented.InstrumentedModel, "request", forbidden)
    monkeypatch.setattr(instrumented.InstrumentedModel, "request_stream", forbidden)
    server.replies += [chat.says("Well."), chat.streams(chat.chunk("Well."), chat.DONE)]

    await model.answer(TEXT)

    assert (await collected(model))[0] == ["Well."]
