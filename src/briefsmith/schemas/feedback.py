"""What a person says of a brief, and what came of it."""

from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from briefsmith.models.brief_feedback import BriefFeedback
from briefsmith.schemas.blocks import Text

MAX_COMMENT_CHARS = 20_000

FeedbackChange = Literal["given", "replaced", "unchanged", "withdrawn"]


class NewFeedback(BaseModel):
    """Whether a brief did its work.

    Attributes:
        comment: None leaves the one that goes with the same verdict.
        output_id: Which of the brief's outputs was judged; None likewise.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    success: bool
    comment: Annotated[Text, Field(max_length=MAX_COMMENT_CHARS)] | None = None
    output_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class CreditedBlock:
    """A block that shares in the feedback on a brief.

    Attributes:
        share: How much of the brief it was, in (0, 1].
        score_before: `feedback_score` until now; None before any feedback.
        feedback_score: As it is now; None where no feedback is left.
    """

    block_id: UUID
    label: str
    share: float
    score_before: float | None
    feedback_score: float | None


@dataclass(frozen=True, slots=True)
class FeedbackOutcome:
    """What saying something of a brief came to.

    Attributes:
        feedback: As it is now; when it was withdrawn, as it was.
        blocks: By falling share, then by label.
        also_counted: Feedback that other programs wrote, and that was counted along the way.
    """

    change: FeedbackChange
    feedback: BriefFeedback
    blocks: tuple[CreditedBlock, ...]
    also_counted: int
