"""Rows of `context_blocks`."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from briefsmith.models.enums import (
    BlockImportance,
    BlockSource,
    BlockStatus,
    BlockType,
    BlockUpdatePolicy,
)


class ContextBlock(BaseModel):
    """One block, column for column but for `meta_embedding`, which only search reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: UUID
    user_id: UUID
    type: BlockType
    label: str
    content: str
    source: BlockSource
    version: int
    status: BlockStatus
    importance: BlockImportance
    file_ids: list[UUID]
    update_policy: BlockUpdatePolicy
    feedback_score: float | None
    last_used_successfully_at: datetime | None
    meta_tags: list[str]
    meta_context_scope: str | None
    meta_agent_notes: str | None
    meta_derived_from: UUID | None
    meta_refreshable: bool
    meta_embedding_model: str | None
    meta_locale: str | None
    meta_visibility: str
    meta_emotional_tone: list[str]
    is_auto_generated: bool
    requires_user_review: bool
    last_refreshed_at: datetime | None
    created_at: datetime
    updated_at: datetime
