"""Rows of `block_revisions`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class BlockRevision(BaseModel):
    """What a block was before a change; `snapshot` is the row without its embedding."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: UUID
    block_id: UUID
    version: int
    snapshot: dict[str, Any]
    changed_by: str | None
    proposal_id: UUID | None
    created_at: datetime
