"""Statements on `events`."""

import json
from typing import Any

from briefsmith.postgres.session import Session
from briefsmith.sql import load

_SQL = load("events")


async def insert_event(session: Session, topic: str, payload: dict[str, Any]) -> None:
    """Writes to the outbox, in the transaction that the event tells of; ids, never text."""
    params = {
        "topic": topic,
        "user_id": session.actor.user_id,
        "payload": json.dumps(payload),
    }
    await session.execute(_SQL["insert_event"], params)
