"""Reading the outbox: each event once in effect for each reader, and none lost."""

from collections.abc import Sequence

from briefsmith.models.events import Event
from briefsmith.postgres.session import Session
from briefsmith.store import event_receipts

_BATCH = 100


async def take_events(
    session: Session, consumer: str, topics: Sequence[str], *, limit: int = _BATCH
) -> list[Event]:
    """The earliest events of the actor that a reader has not seen yet.

    They count as seen when the session commits; their effect belongs into the same session, so that neither is
    there without the other. Of two readers with one name, the second waits for the first.

    Args:
        consumer: Name of the reader; it always asks for the same topics.
        topics: Which events it reads.
        limit: At most so many; fewer than that means that there are no more.
    """
    seen = await event_receipts.lock_consumer(session, consumer)
    events = await event_receipts.take_events(
        session, consumer, topics, all_until=seen, limit=limit
    )
    await event_receipts.stamp_receipts(session, consumer)
    await event_receipts.advance_consumer(session, consumer, topics, all_until=seen)
    return events


async def last_unseen(session: Session, consumer: str, topics: Sequence[str]) -> int | None:
    """The id of the last event that waits for a reader; None where none does."""
    return await event_receipts.select_unseen(session, consumer, topics)
