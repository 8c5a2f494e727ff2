"""Posts outputs to a webhook: signed, to an address that was looked at, again where that may help."""

import asyncio
import json
import ssl
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC
from random import SystemRandom
from typing import Any, Literal

import httpx

from briefsmith.errors import ReceiverUnavailable
from briefsmith.providers.connecting import NOT_BELIEVED, Asked, connected, problem_of
from briefsmith.providers.ip_addresses import Resolve, resolve
from briefsmith.providers.receivers.addresses import checked_addresses
from briefsmith.providers.receivers.port import Delivery, Try
from briefsmith.providers.receivers.signing import signed_headers
from briefsmith.providers.retry_after import asked_wait_seconds
from briefsmith.schemas.receivers import WebhookTarget
from briefsmith.schemas.web_addresses import IPAddress

_BACKOFF_SECONDS = (1.0, 2.0, 4.0, 8.0)  # before the second try and those after it, at most
_TRY_SECONDS = 15.0  # the least that the specification recommends
_ALL_SECONDS = 60.0  # a person waits for it
_LOOK_SECONDS = 5.0
_WORTH_A_RETRY = frozenset({408, 429, *range(500, 600)})
_GONE = 410
_TOO_LATE = "did not take the output in time"
_REDIRECTS = range(300, 400)


def _random_share() -> float:
    return SystemRandom().uniform(0.5, 1.0)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a webhook needs of the world.

    Attributes:
        look_up: Addresses of a name.
        sleep: Waits so many seconds.
        now: Seconds since 1970.
        share: Which part of a backoff is waited, from 0 to 1, so that senders do not come all at once.
        trust: Whose certificates are believed; None for those that the system's packages bring.
        transport: What requests go over; None for the network.
    """

    look_up: Resolve = resolve
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    now: Callable[[], float] = time.time
    share: Callable[[], float] = _random_share
    trust: ssl.SSLContext | None = None
    transport: httpx.AsyncBaseTransport | None = None


@dataclass(frozen=True, slots=True)
class _Outcome:
    """A try, and what may be done after it."""

    tried: Try
    may_pass: bool = False
    wait_seconds: float | None = None


class Webhook:
    """One address. Shows nothing of its path and query, which may be secret.

    Args:
        target: Where to post.
        keys: What to sign with, at least one.
        allow_private: Whether it may be on this machine or in a private network.
        surroundings: Of the process, unless a test has its own.
    """

    kind: Literal["file", "webhook"] = "webhook"

    def __init__(
        self,
        target: WebhookTarget,
        keys: Sequence[bytes],
        *,
        allow_private: bool = False,
        surroundings: Surroundings | None = None,
    ) -> None:
        self._target = target
        self._keys = tuple(keys)
        self._allow_private = allow_private
        self._world = surroundings or Surroundings()

    @property
    def name(self) -> str:
        """Host and port."""
        return self._target.authority

    async def check(self) -> None:
        """See the port; a name that cannot be looked up now may be found later."""
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                await self._addresses()
        except (OSError, TimeoutError):
            return

    async def deliver(self, delivery: Delivery) -> tuple[Try, ...]:
        """See the port."""
        body = body_of(delivery)
        tries: list[Try] = []
        try:
            async with asyncio.timeout(_ALL_SECONDS):
                await self._try_until_taken(delivery, body, tries)
        except TimeoutError:
            raise self._refused(_TOO_LATE, tries) from None
        return tuple(tries)

    async def _try_until_taken(self, delivery: Delivery, body: bytes, tries: list[Try]) -> None:
        deadline = asyncio.get_running_loop().time() + _ALL_SECONDS
        waits = list(_BACKOFF_SECONDS)
        while True:
            outcome = await self._try(delivery, body, len(tries))
            tries.append(outcome.tried)
            if outcome.tried.problem is None:
                return
            if not outcome.may_pass or not waits:
                raise self._refused(outcome.tried.problem, tries)
            wait_seconds = waits.pop(0) * self._world.share()
            if outcome.wait_seconds is not None:
                wait_seconds = max(wait_seconds, outcome.wait_seconds)
            if asyncio.get_running_loop().time() + wait_seconds >= deadline:
                raise self._refused(outcome.tried.problem, tries, asked=outcome.wait_seconds)
            await self._world.sleep(wait_seconds)

    async def _try(self, delivery: Delivery, body: bytes, number: int) -> _Outcome:
        started = time.perf_counter()
        try:
            async with asyncio.timeout(_TRY_SECONDS):
                addresses = await self._addresses()
                response = await self._post(delivery, body, addresses[number % len(addresses)])
        except (OSError, TimeoutError, httpx.TransportError) as error:
            problem = problem_of(error)
            tried = Try(None, problem, time.perf_counter() - started)
            return _Outcome(tried, may_pass=problem != NOT_BELIEVED)
        return _judged(response, time.perf_counter() - started)

    async def _addresses(self) -> list[IPAddress]:
        return await checked_addresses(
            self._target, self._world.look_up, allow_private=self._allow_private
        )

    async def _post(self, delivery: Delivery, body: bytes, address: IPAddress) -> httpx.Response:
        """Status and headers; what else comes is not read."""
        headers = signed_headers(
            self._keys, f"msg_{delivery.output_id.hex}", int(self._world.now()), body
        )
        asked = Asked("POST", {**headers, "content-type": "application/json"}, body)
        world = self._world
        async with connected(
            self._target, address, asked, trust=world.trust, transport=world.transport
        ) as response:
            return response

    def _refused(
        self, why: str, tries: Sequence[Try], *, asked: float | None = None
    ) -> ReceiverUnavailable:
        details: dict[str, Any] = {"receiver": self.name, "tries": [one.as_dict() for one in tries]}
        if asked is not None:
            details["retry_after_seconds"] = asked
        return ReceiverUnavailable(f"The webhook {self.name} {why}.", details=details)


def body_of(delivery: Delivery) -> bytes:
    """What is posted, the same bytes each time."""
    # In one zone, as a session's own may differ, and the body with it.
    made_at = delivery.created_at.astimezone(UTC).isoformat()
    message = {
        "type": "brief.output",
        "timestamp": made_at,
        "brief_id": str(delivery.brief_id),
        "output_id": str(delivery.output_id),
        "output_type": delivery.output_type.value,
        "content": delivery.content,
        "created_at": made_at,
    }
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def _judged(response: httpx.Response, seconds: float) -> _Outcome:
    status = response.status_code
    if response.is_success:
        return _Outcome(Try(status, None, seconds))
    if status in _REDIRECTS:
        problem = f"redirects to another address, which is not followed (status {status})"
    elif status == _GONE:
        problem = f"wants no more deliveries (status {status})"
    elif status in _WORTH_A_RETRY:
        problem = f"could not take the output (status {status})"
    else:
        problem = f"refuses the output (status {status})"
    tried = Try(status, problem, seconds)
    return _Outcome(tried, status in _WORTH_A_RETRY, asked_wait_seconds(response.headers))
