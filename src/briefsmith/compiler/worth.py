"""What a block is worth to a brief: a product of factors that each can be shown.

    worth = relevance x importance x feedback x freshness x size x novelty

None of them depends on the budget, so that the worth of a brief is the sum over its blocks.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from briefsmith.compiler.candidates import Candidate, Variant
from briefsmith.compiler.duplicates import Likeness, clusters, compare
from briefsmith.models.enums import BlockImportance

_GRID = 2.0**38  # sums of multiples of 1/_GRID are exact below 2**15, in whatever order
_LEAST_STEP = 1e-6  # lesser differences of share don't inflate the worth of asked-for blocks
_ROUNDING = 1e-9  # by which a sum of floats may pass 1


@dataclass(frozen=True, slots=True)
class SelectionSettings:
    """What decides the worth of blocks; part of a brief's snapshot.

    Attributes:
        relevance_power: Exponent of the relevance.
        relevance_floor: Share of the best candidate's relevance below which a block is worth
            nothing, however important.
        importance_high: Factor for what the person marked so.
        importance_medium: Likewise.
        importance_low: Likewise.
        feedback_strength: A score of 0 costs half of it, 1 gains half of it, 0.5 and None neither.
        freshness_half_life_days: Age at which half of what age can cost is lost.
        freshness_least: Factor that even the oldest block keeps.
        size_power: Exponent of the length; below 1 returns diminish.
        size_unit_tokens: Length whose factor is 1.
        size_most_tokens: Longer than this tells no more.
        novelty_strength: What a block loses that says wholly what a higher ranked one says.
        novelty_from_cosine: Likeness from which on novelty falls; 0 is left of it at
            `duplicate_cosine`.
        novelty_from_cover: Likewise for the share of word runs; full at 1.
        duplicate_cosine: Likeness of embeddings from which on two blocks are duplicates.
        duplicate_cover: Likewise the share of the shorter one's word runs.
        duplicate_size_ratio: Least length of the shorter one, as a share of the longer.
        longest_brief_tokens: Greater budgets count as this; it bounds memory and time.
    """

    relevance_power: float = 2.0
    relevance_floor: float = 0.25
    importance_high: float = 1.25
    importance_medium: float = 1.0
    importance_low: float = 0.8
    feedback_strength: float = 0.4
    freshness_half_life_days: float = 365.0
    freshness_least: float = 0.7
    size_power: float = 0.6
    size_unit_tokens: int = 200
    size_most_tokens: int = 2000
    novelty_strength: float = 0.6
    novelty_from_cosine: float = 0.8
    novelty_from_cover: float = 0.3
    duplicate_cosine: float = 0.97
    duplicate_cover: float = 0.8
    duplicate_size_ratio: float = 0.5
    longest_brief_tokens: int = 1_000_000

    def as_dict(self) -> dict[str, float]:
        """Every setting under its name, JSON-compatible."""
        return asdict(self)


DEFAULT_SETTINGS = SelectionSettings()


@dataclass(frozen=True, slots=True)
class WorthParts:
    """The factors of a block's worth.

    Attributes:
        relevance: 0 below the floor.
        importance: By the person's mark.
        feedback: 1 without any.
        freshness: 1 for a block of today.
        size: 1 for a block of `size_unit_tokens`.
        novelty: 1 where no higher ranked block says the like.
        asked: For a block that the person named, the worth that takes the product's place:
            more than all that nobody named; None for the others.
    """

    relevance: float
    importance: float
    feedback: float
    freshness: float
    size: float
    novelty: float = 1.0
    asked: float | None = None

    @property
    def worth(self) -> float:
        """Of the whole block; a variant has its share of it."""
        if self.asked is not None:
            return self.asked
        early = self.relevance * self.importance * self.feedback
        return early * self.freshness * self.size * self.novelty

    def as_dict(self) -> dict[str, Any]:
        """Every factor under its name, and the worth."""
        return {**asdict(self), "worth": self.worth}


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


def rated_relevance(relevance: float, best: float, settings: SelectionSettings) -> float:
    """The factor of a block's relevance; 0 below the floor, so that nothing else can bring it in.

    Args:
        relevance: In [0, 1].
        best: Of all candidates.
    """
    return (
        relevance**settings.relevance_power if relevance >= settings.relevance_floor * best else 0.0
    )


def variant_worth(parts: WorthParts, share: float) -> float:
    """Worth of a variant, on a grid of 2**-38 so that equal sums are found equal."""
    return round(parts.worth * share * _GRID) / _GRID


def ladder(candidate: Candidate) -> tuple[Variant, ...]:
    """The variants worth showing of a block that must be in: each shows less and takes less."""
    rungs: list[Variant] = []
    for variant in sorted(candidate.variants, key=lambda v: (-v.share, v.tokens)):
        if not rungs or variant.tokens < rungs[-1].tokens:
            rungs.append(variant)
    return tuple(rungs)


def weigh(candidates: Sequence[Candidate], settings: SelectionSettings) -> tuple[Weighed, ...]:
    """Worths and clusters of all candidates, by block_id; the order given does not matter.

    Raises:
        ValueError: A candidate breaks its contract: a programmer's error.
    """
    ordered = sorted(candidates, key=lambda candidate: candidate.block_id)
    _refuse_nonsense(ordered)
    best = max((candidate.relevance for candidate in ordered), default=0.0)
    first = [Weighed(c, _own_parts(c, best, settings)) for c in ordered]
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
            and abs(candidate.age_days) < math.inf
            and len(candidate.variants) > 0
            and all(0 < v.share <= 1 + _ROUNDING and v.tokens >= 0 for v in candidate.variants)
        )
        if not sound:
            message = f"Candidate {candidate.block_id} has a value out of its range."
            raise ValueError(message)


def _own_parts(candidate: Candidate, best: float, settings: SelectionSettings) -> WorthParts:
    """The factors that do not depend on other candidates, but for the floor."""
    feedback = 0.5 if candidate.feedback_score is None else candidate.feedback_score
    halvings = max(candidate.age_days, 0.0) / settings.freshness_half_life_days
    length = min(max(candidate.content_tokens, 1), settings.size_most_tokens)
    return WorthParts(
        relevance=rated_relevance(candidate.relevance, best, settings),
        importance=_importance(candidate.importance, settings),
        feedback=1 + settings.feedback_strength * (feedback - 0.5),
        freshness=settings.freshness_least + (1 - settings.freshness_least) * 0.5**halvings,
        size=(length / settings.size_unit_tokens) ** settings.size_power,
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
