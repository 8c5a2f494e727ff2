"""A whole inverted index in memory: the documents of each term, and the terms of each document.

How an entry is packed: `sql/schema/search.sql`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from briefsmith.compiler.postings import ENTRY, LENGTH_BITS, rarities
from briefsmith.compiler.waiting_words import WaitingWords

Numbers = NDArray[np.int64]
Scores = NDArray[np.float64]

_BYTES_OF_POSTING = ENTRY.itemsize + 4
_BYTES_OF_TERM = 200


class InvertedIndex:
    """Postings of all terms of some documents.

    Args:
        terms: In order of their code points.
        sizes: Documents that hold each term.
        entries: Packed postings, term by term.
    """

    def __init__(self, terms: Sequence[str], sizes: Sequence[int], entries: bytes) -> None:
        self._terms = list(terms)
        self._number_of = {term: number for number, term in enumerate(terms)}
        self._sizes = np.asarray(sizes, np.int64)
        self._ends = np.cumsum(self._sizes)
        self._entries = entries
        self._postings = np.frombuffer(entries, ENTRY)
        # Where the postings of each document are, document by document.
        documents = self._postings["document"].astype(np.int32)
        self._by_document = np.argsort(documents, kind="stable").astype(np.int32)
        self._documents, counts = np.unique(documents, return_counts=True)
        self._ends_by_document = np.cumsum(counts)

    def __contains__(self, term: str) -> bool:
        """Whether a document holds the term."""
        return term in self._number_of

    @cached_property
    def size(self) -> int:
        """Bytes, about."""
        return _BYTES_OF_POSTING * len(self._postings) + _BYTES_OF_TERM * len(self._terms)

    @staticmethod
    def most_words(size: int) -> int:
        """As many words as an index of a size may have been made of."""
        return size // _BYTES_OF_POSTING

    def entries_of(self, term: str) -> bytes:
        """Its packed postings; none of a term that nothing holds."""
        number = self._number_of.get(term)
        if number is None:
            return b""
        end = ENTRY.itemsize * int(self._ends[number])
        return self._entries[end - ENTRY.itemsize * int(self._sizes[number]) : end]

    def shared_terms(
        self,
        leading: Mapping[int, float],
        waiting: WaitingWords,
        *,
        documents: int,
        mean_length: float,
        k1: float,
        b: float,
        count: int,
    ) -> dict[str, float]:
        """Terms that documents have in common, the most telling, with what each tells; in order of the terms.

        As the statement `search.expand_question` finds them.

        Args:
            leading: Documents that a question found first, with how well each fits beside the best, in (0, 1].
            waiting: Documents beside the index.
            documents: How many there are in all.
            mean_length: Of those.
            count: Terms, at most.
        """
        told: dict[str, float] = {}
        held: Counter[str] = Counter()
        for number, part in leading.items():
            length, terms = self._terms_of(number, waiting)
            norm = k1 * (1 - b + b * length / mean_length)
            held.update(terms.keys())
            for term, frequency in terms.items():
                told[term] = told.get(term, 0.0) + part * frequency / (frequency + norm)
        shared = sorted(term for term, holding in held.items() if holding > 1)
        rare = rarities(documents, [self._held_by(term) + waiting.holding[term] for term in shared])
        gains = {
            term: told[term] * rarity
            for term, rarity in zip(shared, rare.tolist(), strict=True)
            if rarity > 0
        }
        best = sorted(gains, key=lambda term: (-gains[term], term))[:count]
        return {term: gains[term] for term in sorted(best)}

    def _held_by(self, term: str) -> int:
        number = self._number_of.get(term)
        return 0 if number is None else int(self._sizes[number])

    def _terms_of(self, document: int, waiting: WaitingWords) -> tuple[int, Mapping[str, int]]:
        place = int(np.searchsorted(self._documents, document))
        if (
            document in waiting
            or place == len(self._documents)
            or self._documents[place] != document
        ):
            return waiting.terms_of(document)
        start = int(self._ends_by_document[place - 1]) if place else 0
        postings = self._by_document[start : int(self._ends_by_document[place])]
        counts = self._postings["counts"][postings].astype(np.int64)
        terms = np.searchsorted(self._ends, postings, side="right")
        frequencies = (counts >> LENGTH_BITS).tolist()
        return int(counts[0]) & ((1 << LENGTH_BITS) - 1), {
            self._terms[number]: frequency
            for number, frequency in zip(terms.tolist(), frequencies, strict=True)
        }
