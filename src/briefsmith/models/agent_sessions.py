"""Rows of `agent_sessions`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class AgentSession(BaseModel):
    """One run of an agent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: UUID
    user_id: UUID
    agent_type: str
    status: str
    task_type_id: str | None
    inputs: Any
    metadata: Any
    created_at: datetime
