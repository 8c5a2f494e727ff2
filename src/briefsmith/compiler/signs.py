"""How near vectors are by the signs of their numbers: good enough to choose what is then compared exactly."""

from collections.abc import Iterator, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from briefsmith.compiler.vectors import rows_of

Numbers = NDArray[np.int64]
Scores = NDArray[np.float64]
Rows = NDArray[np.intp]

_NUMBERS = 256
_SIGNS = _NUMBERS // 8  # bytes
_ENTRY = np.dtype([("document", ">i4"), ("signs", np.uint8, (_SIGNS,))])
_ROUGHLY = 8  # times as many are chosen by the signs on both sides
# Of numbers spread as a normal distribution, sqrt(pi / 2) makes a cosine of what signs tell; texts lie closer
# together than that, and eight tenths of it is nearer.
_PER_SIGN = 0.8 * np.sqrt(np.pi / 2 / _NUMBERS)


class SignTable:
    """Signs of the vectors of some documents; a document may have several.

    Attributes:
        documents: Numbers, in order.
        signs: In step with them.
    """

    def __init__(self, documents: Numbers, signs: NDArray[np.uint8]) -> None:
        if np.any(documents[1:] < documents[:-1]):
            order = np.argsort(documents, kind="stable")
            documents, signs = documents[order], signs[order]
        self.documents = documents
        self.signs = signs

    @classmethod
    def unpacked(cls, packed: bytes) -> Self:
        """The table of entries as `search_vectors` packs them."""
        read = np.frombuffer(packed, _ENTRY)
        return cls(read["document"].astype(np.int64), np.ascontiguousarray(read["signs"]))

    @classmethod
    def of(cls, documents: Numbers, vectors: NDArray[np.float32]) -> Self:
        """The table of vectors, in step with their documents."""
        return cls(documents, np.packbits(vectors > 0, axis=1))

    @classmethod
    def merged(cls, tables: Sequence["SignTable"]) -> Self:
        """One table out of several."""
        return cls(
            np.concatenate([np.empty(0, np.int64), *(one.documents for one in tables)]),
            np.concatenate([np.empty((0, _SIGNS), np.uint8), *(one.signs for one in tables)]),
        )

    @property
    def size(self) -> int:
        """Bytes."""
        return self.documents.nbytes + self.signs.nbytes


class Signs:
    """Tables of signs beside the vector of a question.

    Args:
        question: Of length 1.
    """

    def __init__(self, tables: Sequence[SignTable], question: NDArray[np.float32]) -> None:
        self._tables = tables
        self._asked = np.packbits(question > 0).view(np.uint64)
        self._sums = _sums_of_bytes(question)
        self._all = float(question.sum())

    def nearest(self, count: int, among: Numbers | None = None) -> Numbers:
        """The likely nearest documents, in order of their numbers.

        Eight times as many are chosen by how many signs are those of the question; of these the nearest by the
        question's own numbers times their signs.

        Args:
            among: Documents to choose from, in order; None is all.
        """
        found = [(np.empty(0, np.int64), np.empty(0)), *self._roughly(_ROUGHLY * count, among)]
        alike = np.concatenate([scores for _, scores in found])
        order = np.argsort(-alike, kind="stable")
        entries = np.concatenate([documents for documents, _ in found])[order]
        documents, first = np.unique(entries, return_index=True)
        if len(documents) <= count:
            return documents
        return documents[np.sort(np.argpartition(first, count)[:count])]

    def _roughly(self, count: int, among: Numbers | None) -> Iterator[tuple[Numbers, Scores]]:
        rows = [
            None if among is None else rows_of(table.documents, among)[0] for table in self._tables
        ]
        unlike = [self._unlike(t, r) for t, r in zip(self._tables, rows, strict=True)]
        counts = sum(np.bincount(part, minlength=_NUMBERS + 1) for part in unlike)
        # As many as are wanted, and all that are no farther than the last of them.
        farthest = np.searchsorted(np.cumsum(counts), count)
        for table, its, part in zip(self._tables, rows, unlike, strict=True):
            near = np.flatnonzero(part <= farthest)
            chosen = near if its is None else its[near]
            yield table.documents[chosen], self._alike(table, chosen)

    def likely(self, documents: Numbers) -> Scores:
        """About the cosine of each document, of the nearest of its vectors; NaN without one.

        Args:
            documents: In order.
        """
        found = np.full(len(documents), np.nan)
        for table in self._tables:
            rows, places = rows_of(table.documents, documents)
            np.fmax.at(found, places, self._alike(table, rows))
        return found

    def _unlike(self, table: SignTable, rows: Rows | None) -> NDArray[np.uint16]:
        """For each entry, how many of its signs are not those of the question."""
        signs = table.signs if rows is None else table.signs[rows]
        unlike = np.zeros(len(signs), np.uint16)
        for word, asked in zip(signs.view(np.uint64).T, self._asked, strict=True):
            unlike += np.bitwise_count(word ^ asked)
        return unlike

    def _alike(self, table: SignTable, rows: Rows) -> Scores:
        # By a table of what each byte adds: a product of matrices would wake the threads of BLAS.
        above = self._sums[np.arange(_SIGNS), table.signs[rows]].sum(axis=1, dtype=np.float64)
        return _PER_SIGN * (2 * above - self._all)


def _sums_of_bytes(question: NDArray[np.float32]) -> NDArray[np.float32]:
    """For each eight numbers of the question, what each byte of signs adds."""
    bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).astype(np.float32)
    return np.einsum("pn,vn->pv", question.reshape(-1, 8), bits)
