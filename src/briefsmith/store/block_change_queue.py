"""Statements on `block_change_queue`, and on what was found to make its rows."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from briefsmith.models.block_change_queue import BlockChange
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.models.enums import ProposalAction, ProposalStatus
from briefsmith.postgres.session import Session
from briefsmith.postgres.statements import statement
from briefsmith.schemas.pages import Placed
from briefsmith.schemas.proposals import NewProposal
from briefsmith.store.block_parameters import Vector
from briefsmith.store.context_blocks import BlockRow


class _Of(TypedDict):
    user_id: UUID


class _NewProposal(_Of):
    action: ProposalAction
    block_id: UUID | None
    proposed_data: str
    source_event: str | None
    reason: str | None


class _Findings(_Of):
    findings: list[str]


class _NewFindings(_Findings):
    proposal_id: UUID


class _One(_Of):
    id: UUID


class _Blocks(_Of):
    ids: list[UUID]


class _Ids(TypedDict):
    ids: list[UUID]


class _Page(_Of):
    statuses: list[ProposalStatus]
    after_id: UUID | None
    after_time: datetime | None
    limit: int


class _Decision(_One):
    status: ProposalStatus
    decided_by: str
    made: UUID | None
    added: str


class _Block(_Of):
    block_id: UUID


class _Naming(TypedDict):
    proposal_id: str
    changed_by: str


class _Refreshed(TypedDict):
    id: UUID
    expected_version: int
    content: str | None
    meta_embedding: Vector | None
    meta_embedding_model: str | None


class _Files(_Block):
    from_ids: list[UUID]


@dataclass(frozen=True, slots=True)
class FindingRow:
    """What was found."""

    finding: str


@dataclass(frozen=True, slots=True)
class ReviewedRow:
    """A block that a person has reviewed."""

    block_id: UUID


@dataclass(frozen=True, slots=True)
class Named:
    """What revisions name from now on."""

    proposal_id: str
    changed_by: str


_INSERT_PROPOSAL = statement("block_change_queue.insert_proposal", _NewProposal, BlockChange)
_INSERT_FINDINGS = statement("block_change_queue.insert_findings", _NewFindings, FindingRow)
_SELECT_FINDINGS = statement("block_change_queue.select_findings", _Findings, FindingRow)
_DELETE_PROPOSAL = statement("block_change_queue.delete_proposal", _One, None)
_SELECT_PROPOSAL = statement("block_change_queue.select_proposal", _One, BlockChange)
_LOCK_PROPOSAL = statement("block_change_queue.lock_proposal", _One, BlockChange)
_LOCK_BLOCKS = statement("block_change_queue.lock_blocks", _Blocks, BlockRow)
_SELECT_REVIEWED = statement("block_change_queue.select_reviewed", _Ids, ReviewedRow)
_SELECT_PROPOSALS = statement("block_change_queue.select_proposals", _Page, BlockChange)
_SELECT_PENDING_OF = statement("block_change_queue.select_pending_of", _Blocks, BlockChange)
_SELECT_OUTDATED = statement("block_change_queue.select_outdated", _Of, BlockChange)
_DECIDE_PROPOSAL = statement("block_change_queue.decide_proposal", _Decision, BlockChange)
_FORGET_FINDINGS = statement("block_change_queue.forget_findings", _One, None)
_REDACT_PROPOSALS = statement("block_change_queue.redact_proposals", _Block, None)
_NAME_PROPOSAL = statement("block_change_queue.name_proposal", _Naming, Named)
_REFRESH_BLOCK = statement("block_change_queue.refresh_block", _Refreshed, BlockRow)
_MOVE_FILES = statement("block_change_queue.move_files", _Files, None)
_TAKE_FILE_IDS = statement("block_change_queue.take_file_ids", _Files, None)


async def insert_proposal(session: Session, new: NewProposal) -> BlockChange:
    """The proposal, pending."""
    params: _NewProposal = {
        "user_id": session.actor.user_id,
        "action": new.action,
        "block_id": new.block_id,
        "proposed_data": new.data.model_dump_json(exclude_unset=True),
        "source_event": new.source_event,
        "reason": new.reason,
    }
    return await session.one(_INSERT_PROPOSAL, params)


async def insert_findings(session: Session, findings: Sequence[str], proposal_id: UUID) -> set[str]:
    """Those that are new; waits for whoever is just writing the same."""
    params: _NewFindings = {
        "user_id": session.actor.user_id,
        "findings": list(findings),
        "proposal_id": proposal_id,
    }
    return {row.finding for row in await session.many(_INSERT_FINDINGS, params)}


async def select_findings(session: Session, findings: Sequence[str]) -> set[str]:
    """Those that have made a proposal already."""
    params: _Findings = {"user_id": session.actor.user_id, "findings": list(findings)}
    return {row.finding for row in await session.many(_SELECT_FINDINGS, params)}


async def delete_proposal(session: Session, proposal_id: UUID) -> int:
    """Takes back a proposal that is pending."""
    return await session.execute(_DELETE_PROPOSAL, _one(session, proposal_id))


async def select_proposal(session: Session, proposal_id: UUID) -> BlockChange | None:
    """The proposal, if it is the actor's."""
    return await session.maybe(_SELECT_PROPOSAL, _one(session, proposal_id))


async def lock_proposal(session: Session, proposal_id: UUID) -> BlockChange | None:
    """The same; nobody else decides on it until the transaction ends."""
    return await session.maybe(_LOCK_PROPOSAL, _one(session, proposal_id))


async def lock_blocks(session: Session, ids: Sequence[UUID]) -> list[ContextBlock]:
    """Those of the blocks that exist, by id; nobody else changes them until the transaction ends."""
    params: _Blocks = {"user_id": session.actor.user_id, "ids": list(ids)}
    return [row.block for row in await session.many(_LOCK_BLOCKS, params)]


async def select_reviewed(session: Session, ids: Sequence[UUID]) -> set[UUID]:
    """Those of the blocks that a person has reviewed."""
    return {row.block_id for row in await session.many(_SELECT_REVIEWED, {"ids": list(ids)})}


async def select_proposals(
    session: Session,
    statuses: Sequence[ProposalStatus],
    *,
    after: Placed | None,
    limit: int,
) -> list[BlockChange]:
    """A page of proposals, the oldest first, behind `after`."""
    params: _Page = {
        "user_id": session.actor.user_id,
        "statuses": list(statuses),
        "after_id": after.id if after else None,
        "after_time": after.created_at if after else None,
        "limit": limit,
    }
    return await session.many(_SELECT_PROPOSALS, params)


async def select_pending_of(session: Session, ids: Sequence[UUID]) -> list[BlockChange]:
    """Proposals that wait and name any of the blocks."""
    params: _Blocks = {"user_id": session.actor.user_id, "ids": list(ids)}
    return await session.many(_SELECT_PENDING_OF, params)


async def select_outdated(session: Session) -> list[BlockChange]:
    """Proposals that wait and whose blocks have moved on."""
    return await session.many(_SELECT_OUTDATED, {"user_id": session.actor.user_id})


async def decide_proposal(
    session: Session,
    proposal_id: UUID,
    status: ProposalStatus,
    *,
    by: str,
    made: UUID | None = None,
    rejection: str | None = None,
) -> BlockChange | None:
    """The decided proposal; None where it was decided before.

    Args:
        by: Who decided.
        made: The block that applying it made.
        rejection: Why it was rejected.
    """
    added = {"made": made and str(made), "rejection": rejection}
    params: _Decision = {
        **_one(session, proposal_id),
        "status": status,
        "decided_by": by,
        "made": made,
        "added": json.dumps({name: value for name, value in added.items() if value is not None}),
    }
    return await session.maybe(_DECIDE_PROPOSAL, params)


async def forget_findings(session: Session, proposal_id: UUID) -> int:
    """Lets what a proposal was made for be found again."""
    return await session.execute(_FORGET_FINDINGS, _one(session, proposal_id))


async def redact_proposals(session: Session, block_id: UUID) -> int:
    """Takes the text out of proposals that name a block, or made it."""
    params: _Block = {"user_id": session.actor.user_id, "block_id": block_id}
    return await session.execute(_REDACT_PROPOSALS, params)


async def name_proposal(session: Session, proposal_id: UUID | None, changed_by: str) -> None:
    """Says what revisions name from now on; None is no proposal."""
    params: _Naming = {
        "proposal_id": "" if proposal_id is None else str(proposal_id),
        "changed_by": changed_by,
    }
    await session.one(_NAME_PROPOSAL, params)


async def refresh_block(
    session: Session,
    block_id: UUID,
    expected_version: int,
    content: str | None,
    *,
    model: str | None,
    embedding: Vector | None,
) -> ContextBlock | None:
    """The refreshed block; None where it is gone or its version has moved on.

    Args:
        content: None for a text that still holds.
        model: Name of the model of `embedding`; None leaves the vector to the trigger.
    """
    params: _Refreshed = {
        "id": block_id,
        "expected_version": expected_version,
        "content": content,
        "meta_embedding": embedding,
        "meta_embedding_model": model,
    }
    row = await session.maybe(_REFRESH_BLOCK, params)
    return row.block if row else None


async def move_files(session: Session, block_id: UUID, from_ids: Sequence[UUID]) -> int:
    """Files of several blocks become one's; a primary file of the first stays primary."""
    return await session.execute(_MOVE_FILES, _files(session, block_id, from_ids))


async def take_file_ids(session: Session, block_id: UUID, from_ids: Sequence[UUID]) -> int:
    """1 where the blocks name any files."""
    return await session.execute(_TAKE_FILE_IDS, _files(session, block_id, from_ids))


def _one(session: Session, proposal_id: UUID) -> _One:
    return {"user_id": session.actor.user_id, "id": proposal_id}


def _files(session: Session, block_id: UUID, from_ids: Sequence[UUID]) -> _Files:
    return {"user_id": session.actor.user_id, "block_id": block_id, "from_ids": list(from_ids)}
