"""Applying what was proposed: all of it, on blocks that are as they were, or nothing."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from briefsmith import errors
from briefsmith.models.block_change_queue import BlockChange
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.models.enums import ProposalAction, ProposalStatus
from briefsmith.operations.blocks import add_block, archive_block, edit_block, refresh_block
from briefsmith.operations.proposals import (
    decided_already,
    is_as_touched,
    lock_pending,
    read_data,
)
from briefsmith.postgres.session import Session
from briefsmith.providers.embeddings import Embedder
from briefsmith.schemas.blocks import NewBlock
from briefsmith.schemas.proposals import ProposedData, TouchedBlock
from briefsmith.store import block_change_queue, block_revisions, events

_SHOWN_CHARS = 200


@dataclass(frozen=True, slots=True)
class Applied:
    """A proposal that took effect; the blocks are as it left them, the one that it made first."""

    proposal: BlockChange
    blocks: tuple[ContextBlock, ...]


async def approve_proposal(
    session: Session, embedder: Embedder, proposal_id: UUID, *, by: str | None = None
) -> Applied:
    """Does what was proposed, as the person would; every revision that it leaves names the proposal.

    Args:
        by: Who approves; None is the actor.

    Raises:
        ProposalNotFound: There is none, or it is somebody else's.
        WrongState: It is decided already, or a block is locked.
        StaleProposal: A block has moved on; details show what it was and what it is.
        LabelTaken: Another block has taken the label.

    Emits:
        proposal.applied, and what its changes emit
    """
    decider = by or session.actor.name
    proposal = await lock_pending(session, proposal_id)
    data = read_data(proposal)
    if data is None:
        raise _unreadable(proposal)
    await _refuse_moved(session, proposal, data)
    if not data.fits(proposal.action):
        raise _unreadable(proposal)
    await block_change_queue.name_proposal(session, proposal_id, decider)
    made, blocks = await _APPLY[proposal.action](session, embedder, data)
    await block_change_queue.name_proposal(session, None, session.actor.name)
    decided = await block_change_queue.decide_proposal(
        session, proposal_id, ProposalStatus.APPLIED, by=decider, made=made
    )
    if decided is None:
        raise decided_already(proposal)
    if data.refreshed:
        # The file may say the same again one day, and a text that was confirmed gets old again.
        await block_change_queue.forget_findings(session, proposal_id)
    payload = {
        "proposal_id": str(proposal_id),
        "action": proposal.action,
        "by": decider,
        "block_ids": [str(block.id) for block in blocks],
    }
    await events.insert_event(session, "proposal.applied", payload)
    return Applied(decided, tuple(blocks))


_Changed = tuple[UUID | None, list[ContextBlock]]


async def _create(session: Session, embedder: Embedder, data: ProposedData) -> _Changed:
    block = await add_block(session, embedder, _new(data))
    return block.id, [block]


async def _update(session: Session, embedder: Embedder, data: ProposedData) -> _Changed:
    [changed] = data.parts("change")
    block_id, version = changed.block_id, changed.version
    if data.refreshed:
        content = data.changes.content if data.changes else None
        block = await refresh_block(session, embedder, block_id, content, expected_version=version)
    else:
        assert data.changes is not None  # noqa: S101  `fits` was asked
        block = await edit_block(
            session, embedder, block_id, data.changes, expected_version=version
        )
    return None, [block]


async def _archive(session: Session, _: Embedder, data: ProposedData) -> _Changed:
    return None, [await archive_block(session, one.block_id) for one in data.parts("archive")]


async def _merge(session: Session, embedder: Embedder, data: ProposedData) -> _Changed:
    sources = [one.block_id for one in data.parts("merge")]
    # First, because the new block takes the label of one of them.
    archived = [await archive_block(session, one) for one in sources]
    block = await add_block(session, embedder, _new(data))
    await block_change_queue.move_files(session, block.id, sources)
    await block_change_queue.take_file_ids(session, block.id, sources)
    return block.id, [block, *archived]


_APPLY = {
    ProposalAction.CREATE: _create,
    ProposalAction.UPDATE: _update,
    ProposalAction.DELETE: _archive,
    ProposalAction.MERGE: _merge,
}


def _new(data: ProposedData) -> NewBlock:
    assert data.new is not None  # noqa: S101  `fits` was asked
    return data.new


def _unreadable(proposal: BlockChange) -> errors.WrongState:
    message = f"The proposal {proposal.id} holds nothing that could be applied."
    hint = f"Reject it: `briefsmith review reject {proposal.id}`."
    return errors.WrongState(message, hint=hint, details={"proposal_id": str(proposal.id)})


async def _refuse_moved(session: Session, proposal: BlockChange, data: ProposedData) -> None:
    ids = [one.block_id for one in data.blocks]
    now = {block.id: block for block in await block_change_queue.lock_blocks(session, ids)}
    moved = [
        one
        for one in data.blocks
        if one.block_id not in now or not is_as_touched(now[one.block_id], one)
    ]
    if moved:
        raise await _stale(session, proposal, moved, now)


async def _stale(
    session: Session,
    proposal: BlockChange,
    moved: list[TouchedBlock],
    now: dict[UUID, ContextBlock],
) -> errors.StaleProposal:
    wanted = [(one.block_id, one.version) for one in moved]
    then = {
        row.block_id: ContextBlock.model_validate(row.snapshot)
        for row in await block_revisions.select_versions(session, wanted)
    }
    first = moved[0]
    current = now.get(first.block_id)
    if current is None:
        what = f"The block {first.block_id} is gone"
    else:
        what = f"The block {first.block_id} is at version {current.version}, not at {first.version}"
    details = {
        "proposal_id": str(proposal.id),
        "yours": [_side(one, then.get(one.block_id)) for one in moved],
        "theirs": [_side(one, now.get(one.block_id)) for one in moved],
    }
    message = f"{what}: it has moved on since the change was proposed."
    return errors.StaleProposal(message, details=details)


def _side(one: TouchedBlock, block: ContextBlock | None) -> dict[str, Any]:
    if block is None:
        return {"block_id": str(one.block_id), "version": None}
    text = block.content
    return {
        "block_id": str(block.id),
        "version": block.version,
        "status": block.status,
        "label": block.label,
        "content": text if len(text) <= _SHOWN_CHARS else text[:_SHOWN_CHARS] + "…",
    }
