"""Words and vectors, fused to one score."""

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Scores = NDArray[np.float64]


def fused(bm25s: Scores, cosines: Scores, vector_weight: float) -> Scores:
    """Each leg scaled to [0, 1] over the candidates, and added with weights.

    BM25 is scaled by its greatest, the cosine from its least to its greatest. A candidate without a vector has 0
    of that leg; where all cosines are the same, each counts 1.

    Args:
        cosines: NaN without a vector.
        vector_weight: 0 where vectors are not asked for.
    """
    most = bm25s.max(initial=0.0)
    words = bm25s / most if most > 0 else np.zeros_like(bm25s)
    if vector_weight == 0 or np.isnan(cosines).all():
        return (1 - vector_weight) * words
    least, greatest = np.nanmin(cosines), np.nanmax(cosines)
    if least == greatest:
        vectors = np.where(np.isnan(cosines), 0.0, 1.0)
    else:
        vectors = np.nan_to_num((cosines - least) / (greatest - least))
    return (1 - vector_weight) * words + vector_weight * vectors


class Field:
    """Documents in competition: of some the cosine is known, of others what it likely is.

    Args:
        numbers: In order.
        bm25s: In step with them.
        likely: Cosines as far as one knows; NaN without a vector.
        holding: Documents that hold what the question has in quotation marks; they come before the others. None
            where it has nothing.
    """

    def __init__(
        self, numbers: Numbers, bm25s: Scores, likely: Scores, holding: Numbers | None = None
    ) -> None:
        self._numbers = numbers
        self._bm25s = bm25s
        self._likely = likely
        self._holds = None if holding is None else np.isin(numbers, holding)
        self._known = np.full(len(numbers), np.nan)
        self._is_known = np.zeros(len(numbers), np.bool_)
        self._stays = np.ones(len(numbers), np.bool_)

    def learn(self, cosines: Mapping[int, float | None]) -> None:
        """Cosines that were asked for; None without a vector."""
        wanted = np.fromiter(cosines.keys(), np.int64, len(cosines))
        found = np.array([np.nan if one is None else one for one in cosines.values()])
        places, held = self._places(wanted)
        self._known[places] = found[held]
        self._is_known[places] = True

    def leave(self, numbers: Collection[int]) -> None:
        """Takes documents out."""
        places, _ = self._places(np.fromiter(numbers, np.int64, len(numbers)))
        self._stays[places] = False

    def _places(self, wanted: Numbers) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Where those of the wanted that are here are, and which they are."""
        if not len(self._numbers):
            return np.empty(0, np.intp), np.zeros(len(wanted), np.bool_)
        places = np.minimum(np.searchsorted(self._numbers, wanted), len(self._numbers) - 1)
        held = self._numbers[places] == wanted
        return places[held], held

    def ranked(self, vector_weight: float) -> list[tuple[int, float, float]]:
        """Number, score and BM25 by falling score; ties by number."""
        # What is known of some tells how far off the likely ones are on the whole.
        off: Scores = (self._known - self._likely)[self._is_known]
        off = off[~np.isnan(off)]
        shift = float(off.mean()) if len(off) else 0.0
        cosines = np.where(self._is_known, self._known, self._likely + shift)
        numbers, bm25s = self._numbers[self._stays], self._bm25s[self._stays]
        scores = fused(bm25s, cosines[self._stays], vector_weight)
        if self._holds is not None:
            scores = (scores + self._holds[self._stays]) / 2
        order = np.argsort(-scores, kind="stable")
        ranked = (numbers[order].tolist(), scores[order].tolist(), bm25s[order].tolist())
        return list(zip(*ranked, strict=True))
