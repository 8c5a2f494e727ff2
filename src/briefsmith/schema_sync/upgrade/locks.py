"""Work that needs locks: tried for a moment, given up, and tried again."""

import asyncio
import random
from collections.abc import Awaitable, Callable

from briefsmith.errors import DatabaseBusy
from briefsmith.postgres.legacy.connections import LegacyConnection
from briefsmith.postgres.legacy.obstacles import try_lock
from briefsmith.postgres.legacy.swap import NotNow, be_patient

# In seconds, over all attempts.
PATIENCE = 60.0
_LONGEST_PAUSE = 2.0
_LOCK_TRIES = 20


async def with_patience(connection: LegacyConnection, work: Callable[[], Awaitable[None]]) -> None:
    """Does work in a transaction of its own; again from the start while a lock is not to be had.

    Args:
        connection: Not inside of a transaction.
        work: What to do; raises `NotNow` where others would have to wait too long.

    Raises:
        DatabaseBusy: The lock was never to be had.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + PATIENCE
    pause = 0.1
    while True:
        try:
            async with connection.transaction():
                await be_patient(connection)
                await work()
        except NotNow as error:
            if loop.time() > until:
                message = "The tables were in use all the time."
                hint = "Run the same again when less is going on; it goes on where it is."
                raise DatabaseBusy(message, hint=hint) from error
        else:
            return
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311  no secret
        pause = min(pause * 2, _LONGEST_PAUSE)


async def take_lock(connection: LegacyConnection) -> None:
    """Makes this the only runner, as long as the connection lasts.

    Raises:
        DatabaseBusy: There is another one.
    """
    for _ in range(_LOCK_TRIES):
        if await try_lock(connection):
            return
        # The server may still be at the last statement of a runner that was killed.
        await asyncio.sleep(0.1)
    message = "Another upgrade of this database is under way."
    raise DatabaseBusy(message)
