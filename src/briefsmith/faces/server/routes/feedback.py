"""Routes on what a person says of a brief."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from briefsmith import errors
from briefsmith.faces.server.asking import Asking, answer
from briefsmith.faces.server.refusals import refusals
from briefsmith.faces.server.routing import Route, strictly
from briefsmith.operations import feedback
from briefsmith.postgres.session import Session
from briefsmith.schemas.feedback import FeedbackOutcome, NewFeedback

router = APIRouter(prefix="/v1/briefs/{brief_id}/feedback", tags=["briefs"], route_class=Route)

New = Annotated[NewFeedback, strictly(NewFeedback)]


@router.post(
    "",
    operation_id="give_feedback",
    response_model=FeedbackOutcome,
    responses=refusals(errors.BriefNotFound),
)
async def give_feedback(brief_id: UUID, new: New, caller: Asking) -> Response:
    """Says whether a brief did its work, in place of what was said before."""

    async def work(session: Session) -> Response:
        return answer(await feedback.give_feedback(session, brief_id, new))

    return await caller.once(work)


@router.delete(
    "",
    operation_id="withdraw_feedback",
    response_model=FeedbackOutcome,
    responses=refusals(errors.BriefNotFound, errors.FeedbackNotFound),
)
async def withdraw_feedback(brief_id: UUID, caller: Asking) -> Response:
    """Takes back what was said of a brief, as if it had never been."""
    async with caller.session() as session:
        return answer(await feedback.withdraw_feedback(session, brief_id))
