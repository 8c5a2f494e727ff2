"""Rows of `task_brief_types`."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from briefsmith.models.enums import OutputType


class TaskBriefType(BaseModel):
    """A kind of brief."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: UUID
    title: str
    description: str | None
    required_context_types: Any
    agent_flow: Any
    output_type: OutputType
    version: int
