"""Settings and results of a search."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """How search weighs.

    Attributes:
        k1: BM25's saturation of term frequency, >= 0.
        b: BM25's normalisation by length, in [0, 1].
        vector_weight: Part of the vector leg in the score, in [0, 1]; words have the rest.
        depth: Candidates that each leg brings, >= 1.
        locale: Language of the query (BCP 47); None is that of the filter, else English.
    """

    k1: float = 1.5
    b: float = 0.75
    vector_weight: float = 0.3
    depth: int = 200
    locale: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """For the snapshot of a brief."""
        return asdict(self)
