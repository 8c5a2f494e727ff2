"""Verbs that look at proposals."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from briefsmith.models.block_change_queue import BlockChange
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.models.enums import ProposalStatus
from briefsmith.operations.proposals import is_as_touched, not_found, read_data
from briefsmith.postgres.session import Session
from briefsmith.schemas.pages import Placed
from briefsmith.schemas.proposals import ProposedData, TouchedBlock
from briefsmith.store import block_change_queue, block_revisions, context_blocks

_PAGE = 100


@dataclass(frozen=True, slots=True)
class ShownBlock:
    """A block of a proposal.

    Attributes:
        then: As it was when the change was proposed; None where that is gone.
        now: As it is; None where it was purged.
    """

    touched: TouchedBlock
    then: ContextBlock | None
    now: ContextBlock | None

    @property
    def is_as_proposed(self) -> bool:
        """Whether it has not moved on."""
        return self.now is not None and is_as_touched(self.now, self.touched)


@dataclass(frozen=True, slots=True)
class ShownProposal:
    """A proposal with its blocks; data is None where the row holds something that was not written here."""

    proposal: BlockChange
    data: ProposedData | None
    blocks: Sequence[ShownBlock]


async def list_proposals(
    session: Session,
    statuses: Sequence[ProposalStatus] = (ProposalStatus.PENDING,),
    *,
    limit: int | None = None,
    after: Placed | None = None,
) -> AsyncIterator[ShownProposal]:
    """Proposals, the oldest first, page by page; their blocks only as they are now.

    Args:
        statuses: Any of them.
        limit: At most so many; None gives all.
        after: Those behind this place only; None begins with the oldest.
    """
    left = limit
    while left is None or left > 0:
        size = _PAGE if left is None else min(_PAGE, left)
        page = await block_change_queue.select_proposals(session, statuses, after=after, limit=size)
        for shown in await _shown(session, page, with_then=False):
            yield shown
        if len(page) < size:
            return
        after = page[-1]
        left = None if left is None else left - len(page)


async def get_proposal(session: Session, proposal_id: UUID) -> ShownProposal:
    """A proposal with its blocks as they were and as they are.

    Raises:
        ProposalNotFound: There is none, or it is somebody else's.
    """
    proposal = await block_change_queue.select_proposal(session, proposal_id)
    if proposal is None:
        raise not_found(proposal_id)
    return (await _shown(session, [proposal], with_then=True))[0]


async def _shown(
    session: Session, proposals: Sequence[BlockChange], *, with_then: bool
) -> list[ShownProposal]:
    read = [(proposal, read_data(proposal)) for proposal in proposals]
    named = [block for _, data in read if data for block in data.blocks]
    ids = [block.block_id for block in named]
    now = {block.id: block for block in await context_blocks.select_blocks_by_id(session, ids)}
    then: dict[tuple[UUID, int], ContextBlock] = {}
    if with_then:
        wanted = [(block.block_id, block.version) for block in named]
        for row in await block_revisions.select_versions(session, wanted):
            then[row.block_id, row.version] = ContextBlock.model_validate(row.snapshot)
    return [
        ShownProposal(
            proposal,
            data,
            [
                ShownBlock(one, then.get((one.block_id, one.version)), now.get(one.block_id))
                for one in (data.blocks if data else ())
            ],
        )
        for proposal, data in read
    ]
