"""The time that everything is written with."""

from datetime import datetime

from briefsmith.postgres.session import Session
from briefsmith.store import task_briefs


async def now(session: Session) -> datetime:
    """The time of the transaction, by the database's clock, the same for all who write to it."""
    return await task_briefs.select_now(session)
