"""How near vectors are by the signs of their numbers: good enough to choose what is then compared exactly."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Scores = NDArray[np.float64]

_NUMBERS = 256
_SIGNS = _NUMBERS // 8  # bytes
_ENTRY = np.dtype([("document", ">i4"), ("signs", np.uint8, (_SIGNS,))])
_ROUGHLY = 8  # times as many are chosen by the signs on both sides
# Of numbers spread as a normal distribution, sqrt(pi / 2) makes a cosine of what signs tell; texts lie closer
# together than that, and eight tenths of it is nearer.
_PER_SIGN = 0.8 * np.sqrt(np.pi / 2 / _NUMBERS)


class Signs:
    """Signs of the vectors of documents, beside the vector of a question.

    Args:
        packed: Entries as `search_vectors` packs them, in any parts; a document may have several.
        question: Of length 1.
    """

    def __init__(self, packed: Sequence[bytes], question: NDArray[np.float32]) -> None:
        read = np.frombuffer(b"".join(packed), _ENTRY)
        documents = read["document"].astype(np.int64)
        signs = np.ascontiguousarray(read["signs"])
        if np.any(documents[1:] < documents[:-1]):
            order = np.argsort(documents, kind="stable")
            documents, signs = documents[order], signs[order]
        self._documents, self._signs = documents, signs
        self._asked = np.packbits(question > 0)
        self._sums = _sums_of_bytes(question)
        self._all = float(question.sum())

    def __len__(self) -> int:
        """Entries."""
        return len(self._documents)

    def nearest(self, count: int, among: Numbers | None = None) -> Numbers:
        """The likely nearest documents, in order of their numbers.

        Eight times as many are chosen by how many signs are those of the question; of these the nearest by the
        question's own numbers times their signs.

        Args:
            among: Documents to choose from, in order; None is all.
        """
        rows = np.arange(len(self)) if among is None else self._rows_of(among)
        if len(rows) > _ROUGHLY * count:
            signs = self._signs if among is None else self._signs[rows]
            unlike = np.zeros(len(signs), np.uint16)
            for word, asked in zip(
                signs.view(np.uint64).T, self._asked.view(np.uint64), strict=True
            ):
                unlike += np.bitwise_count(word ^ asked)
            # As many as are wanted, and all that are no farther than the last of them.
            farthest = np.searchsorted(np.bincount(unlike).cumsum(), _ROUGHLY * count)
            rows = rows[unlike <= farthest]
        order = np.argsort(-self._alike(rows), kind="stable")
        documents, first = np.unique(self._documents[rows[order]], return_index=True)
        if len(documents) <= count:
            return documents
        return documents[np.sort(np.argpartition(first, count)[:count])]

    def likely(self, documents: Numbers) -> Scores:
        """About the cosine of each document, of the nearest of its vectors; NaN without one.

        Args:
            documents: In order.
        """
        rows = self._rows_of(documents)
        found = np.full(len(documents), np.nan)
        places = np.searchsorted(documents, self._documents[rows])
        np.fmax.at(found, places, self._alike(rows))
        return found

    def _rows_of(self, documents: Numbers) -> NDArray[np.intp]:
        first = np.searchsorted(self._documents, documents)
        counts = np.searchsorted(self._documents, documents, side="right") - first
        starts = np.repeat(first - np.cumsum(counts) + counts, counts)
        return starts + np.arange(len(starts))

    def _alike(self, rows: NDArray[np.intp]) -> Scores:
        # By a table of what each byte adds: a product of matrices would wake the threads of BLAS.
        above = self._sums[np.arange(_SIGNS), self._signs[rows]].sum(axis=1, dtype=np.float64)
        return _PER_SIGN * (2 * above - self._all)


def packed_signs(document: int, vector: NDArray[np.float32]) -> bytes:
    """One entry, as `search_vectors` packs it."""
    return np.array((document, np.packbits(vector > 0)), _ENTRY).tobytes()


def _sums_of_bytes(question: NDArray[np.float32]) -> NDArray[np.float32]:
    """For each eight numbers of the question, what each byte of signs adds."""
    bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).astype(np.float32)
    return np.einsum("pn,vn->pv", question.reshape(-1, 8), bits)
