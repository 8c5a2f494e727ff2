"""What a model makes of a brief's material: its answer, and how a brief's outline came about."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    model_validator,
)

MAX_TITLE_CHARS = 160
MAX_STEPS = 40
MAX_NOTES = 20
MAX_SENTENCE_CHARS = 600

_DRESSED = re.compile(r"\s*\[?\s*[Bb]([0-9]+)\s*\]?\s*")


def _bare_cite(value: Any) -> Any:
    """`[b1]` as `B1`, which is what was meant; anything else as it is, to be refused by name."""
    found = _DRESSED.fullmatch(value) if isinstance(value, str) else None
    return f"B{found[1]}" if found else value


AnyCite = Annotated[str, BeforeValidator(_bare_cite), Field(max_length=20)]
"""A cite as a model writes it; whether there is such a block is checked against the brief."""
Sentence = Annotated[str, Field(max_length=MAX_SENTENCE_CHARS)]


class _Answered(BaseModel):
    # What else a model says is not read, and does no harm.
    model_config = ConfigDict(frozen=True, extra="ignore")


class AnsweredStep(_Answered):
    """A step of the outline.

    Attributes:
        text: One sentence.
        cites: The blocks that it rests on.
    """

    text: Sentence
    cites: Annotated[tuple[AnyCite, ...], Field(max_length=MAX_STEPS)]


class AnsweredContradiction(_Answered):
    """Two blocks that cannot both be right, and in what."""

    cites: Annotated[tuple[AnyCite, ...], Field(max_length=2)]
    sentence: Sentence


class OutlineAnswer(_Answered):
    """What the composer asks a model for.

    Attributes:
        title: Of the brief.
        outline: In the order in which the task is done.
        open_questions: What neither the task nor the blocks tell.
        contradictions: Between blocks of the brief.
    """

    title: Annotated[str, Field(max_length=MAX_TITLE_CHARS)]
    outline: Annotated[tuple[AnsweredStep, ...], Field(max_length=MAX_STEPS)]
    open_questions: Annotated[tuple[Sentence, ...], Field(max_length=MAX_NOTES)] = ()
    contradictions: Annotated[tuple[AnsweredContradiction, ...], Field(max_length=MAX_NOTES)] = ()


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class CompositionUsage(_Stored):
    """What the calls took together; seconds are spent waiting for answers."""

    input_tokens: NonNegativeInt = 0
    output_tokens: NonNegativeInt = 0
    requests: NonNegativeInt = 0
    seconds: NonNegativeFloat = 0.0


class CompositionFailure(_Stored):
    """Why there is no outline of a model, though one was asked.

    Attributes:
        code: Of the error; None where it was none.
        sentence: For people; holds no text of a block.
    """

    code: str | None
    sentence: str


class Composition(_Stored):
    """How a brief's outline came about, as `task_brief_outputs.content` holds it.

    Briefs that no model was asked about have none.

    Attributes:
        model: That answered by its server's word, else the one that was asked.
        answer: As it stands in the brief: clean, and cut to the budget; None behind a failure.
        dropped: How many of the answer's sentences the budget did not hold.
    """

    format: Literal[1] = 1
    made_by: Literal["model", "extraction"]
    model: str
    usage: CompositionUsage = CompositionUsage()
    answer: OutlineAnswer | None = None
    dropped: NonNegativeInt = 0
    failure: CompositionFailure | None = None

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        is_by_model = self.made_by == "model"
        if is_by_model != (self.answer is not None) or is_by_model == (self.failure is not None):
            message = "a model's composition has an answer, and an extraction has a failure"
            raise ValueError(message)
        return self
