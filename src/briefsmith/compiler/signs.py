"""The nearest vectors by the signs of their numbers: good enough to choose what is then compared exactly."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_NUMBERS = 256
_ENTRY = np.dtype([("document", ">i4"), ("signs", np.uint8, (_NUMBERS // 8,))])
_ROUGHLY = 8  # times as many are chosen by the signs on both sides


def nearest_by_signs(
    packed: Sequence[bytes], question: NDArray[np.float32], count: int
) -> list[int]:
    """Numbers of documents, the likely nearest first.

    Eight times as many are chosen by how many signs are those of the question; of these the nearest by the
    question's own numbers times their signs.

    Args:
        packed: Entries as `search_vectors` packs them, in any parts.
    """
    unlike = [_unlike(entries, question) for entries in packed]
    counts = np.bincount(np.concatenate([np.empty(0, np.uint16), *unlike]), minlength=1)
    # As many as are wanted, and all that are no farther than the last of them.
    farthest = np.searchsorted(counts.cumsum(), _ROUGHLY * count)
    read = np.concatenate(
        [np.empty(0, _ENTRY)]
        + [np.frombuffer(p, _ENTRY)[far <= farthest] for p, far in zip(packed, unlike, strict=True)]
    )
    # Of the sum over +1 and -1, what differs between documents is the sum over +1. By a table of what each byte
    # adds: a product of matrices would wake the threads of BLAS.
    places = np.arange(_NUMBERS // 8)
    alike = _sums_of_bytes(question)[places, read["signs"]].sum(axis=1)
    order = np.lexsort((read["document"], -alike))[:count]
    return read["document"][order].tolist()


def _unlike(entries: bytes, question: NDArray[np.float32]) -> NDArray[np.uint16]:
    """For each vector, how many of its signs are not those of the question."""
    words = np.frombuffer(entries, np.uint32).reshape(-1, _ENTRY.itemsize // 4)
    asked = np.packbits(question > 0).view(np.uint32)
    unlike = np.zeros(len(words), np.uint16)
    for place, word in enumerate(asked, start=1):
        unlike += np.bitwise_count(words[:, place] ^ word)
    return unlike


def _sums_of_bytes(question: NDArray[np.float32]) -> NDArray[np.float32]:
    """For each eight numbers of the question, what each byte of signs adds."""
    bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).astype(np.float32)
    return np.einsum("pn,vn->pv", question.reshape(-1, 8), bits)
