"""Requests to set up how a brief is run, and to run it; and the listing of what came of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from briefsmith.models.enums import OutputType
from briefsmith.schemas.blocks import Text
from briefsmith.schemas.receivers import MAX_RECEIVER_CHARS, read_receiver

RUN_FORMATS = (
    OutputType.MARKDOWN,
    OutputType.STRUCTURED_JSON,
    OutputType.TEXT_RESPONSE,
    OutputType.PROMPT_BLOCK,
)
"""What a run can come to; an evolved block is nothing that a brief is run for."""

MAX_TEMPERATURE = 2.0
MOST_TOKENS = 2**31 - 1
_MAX_MODEL_CHARS = 200
_MAX_NOTES_CHARS = 20_000


def _temperature(value: float) -> float:
    if not 0 <= value <= MAX_TEMPERATURE:  # also refuses what is no number
        message = f"{value:g} is not a number from 0 to 2"
        raise ValueError(message)
    return value


def _max_tokens(value: int) -> int:
    if not 1 <= value <= MOST_TOKENS:
        shown = f"{value:,}" if abs(value) <= MOST_TOKENS**2 else "this"
        message = f"{shown} is not a whole number from 1 to {MOST_TOKENS:,}"
        raise ValueError(message)
    return value


def _model(value: str) -> str:
    name = value.strip()
    if not name or not name.isprintable() or len(name) > _MAX_MODEL_CHARS:
        message = f"a model has a name of 1 to {_MAX_MODEL_CHARS} characters that can be seen"
        raise ValueError(message)
    return name


def _format(value: str) -> str:
    if value not in set(RUN_FORMATS):
        shown = repr(value[:40])
        message = f"{shown} is not one of {', '.join(RUN_FORMATS)}"
        raise ValueError(message)
    return value


def _receiver(value: str) -> str:
    read_receiver(value)
    return value


Model = Annotated[Text, AfterValidator(_model)]
Receiver = Annotated[Text, Field(max_length=MAX_RECEIVER_CHARS), AfterValidator(_receiver)]


class NewDeploymentConfig(BaseModel):
    """How a brief is to be run; None everywhere means what is usual.

    Attributes:
        model: Name at the server, or `provider:name`; None is the environment's.
        temperature: 0 to 2; None leaves it to the server.
        max_tokens: Most tokens of the answer, 1 to 2147483647; None leaves it to the server.
        receiver: `stdout`, the path of a file, or the https address of a webhook; None is stdout.
        format: One of `RUN_FORMATS`; None is markdown.
        custom_notes: What else the model is told, in the person's words.

    Raises:
        InvalidReceiver: Nothing can be sent there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Model | None = None
    temperature: Annotated[float, Field(strict=True), AfterValidator(_temperature)] | None = None
    max_tokens: Annotated[int, Field(strict=True), AfterValidator(_max_tokens)] | None = None
    receiver: Receiver | None = None
    format: Annotated[Text, AfterValidator(_format)] | None = None
    custom_notes: Annotated[Text, Field(max_length=_MAX_NOTES_CHARS)] | None = None


class RunRequest(BaseModel):
    """A brief to run.

    Attributes:
        config_id: Of the brief's configurations; None takes the newest, or none where there is none.
        receiver: In place of the configuration's.
        streams: Whether the text is asked for piece by piece.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    brief_id: UUID
    config_id: UUID | None = None
    receiver: Receiver | None = None
    streams: bool = True


@dataclass(frozen=True, slots=True)
class OutputListing:
    """An output in a list.

    Attributes:
        size_bytes: Of its text as UTF-8.
    """

    id: UUID
    config_id: UUID | None
    output_type: str
    agent_type: str | None
    created_at: datetime
    size_bytes: int
