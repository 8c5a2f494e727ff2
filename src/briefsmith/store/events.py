"""Statements on `events`."""

import json
from typing import Any, TypedDict
from uuid import UUID

from briefsmith.postgres.session import Session
from briefsmith.postgres.statements import statement


class _NewEvent(TypedDict):
    topic: str
    user_id: UUID
    payload: str


_INSERT_EVENT = statement("events.insert_event", _NewEvent, None)


async def insert_event(session: Session, topic: str, payload: dict[str, Any]) -> None:
    """Writes to the outbox, in the transaction that the event tells of; ids, never text."""
    await session.execute(
        _INSERT_EVENT,
        {
            "topic": topic,
            "user_id": session.actor.user_id,
            "payload": json.dumps(payload),
        },
    )
