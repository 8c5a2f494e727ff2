"""Statements on `brief_feedback`, the shares of blocks in it, and what they say of blocks."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict
from uuid import UUID

from briefsmith.models.brief_feedback import BriefFeedback
from briefsmith.postgres.session import Session
from briefsmith.postgres.statements import NoParameters, statement


class _OfUser(TypedDict):
    user_id: UUID


class _OfBrief(_OfUser):
    task_brief_id: UUID


class _OutputOfBrief(TypedDict):
    id: UUID
    task_brief_id: UUID


class FeedbackColumns(TypedDict):
    """What a person says of a brief."""

    success: bool
    comment: str | None
    output_id: UUID | None


class _NewFeedback(FeedbackColumns, _OfBrief):
    pass


class _ChangedFeedback(FeedbackColumns):
    id: UUID


class _AllBut(_OfBrief):
    kept_id: UUID | None


class _Page(_OfUser):
    after_id: UUID | None
    limit: int


class _Briefs(TypedDict):
    task_brief_ids: list[UUID]


class _Blocks(TypedDict):
    block_ids: list[UUID]


class _BlocksOfUser(_OfUser, _Blocks):
    pass


class _NewShares(_Blocks):
    brief_feedback_ids: list[UUID]
    shares: list[float]


class _Scores(_BlocksOfUser):
    prior_successes: float
    prior_failures: float


@dataclass(frozen=True, slots=True)
class Taken:
    """A lock that is held."""

    is_locked: bool


@dataclass(frozen=True, slots=True)
class OutputId:
    """An output that there is."""

    id: UUID


@dataclass(frozen=True, slots=True)
class Uncounted:
    """Feedback without shares, and what its brief says of itself."""

    id: UUID
    task_brief_id: UUID
    core_context_snapshot: Any


@dataclass(frozen=True, slots=True)
class LinkedBlock:
    """A block that went into a brief."""

    task_brief_id: UUID
    block_id: UUID


@dataclass(frozen=True, slots=True)
class ScoredBlock:
    """A block by name, with its score; None before any feedback."""

    id: UUID
    label: str
    feedback_score: float | None


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a brief that was judged a block was, in (0, 1]."""

    block_id: UUID
    share: float


@dataclass(frozen=True, slots=True)
class BlockId:
    """A block."""

    block_id: UUID


@dataclass(frozen=True, slots=True)
class Weight:
    """How much evidence there is of a block, in briefs of one block."""

    block_id: UUID
    weight: float


_LOCK_FEEDBACK = statement("brief_feedback.lock_feedback", _OfUser, Taken)
_SELECT_FEEDBACK = statement("brief_feedback.select_feedback", _OfBrief, BriefFeedback)
_SELECT_OUTPUT = statement("brief_feedback.select_output", _OutputOfBrief, OutputId)
_INSERT_FEEDBACK = statement("brief_feedback.insert_feedback", _NewFeedback, BriefFeedback)
_UPDATE_FEEDBACK = statement("brief_feedback.update_feedback", _ChangedFeedback, BriefFeedback)
_DELETE_FEEDBACK = statement("brief_feedback.delete_feedback", _AllBut, None)
_SELECT_UNCOUNTED = statement("brief_feedback.select_uncounted", _Page, Uncounted)
_SELECT_LINKS = statement("brief_feedback.select_links", _Briefs, LinkedBlock)
_LOCK_BLOCKS = statement("brief_feedback.lock_blocks", _BlocksOfUser, ScoredBlock)
_SELECT_SHARES = statement("brief_feedback.select_shares", _Briefs, Share)
_DELETE_SHARES = statement("brief_feedback.delete_shares", _Briefs, None)
_INSERT_SHARES = statement("brief_feedback.insert_shares", _NewShares, None)
_SELECT_COUNTED = statement("brief_feedback.select_counted", NoParameters, BlockId)
_UPDATE_SCORES = statement("brief_feedback.update_scores", _Scores, ScoredBlock)
_SELECT_WEIGHTS = statement("brief_feedback.select_weights", _Blocks, Weight)


async def lock_feedback(session: Session) -> None:
    """Waits until nobody else counts the actor's feedback, and keeps it so until the transaction ends."""
    await session.one(_LOCK_FEEDBACK, {"user_id": session.actor.user_id})


async def select_feedback(session: Session, brief_id: UUID) -> BriefFeedback | None:
    """The feedback on a brief that counts: the newest."""
    params: _OfBrief = {"task_brief_id": brief_id, "user_id": session.actor.user_id}
    return await session.maybe(_SELECT_FEEDBACK, params)


async def has_output(session: Session, brief_id: UUID, output_id: UUID) -> bool:
    """Whether the brief has the output."""
    params: _OutputOfBrief = {"id": output_id, "task_brief_id": brief_id}
    return await session.maybe(_SELECT_OUTPUT, params) is not None


async def insert_feedback(
    session: Session, brief_id: UUID, columns: FeedbackColumns
) -> BriefFeedback:
    """New feedback, not counted yet."""
    params: _NewFeedback = {
        **columns,
        "task_brief_id": brief_id,
        "user_id": session.actor.user_id,
    }
    return await session.one(_INSERT_FEEDBACK, params)


async def update_feedback(
    session: Session, feedback_id: UUID, columns: FeedbackColumns
) -> BriefFeedback:
    """The feedback with another verdict or comment."""
    return await session.one(_UPDATE_FEEDBACK, {**columns, "id": feedback_id})


async def delete_feedback(session: Session, brief_id: UUID, *, kept_id: UUID | None) -> int:
    """How much feedback on a brief there was beside what is kept; None keeps none."""
    params: _AllBut = {
        "task_brief_id": brief_id,
        "user_id": session.actor.user_id,
        "kept_id": kept_id,
    }
    return await session.execute(_DELETE_FEEDBACK, params)


async def select_uncounted(
    session: Session, *, after_id: UUID | None, limit: int
) -> list[Uncounted]:
    """A page of feedback without shares, by id of its brief."""
    params: _Page = {"user_id": session.actor.user_id, "after_id": after_id, "limit": limit}
    return await session.many(_SELECT_UNCOUNTED, params)


async def select_links(session: Session, brief_ids: Sequence[UUID]) -> list[LinkedBlock]:
    """The blocks that went into briefs and are still there."""
    return await session.many(_SELECT_LINKS, {"task_brief_ids": list(brief_ids)})


async def lock_blocks(session: Session, block_ids: Collection[UUID]) -> list[ScoredBlock]:
    """Those that there still are, and will be until the transaction ends."""
    params: _BlocksOfUser = {"user_id": session.actor.user_id, "block_ids": sorted(block_ids)}
    return await session.many(_LOCK_BLOCKS, params)


async def select_shares(session: Session, brief_ids: Sequence[UUID]) -> list[Share]:
    """Of all feedback on these briefs."""
    return await session.many(_SELECT_SHARES, {"task_brief_ids": list(brief_ids)})


async def replace_shares(
    session: Session, brief_ids: Sequence[UUID], shares: Sequence[tuple[UUID, UUID, float]]
) -> None:
    """Writes who shares in the feedback on briefs, in place of what was there.

    Args:
        shares: Ids of feedback and block, and the share.
    """
    await session.execute(_DELETE_SHARES, {"task_brief_ids": list(brief_ids)})
    params: _NewShares = {
        "brief_feedback_ids": [share[0] for share in shares],
        "block_ids": [share[1] for share in shares],
        "shares": [share[2] for share in shares],
    }
    await session.execute(_INSERT_SHARES, params)


async def select_counted(session: Session) -> list[UUID]:
    """Every block that shares in some feedback."""
    return [row.block_id for row in await session.many(_SELECT_COUNTED, {})]


async def update_scores(
    session: Session,
    block_ids: Collection[UUID],
    *,
    prior_successes: float,
    prior_failures: float,
) -> list[ScoredBlock]:
    """Makes scores and times anew out of the shares; the blocks that this changed."""
    params: _Scores = {
        "user_id": session.actor.user_id,
        "block_ids": sorted(block_ids),
        "prior_successes": prior_successes,
        "prior_failures": prior_failures,
    }
    return await session.many(_UPDATE_SCORES, params)


async def select_weights(session: Session, block_ids: Sequence[UUID]) -> dict[UUID, float]:
    """How much evidence there is of each block; those without any are not in it.

    Rounded, because floats that are added in another order differ in their last digits.
    """
    rows = await session.many(_SELECT_WEIGHTS, {"block_ids": list(block_ids)})
    return {row.block_id: round(row.weight, 9) for row in rows}
