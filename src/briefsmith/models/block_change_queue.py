"""Rows of `block_change_queue`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from briefsmith.models.enums import ProposalAction, ProposalStatus


class BlockChange(BaseModel):
    """A change that an agent proposes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: UUID
    user_id: UUID
    action: ProposalAction
    block_id: UUID | None
    proposed_data: Any
    source_event: str | None
    status: ProposalStatus
    reason: str | None
    created_at: datetime
    decided_at: datetime | None
    decided_by: str | None
