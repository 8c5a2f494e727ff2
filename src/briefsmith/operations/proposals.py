"""Verbs on proposals: making them, once each, and turning them down."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from briefsmith import errors
from briefsmith.models.block_change_queue import BlockChange
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.models.enums import ProposalStatus
from briefsmith.postgres.session import Session
from briefsmith.schemas.blocks import MAX_LABEL_CHARS
from briefsmith.schemas.proposals import (
    MAX_REASON_CHARS,
    NewProposal,
    ProposedData,
    RejectionText,
    TouchedBlock,
    text_sha256,
)
from briefsmith.store import block_change_queue, context_blocks, events


class Outcome(StrEnum):
    """What became of a change that an agent wanted to propose."""

    PROPOSED = "proposed"
    KNOWN = "known"
    """The same was proposed before, in the same texts, whatever came of it."""
    BUSY = "busy"
    """One of the blocks is in another proposal that waits."""
    MOVED = "moved"
    """One of the blocks is no longer what was reported."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal, or why there is none."""

    outcome: Outcome
    proposal: BlockChange | None = None


def touched(block: ContextBlock, part: Any) -> TouchedBlock:
    """The block as it is now, and what a proposal does to it."""
    return TouchedBlock(
        block_id=block.id,
        version=block.version,
        content_sha256=text_sha256(block.content),
        part=part,
    )


def is_as_touched(block: ContextBlock, expected: TouchedBlock) -> bool:
    """Whether a block is what a proposal was made on."""
    same_text = text_sha256(block.content) == expected.content_sha256
    return block.version == expected.version and same_text


async def propose(session: Session, new: NewProposal) -> Proposed:
    """A proposal, unless the same was made before, or a block of it is in another one that waits.

    The blocks are locked until the transaction ends, so that two agents who find the same make one proposal.

    Emits:
        proposal.created
    """
    blocks = new.data.blocks
    ids = [block.block_id for block in blocks]
    found = {block.id: block for block in await block_change_queue.lock_blocks(session, ids)}
    if any(
        one.block_id not in found or not is_as_touched(found[one.block_id], one) for one in blocks
    ):
        return Proposed(Outcome.MOVED)
    if await known_findings(session, new.findings):
        return Proposed(Outcome.KNOWN)
    if await block_change_queue.select_pending_of(session, ids):
        return Proposed(Outcome.BUSY)
    proposal = await block_change_queue.insert_proposal(session, new)
    written = await block_change_queue.insert_findings(session, new.findings, proposal.id)
    if written != set(new.findings):
        await block_change_queue.forget_findings(session, proposal.id)
        await block_change_queue.delete_proposal(session, proposal.id)
        return Proposed(Outcome.KNOWN)
    await events.insert_event(session, "proposal.created", _told(proposal, ids))
    return Proposed(Outcome.PROPOSED, proposal)


async def known_findings(session: Session, findings: Sequence[str]) -> set[str]:
    """Those of the findings that have made a proposal already, whatever came of it."""
    return await block_change_queue.select_findings(session, findings)


async def reviewed_blocks(session: Session, ids: Sequence[UUID]) -> set[UUID]:
    """Those of the blocks that once waited for a review and passed it: no agent changes these by itself."""
    return await block_change_queue.select_reviewed(session, ids)


def checked_rejection(reason: str | None) -> str | None:
    """The reason for a rejection; None where it says nothing.

    Raises:
        InvalidInput: It is too long, or cannot be stored.
    """
    if reason is None or not reason.strip():
        return None
    try:
        return TypeAdapter(RejectionText).validate_python(reason.strip())
    except ValidationError as error:
        message = (
            f"A reason has at most {MAX_REASON_CHARS:,} characters, and none that cannot be stored."
        )
        raise errors.InvalidInput(message) from error


async def reject_proposal(
    session: Session, proposal_id: UUID, *, reason: str | None = None, by: str | None = None
) -> BlockChange:
    """The rejected proposal; the same comes back when a text of it has changed, and not before.

    Args:
        reason: Why, in the person's words.
        by: Who rejects; None is the actor.

    Raises:
        ProposalNotFound: There is none, or it is somebody else's.
        WrongState: It is decided already.
        InvalidInput: The reason cannot be stored.

    Emits:
        proposal.rejected
    """
    because = checked_rejection(reason)
    proposal = await lock_pending(session, proposal_id)
    return await _rejected(session, proposal, because, by or session.actor.name)


async def withdraw_outdated(session: Session, *, by: str) -> list[BlockChange]:
    """Rejects what nobody can approve any more, because a block has moved on; the same may be found again.

    Emits:
        proposal.rejected
    """
    reason = "A block of it has moved on, so that it could not be applied any more."
    outdated = await block_change_queue.select_outdated(session)
    return await _withdrawn(session, outdated, reason, by)


async def withdraw_superseded(
    session: Session, block_id: UUID, rules: Sequence[str], *, by: str
) -> list[BlockChange]:
    """Rejects what was proposed of a block by these rules, because something better is known.

    Emits:
        proposal.rejected
    """
    pending = await block_change_queue.select_pending_of(session, [block_id])
    reason = "Something newer is proposed in its place."
    superseded = [one for one in pending if (data := read_data(one)) and data.rule in rules]
    return await _withdrawn(session, superseded, reason, by)


async def _withdrawn(
    session: Session, proposals: Iterable[BlockChange], reason: str, by: str
) -> list[BlockChange]:
    done: list[BlockChange] = []
    for proposal in proposals:
        locked = await block_change_queue.lock_proposal(session, proposal.id)
        if locked is not None and locked.status is ProposalStatus.PENDING:
            done.append(await _rejected(session, locked, reason, by))
            await block_change_queue.forget_findings(session, proposal.id)
    return done


async def _rejected(
    session: Session, proposal: BlockChange, reason: str | None, by: str
) -> BlockChange:
    status = ProposalStatus.REJECTED
    decided = await block_change_queue.decide_proposal(
        session, proposal.id, status, by=by, rejection=reason
    )
    if decided is None:
        raise decided_already(proposal)
    await events.insert_event(session, "proposal.rejected", {**_told(decided, []), "by": by})
    return decided


async def lock_pending(session: Session, proposal_id: UUID) -> BlockChange:
    """The proposal, for whoever decides on it first.

    Raises:
        ProposalNotFound: There is none, or it is somebody else's.
        WrongState: It is decided already.
    """
    proposal = await block_change_queue.lock_proposal(session, proposal_id)
    if proposal is None:
        raise not_found(proposal_id)
    if proposal.status is not ProposalStatus.PENDING:
        raise decided_already(proposal)
    return proposal


def read_data(proposal: BlockChange) -> ProposedData | None:
    """What it would change; None where the column holds something that was not written here."""
    try:
        return ProposedData.model_validate(proposal.proposed_data)
    except ValidationError:
        return None


def not_found(proposal_id: UUID) -> errors.ProposalNotFound:
    """The error for an id that no proposal to the actor has."""
    message = f"There is no proposal {proposal_id}."
    return errors.ProposalNotFound(message, details={"id": str(proposal_id)})


def decided_already(proposal: BlockChange) -> errors.WrongState:
    """The error for a proposal that does not wait any more."""
    message = f"The proposal {proposal.id} is {proposal.status} already."
    details = {
        "proposal_id": str(proposal.id),
        "status": proposal.status,
        "decided_by": proposal.decided_by,
        "decided_at": proposal.decided_at and proposal.decided_at.isoformat(),
    }
    hint = f"`briefsmith review show {proposal.id}` shows it."
    return errors.WrongState(message, hint=hint, details=details)


def _told(proposal: BlockChange, ids: Iterable[UUID]) -> dict[str, Any]:
    """Payload of an event about a proposal: ids, and no text."""
    return {
        "proposal_id": str(proposal.id),
        "action": proposal.action,
        "block_ids": [str(one) for one in ids],
    }


async def free_label(session: Session, label: str, kind: str) -> str:
    """A label like this one that no block in use has: with the kind of the block behind it, or a number."""
    room = MAX_LABEL_CHARS - len(kind) - 8
    choices = [f"{label[:room]} ({kind})"]
    choices += [f"{label[:room]} ({number})" for number in range(2, 100)]
    rows = await context_blocks.select_labels(session, choices)
    taken = {row.label for row in rows if row.block is not None}
    return next(choice for choice in choices if choice not in taken)
