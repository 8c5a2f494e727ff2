"""What selection weighs: blocks that might enter a brief, and the ways to show each."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from briefsmith.models.enums import BlockImportance

Transformation = Literal["used-as-is", "excerpted", "outlined"]
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to show a block in the brief.

    Attributes:
        transformation: How the text is changed.
        spans: Character ranges of the block's content that are shown, in order, not overlapping;
            the whole text is `((0, len(content)),)`, none at all `()`.
        tokens: What this variant adds to the rendered brief: text, fence, citation, outline line.
        share: How much of the block's worth survives, in (0, 1]; 1 for the whole text.
    """

    transformation: Transformation
    spans: tuple[Span, ...]
    tokens: int
    share: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A block that might enter the brief, with what is known of it.

    Attributes:
        block_id: Identity; ties are broken by it.
        content: The block's text, for finding near-duplicates.
        relevance: Fused search score in [0, 1], 1 for the best candidate of the search.
        importance: As the person set it.
        feedback_score: Posterior mean of success in [0, 1]; None before any feedback.
        age_days: Days since the last change, >= 0.
        content_tokens: Length of the whole text.
        embedding: Unit vector, or None; all of one call come from one model.
        asked: The person named this block (`--block`): it goes in whatever its score.
        variants: Ways to show it, the fullest first; at least one.
        feedback_weight: Evidence behind the score, in briefs of one block, >= 0.
    """

    block_id: UUID
    content: str
    relevance: float
    importance: BlockImportance
    feedback_score: float | None
    age_days: float
    content_tokens: int
    embedding: NDArray[np.float32] | None
    asked: bool
    variants: tuple[Variant, ...]
    feedback_weight: float = 0.0
