"""What a block is worth to a brief: a product of factors that each can be shown.

    worth = relevance x importance x feedback x freshness x size x novelty

None of them depends on the budget, so that the worth of a brief is the sum over its blocks.
"""

from dataclasses import asdict, dataclass
from typing import Any

from briefsmith.compiler.candidates import Candidate, Variant
from briefsmith.compiler.learning import Record, optimistic_rate

_GRID = 2.0**38  # sums of multiples of 1/_GRID are exact below 2**15, in whatever order


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
        feedback_strength: What a record gains for each unit by which the likely rate of success
            is above that of a block without one.
        feedback_optimism: Standard deviations that the likely rate is above the known one.
        feedback_doubt: Weight of one half beside the records of the other candidates.
        feedback_least: Factor that even the worst record leaves.
        feedback_most: Factor that no record exceeds; 2.5 times the least, so that of two blocks
            one that is twice as relevant (4 times the worth) comes first whatever their records.
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
    feedback_strength: float = 3.0
    feedback_optimism: float = 1.5
    feedback_doubt: float = 10.0
    feedback_least: float = 0.6
    feedback_most: float = 1.5
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
        feedback_score: Posterior mean of success, in [0, 1]; None before any feedback.
        feedback_weight: Evidence behind it, in briefs of one block; None before any feedback.
        asked: For a block that the person named, the worth that takes the product's place:
            more than all that nobody named; None for the others.
    """

    relevance: float
    importance: float
    feedback: float
    freshness: float
    size: float
    novelty: float = 1.0
    feedback_score: float | None = None
    feedback_weight: float | None = None
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


def rated_relevance(relevance: float, best: float, settings: SelectionSettings) -> float:
    """The factor of a block's relevance; 0 below the floor, so that nothing else can bring it in.

    Args:
        relevance: In [0, 1].
        best: Of all candidates.
    """
    return (
        relevance**settings.relevance_power if relevance >= settings.relevance_floor * best else 0.0
    )


def rated_feedback(record: Record, base: float, settings: SelectionSettings) -> float:
    """The factor of a block's record; 1 for a block without one.

    Args:
        record: Of the block.
        base: Rate of success of the other candidates.
        settings: What decides the worth.
    """
    if record.weight <= 0:
        return 1.0
    likely = optimistic_rate(record, base, settings.feedback_optimism)
    unknown = optimistic_rate(Record(), base, settings.feedback_optimism)
    factor = 1 + settings.feedback_strength * (likely - unknown)
    return min(max(factor, settings.feedback_least), settings.feedback_most)


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
