"""Rows of `brief_feedback`."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class BriefFeedback(BaseModel):
    """Whether a brief did its work."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: UUID
    task_brief_id: UUID
    output_id: UUID | None
    user_id: UUID
    success: bool
    comment: str | None
    created_at: datetime
