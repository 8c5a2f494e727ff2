"""What an embedder promises, and the check that every vector passes before it is stored."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from briefsmith.errors import WrongEmbedding

EMBEDDING_WIDTH = 256
"""Numbers of a vector: the width of the column that keeps it."""

Vector = NDArray[np.float32]
"""One text's embedding: 256 finite numbers, of length 1."""


class Embedder(Protocol):
    """Turns texts into vectors whose cosine says how near their meanings are."""

    @property
    def name(self) -> str:
        """Model and revision: vectors are compared only under the same name."""
        ...

    @property
    def width(self) -> int:
        """Numbers of each vector: 256."""
        ...

    async def embed(self, texts: Sequence[str]) -> list[Vector | None]:
        """A vector for each text, in order; None for a text that has nothing to embed.

        Raises:
            EmbedderUnavailable: The model did not answer; the same call may work later.
            WrongEmbedding: It answered with something that is no embedding.
        """
        ...


def check_vectors(
    rows: Sequence[Sequence[float]] | NDArray[np.float64], *, source: str
) -> list[Vector | None]:
    """The rows at length 1, None for a row of zeros, which has no direction.

    Args:
        rows: One row for each text.
        source: Who made them, for the message.

    Raises:
        WrongEmbedding: A row is not 256 wide, or holds NaN or an infinity.
    """
    for width in {len(row) for row in rows} - {EMBEDDING_WIDTH}:
        message = f"{source} gives vectors of {width} numbers; the store keeps {EMBEDDING_WIDTH}."
        raise WrongEmbedding(message, details={"width": width, "expected": EMBEDDING_WIDTH})
    matrix = np.asarray(rows, dtype=np.float64).reshape(-1, EMBEDDING_WIDTH)
    if not np.isfinite(matrix).all():
        message = f"{source} gives a vector with values that are no finite numbers."
        raise WrongEmbedding(message, hint="Try another model; this one's vectors cannot be used.")
    return _unit(matrix)


def _unit(matrix: NDArray[np.float64]) -> list[Vector | None]:
    # By the largest number first, so that squares neither overflow nor vanish.
    peaks: NDArray[np.float64] = np.abs(matrix).max(axis=1, initial=0.0, keepdims=True)
    scaled = matrix / np.where(peaks > 0, peaks, 1.0)
    lengths: NDArray[np.float64] = np.sqrt(np.square(scaled).sum(axis=1, keepdims=True))
    units = (scaled / np.where(lengths > 0, lengths, 1.0)).astype(np.float32)
    return [
        row if peak > 0 else None for row, peak in zip(units, peaks[:, 0].tolist(), strict=True)
    ]
