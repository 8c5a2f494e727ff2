"""Rows of `deployment_configs`."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class DeploymentConfig(BaseModel):
    """How a brief is run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: UUID
    task_brief_id: UUID
    model: str | None
    temperature: float | None
    max_tokens: int | None
    receiver: str | None
    format: str | None
    custom_notes: str | None
    created_at: datetime
