"""Words and vectors, fused to one score."""

import numpy as np
from numpy.typing import NDArray

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
