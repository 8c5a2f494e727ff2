"""Rows of `block_usage_history`."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class BlockUsage(BaseModel):
    """One use of a block."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: UUID
    block_id: UUID
    used_in_task_id: UUID
    used_at: datetime
    agent_type: str | None
    usage_type: str | None
