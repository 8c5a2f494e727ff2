"""What an agent outside suggests of a block becomes a proposal; it is applied where the person lets agents do so.

Source: docs/decisions/0020-mcp.md
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from briefsmith import errors
from briefsmith.agents.block_rules import ManagerSettings
from briefsmith.models.block_change_queue import BlockChange
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.models.enums import BlockStatus, BlockUpdatePolicy, ProposalAction
from briefsmith.operations.approvals import approve_proposal
from briefsmith.operations.blocks import get_block
from briefsmith.operations.proposals import Outcome, propose, reviewed_blocks, touched
from briefsmith.postgres.session import Session
from briefsmith.providers.embeddings import Embedder
from briefsmith.schemas.blocks import BlockEdit
from briefsmith.schemas.proposals import NewProposal, ProposedData, finding_key, text_sha256

_SUGGESTED = frozenset({"label", "content", "meta_tags"})
_ALONE = ({"content"}, {"meta_tags"})


class Suggested(StrEnum):
    """What became of a suggestion."""

    PROPOSED = "proposed"
    APPLIED = "applied"
    KNOWN = "known"
    """The same was proposed before, of the same text, whatever came of it."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A change that an agent wants.

    Attributes:
        version: Of the block, as the agent read it.
        changes: Of label, content and tags; None archives the block.
        reason: The agent's own words, for the person who decides.
    """

    block_id: UUID
    version: int
    changes: BlockEdit | None
    reason: str


@dataclass(frozen=True, slots=True)
class SuggestionOutcome:
    """What became of it.

    Attributes:
        block: As it is now.
        kept_from_agents: Why it was not applied, as a clause; None where it was, or nobody wanted that.
    """

    outcome: Suggested
    block: ContextBlock
    proposal: BlockChange | None = None
    kept_from_agents: str | None = None


async def suggest_change(
    session: Session, embedder: Embedder, wanted: Suggestion, *, may_apply: bool = False
) -> SuggestionOutcome:
    """Proposes a change of a block to the person.

    Args:
        may_apply: The person lets agents change what each block's own policy leaves to them.

    Raises:
        BlockNotFound: There is none, or it is somebody else's.
        InvalidInput: It would change nothing, or something else than label, content and tags.
        StaleVersion: The block has moved on since the agent read it.
        WrongState: It is archived, or is in a proposal that waits.

    Emits:
        proposal.created; where it is applied, what `approve_proposal` emits
    """
    block = await get_block(session, wanted.block_id)
    _refuse_moved(block, wanted)
    changes = _real_changes(block, wanted.changes)
    why = await why_kept(session, block, changes) if may_apply else None
    is_applied = may_apply and why is None
    new = _proposal(block, changes, wanted.reason, session.actor.name, is_applied=is_applied)
    proposed = await propose(session, new)
    if proposed.outcome is Outcome.KNOWN:
        return SuggestionOutcome(Suggested.KNOWN, block)
    if proposed.proposal is None:
        raise _waiting(block) if proposed.outcome is Outcome.BUSY else _stale(block, wanted)
    if not is_applied:
        return SuggestionOutcome(Suggested.PROPOSED, block, proposed.proposal, why)
    applied = await approve_proposal(session, embedder, proposed.proposal.id)
    return SuggestionOutcome(Suggested.APPLIED, applied.blocks[0], applied.proposal)


async def why_kept(session: Session, block: ContextBlock, changes: BlockEdit | None) -> str | None:
    """Why a change is the person's to decide even where agents may change blocks; None where it is not."""
    reasons = (
        (block.update_policy is BlockUpdatePolicy.MANUAL, "the person keeps it from agents"),
        (block.status is BlockStatus.LOCKED, "it is locked"),
        (block.requires_user_review, "it awaits the person's review"),
        (block.meta_refreshable, "its text comes from a file or a page"),
        (changes is None, "only a person archives a block"),
        # A text can be marked as the agent's, a label cannot.
        (
            changes is not None and changes.model_fields_set not in _ALONE,
            "agents change the text alone or the tags alone",
        ),
        (_grows(block, changes), "it would be very long"),
    )
    for holds, reason in reasons:
        if holds:
            return reason
    if await reviewed_blocks(session, [block.id]):
        return "the person has reviewed it"
    return None


def _grows(block: ContextBlock, changes: BlockEdit | None) -> bool:
    longest = max(ManagerSettings().merged_most_chars, len(block.content))
    return changes is not None and len(changes.content or "") > longest


def _refuse_moved(block: ContextBlock, wanted: Suggestion) -> None:
    if block.version != wanted.version:
        raise _stale(block, wanted)
    if block.status is BlockStatus.ARCHIVED:
        message = f"The block {block.id} is archived."
        hint = f"Restore it first: `briefsmith block restore {block.id}`."
        raise errors.WrongState(message, hint=hint, details={"block_id": str(block.id)})


def _real_changes(block: ContextBlock, changes: BlockEdit | None) -> BlockEdit | None:
    """Those alone that make a difference."""
    if changes is None:
        return None
    given = changes.model_dump(exclude_unset=True)
    now = block.model_dump(include=set(_SUGGESTED))
    if not given.keys() <= _SUGGESTED or None in given.values():
        message = "Label, content and tags can be suggested, and none of them empty."
        raise errors.InvalidInput(message)
    real = {name: value for name, value in given.items() if value != now[name]}
    if not real:
        message = f"That changes nothing of the block {block.id}."
        hint = "Give another label, content or tags than it has."
        raise errors.InvalidInput(message, hint=hint)
    return BlockEdit(**real)


def _proposal(
    block: ContextBlock, changes: BlockEdit | None, reason: str, agent: str, *, is_applied: bool
) -> NewProposal:
    said = changes.model_dump_json(exclude_unset=True) if changes else "archive"
    text = f"{block.label}\n{block.content}\n{sorted(block.meta_tags)}"
    key = finding_key("suggest", [(block.id, text_sha256(text))], text_sha256(said))
    data = ProposedData(
        rule="suggest",
        blocks=(touched(block, "archive" if changes is None else "change"),),
        changes=changes,
        # So that a text which no person has read is no longer taken for the person's own.
        refreshed=is_applied and changes is not None and changes.content is not None,
    )
    action = ProposalAction.DELETE if changes is None else ProposalAction.UPDATE
    return NewProposal(action, block.id, data, (key,), f"{agent} says: {reason}", agent)


def _stale(block: ContextBlock, wanted: Suggestion) -> errors.StaleVersion:
    message = f"The block {block.id} is at version {block.version}, not at {wanted.version}."
    details = {"expected_version": wanted.version, "current_version": block.version}
    hint = "Read the block again, and suggest a change of what it says now."
    return errors.StaleVersion(message, hint=hint, details=details)


def _waiting(block: ContextBlock) -> errors.WrongState:
    message = f"Another change of the block {block.id} waits for the person to decide."
    hint = "Wait until the person has decided: `briefsmith review list` shows what waits."
    return errors.WrongState(message, hint=hint, details={"block_id": str(block.id)})
