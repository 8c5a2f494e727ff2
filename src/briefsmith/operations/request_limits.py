"""How much one person may ask, whichever servers are asked."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from briefsmith import errors
from briefsmith.postgres.session import Session
from briefsmith.store import request_limits


@dataclass(frozen=True, slots=True)
class Rate:
    """A limit of requests.

    Attributes:
        per_minute: Evenly, at least 1.
        burst: How many may come at once after a rest, at least 1.
    """

    per_minute: int
    burst: int

    @property
    def period(self) -> timedelta:
        """The time that one request takes of the rate."""
        return timedelta(minutes=1) / self.per_minute


@dataclass(frozen=True, slots=True)
class Grant:
    """What came of asking for requests.

    Attributes:
        count: How many may be made; 0 says that none may.
        used_until: What is used by then, in the time of the database.
        wait_seconds: Until there is room for one; 0 where there is.
    """

    count: int
    used_until: datetime
    wait_seconds: float


def grant(rate: Rate, used_until: datetime, now: datetime, wanted: int) -> Grant:
    """As many of the wanted requests as there is room for.

    Source: the generic cell rate algorithm of ITU-T I.371, in its form by a virtual schedule.
    """
    begins = max(used_until, now)
    ahead = begins - now
    room = (rate.burst * rate.period - ahead) // rate.period
    count = max(0, min(wanted, room))
    if count:
        return Grant(count, begins + count * rate.period, 0.0)
    wait = ahead - (rate.burst - 1) * rate.period
    return Grant(0, used_until, wait.total_seconds())


async def take_requests(session: Session, rate: Rate, wanted: int) -> Grant:
    """Lets the actor make some requests; a server that takes a handful at once asks seldom.

    Args:
        wanted: At least 1.
    """
    row = await request_limits.lock_rate(session)
    granted = grant(rate, row.used_until, row.now, wanted)
    if granted.count:
        await request_limits.update_rate(session, granted.used_until)
    return granted


async def begin_long_request(
    session: Session, kind: str, *, most: int, seconds: float, idempotency_key: str | None = None
) -> UUID:
    """The id of a request that takes long, to be ended with; it is forgotten when its time is over.

    Args:
        kind: Of request, in a word.
        most: How many of a kind may be under way at once.
        seconds: It takes no longer.
        idempotency_key: Of a request that may come again while it is under way.

    Raises:
        KeyInUse: A request with this key is under way.
        TooManyRequests: Too many are.
    """
    running = await request_limits.lock_running(session)
    if idempotency_key is not None and any(
        row.idempotency_key == idempotency_key for row in running
    ):
        message = "The first request with this Idempotency-Key is still under way."
        raise errors.KeyInUse(message)
    if sum(row.kind == kind for row in running) >= most:
        message = f"{most} requests of this kind are under way already, which is the most."
        raise errors.TooManyRequests(message, details={"most": most, "retry_after_seconds": 5})
    return await request_limits.insert_running(session, kind, idempotency_key, seconds=seconds)


async def end_long_request(session: Session, running_id: UUID) -> None:
    """Makes room for another one."""
    await request_limits.delete_running(session, running_id)


def retry_after_seconds(wait_seconds: float) -> int:
    """As `Retry-After` says it: whole seconds, at least one."""
    return max(1, math.ceil(wait_seconds))
