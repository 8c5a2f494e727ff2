"""Which blocks of a store say the same, and which pairs are alike enough to contradict each other.

`duplicates` judges; this sorts what it is asked, so that memory stays bounded however large a store is: pairs that
are likely (the database finds them) become neighbourhoods, and these are judged a few dozen texts at a time.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from briefsmith.compiler.candidates import Candidate, Variant
from briefsmith.compiler.duplicates import Likeness, clusters, compare
from briefsmith.models.enums import BlockImportance
from briefsmith.schemas.reports import AuditSettings

Pair = tuple[UUID, UUID]

_SCORE_DIGITS = 4


@dataclass(frozen=True, slots=True)
class ComparedText:
    """A block's text, to be compared.

    Attributes:
        embedding: Unit vector, or None; all of one call come from one model.
    """

    block_id: UUID
    content: str
    embedding: NDArray[np.float32] | None


@dataclass(frozen=True, slots=True)
class SameGroup:
    """Blocks of which any two say the same; at least two, by id.

    Attributes:
        score: How alike the least alike two are, in [0, 1].
    """

    block_ids: tuple[UUID, ...]
    score: float


@dataclass(frozen=True, slots=True)
class RelatedPair:
    """Two blocks about the same that do not say the same; score is the cosine."""

    pair: Pair
    score: float


def neighbourhoods(pairs: Iterable[Pair], *, most: int) -> Iterator[tuple[UUID, ...]]:
    """Blocks that pairs link, packed into rows of at most `most`; one of more links is cut.

    Args:
        pairs: In any order.
        most: At least 2.
    """
    row: list[UUID] = []
    for linked in _linked(pairs):
        for start in range(0, len(linked), most):
            part = linked[start : start + most]
            if len(row) + len(part) > most:
                yield tuple(row)
                row = []
            row += part
    if row:
        yield tuple(row)


def _linked(pairs: Iterable[Pair]) -> list[list[UUID]]:
    """Connected blocks, each row by id, rows by their first."""
    root: dict[UUID, UUID] = {}

    def find(one: UUID) -> UUID:
        root.setdefault(one, one)
        while root[one] != one:
            root[one] = root[root[one]]
            one = root[one]
        return one

    for one, other in pairs:
        low, high = sorted((find(one), find(other)))
        root[high] = low
    rows: dict[UUID, list[UUID]] = {}
    for one in sorted(root):
        rows.setdefault(find(one), []).append(one)
    return list(rows.values())


def judge(
    texts: Sequence[ComparedText], settings: AuditSettings
) -> tuple[list[SameGroup], list[RelatedPair]]:
    """Groups that say the same, and pairs that are only about the same.

    Args:
        texts: Each block once, by id; a few dozen.
    """
    likeness = compare(
        [_candidate(text) for text in texts],
        cosine=settings.same_cosine,
        cover=settings.same_cover,
        size_ratio=settings.same_size_ratio,
    )
    numbers = clusters(likeness)
    groups = [
        SameGroup(tuple(texts[at].block_id for at in members), _least(likeness, members))
        for number in sorted(set(numbers))
        if len(members := [at for at, one in enumerate(numbers) if one == number]) > 1
    ]
    related = [
        RelatedPair(
            (texts[one].block_id, texts[other].block_id),
            round(float(likeness.cosine[one, other]), _SCORE_DIGITS),
        )
        for one, other in combinations(range(len(texts)), 2)
        if numbers[one] != numbers[other]
        and not likeness.same[one, other]
        and likeness.cosine[one, other] >= settings.related_cosine
    ]
    return groups, related


def _least(likeness: Likeness, members: Sequence[int]) -> float:
    scores = [
        max(likeness.cosine[i, j], likeness.covered[i, j], likeness.covered[j, i])
        for i, j in combinations(members, 2)
    ]
    return round(min(1.0, float(min(scores))), _SCORE_DIGITS)


def _candidate(text: ComparedText) -> Candidate:
    """Comparing reads the content and the vector, and nothing else of it."""
    return Candidate(
        block_id=text.block_id,
        content=text.content,
        relevance=0.0,
        importance=BlockImportance.MEDIUM,
        feedback_score=None,
        age_days=0.0,
        content_tokens=0,
        embedding=text.embedding,
        asked=False,
        variants=(Variant("used-as-is", ((0, len(text.content)),), 0, 1.0),),
    )
