"""What a run will do, out of the brief, its configuration and the call; the configuration's row is not believed."""

from dataclasses import dataclass
from uuid import UUID

from pydantic import ValidationError

from briefsmith.errors import InvalidInput
from briefsmith.models.deployment_configs import DeploymentConfig
from briefsmith.models.enums import OutputType
from briefsmith.operations.brief_runs import RunMaterial
from briefsmith.providers.language_models.port import ModelSettings
from briefsmith.schemas.deployment import NewDeploymentConfig
from briefsmith.schemas.receivers import Target, read_receiver

_COLUMNS = ("model", "temperature", "max_tokens", "receiver", "format", "custom_notes")


@dataclass(frozen=True, slots=True)
class RunPlan:
    """One run.

    Attributes:
        config_id: None where the brief has no configuration, and the environment decides.
        markdown: The brief as it is sent.
        blocks: Those in the brief that were there when it was read.
    """

    brief_id: UUID
    config_id: UUID | None
    markdown: str
    output_type: OutputType
    model_settings: ModelSettings
    custom_notes: str | None
    target: Target
    blocks: tuple[UUID, ...]
    is_published: bool


def plan_run(material: RunMaterial, receiver: str | None) -> RunPlan:
    """What to do.

    Args:
        receiver: In place of the configuration's; None takes that.

    Raises:
        InvalidInput: The configuration holds something that cannot be used.
        InvalidReceiver: Nothing can be sent there.
    """
    config = material.config
    wanted = NewDeploymentConfig() if config is None else _checked(config, receiver)
    settings = ModelSettings(
        model=wanted.model, temperature=wanted.temperature, max_tokens=wanted.max_tokens
    )
    brief = material.brief.brief
    return RunPlan(
        brief_id=brief.id,
        config_id=None if config is None else config.id,
        markdown=material.brief.markdown,
        output_type=OutputType(wanted.format or OutputType.MARKDOWN),
        model_settings=settings,
        custom_notes=wanted.custom_notes,
        target=read_receiver(receiver or wanted.receiver),
        blocks=material.blocks,
        is_published=brief.is_published,
    )


def target_of(config: DeploymentConfig | None, receiver: str | None) -> Target:
    """Where an output goes that a run with this configuration came to.

    Args:
        receiver: In place of the configuration's; None takes that.

    Raises:
        InvalidReceiver: Nothing can be sent there.
    """
    return read_receiver(receiver or (config and config.receiver))


def _checked(config: DeploymentConfig, receiver: str | None) -> NewDeploymentConfig:
    values = config.model_dump(include=set(_COLUMNS))
    if receiver is not None:
        # A row that somebody wrote by hand may name one that is no receiver, and it is not asked for here.
        values["receiver"] = None
    try:
        return NewDeploymentConfig(**values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        problem = first["msg"].removeprefix("Value error, ")
        message = f"The configuration {config.id} cannot be used: its {first['loc'][0]}: {problem}."
        hint = "Make another with `briefsmith brief configure`."
        raise InvalidInput(message, hint=hint, details={"id": str(config.id)}) from error
