"""Vectors of many documents, compared with that of a question."""

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Rows = NDArray[np.intp]

_NUMBERS = 256
# As pgvector's `vector_send` packs it.
_VECTOR = np.dtype([("size", ">u2"), ("unused", ">u2"), ("numbers", ">f4", (_NUMBERS,))])


def rows_of(documents: Numbers, wanted: Numbers) -> tuple[Rows, NDArray[np.intp]]:
    """Where the entries of some documents are, and which of the wanted each is of.

    Args:
        documents: In order; one may be there several times.
        wanted: In order.
    """
    first = np.searchsorted(documents, wanted)
    counts = np.searchsorted(documents, wanted, side="right") - first
    starts = np.repeat(first - np.cumsum(counts) + counts, counts)
    return starts + np.arange(len(starts)), np.repeat(np.arange(len(wanted)), counts)


class VectorTable:
    """Vectors of some documents; a document may have several.

    Args:
        documents: Numbers, in order.
        vectors: In step with them, 256 numbers each.
    """

    def __init__(self, documents: Numbers, vectors: NDArray[np.float32]) -> None:
        self._documents = documents
        self._vectors = vectors
        self._lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))

    @classmethod
    def unpacked(cls, numbers: bytes, vectors: bytes) -> Self:
        """The table of what `search.select_vectors` gives."""
        return cls(
            np.frombuffer(numbers, ">i4").astype(np.int64),
            np.frombuffer(vectors, _VECTOR)["numbers"].astype(np.float32),
        )

    @staticmethod
    def most_vectors(size: int) -> int:
        """As many as a table of a size holds."""
        return size // (4 * _NUMBERS + 12)

    @property
    def size(self) -> int:
        """Bytes."""
        return self._documents.nbytes + self._vectors.nbytes + self._lengths.nbytes

    def cosines(
        self, wanted: Sequence[int], question: NDArray[np.float32]
    ) -> dict[int, float | None]:
        """The cosine of each document to a question, of the nearest of its vectors; None without one."""
        numbers = np.sort(np.asarray(wanted, np.int64))
        rows, of = rows_of(self._documents, numbers)
        # Not by a product of matrices, which would wake the threads of BLAS.
        products = np.einsum("ij,j->i", self._vectors[rows], question).astype(np.float64)
        length = float(np.sqrt(np.einsum("i,i->", question, question)))
        found = np.full(len(numbers), -np.inf)
        np.fmax.at(found, of, products / (self._lengths[rows] * length))
        return {
            number: None if cosine == -np.inf else cosine
            for number, cosine in zip(numbers.tolist(), found.tolist(), strict=True)
        }
