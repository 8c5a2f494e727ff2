"""Hears of new events at once, where the connection allows it, and looks now and then all the same."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from enum import StrEnum

import psycopg

from briefsmith.errors import InvalidSetting, Unavailable
from briefsmith.postgres.database import connect, conninfo_of, refuse_transaction_pooler
from briefsmith.postgres.statements import NoParameters, run, statement

_LISTEN = statement("events.listen", NoParameters, None, is_of_login=True)
_FIRST_WAIT_SECONDS = 0.1
_LONGEST_WAIT_SECONDS = 30.0


class Wake(StrEnum):
    """Why it is time to look into the outbox."""

    LISTENING = "listening"
    NOTIFIED = "notified"
    POLLED = "polled"


def can_listen(url: str) -> bool:
    """Whether new events are heard of at once; behind a transaction pooler they are only looked for.

    Raises:
        InvalidSetting: The address is none.
    """
    conninfo_of(url)  # what is no address is refused as that
    try:
        refuse_transaction_pooler(url, "Notifications do")
    except InvalidSetting:
        return False
    return True


async def wake_ups(url: str, *, poll_seconds: float = 60.0) -> AsyncGenerator[Wake]:
    """Says when to look into the outbox; what is there, the table alone knows.

    Each new connection first listens and then says so: what came before stands in the table, what comes later is
    heard. Connections that are cut are made again. Several notifications may be one wake-up. It never ends.

    Args:
        url: PostgreSQL address.
        poll_seconds: After how long without a word it is time as well.

    Raises:
        InvalidSetting: The address is none.
    """
    if not can_listen(url):
        while True:
            yield Wake.POLLED
            await asyncio.sleep(poll_seconds)
    wait = _FIRST_WAIT_SECONDS
    while True:
        try:
            async with aclosing(_listen(url, poll_seconds)) as heard:
                async for wake in heard:
                    wait = _FIRST_WAIT_SECONDS
                    yield wake
        except (psycopg.Error, Unavailable):
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT_SECONDS)


async def _listen(url: str, poll_seconds: float) -> AsyncGenerator[Wake]:
    connection = await connect(url)
    try:
        await run(connection, _LISTEN, {})
        yield Wake.LISTENING
        while True:
            wake = Wake.POLLED
            async for _ in connection.notifies(timeout=poll_seconds, stop_after=1):
                wake = Wake.NOTIFIED
            yield wake
    finally:
        await connection.close()
