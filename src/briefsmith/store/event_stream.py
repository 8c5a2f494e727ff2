"""Statements that read the outbox for somebody who is told of it in order."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypedDict
from uuid import UUID

from briefsmith.models.events import Event
from briefsmith.postgres.session import Session
from briefsmith.postgres.statements import NoParameters, statement


class _Owner(TypedDict):
    user_id: UUID


class _Behind(_Owner):
    after: int
    sent: list[int]
    topics: list[str] | None
    limit: int


@dataclass(frozen=True, slots=True)
class _Last:
    id: int


@dataclass(frozen=True, slots=True)
class _Writer:
    writer: str


_SELECT_EVENTS = statement("event_stream.select_events", _Behind, Event)
_SELECT_LAST = statement("event_stream.select_last", _Owner, _Last)
_SELECT_WRITERS = statement("event_stream.select_writers", NoParameters, _Writer)


async def select_events(
    session: Session,
    after: int,
    sent: Collection[int],
    topics: Sequence[str] | None,
    *,
    limit: int,
) -> list[Event]:
    """Events of the actor behind an id, in order, but for those that were sent."""
    params: _Behind = {
        "user_id": session.actor.user_id,
        "after": after,
        "sent": sorted(sent),
        "topics": None if topics is None else list(topics),
        "limit": limit,
    }
    return await session.many(_SELECT_EVENTS, params)


async def select_last(session: Session) -> int:
    """The greatest id of an event of the actor; 0 where there is none."""
    return (await session.one(_SELECT_LAST, {"user_id": session.actor.user_id})).id


async def select_writers(session: Session) -> frozenset[str]:
    """Transactions of anybody that may have been given an id and have not ended."""
    return frozenset(row.writer for row in await session.many(_SELECT_WRITERS, {}))
