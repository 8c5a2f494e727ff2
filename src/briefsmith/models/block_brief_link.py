"""Rows of `block_brief_link`."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class BlockBriefLink(BaseModel):
    """Which block went into which brief, and how."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: UUID
    block_id: UUID
    task_brief_id: UUID
    transformation: str | None
    created_at: datetime
