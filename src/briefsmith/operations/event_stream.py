"""Following the outbox from a place that the follower remembers: nothing is lost, however late a commit is.

Ids are given out before commits happen, so the greatest id that was sent is no place to go on from. A place is an id
up to which every event is sent and none can appear any more: whoever inserts an event holds a lock on the table from
before its id is given out to the end of the transaction (`docs/decisions/0014`). Events that are seen while an earlier
one may still appear are sent at once, but without moving the place; after a break they come again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from briefsmith.models.events import Event
from briefsmith.postgres.session import Session
from briefsmith.store import event_stream

_BATCH = 200
# Who begins while others write may be sent what they commit late, if its id is not further back than this.
_RECENT_IDS = 10_000
# Behind a place that cannot move, no more than this is sent before it does.
_MOST_AHEAD = 5_000


@dataclass(frozen=True, slots=True)
class Fence:
    """What has to end before a place can move.

    Attributes:
        upto: The greatest id that was seen.
        writers: Transactions that may still commit a smaller one.
    """

    upto: int
    writers: frozenset[str]


@dataclass(frozen=True, slots=True)
class StreamPlace:
    """How far a follower is.

    Attributes:
        after: Every event up to this id was sent, and none can appear any more.
        sent: Ids behind it that were sent.
        fence: None where nothing behind it was sent.
    """

    after: int
    sent: frozenset[int] = frozenset()
    fence: Fence | None = None


@dataclass(frozen=True, slots=True)
class StreamedEvents:
    """What is to be sent now.

    Attributes:
        events: In the order of their ids; each once for a follower that keeps its place.
        place: From which to go on; `place.after` is what the follower has to remember.
        is_all: There was no more.
    """

    events: Sequence[Event]
    place: StreamPlace
    is_all: bool


async def begin_stream(session: Session) -> StreamPlace:
    """The place of somebody who wants what comes from now on, late commits too."""
    last = await event_stream.select_last(session)
    writers = await event_stream.select_writers(session)
    if not writers:
        return StreamPlace(last)
    after = max(0, last - _RECENT_IDS)
    events = await event_stream.select_events(session, after, (), None, limit=_RECENT_IDS)
    ids = frozenset(event.id for event in events if event.id <= last)
    return StreamPlace(after, ids, Fence(last, writers))


async def follow_events(
    session: Session, place: StreamPlace, topics: Sequence[str] | None = None
) -> StreamedEvents:
    """The events that are new to a follower.

    Args:
        session: In the isolation level `read committed`: each statement sees what was committed before it.
        place: Where the follower is.
        topics: Which events it wants; None is all.
    """
    if place.fence is None:
        return await _follow(session, place.after, topics)
    return await _follow_behind(session, place, place.fence, topics)


async def _follow(session: Session, after: int, topics: Sequence[str] | None) -> StreamedEvents:
    seen = await event_stream.select_events(session, after, (), topics, limit=_BATCH)
    # Among many that nobody wants, the place moves all the same, or they would be looked at again and again.
    upto = seen[-1].id if seen else await event_stream.select_last(session)
    if upto <= after:
        return StreamedEvents((), StreamPlace(after), is_all=True)
    writers = await event_stream.select_writers(session)
    if writers:
        sent = frozenset(event.id for event in seen)
        place = StreamPlace(after, sent, Fence(upto, writers))
        return StreamedEvents(seen, place, is_all=len(seen) < _BATCH)
    # Nobody writes who did before: what was committed after the first look is seen by the second.
    again = await event_stream.select_events(session, after, (), topics, limit=_BATCH)
    is_all = len(again) < _BATCH
    if not is_all:
        upto = min(upto, again[-1].id)
    events = [event for event in again if event.id <= upto]
    return StreamedEvents(events, StreamPlace(upto), is_all and len(events) == len(again))


async def _follow_behind(
    session: Session, place: StreamPlace, fence: Fence, topics: Sequence[str] | None
) -> StreamedEvents:
    writers = await event_stream.select_writers(session)
    limit = max(0, min(_BATCH, _MOST_AHEAD - len(place.sent)))
    if fence.writers & writers and not limit:
        return StreamedEvents((), place, is_all=True)
    events = await event_stream.select_events(
        session, place.after, place.sent, topics, limit=limit or _BATCH
    )
    is_all = len(events) < (limit or _BATCH)
    sent = place.sent | {event.id for event in events}
    is_whole = is_all or events[-1].id >= fence.upto
    if fence.writers & writers or not is_whole:
        return StreamedEvents(events, StreamPlace(place.after, sent, fence), is_all)
    # The writers had ended before the events were read: all up to the fence was sent.
    rest = frozenset(one for one in sent if one > fence.upto)
    behind = Fence(max(rest), await event_stream.select_writers(session)) if rest else None
    return StreamedEvents(events, StreamPlace(fence.upto, rest, behind), is_all)
