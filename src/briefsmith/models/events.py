"""Rows of `events`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Event(BaseModel):
    """One row of the outbox."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: int
    topic: str
    user_id: UUID | None
    payload: Any
    created_at: datetime
