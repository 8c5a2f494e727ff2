"""Webhooks against real servers on loopback, whatever these do."""

import asyncio
import base64
import hashlib
import hmac
import json
import socket
import ssl
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Event, Thread
from uuid import UUID

import pytest

from briefsmith.errors import ReceiverUnavailable
from briefsmith.models.enums import OutputType
from briefsmith.providers.receivers import webhooks
from briefsmith.providers.receivers.port import Delivery
from briefsmith.providers.receivers.webhooks import Surroundings, Webhook, body_of
from briefsmith.schemas.receivers import WebhookTarget, read_receiver
from briefsmith.schemas.web_addresses import IPAddress
from tests.integration.http_story import (
    Handler,
    Request,
    Server,
    Waits,
    cut_connection,
    drip,
    never,
    serving,
    status,
)

KEY = b"k" * 32
CERTIFICATE = Path(__file__).parents[1] / "fixtures" / "webhook" / "server.pem"
DELIVERY = Delivery(
    UUID("00000000-0000-4000-8000-00000000000a"),
    UUID("00000000-0000-4000-8000-00000000000b"),
    OutputType.STRUCTURED_JSON,
    '{"a":"Grüße 😀"}',
    datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC),
)


@pytest.fixture
def receiver() -> Generator[Server]:
    with serving(status(204)) as story:
        yield story


def webhook(url: str, waits: Waits | None = None, **world: object) -> Webhook:
    target = read_receiver(url)
    assert isinstance(target, WebhookTarget)
    surroundings = Surroundings(
        sleep=Waits() if waits is None else waits, now=lambda: 1_800_000_000.9, share=lambda: 0.5
    )
    surroundings = replace(surroundings, **world)
    return Webhook(target, [KEY], allow_private=True, surroundings=surroundings)


async def refused(receiver: Server, waits: Waits | None = None) -> ReceiverUnavailable:
    with pytest.raises(ReceiverUnavailable) as caught:
        await webhook(receiver.url, waits).deliver(DELIVERY)
    return caught.value


async def test_an_output_arrives_signed_with_its_ids(receiver: Server) -> None:
    [tried] = await webhook(f"{receiver.url}/hook?a=b").deliver(DELIVERY)

    assert (tried.status, tried.problem) == (204, None)
    [request] = receiver.requests
    assert request.path == "/v1/hook?a=b"
    assert request.payload == {
        "type": "brief.output",
        "timestamp": "2027-01-02T03:04:05+00:00",
        "brief_id": str(DELIVERY.brief_id),
        "output_id": str(DELIVERY.output_id),
        "output_type": "structured_json",
        "content": DELIVERY.content,
        "created_at": "2027-01-02T03:04:05+00:00",
    }
    assert request.headers["webhook-id"] == f"msg_{DELIVERY.output_id.hex}"
    assert request.headers["webhook-timestamp"] == "1800000000"
    assert request.headers["content-type"] == "application/json"
    version, _, digest = request.headers["webhook-signature"].partition(",")
    signed = f"msg_{DELIVERY.output_id.hex}.1800000000.".encode() + body_of(DELIVERY)
    assert version == "v1"
    assert base64.b64decode(digest) == hmac.new(KEY, signed, hashlib.sha256).digest()
    assert json.loads(body_of(DELIVERY)) == request.payload


async def test_the_same_output_is_the_same_message_whatever_zone_its_time_is_read_in(
    receiver: Server,
) -> None:
    elsewhere = DELIVERY.created_at.astimezone(timezone(timedelta(hours=5)))

    await webhook(receiver.url).deliver(DELIVERY)
    await webhook(receiver.url).deliver(replace(DELIVERY, created_at=elsewhere))

    first, second = receiver.requests
    assert first.payload == second.payload
    for name in ("webhook-id", "webhook-signature"):
        assert first.headers[name] == second.headers[name]


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504, 599])
async def test_what_may_pass_is_tried_again_with_the_same_id(receiver: Server, code: int) -> None:
    receiver.replies.extend([status(code), status(code)])
    waits = Waits()

    tries = await webhook(receiver.url, waits).deliver(DELIVERY)

    assert [one.status for one in tries] == [code, code, 204]
    assert waits == [0.5, 1.0]
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410, 413, 422, 301, 302, 307, 308, 304])
async def test_what_will_not_pass_is_final(receiver: Server, code: int) -> None:
    receiver.usual = status(code, Location=f"{receiver.url}/elsewhere")

    error = await refused(receiver)

    assert len(receiver.requests) == 1
    assert error.message.endswith(f"(status {code}).")
    assert [one["status"] for one in error.details["tries"]] == [code]


@pytest.mark.parametrize("place", ["javascript:alert(1)", "https:127.0.0.1", "https://[", "\xff"])
async def test_a_redirect_that_leads_nowhere_is_told_as_one(receiver: Server, place: str) -> None:
    receiver.usual = status(302, Location=place)

    error = await refused(receiver)

    assert error.message.endswith("which is not followed (status 302).")


async def test_after_five_tries_it_is_left_at_that(receiver: Server) -> None:
    receiver.usual = status(503, b"secret page")
    waits = Waits()

    error = await refused(receiver, waits)

    assert len(receiver.requests) == 5
    assert waits == [0.5, 1.0, 2.0, 4.0]
    assert [one["status"] for one in error.details["tries"]] == [503] * 5
    assert "secret page" not in str(error.as_dict())


async def test_a_receiver_that_asks_for_time_gets_it(receiver: Server) -> None:
    now = "Sat, 02 Jan 2027 03:04:05 GMT"
    receiver.replies.extend(
        [
            status(503, Retry_After="7"),
            status(429, Retry_After="Sat, 02 Jan 2027 03:04:16 GMT", Date=now),
            status(503, Retry_After="soon"),
        ]
    )
    waits = Waits()

    await webhook(receiver.url, waits).deliver(DELIVERY)

    assert waits[0] == 7.0
    assert waits[1] >= 1.0
    assert waits[2] == 2.0


async def test_more_time_than_there_is_is_told_and_not_waited_for(receiver: Server) -> None:
    receiver.usual = status(429, Retry_After="3600")
    waits = Waits()

    error = await refused(receiver, waits)

    assert waits == []
    assert error.details["retry_after_seconds"] == 3600.0


async def test_a_connection_that_breaks_off_is_tried_again(receiver: Server) -> None:
    def hangs_up(handler: Handler, _request: Request) -> None:
        handler.connection.shutdown(socket.SHUT_RDWR)

    receiver.replies.append(hangs_up)

    tries = await webhook(receiver.url).deliver(DELIVERY)

    assert [one.status for one in tries] == [None, 204]
    assert tries[0].problem == "cannot be reached, or the connection broke off"


async def test_the_body_of_an_answer_is_not_waited_for(receiver: Server) -> None:
    receiver.replies.extend([cut_connection, drip])

    assert len(await webhook(receiver.url).deliver(DELIVERY)) == 1
    assert len(await webhook(receiver.url).deliver(DELIVERY)) == 1


async def test_a_port_where_nobody_listens_is_told() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    with pytest.raises(ReceiverUnavailable, match=f"127.0.0.1:{port} cannot be reached") as caught:
        await webhook(f"http://127.0.0.1:{port}/path-is-secret").deliver(DELIVERY)

    assert len(caught.value.details["tries"]) == 5
    assert "path-is-secret" not in str(caught.value.as_dict())


async def test_a_receiver_that_never_answers_is_given_up_in_time(
    receiver: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "_TRY_SECONDS", 0.05)
    receiver.usual = never

    error = await refused(receiver)

    assert [one["problem"] for one in error.details["tries"]] == ["did not answer in time"] * 5


async def test_all_tries_together_have_an_end(
    receiver: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "_ALL_SECONDS", 0.1)
    receiver.usual = never

    error = await refused(receiver)

    assert error.message.endswith("did not take the output in time.")


async def test_a_proxy_of_the_environment_is_not_asked(
    receiver: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert len(await webhook(receiver.url).deliver(DELIVERY)) == 1


async def test_whoever_stops_waiting_leaves_no_connection_open(receiver: Server) -> None:
    arrived, left = Event(), Event()

    def waits_for_the_end(handler: Handler, _request: Request) -> None:
        arrived.set()
        if handler.connection.recv(1) == b"":
            left.set()

    receiver.usual = waits_for_the_end
    sending = asyncio.create_task(webhook(receiver.url).deliver(DELIVERY))
    assert await asyncio.to_thread(arrived.wait, 20)

    sending.cancel()

    with pytest.raises(asyncio.CancelledError):
        await sending
    assert await asyncio.to_thread(left.wait, 20)


# Encryption.


@contextmanager
def encrypted() -> Generator[tuple[int, list[tuple[str | None, str]]]]:
    """The port of a server with a certificate of hooks.example.test, and the names that it was asked by."""
    asked: list[tuple[str | None, str]] = []
    names: list[str | None] = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            asked.append((names[-1], self.headers["host"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as it is called
            """Says nothing."""

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Clients that do not believe it hang up."""

        def get_request(self) -> tuple[socket.socket, object]:
            plain, address = super().get_request()
            try:
                return context.wrap_socket(plain, server_side=True), address
            except OSError:
                plain.close()
                raise

    def note(_socket: object, name: str | None, _context: object) -> None:
        names.append(name)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    context.sni_callback = note
    with Quiet(("127.0.0.1", 0), Answer) as listening:
        thread = Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield listening.server_port, asked
        finally:
            listening.shutdown()
            thread.join()


async def loopback(_host: str, _port: int) -> list[IPAddress]:
    return [ip_address("127.0.0.1")]


def believing() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(CERTIFICATE))


async def test_the_address_is_connected_to_and_the_name_is_believed() -> None:
    with encrypted() as (port, asked):
        url = f"https://hooks.example.test:{port}/"
        tries = await webhook(url, look_up=loopback, trust=believing()).deliver(DELIVERY)

    assert [one.status for one in tries] == [204]
    assert asked == [("hooks.example.test", f"hooks.example.test:{port}")]


@pytest.mark.parametrize("name", ["other.example.test", "127.0.0.1"])
async def test_a_certificate_of_another_name_is_not_believed(name: str) -> None:
    with encrypted() as (port, asked), pytest.raises(ReceiverUnavailable) as caught:
        url = f"https://{name}:{port}/"
        await webhook(url, look_up=loopback, trust=believing()).deliver(DELIVERY)

    assert "has a certificate that is not believed" in caught.value.message
    assert len(caught.value.details["tries"]) == 1
    assert asked == []


async def test_a_certificate_of_nobody_known_is_not_believed() -> None:
    with encrypted() as (port, asked), pytest.raises(ReceiverUnavailable) as caught:
        await webhook(f"https://hooks.example.test:{port}/", look_up=loopback).deliver(DELIVERY)

    assert "has a certificate that is not believed" in caught.value.message
    assert len(caught.value.details["tries"]) == 1
    assert asked == []
