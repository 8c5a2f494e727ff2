"""Rows of `task_briefs`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class TaskBrief(BaseModel):
    """One task, and the context frozen for it.

    `core_context_snapshot` is read as `schemas.snapshot.Snapshot` where the brief was made here; a legacy
    database may hold anything, so the row keeps it as JSON.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: UUID
    user_id: UUID
    intent: str
    sub_instructions: str | None
    media: Any
    compilation_mode: str | None
    core_context_snapshot: Any
    is_draft: bool
    is_published: bool
    is_locked: bool
    meta_emotional_tone: list[str]
    meta_scope: str | None
    meta_audience: str | None
    task_brief_type_id: UUID | None
    created_at: datetime
    updated_at: datetime
