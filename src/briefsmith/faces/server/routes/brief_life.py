"""Routes that take a brief through its life: validate, publish, unpublish, lock."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from briefsmith import errors
from briefsmith.faces.server.asking import Asking, answer
from briefsmith.faces.server.refusals import refusals
from briefsmith.faces.server.routing import Route
from briefsmith.operations import brief_validation
from briefsmith.operations.brief_life import BriefLife
from briefsmith.operations.brief_validation import ValidatedBrief
from briefsmith.postgres.session import Session
from briefsmith.schemas.brief_life import BriefState, Validation

router = APIRouter(prefix="/v1/briefs/{brief_id}", tags=["briefs"], route_class=Route)

_STEP = refusals(errors.BriefNotFound, errors.WrongState)


class ValidatedAnswer(BaseModel):
    """A brief behind a validation.

    Attributes:
        is_recorded: False for a locked brief, of which nothing is written any more.
    """

    id: UUID
    state: BriefState
    is_recorded: bool
    errors: int
    warnings: int
    validation: Validation


class StateAnswer(BaseModel):
    """Where a brief stands."""

    id: UUID
    state: BriefState
    text_sha256: str


@router.post(
    "/validate",
    operation_id="validate_brief",
    response_model=ValidatedAnswer,
    responses=refusals(errors.BriefNotFound),
)
async def validate_brief(brief_id: UUID, caller: Asking) -> Response:
    """Looks for what is wrong with a brief's present text, and keeps what was found."""

    async def work(session: Session) -> Response:
        found = await brief_validation.validate_brief(session, caller.store.tokens, brief_id)
        return _validated(found)

    return await caller.once(work)


@router.post(
    "/publish", operation_id="publish_brief", response_model=ValidatedAnswer, responses=_STEP
)
async def publish_brief(brief_id: UUID, caller: Asking) -> Response:
    """Publishes a brief in which validating finds no error by now."""

    async def work(session: Session) -> Response:
        found = await brief_validation.publish_brief(session, caller.store.tokens, brief_id)
        return _validated(found)

    return await caller.once(work)


@router.post(
    "/unpublish", operation_id="unpublish_brief", response_model=StateAnswer, responses=_STEP
)
async def unpublish_brief(brief_id: UUID, caller: Asking) -> Response:
    """Takes a published brief back, so that it can be edited."""

    async def work(session: Session) -> Response:
        return _state(brief_id, await brief_validation.unpublish_brief(session, brief_id))

    return await caller.once(work)


@router.post("/lock", operation_id="lock_brief", response_model=StateAnswer, responses=_STEP)
async def lock_brief(brief_id: UUID, caller: Asking) -> Response:
    """Makes a published brief final, for good."""

    async def work(session: Session) -> Response:
        return _state(brief_id, await brief_validation.lock_brief(session, brief_id))

    return await caller.once(work)


def _validated(found: ValidatedBrief) -> Response:
    shown = ValidatedAnswer(
        id=found.brief_id,
        state=found.state,
        is_recorded=found.is_recorded,
        errors=found.validation.errors,
        warnings=found.validation.warnings,
        validation=found.validation,
    )
    return answer(shown)


def _state(brief_id: UUID, life: BriefLife) -> Response:
    return answer({"id": brief_id, "state": life.state, "text_sha256": life.text_sha256})
