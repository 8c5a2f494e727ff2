"""Verbs on feedback: what people say of briefs becomes scores of blocks.

Scores are made anew each time, out of the shares that blocks have in feedback. So feedback that is given twice, changed,
withdrawn, or whose block is purged, counts as what is left says, whatever happened before.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from briefsmith import errors
from briefsmith.compiler.learning import PRIOR_FAILURES, PRIOR_SUCCESSES, credit_shares
from briefsmith.models.brief_feedback import BriefFeedback
from briefsmith.operations.brief_lookup import find_brief
from briefsmith.postgres.session import Session
from briefsmith.schemas.feedback import CreditedBlock, FeedbackChange, FeedbackOutcome, NewFeedback
from briefsmith.schemas.snapshot import Snapshot
from briefsmith.store import brief_feedback, events
from briefsmith.store.brief_feedback import ScoredBlock, Uncounted

_PAGE = 200

_Shares = Mapping[UUID, float]  # of blocks, by id


@dataclass(frozen=True, slots=True)
class _Counted:
    """What counting came to: blocks before and those that changed, by id, and shares by feedback."""

    before: Mapping[UUID, ScoredBlock]
    after: Mapping[UUID, ScoredBlock]
    shares: Mapping[UUID, _Shares]

    def credited(self, shares: _Shares) -> tuple[CreditedBlock, ...]:
        """The blocks that have these shares."""
        blocks = [
            CreditedBlock(
                block_id=block_id,
                label=self.before[block_id].label,
                share=share,
                score_before=self.before[block_id].feedback_score,
                feedback_score=self.after.get(block_id, self.before[block_id]).feedback_score,
            )
            for block_id, share in shares.items()
            if block_id in self.before
        ]
        return tuple(sorted(blocks, key=lambda block: (-block.share, block.label, block.block_id)))


async def give_feedback(session: Session, brief_id: UUID, new: NewFeedback) -> FeedbackOutcome:
    """Says whether a brief did its work, in place of what was said before; any state of the brief allows it.

    Raises:
        BriefNotFound: There is none, or it is somebody else's.
        InvalidInput: The output is not the brief's.

    Emits:
        brief.feedback_given
    """
    also = await count_feedback(session)
    brief = await find_brief(session, brief_id)
    if new.output_id and not await brief_feedback.has_output(session, brief_id, new.output_id):
        message = f"The brief {brief_id} has no output {new.output_id}."
        hint = f"`briefsmith brief outputs {brief_id}` lists those that it has."
        details = {"task_brief_id": str(brief_id), "output_id": str(new.output_id)}
        raise errors.InvalidInput(message, hint=hint, details=details)
    change, feedback = await _written(session, brief_id, new)
    if change == "unchanged":
        return await _as_it_is(session, feedback, also)
    judged = Uncounted(feedback.id, brief_id, brief.core_context_snapshot)
    counted = await _count(session, [judged])
    await _tell(session, "brief.feedback_given", feedback)
    blocks = counted.credited(counted.shares.get(feedback.id, {}))
    return FeedbackOutcome(change, feedback, blocks, also)


async def withdraw_feedback(session: Session, brief_id: UUID) -> FeedbackOutcome:
    """Takes back what was said of a brief, as if it had never been.

    Raises:
        BriefNotFound: There is none, or it is somebody else's.
        FeedbackNotFound: Nothing was said of it.

    Emits:
        brief.feedback_withdrawn
    """
    also = await count_feedback(session)
    await find_brief(session, brief_id)
    feedback = await brief_feedback.select_feedback(session, brief_id)
    if feedback is None:
        message = f"The brief {brief_id} has no feedback."
        raise errors.FeedbackNotFound(message, details={"task_brief_id": str(brief_id)})
    shares = await _shares_of(session, [brief_id])
    before = await brief_feedback.lock_blocks(session, shares.keys())
    await brief_feedback.delete_feedback(session, brief_id, kept_id=None)
    counted = _Counted(_by_id(before), await _scored(session, shares), {})
    await _tell(session, "brief.feedback_withdrawn", feedback)
    return FeedbackOutcome("withdrawn", feedback, counted.credited(shares), also)


async def count_feedback(session: Session) -> int:
    """Counts the feedback that other programs wrote, and that of a legacy database; each verb on feedback begins so.

    The newest feedback of a brief counts. What other programs changed or deleted of counted feedback shows in a
    block's score when that is next made anew, or by `recount_scores`.

    Returns:
        On how many briefs there was any.
    """
    await brief_feedback.lock_feedback(session)
    total, after_id = 0, None
    while page := await brief_feedback.select_uncounted(session, after_id=after_id, limit=_PAGE):
        await _count(session, page)
        total += len(page)
        after_id = page[-1].task_brief_id
    return total


async def recount_scores(session: Session) -> int:
    """Makes the scores of all blocks with feedback anew, whatever other programs did to it.

    Returns:
        How many scores changed, beside those that `count_feedback` changed.
    """
    await count_feedback(session)
    ids = await brief_feedback.select_counted(session)
    locked = await brief_feedback.lock_blocks(session, ids)
    return len(await _scored(session, (block.id for block in locked)))


async def _written(
    session: Session, brief_id: UUID, new: NewFeedback
) -> tuple[FeedbackChange, BriefFeedback]:
    """The one row that a brief has afterwards."""
    held = await brief_feedback.select_feedback(session, brief_id)
    columns: brief_feedback.FeedbackColumns = {
        "success": new.success,
        "comment": new.comment,
        "output_id": new.output_id,
    }
    if held is None:
        return "given", await brief_feedback.insert_feedback(session, brief_id, columns)
    if held.success == new.success:
        columns["comment"] = held.comment if new.comment is None else new.comment
        columns["output_id"] = new.output_id or held.output_id
    older = await brief_feedback.delete_feedback(session, brief_id, kept_id=held.id)
    as_it_was = (held.success, held.comment, held.output_id)
    if not older and as_it_was == (new.success, columns["comment"], columns["output_id"]):
        return "unchanged", held
    return "replaced", await brief_feedback.update_feedback(session, held.id, columns)


async def _as_it_is(session: Session, feedback: BriefFeedback, also: int) -> FeedbackOutcome:
    shares = await _shares_of(session, [feedback.task_brief_id])
    blocks = _by_id(await brief_feedback.lock_blocks(session, shares.keys()))
    counted = _Counted(blocks, blocks, {})
    return FeedbackOutcome("unchanged", feedback, counted.credited(shares), also)


async def _count(session: Session, judged: Sequence[Uncounted]) -> _Counted:
    """Gives each block its share, in place of those that it had in feedback on these briefs."""
    brief_ids = [each.task_brief_id for each in judged]
    linked: dict[UUID, list[UUID]] = defaultdict(list)
    for link in await brief_feedback.select_links(session, brief_ids):
        linked[link.task_brief_id].append(link.block_id)
    credit = {each.id: _credit(each, linked[each.task_brief_id]) for each in judged}
    old = await _shares_of(session, brief_ids)
    wanted = old.keys() | {block_id for shares in credit.values() for block_id in shares}
    blocks = _by_id(await brief_feedback.lock_blocks(session, wanted))
    shares = {
        feedback_id: {key: share for key, share in shares.items() if key in blocks}
        for feedback_id, shares in credit.items()
    }
    rows = [
        (feedback_id, block_id, share)
        for feedback_id, parts in shares.items()
        for block_id, share in parts.items()
    ]
    await brief_feedback.replace_shares(session, brief_ids, rows)
    return _Counted(blocks, await _scored(session, blocks), shares)


def _credit(judged: Uncounted, linked: Sequence[UUID]) -> dict[UUID, float]:
    """Shares by the tokens of the snapshot, also of blocks that are gone; even ones where no snapshot tells."""
    snapshot = _snapshot(judged.core_context_snapshot)
    tokens: dict[UUID, int] = defaultdict(int)
    for part in snapshot.blocks if snapshot else ():
        tokens[part.block_id] += part.tokens
    if linked and tokens.keys().isdisjoint(linked):
        return credit_shares(dict.fromkeys(linked, 0))
    return credit_shares(tokens)


def _snapshot(held: Any) -> Snapshot | None:
    try:
        return Snapshot.model_validate(held)
    except ValidationError:
        return None


async def _shares_of(session: Session, brief_ids: Sequence[UUID]) -> dict[UUID, float]:
    shares = await brief_feedback.select_shares(session, brief_ids)
    return {each.block_id: each.share for each in shares}


async def _scored(session: Session, block_ids: Iterable[UUID]) -> dict[UUID, ScoredBlock]:
    changed = await brief_feedback.update_scores(
        session,
        list(block_ids),
        prior_successes=PRIOR_SUCCESSES,
        prior_failures=PRIOR_FAILURES,
    )
    return _by_id(changed)


def _by_id(blocks: Iterable[ScoredBlock]) -> dict[UUID, ScoredBlock]:
    return {block.id: block for block in blocks}


async def _tell(session: Session, topic: str, feedback: BriefFeedback) -> None:
    payload = {"task_brief_id": str(feedback.task_brief_id), "success": feedback.success}
    await events.insert_event(session, topic, payload)
