"""BM25 over packed postings, as the lexical index keeps them.

Source: Robertson and Zaragoza, The Probabilistic Relevance Framework (2009); idf as in Lucene. How an entry is
packed: `sql/schema/search.sql`.
"""

from collections.abc import Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Scores = NDArray[np.float64]

ENTRY = np.dtype([("document", ">i4"), ("counts", ">i4")])
LENGTH_BITS = 22
_SLACK = 65_536  # numbers that may lie unused between those of a person's documents


def rarities(documents: int, holding: Sequence[int] | NDArray[np.int64]) -> Scores:
    """How much each term tells, by how many of all documents hold it."""
    held = np.asarray(holding, np.float64)
    return np.log(1 + (documents - held + 0.5) / (held + 0.5))


class WordScores:
    """Scores of documents, added up term by term."""

    def __init__(self, documents: int, mean_length: float, *, k1: float, b: float) -> None:
        self._documents = documents
        self._mean_length = mean_length
        self._k1 = k1
        self._b = b
        self._of_term: dict[str, tuple[Numbers, Scores]] = {}
        self._numbers: Numbers = np.empty(0, np.int64)
        self._scores: Scores = np.empty(0, np.float64)

    def __len__(self) -> int:
        """Documents that hold any of the terms."""
        return len(self._numbers)

    def add(self, terms: Sequence[str], weights: Sequence[float], entries: Sequence[bytes]) -> None:
        """Adds terms, each with its weight; the postings of one that was there before are known."""
        self._read({t: e for t, e in zip(terms, entries, strict=True) if e})
        held = [
            (w, *self._of_term[t])
            for t, w in zip(terms, weights, strict=True)
            if t in self._of_term
        ]
        self._numbers, self._scores = _summed(
            np.concatenate([self._numbers, *(numbers for _, numbers, _ in held)]),
            np.concatenate([self._scores, *(weight * scores for weight, _, scores in held)]),
        )

    def _read(self, entries: dict[str, bytes]) -> None:
        """What each document gets for each term that weighs 1; all terms in one go."""
        read = np.frombuffer(b"".join(entries.values()), ENTRY)
        numbers = read["document"].astype(np.int64)
        counts = read["counts"].astype(np.int64)
        frequencies = (counts >> LENGTH_BITS).astype(np.float64)
        lengths = counts & ((1 << LENGTH_BITS) - 1)
        sizes = [len(packed) // ENTRY.itemsize for packed in entries.values()]
        norm = self._k1 * (1 - self._b + self._b / self._mean_length * lengths)
        scores = (
            np.repeat(rarities(self._documents, sizes) * (self._k1 + 1), sizes)
            * frequencies
            / (frequencies + norm)
        )
        ends = np.cumsum(sizes)
        for term, size, end in zip(entries, sizes, ends, strict=True):
            self._of_term[term] = (numbers[end - size : end], scores[end - size : end])

    def best(self, count: int, among: Numbers | None = None) -> Numbers:
        """The best documents, in order of their numbers; of equals, the lower number.

        Args:
            among: Documents to choose from, in order; None is all.
        """
        numbers, scores = self._numbers, self._scores
        if among is not None:
            held = np.isin(numbers, among, assume_unique=True)
            numbers, scores = numbers[held], scores[held]
        if count >= len(scores):
            return numbers
        least = np.partition(scores, len(scores) - count)[len(scores) - count]
        above = np.flatnonzero(scores > least)
        equal = np.flatnonzero(scores == least)[: count - len(above)]
        return numbers[np.union1d(above, equal)]

    def with_all(self, terms: Sequence[str], count: int) -> list[int]:
        """Documents that hold every one of some terms, by falling score, then by number."""
        none: tuple[Numbers, Scores] = np.empty(0, np.int64), np.empty(0, np.float64)
        held = (self._of_term.get(term, none)[0] for term in terms)
        numbers = reduce(np.intersect1d, held)
        order = np.argsort(-self.of(numbers), kind="stable")[:count]
        return numbers[order].tolist()

    def of(self, numbers: Numbers) -> Scores:
        """The scores of some documents; 0 without any of the terms."""
        if not len(self._numbers):
            return np.zeros(len(numbers))
        places = np.minimum(np.searchsorted(self._numbers, numbers), len(self._numbers) - 1)
        return np.where(self._numbers[places] == numbers, self._scores[places], 0.0)


def _summed(numbers: Numbers, scores: Scores) -> tuple[Numbers, Scores]:
    """Each number once, in order, with the sum of its scores, which are above 0."""
    if not len(numbers):
        return numbers, scores
    lowest = numbers.min()
    if numbers.max() - lowest > 4 * len(numbers) + _SLACK:
        distinct, places = np.unique(numbers, return_inverse=True)
        return distinct, _sums(places, scores)
    sums = _sums(numbers - lowest, scores)
    held = np.flatnonzero(sums > 0)
    return held + lowest, sums[held]


def _sums(places: NDArray[np.intp], scores: Scores) -> Scores:
    return np.bincount(places, weights=scores).astype(np.float64, copy=False)
