"""Statements on `deployment_configs`."""

from datetime import datetime
from typing import TypedDict
from uuid import UUID

from briefsmith.models.deployment_configs import DeploymentConfig
from briefsmith.postgres.session import Session
from briefsmith.postgres.statements import statement
from briefsmith.schemas.pages import Placed


class NewConfigColumns(TypedDict):
    """Columns of a configuration."""

    model: str | None
    temperature: float | None
    max_tokens: int | None
    receiver: str | None
    format: str | None
    custom_notes: str | None


class _OfBrief(TypedDict):
    task_brief_id: UUID


class _NewConfig(NewConfigColumns):
    task_brief_id: UUID


class _OneOfBrief(_OfBrief):
    id: UUID | None


class _Listing(_OfBrief):
    before_id: UUID | None
    before_time: datetime | None
    limit: int | None


_INSERT_CONFIG = statement("deployment_configs.insert_config", _NewConfig, DeploymentConfig)
_SELECT_CONFIG = statement("deployment_configs.select_config", _OneOfBrief, DeploymentConfig)
_SELECT_CONFIGS = statement("deployment_configs.select_configs", _Listing, DeploymentConfig)


async def insert_config(
    session: Session, brief_id: UUID, columns: NewConfigColumns
) -> DeploymentConfig:
    """The new configuration."""
    return await session.one(_INSERT_CONFIG, {**columns, "task_brief_id": brief_id})


async def select_config(
    session: Session, brief_id: UUID, config_id: UUID | None
) -> DeploymentConfig | None:
    """A configuration of this brief; without an id, the newest."""
    return await session.maybe(_SELECT_CONFIG, {"task_brief_id": brief_id, "id": config_id})


async def select_configs(
    session: Session, brief_id: UUID, *, before: Placed | None, limit: int | None
) -> list[DeploymentConfig]:
    """How a brief may be run, the newest first."""
    params: _Listing = {
        "task_brief_id": brief_id,
        "before_id": before.id if before else None,
        "before_time": before.created_at if before else None,
        "limit": limit,
    }
    return await session.many(_SELECT_CONFIGS, params)
