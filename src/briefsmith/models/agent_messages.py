"""Rows of `agent_messages`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class AgentMessage(BaseModel):
    """What an agent said or was told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: UUID
    task_id: str | None
    user_id: UUID
    agent_type: str | None
    message_type: str | None
    message_content: Any
    created_at: datetime
