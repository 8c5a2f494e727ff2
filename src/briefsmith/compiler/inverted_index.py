"""A whole inverted index in memory: the documents of each term, and the terms of each document.

How an entry is packed: `sql/schema/search.sql`.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from briefsmith.compiler.postings import ENTRY, LENGTH_BITS, rarities

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
            documents: How many there are.
            mean_length: Of those.
            count: Terms, at most.
        """
        numbers = np.fromiter(leading.keys(), np.int64, len(leading))
        places = np.minimum(np.searchsorted(self._documents, numbers), len(self._documents) - 1)
        slices = [
            self._by_document[self._ends_by_document[place - 1] if place else 0 : end]
            for place, end in zip(places.tolist(), self._ends_by_document[places], strict=True)
        ]
        postings = np.concatenate(slices)
        parts = np.repeat(
            np.fromiter(leading.values(), np.float64, len(leading)), [len(one) for one in slices]
        )
        counts = self._postings["counts"][postings].astype(np.int64)
        frequencies = (counts >> LENGTH_BITS).astype(np.float64)
        lengths = counts & ((1 << LENGTH_BITS) - 1)
        told = parts * frequencies / (frequencies + k1 * (1 - b + b * lengths / mean_length))
        terms, first, held = np.unique(
            np.searchsorted(self._ends, postings, side="right"),
            return_inverse=True,
            return_counts=True,
        )
        gains = np.bincount(first, told) * rarities(documents, self._sizes[terms])
        telling = np.flatnonzero((held > 1) & (gains > 0))
        best = telling[np.lexsort((terms[telling], -gains[telling]))[:count]]
        return {self._terms[terms[one]]: float(gains[one]) for one in np.sort(best)}
