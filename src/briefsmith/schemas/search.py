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
        depth: Candidates that the words bring, >= 1; the vectors bring half as many.
        locale: Language of the query (BCP 47); None is that of the filter, else English.
        expansion_terms: Terms that the blocks found first have in common, and that the query is expanded
            by, at most; 0 searches once.
        expansion_blocks: Blocks that are asked for such terms, at most.
        expansion_floor: Score that such a block has to have, as a part of the best one's, in [0, 1].
        expansion_share: Weight of all those terms together, as a part of the query's own, >= 0.
        typo_weight: Weight of a term that may be meant by a word that no block has, as a part of the word's own,
            >= 0; 0 corrects nothing.
    """

    k1: float = 1.5
    b: float = 0.75
    vector_weight: float = 0.3
    depth: int = 200
    locale: str | None = None
    expansion_terms: int = 16
    expansion_blocks: int = 8
    expansion_floor: float = 0.6
    expansion_share: float = 0.7
    typo_weight: float = 0.7

    def as_dict(self) -> dict[str, Any]:
        """For the snapshot of a brief."""
        return asdict(self)
