"""Statements on readers of the outbox and what they have seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict
from uuid import UUID

from briefsmith.models.events import Event
from briefsmith.postgres.session import Session
from briefsmith.postgres.statements import statement


class _Reader(TypedDict):
    user_id: UUID
    consumer: str


class _Waiting(_Reader):
    topics: list[str]


class _Advancing(_Waiting):
    all_until: int


class _Taking(_Advancing):
    limit: int


@dataclass(frozen=True, slots=True)
class _Place:
    all_until: int


@dataclass(frozen=True, slots=True)
class _Last:
    id: int | None


_LOCK_CONSUMER = statement("event_receipts.lock_consumer", _Reader, _Place)
_TAKE_EVENTS = statement("event_receipts.take_events", _Taking, Event)
_SELECT_UNSEEN = statement("event_receipts.select_unseen", _Waiting, _Last)
_STAMP_RECEIPTS = statement("event_receipts.stamp_receipts", _Reader, None)
_ADVANCE_CONSUMER = statement("event_receipts.advance_consumer", _Advancing, None)


async def lock_consumer(session: Session, consumer: str) -> int:
    """Up to which id the reader has seen everything; it is the only one of its name to the end of the transaction."""
    params: _Reader = {"user_id": session.actor.user_id, "consumer": consumer}
    return (await session.one(_LOCK_CONSUMER, params)).all_until


async def take_events(
    session: Session, consumer: str, topics: Sequence[str], *, all_until: int, limit: int
) -> list[Event]:
    """The earliest events that the reader has not seen, which it has seen from now on."""
    params: _Taking = {
        "user_id": session.actor.user_id,
        "consumer": consumer,
        "all_until": all_until,
        "topics": list(topics),
        "limit": limit,
    }
    return await session.many(_TAKE_EVENTS, params)


async def select_unseen(session: Session, consumer: str, topics: Sequence[str]) -> int | None:
    """The id of the last event that waits for the reader; None where none does."""
    params: _Waiting = {
        "user_id": session.actor.user_id,
        "consumer": consumer,
        "topics": list(topics),
    }
    return (await session.one(_SELECT_UNSEEN, params)).id


async def stamp_receipts(session: Session, consumer: str) -> None:
    """Says of new receipts after which transactions nothing earlier can appear, where that can be said."""
    params: _Reader = {"user_id": session.actor.user_id, "consumer": consumer}
    await session.execute(_STAMP_RECEIPTS, params)


async def advance_consumer(
    session: Session, consumer: str, topics: Sequence[str], *, all_until: int
) -> None:
    """Moves the reader on where nothing can appear behind it; in a statement after `stamp_receipts`.

    Args:
        all_until: Where it was.
    """
    params: _Advancing = {
        "user_id": session.actor.user_id,
        "consumer": consumer,
        "all_until": all_until,
        "topics": list(topics),
    }
    await session.execute(_ADVANCE_CONSUMER, params)
