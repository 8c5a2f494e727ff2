"""How much and how often: bytes of a body, seconds of a request, requests of a person."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

from briefsmith.errors import RequestTooLarge, TookTooLong, TooManyRequests
from briefsmith.operations.request_limits import Rate, retry_after_seconds, take_requests
from briefsmith.postgres.database import Database
from briefsmith.postgres.session import Actor

_MOST_PEOPLE = 10_000
_LARGEST_HANDFUL = 32
_SOON_SECONDS = 1.0
_MOST_DIGITS = 18


class BodyTooLarge(HTTPException):
    """More bytes have come than the server takes."""

    def __init__(self, most: int) -> None:
        super().__init__(413)
        self.most = most

    @property
    def error(self) -> RequestTooLarge:
        """For the answer."""
        message = f"The request has more than {self.most:,} bytes, which is the most."
        return RequestTooLarge(message, details={"most": self.most})


@dataclass(slots=True)
class CountedBody:
    """Receives a body and counts its bytes as they come; what its length was said to be is not believed.

    Attributes:
        declared: `Content-Length`; one that is too much saves the reading.
    """

    receive: Receive
    most: int
    declared: str | None = None
    _count: int = 0

    async def __call__(self) -> Message:
        """The next piece.

        Raises:
            BodyTooLarge: There are too many bytes by now.
        """
        said = self.declared or ""
        if said.isdecimal() and (len(said) > _MOST_DIGITS or int(said) > self.most):
            raise BodyTooLarge(self.most)
        message = await self.receive()
        self._count += len(message.get("body", b""))
        if self._count > self.most:
            raise BodyTooLarge(self.most)
        return message


@asynccontextmanager
async def within(seconds: float) -> AsyncGenerator[None]:
    """Ends what takes longer; its transaction is rolled back.

    Raises:
        TookTooLong: It did.
    """
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            yield
    except TimeoutError as error:
        if not limit.expired():
            raise
        message = f"The request took longer than {seconds:g} seconds and was ended."
        raise TookTooLong(message) from error


@dataclass(slots=True)
class _Handful:
    """Requests that were taken of the rate and not made yet."""

    left: int = 0
    size: int = 1
    taken_at: float = 0.0
    refused_until: float = 0.0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(slots=True)
class Rates:
    """Holds each person to the rate, whichever servers are asked: what may be made is taken from the database by handfuls.

    A handful grows with how often one is taken, so that a transaction is spent on few requests.
    """

    database: Database
    rate: Rate
    _handfuls: OrderedDict[UUID, _Handful] = field(default_factory=OrderedDict[UUID, _Handful])

    async def take(self, actor: Actor) -> None:
        """Takes one request.

        Raises:
            TooManyRequests: There is none to be had for a while.
        """
        handful = self._handfuls.get(actor.user_id)
        if handful is None:
            handful = self._handfuls[actor.user_id] = _Handful()
            while len(self._handfuls) > _MOST_PEOPLE:
                self._handfuls.popitem(last=False)
        if handful.left == 0:
            async with handful.turn:
                if handful.left == 0:
                    await self._refill(actor, handful)
        handful.left -= 1

    async def _refill(self, actor: Actor, handful: _Handful) -> None:
        now = time.monotonic()
        if now < handful.refused_until:
            raise self._refused(handful.refused_until - now)
        is_soon = now - handful.taken_at < _SOON_SECONDS
        handful.size = min(handful.size * 2, _LARGEST_HANDFUL) if is_soon else 1
        async with self.database.session(actor) as session:
            granted = await take_requests(session, self.rate, handful.size)
        handful.taken_at = time.monotonic()
        if not granted.count:
            # Who goes on asking costs no transaction.
            handful.refused_until = handful.taken_at + granted.wait_seconds
            raise self._refused(granted.wait_seconds)
        handful.left += granted.count

    def _refused(self, wait_seconds: float) -> TooManyRequests:
        message = f"More than {self.rate.per_minute:,} requests a minute were made."
        details = {
            "per_minute": self.rate.per_minute,
            "retry_after_seconds": retry_after_seconds(wait_seconds),
        }
        return TooManyRequests(message, details=details)
