"""Rows of `task_brief_outputs`."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from briefsmith.models.enums import OutputType


class TaskBriefOutput(BaseModel):
    """What a brief came to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: UUID
    task_brief_id: UUID
    config_id: UUID | None
    content: str
    output_type: OutputType
    agent_type: str | None
    created_at: datetime
