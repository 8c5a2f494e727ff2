"""Routes that decide on what agents propose."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from briefsmith import errors
from briefsmith.faces.server import pages
from briefsmith.faces.server.asking import Asking, answer
from briefsmith.faces.server.refusals import refusals
from briefsmith.faces.server.routing import Route, strictly
from briefsmith.models.block_change_queue import BlockChange
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.models.enums import ProposalStatus
from briefsmith.operations import approvals, proposals, reviews
from briefsmith.operations.reviews import ShownBlock, ShownProposal
from briefsmith.postgres.session import Session
from briefsmith.schemas.proposals import Part, RejectionText
from briefsmith.schemas.snapshot import Sha256

router = APIRouter(prefix="/v1/review", tags=["review"], route_class=Route)

_KIND = "prp"


class ProposalQuery(BaseModel):
    """A page of proposals."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    limit: pages.Limit = 50
    cursor: str | None = pages.cursor_field(_KIND)

    status: list[ProposalStatus] = Field(default_factory=lambda: [ProposalStatus.PENDING])


class Rejection(BaseModel):
    """Why a proposal is turned down."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: RejectionText | None = None


Reject = Annotated[Rejection, strictly(Rejection)]


class ProposedBlock(BaseModel):
    """A block that a proposal touches.

    Attributes:
        version: When it was proposed, as `then`; null where that is gone.
        now: As it is; null where it was purged.
        is_as_proposed: Whether it has not moved on.
    """

    block_id: UUID
    part: Part
    version: int
    content_sha256: Sha256
    is_as_proposed: bool
    then: ContextBlock | None
    now: ContextBlock | None


class Proposal(BlockChange):
    """A proposal with its blocks."""

    blocks: list[ProposedBlock]


class AppliedAnswer(BaseModel):
    """A proposal that took effect, and the blocks as it left them."""

    proposal: BlockChange
    blocks: list[ContextBlock]


def _shown(found: ShownProposal) -> dict[str, Any]:
    return {
        **found.proposal.model_dump(mode="json"),
        "blocks": [_block(block) for block in found.blocks],
    }


def _block(block: ShownBlock) -> dict[str, Any]:
    return {
        **block.touched.model_dump(mode="json"),
        "is_as_proposed": block.is_as_proposed,
        "then": block.then,
        "now": block.now,
    }


@router.get(
    "",
    operation_id="list_proposals",
    response_model=pages.Page[Proposal],
    responses=refusals(),
)
async def list_proposals(
    request: Request, query: Annotated[ProposalQuery, Query()], caller: Asking
) -> Response:
    """What agents propose, the oldest first."""
    after = pages.read(query.cursor)
    statuses: Sequence[ProposalStatus] = query.status
    async with caller.session(read_only=True) as session:
        listed = reviews.list_proposals(session, statuses, limit=query.limit + 1, after=after)
        found = [one async for one in listed]
    rows = [one.proposal for one in found]
    return pages.page(request, _KIND, rows, [_shown(one) for one in found], query.limit)


@router.get(
    "/{proposal_id}",
    operation_id="get_proposal",
    response_model=Proposal,
    responses=refusals(errors.ProposalNotFound),
)
async def get_proposal(proposal_id: UUID, caller: Asking) -> Response:
    """A proposal with its blocks as they were and as they are."""
    async with caller.session(read_only=True) as session:
        return answer(_shown(await reviews.get_proposal(session, proposal_id)))


@router.post(
    "/{proposal_id}/approve",
    operation_id="approve_proposal",
    response_model=AppliedAnswer,
    responses=refusals(
        errors.ProposalNotFound, errors.WrongState, errors.StaleProposal, errors.LabelTaken
    ),
)
async def approve_proposal(proposal_id: UUID, caller: Asking) -> Response:
    """Does what is proposed, whole or not at all."""

    async def work(session: Session) -> Response:
        done = await approvals.approve_proposal(session, caller.store.embedder, proposal_id)
        return answer({"proposal": done.proposal, "blocks": done.blocks})

    return await caller.once(work)


@router.post(
    "/{proposal_id}/reject",
    operation_id="reject_proposal",
    response_model=BlockChange,
    responses=refusals(errors.ProposalNotFound, errors.WrongState),
)
async def reject_proposal(proposal_id: UUID, rejection: Reject, caller: Asking) -> Response:
    """Turns a proposal down; the same comes back only once a text has changed."""

    async def work(session: Session) -> Response:
        reason = proposals.checked_rejection(rejection.reason)
        return answer(await proposals.reject_proposal(session, proposal_id, reason=reason))

    return await caller.once(work)
