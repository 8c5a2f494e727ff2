"""Where a brief stands in its life, and the row lock under which it goes on."""

from dataclasses import dataclass
from uuid import UUID

from pydantic import ValidationError

from briefsmith.compiler.brief_life import LifeFacts, check_step, state_of
from briefsmith.compiler.document import sha256_of
from briefsmith.models.task_brief_outputs import TaskBriefOutput
from briefsmith.models.task_briefs import TaskBrief
from briefsmith.operations.brief_lookup import find_brief, found_brief
from briefsmith.postgres.session import Session
from briefsmith.schemas.brief_life import BriefState, BriefStep, Validation
from briefsmith.store import brief_life
from briefsmith.store.task_briefs import ListedBrief


@dataclass(frozen=True, slots=True)
class BriefLife:
    """A brief, its present text, and what is known of that.

    Attributes:
        output: The row of the present text; None for a brief that was not compiled here and never edited.
        validation: The newest one, if it is of the present text.
    """

    brief: TaskBrief
    output: TaskBriefOutput | None
    validation: Validation | None
    state: BriefState

    @property
    def text(self) -> str:
        """The present text; empty where there is none."""
        return self.output.content if self.output else ""

    @property
    def text_sha256(self) -> str:
        """Hash of the present text."""
        return sha256_of(self.text)


async def life_of(session: Session, brief: TaskBrief) -> BriefLife:
    """Where a brief stands that was just read."""
    output = await brief_life.select_text(session, brief.id)
    found = await brief_life.select_validation(session, brief.id)
    validation = _read_validation(found, sha256_of(output.content if output else ""))
    state = _state(brief, output.agent_type if output else None, validation)
    return BriefLife(brief, output, validation, state)


def listed_state(brief: ListedBrief) -> BriefState:
    """Where a brief of a list stands."""
    validation = _read_validation(brief.validation, brief.text_sha256)
    return _state(brief, brief.text_agent, validation)


def _state(
    brief: TaskBrief | ListedBrief, text_agent: str | None, validation: Validation | None
) -> BriefState:
    facts = LifeFacts(
        is_locked=brief.is_locked,
        is_published=brief.is_published,
        is_edited=text_agent == "editor",
        is_valid=validation is not None and validation.ok,
    )
    return state_of(facts)


def _read_validation(content: str | None, text_sha256: str) -> Validation | None:
    """What was found; None where that was of another text, or cannot be read."""
    if content is None:
        return None
    try:
        validation = Validation.model_validate_json(content)
    except ValidationError:
        return None
    return validation if validation.text_sha256 == text_sha256 else None


async def read_life(session: Session, brief_id: UUID) -> BriefLife:
    """Where a brief stands.

    Raises:
        BriefNotFound: There is none, or it is somebody else's.
    """
    return await life_of(session, await find_brief(session, brief_id))


async def begin_step(session: Session, brief_id: UUID, step: BriefStep) -> BriefLife:
    """Where a brief stands that takes this step next; nobody else changes it until the transaction ends.

    Raises:
        BriefNotFound: There is none, or it is somebody else's.
        WrongState: It does not allow the step.
    """
    brief = found_brief(await brief_life.lock_brief(session, brief_id), brief_id)
    life = await life_of(session, brief)
    check_step(brief_id, life.state, step)
    return life
