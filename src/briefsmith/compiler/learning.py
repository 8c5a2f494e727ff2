"""What feedback teaches of a block: its record, and the rate of success that it may yet have.

A brief that was judged is one piece of evidence, shared out among its blocks by how much of it each was.

Source: docs/decisions/0011-feedback-that-teaches.md
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

PRIOR_SUCCESSES = 4.0
PRIOR_FAILURES = 4.0
"""What `context_blocks.feedback_score` starts from: Beta(4, 4), worth eight briefs of one block each."""

_PRIOR_WEIGHT = PRIOR_SUCCESSES + PRIOR_FAILURES
_MOST_WEIGHT = 1e6  # a score of exactly 0 or 1 would else need endless evidence

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Record:
    """How briefs with a block did.

    Attributes:
        successes: Sum of its shares of those that succeeded, in [0, weight].
        weight: Sum of its shares of all that were judged.
    """

    successes: float = 0.0
    weight: float = 0.0


def credit_shares(tokens: Mapping[Key, int]) -> dict[Key, float]:
    """How much of a brief each block was, in (0, 1], 1 together; blocks too small to count have none.

    Args:
        tokens: What each block adds to the brief, >= 0; where none adds any, they share evenly.
    """
    total = sum(tokens.values())
    if total == 0:
        return dict.fromkeys(tokens, 1 / len(tokens)) if tokens else {}
    return {key: share for key, count in tokens.items() if (share := count / total) > 0}


def posterior_mean(record: Record) -> float:
    """What `feedback_score` says of a record, in (0, 1)."""
    return (PRIOR_SUCCESSES + record.successes) / (_PRIOR_WEIGHT + record.weight)


def record_of(score: float | None, weight: float) -> Record:
    """The record behind a score.

    Args:
        score: `feedback_score`, in [0, 1]; None before any feedback.
        weight: Of the evidence at hand. A score that needs more, as it came with an import or was written by hand, gets
            the least that explains it.
    """
    if score is None:
        return Record()
    weight = min(max(weight, _least_weight(score)), _MOST_WEIGHT)
    successes = score * (_PRIOR_WEIGHT + weight) - PRIOR_SUCCESSES
    return Record(min(max(successes, 0.0), weight), weight)


def _least_weight(score: float) -> float:
    """Evidence all of one kind that gives this score."""
    better = score * _PRIOR_WEIGHT - PRIOR_SUCCESSES
    against = 1 - score if better > 0 else score
    return abs(better) / max(against, 1 / _MOST_WEIGHT)


def base_rates(records: Sequence[Record], doubt: float) -> list[float]:
    """For each block the rate of success of the others, in (0, 1): what to expect of it before its own record.

    Where all succeeds, or nothing does, a record that does so too says nothing.

    Args:
        records: Of the blocks that may enter one brief.
        doubt: Weight of one half, >= 0; the rate comes near that of the others as their records outweigh it.
    """
    successes = math.fsum(record.successes for record in records)
    weight = math.fsum(record.weight for record in records)
    return [
        (doubt / 2 + max(successes - record.successes, 0.0))
        / (doubt + max(weight - record.weight, 0.0))
        for record in records
    ]


def optimistic_rate(record: Record, base: float, optimism: float) -> float:
    """The greatest rate of success that is still likely: high for what is little known, near the record for the rest.

    A success never lowers it and a failure never raises it, whatever the base is; the mean and some standard deviations
    have not that property.

    Args:
        record: Of the block.
        base: What is expected before it, in [0, 1].
        optimism: How many standard deviations are likely, >= 0.

    Source: the upper end of Wilson's interval, https://www.jstor.org/stable/2276774
    """
    weight = _PRIOR_WEIGHT + record.weight
    mean = (_PRIOR_WEIGHT * base + record.successes) / weight
    doubt = optimism**2 / weight
    spread = optimism * math.sqrt(max(mean * (1 - mean), 0.0) / weight + doubt / (4 * weight))
    return (mean + doubt / 2 + spread) / (1 + doubt)
