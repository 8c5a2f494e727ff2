"""Verbs on how a brief is run."""

from uuid import UUID

from briefsmith import errors
from briefsmith.models.deployment_configs import DeploymentConfig
from briefsmith.operations.brief_lookup import find_brief
from briefsmith.postgres.session import Session
from briefsmith.schemas.deployment import NewDeploymentConfig
from briefsmith.schemas.pages import Placed
from briefsmith.store import deployment_configs


async def configure_brief(
    session: Session, brief_id: UUID, new: NewDeploymentConfig
) -> DeploymentConfig:
    """Adds a way to run a brief, which is the one that is taken from now on.

    Raises:
        BriefNotFound: There is none, or it is somebody else's.
    """
    await find_brief(session, brief_id)
    columns: deployment_configs.NewConfigColumns = {
        "model": new.model,
        "temperature": new.temperature,
        "max_tokens": new.max_tokens,
        "receiver": new.receiver,
        "format": new.format,
        "custom_notes": new.custom_notes,
    }
    return await deployment_configs.insert_config(session, brief_id, columns)


async def list_configs(
    session: Session, brief_id: UUID, *, limit: int | None = None, before: Placed | None = None
) -> list[DeploymentConfig]:
    """How a brief may be run, the newest first.

    Args:
        limit: At most so many; None gives all.
        before: Those behind this place only; None begins with the newest.

    Raises:
        BriefNotFound: There is none, or it is somebody else's.
    """
    await find_brief(session, brief_id)
    return await deployment_configs.select_configs(session, brief_id, before=before, limit=limit)


async def get_config(
    session: Session, brief_id: UUID, config_id: UUID | None
) -> DeploymentConfig | None:
    """What a brief is run with: the named configuration, or the newest; None where it has none.

    Raises:
        ConfigNotFound: The brief has no configuration of this id.
    """
    config = await deployment_configs.select_config(session, brief_id, config_id)
    if config is None and config_id is not None:
        message = f"The brief {brief_id} has no configuration {config_id}."
        raise errors.ConfigNotFound(message, details={"id": str(config_id)})
    return config
