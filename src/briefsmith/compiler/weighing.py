"""Weighs candidates: the factors of each, which of them are alike, and what was asked for."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from briefsmith.compiler.candidates import Candidate
from briefsmith.compiler.duplicates import Likeness, clusters, compare
from briefsmith.compiler.learning import Record, base_rates, record_of
from briefsmith.compiler.worth import (
    SelectionSettings,
    WorthParts,
    ladder,
    rated_feedback,
    rated_relevance,
)
from briefsmith.models.enums import BlockImportance

_LEAST_STEP = 1e-6  # lesser differences of share don't inflate the worth of asked-for blocks
_ROUNDING = 1e-9  # by which a sum of floats may pass 1


@dataclass(frozen=True, slots=True)
class Weighed:
    """A candidate with its worth and its likes.

    Attributes:
        cluster: Equal for those that are duplicates of one another; None outside the contest
            (asked for, not relevant enough, duplicate of one that was asked for).
        duplicate_of: The asked-for block that says the same.
    """

    candidate: Candidate
    parts: WorthParts
    cluster: int | None = None
    duplicate_of: UUID | None = None


def weigh(candidates: Sequence[Candidate], settings: SelectionSettings) -> tuple[Weighed, ...]:
    """Worths and clusters of all candidates, by block_id; the order given does not matter.

    Raises:
        ValueError: A candidate breaks its contract: a programmer's error.
    """
    ordered = sorted(candidates, key=lambda candidate: candidate.block_id)
    _refuse_nonsense(ordered)
    parts = _all_parts(ordered, settings)
    first = [Weighed(c, own) for c, own in zip(ordered, parts, strict=True)]
    rivals = [w for w in first if w.candidate.asked or w.parts.relevance > 0]
    judged = {w.candidate.block_id: w for w in _with_asked(_with_likes(rivals, settings))}
    return tuple(judged.get(w.candidate.block_id, w) for w in first)


def _refuse_nonsense(ordered: Sequence[Candidate]) -> None:
    if any(one.block_id == other.block_id for one, other in pairwise(ordered)):
        message = "A block is among the candidates twice."
        raise ValueError(message)
    for candidate in ordered:
        feedback = 0.5 if candidate.feedback_score is None else candidate.feedback_score
        sound = (  # NaN fails every comparison
            0 <= candidate.relevance <= 1 + _ROUNDING
            and 0 <= feedback <= 1 + _ROUNDING
            and 0 <= candidate.feedback_weight < math.inf
            and abs(candidate.age_days) < math.inf
            and len(candidate.variants) > 0
            and all(0 < v.share <= 1 + _ROUNDING and v.tokens >= 0 for v in candidate.variants)
        )
        if not sound:
            message = f"Candidate {candidate.block_id} has a value out of its range."
            raise ValueError(message)


def _all_parts(ordered: Sequence[Candidate], settings: SelectionSettings) -> list[WorthParts]:
    """The factors of each but novelty; a record counts for more where the others' are worse."""
    best = max((candidate.relevance for candidate in ordered), default=0.0)
    relevances = [rated_relevance(c.relevance, best, settings) for c in ordered]
    records = [
        record_of(c.feedback_score, c.feedback_weight) if c.asked or relevance > 0 else Record()
        for c, relevance in zip(ordered, relevances, strict=True)
    ]
    bases = base_rates(records, settings.feedback_doubt)
    return [
        _own_parts(candidate, relevance, record, rated_feedback(record, base, settings), settings)
        for candidate, relevance, record, base in zip(
            ordered, relevances, records, bases, strict=True
        )
    ]


def _own_parts(
    candidate: Candidate,
    relevance: float,
    record: Record,
    feedback: float,
    settings: SelectionSettings,
) -> WorthParts:
    halvings = max(candidate.age_days, 0.0) / settings.freshness_half_life_days
    length = min(max(candidate.content_tokens, 1), settings.size_most_tokens)
    return WorthParts(
        relevance=relevance,
        importance=_importance(candidate.importance, settings),
        feedback=feedback,
        freshness=settings.freshness_least + (1 - settings.freshness_least) * 0.5**halvings,
        size=(length / settings.size_unit_tokens) ** settings.size_power,
        feedback_score=candidate.feedback_score,
        feedback_weight=None if candidate.feedback_score is None else record.weight,
    )


def _importance(importance: BlockImportance, settings: SelectionSettings) -> float:
    return {
        BlockImportance.HIGH: settings.importance_high,
        BlockImportance.MEDIUM: settings.importance_medium,
        BlockImportance.LOW: settings.importance_low,
    }[importance]


def _with_asked(rivals: Sequence[Weighed]) -> list[Weighed]:
    """Gives asked-for blocks their worth: one rung of a ladder outweighs all unasked blocks.

    So the objective, in which asked-for blocks come first, is still one sum.
    """
    tops: dict[int, float] = {}
    for rival in rivals:
        if rival.cluster is not None:
            tops[rival.cluster] = max(tops.get(rival.cluster, 0.0), rival.parts.worth)
    shares = [
        [*(variant.share for variant in ladder(rival.candidate)), 0.0]
        for rival in rivals
        if rival.candidate.asked
    ]
    steps = [fuller - smaller for rungs in shares for fuller, smaller in pairwise(rungs)]
    worth = (1 + math.fsum(tops.values())) / max(min(steps, default=1.0), _LEAST_STEP)
    return [
        replace(w, parts=replace(w.parts, asked=worth)) if w.candidate.asked else w for w in rivals
    ]


def _with_likes(rivals: Sequence[Weighed], settings: SelectionSettings) -> list[Weighed]:
    """Novelty, clusters, and who says the same as a block that was asked for."""
    likeness = compare(
        [w.candidate for w in rivals],
        cosine=settings.duplicate_cosine,
        cover=settings.duplicate_cover,
        size_ratio=settings.duplicate_size_ratio,
    )
    twins = _asked_twins(rivals, likeness)
    outside = [w.candidate.asked or twin is not None for w, twin in zip(rivals, twins, strict=True)]
    numbers = clusters(likeness, among=[not out for out in outside])
    cluster = [None if out else number for out, number in zip(outside, numbers, strict=True)]
    novelty = _novelties(rivals, likeness, np.array(numbers), settings)
    return [
        replace(w, parts=replace(w.parts, novelty=new), cluster=group, duplicate_of=twin)
        for w, new, group, twin in zip(rivals, novelty, cluster, twins, strict=True)
    ]


def _asked_twins(rivals: Sequence[Weighed], likeness: Likeness) -> list[UUID | None]:
    """For each the first asked-for block that says the same."""
    twins: list[UUID | None] = [None] * len(rivals)
    for at, rival in enumerate(rivals):
        if rival.candidate.asked:
            for like in np.flatnonzero(likeness.same[at]).tolist():
                twins[like] = twins[like] or rival.candidate.block_id
    return twins


def _novelties(
    rivals: Sequence[Weighed],
    likeness: Likeness,
    cluster: NDArray[np.int64],
    settings: SelectionSettings,
) -> list[float]:
    """1 less what some higher ranked block, not of the same cluster, says already."""
    near = likeness.cosine > settings.novelty_from_cosine
    near |= likeness.covered > settings.novelty_from_cover
    one, other = np.nonzero(near)
    rank = np.empty(len(rivals), dtype=np.int64)
    order = sorted(
        range(len(rivals)), key=lambda i: (not rivals[i].candidate.asked, -rivals[i].parts.worth, i)
    )
    rank[order] = np.arange(len(rivals))
    counts = (rank[other] < rank[one]) & (cluster[other] != cluster[one])
    one, other = one[counts], other[counts]
    cosine, covered = likeness.cosine[one, other], likeness.covered[one, other]
    by_angle = _rise(cosine, settings.novelty_from_cosine, settings.duplicate_cosine)
    by_words = _rise(covered, settings.novelty_from_cover, 1.0)
    closeness = np.zeros(len(rivals), dtype=np.float64)
    np.maximum.at(closeness, one, np.maximum(by_angle, by_words))
    return (1 - settings.novelty_strength * closeness).tolist()


def _rise(values: NDArray[np.float64], start: float, end: float) -> NDArray[np.float64]:
    return np.clip((values - start) / max(end - start, math.ulp(1.0)), 0.0, 1.0)
