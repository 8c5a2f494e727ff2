"""Verbs on what runs of a brief came to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from briefsmith import errors
from briefsmith.compiler.document import sha256_of
from briefsmith.models.deployment_configs import DeploymentConfig
from briefsmith.models.enums import OutputType
from briefsmith.models.task_brief_outputs import TaskBriefOutput
from briefsmith.operations.brief_lookup import find_brief
from briefsmith.operations.briefs import StoredBrief, get_brief
from briefsmith.operations.deployment_configs import get_config
from briefsmith.postgres.session import Session
from briefsmith.schemas.deployment import OutputListing
from briefsmith.schemas.pages import Placed
from briefsmith.store import agent_messages, brief_life, brief_runs, events

_NO_TEXT = sha256_of("")


@dataclass(frozen=True, slots=True)
class RunMaterial:
    """What a run begins with, of one moment.

    Attributes:
        config: How to run it; None where the brief has no configuration.
        blocks: Those in the brief that were there then: whoever stores what came of their text says which.
    """

    brief: StoredBrief
    config: DeploymentConfig | None
    blocks: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """What a run came to.

    Attributes:
        blocks: As its material has them.
    """

    brief_id: UUID
    config_id: UUID | None
    output_type: OutputType
    content: str
    blocks: Sequence[UUID]


async def get_run_material(session: Session, brief_id: UUID, config_id: UUID | None) -> RunMaterial:
    """A brief and how it is run.

    Raises:
        BriefNotFound: There is none, or it is somebody else's.
        ConfigNotFound: The brief has no configuration of this id.
        WrongState: The brief has no text.
    """
    brief = await get_brief(session, brief_id)
    if brief.text_sha256 == _NO_TEXT:
        message = f"The brief {brief_id} has no text that could be sent."
        hint = "Compose one: `briefsmith compose`."
        raise errors.WrongState(message, hint=hint, details={"id": str(brief_id)})
    config = await get_config(session, brief_id, config_id)
    inside = brief.snapshot.blocks if brief.snapshot else ()
    ids = tuple(part.block_id for part in inside if part.block_id in brief.labels)
    return RunMaterial(brief, config, ids)


async def store_run(session: Session, run: FinishedRun) -> TaskBriefOutput:
    """Keeps what a run came to.

    Raises:
        BriefNotFound: It is gone by now.
        WrongState: A block of the brief was purged meanwhile, and what was made of it may repeat its text.

    Emits:
        brief.run
    """
    # A purge takes the same lock before it removes outputs, so it either comes first or sees this one.
    if await brief_life.lock_brief(session, run.brief_id) is None:
        message = f"There is no brief {run.brief_id} any more."
        raise errors.BriefNotFound(message, details={"id": str(run.brief_id)})
    if await brief_runs.select_existing_blocks(session, run.blocks) != set(run.blocks):
        message = "A block of the brief was purged while it ran; what came of it is not stored."
        raise errors.WrongState(message, hint="Run the brief again.")
    output = await brief_runs.insert_run(
        session,
        run.brief_id,
        config_id=run.config_id,
        output_type=run.output_type,
        content=run.content,
    )
    ids = {
        "task_brief_id": str(run.brief_id),
        "output_id": str(output.id),
        "config_id": None if run.config_id is None else str(run.config_id),
    }
    await events.insert_event(session, "brief.run", ids)
    return output


async def list_outputs(
    session: Session, brief_id: UUID, *, limit: int | None = None, before: Placed | None = None
) -> list[OutputListing]:
    """What a brief came to, the newest first: its own texts, what runs made of it, validations.

    Args:
        limit: At most so many; None gives all.
        before: Those behind this place only; None begins with the newest.

    Raises:
        BriefNotFound: There is none, or it is somebody else's.
    """
    await find_brief(session, brief_id)
    return await brief_runs.select_outputs(session, brief_id, before=before, limit=limit)


async def get_output(
    session: Session, output_id: UUID, *, brief_id: UUID | None = None
) -> TaskBriefOutput:
    """One output with its text.

    Args:
        brief_id: Whose it has to be; None for any brief.

    Raises:
        NotFound: There is none, or it is somebody else's, or of another brief.
    """
    output = await brief_runs.select_output(session, output_id)
    if output is None or brief_id not in {None, output.task_brief_id}:
        message = f"There is no output {output_id}."
        hint = "`briefsmith brief outputs` shows those that a brief has."
        raise errors.NotFound(message, hint=hint, details={"id": str(output_id)})
    return output


async def record_delivery(session: Session, output: TaskBriefOutput, facts: dict[str, Any]) -> None:
    """Writes down where an output went, or why it did not.

    Args:
        facts: JSON-compatible, without secrets and without the text.
    """
    content = {"output_id": str(output.id), **facts}
    await agent_messages.insert_messages(
        session,
        task_id=str(output.task_brief_id),
        agent_type="receiver",
        message_type="delivery",
        contents=[content],
    )
