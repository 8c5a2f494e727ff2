"""What a language model promises: a typed request in, a checked answer with its price out."""

import math
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel

from briefsmith.errors import InvalidInput

OutputT = TypeVar("OutputT", bound=BaseModel | str)

Check = Callable[[OutputT], str | None]
"""Says in a sentence for the model why an answer cannot be used; None where it can."""


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """How to ask. None everywhere means what the environment or the server decides.

    Attributes:
        model: Name to ask for instead of BRIEFSMITH_MODEL, at the same server.
        temperature: 0 to 2.
        max_tokens: Most tokens of one answer.
        timeout_seconds: For the whole of it: tries, waits and asking again together.

    Raises:
        InvalidInput: A number out of its range.
    """

    model: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    timeout_seconds: float | None = None

    def __post_init__(self) -> None:
        if self.model is not None and not self.model.strip():
            _refuse("model", self.model, "a name")
        if self.temperature is not None and not 0 <= self.temperature <= 2:  # noqa: PLR2004  as the APIs have it
            _refuse("temperature", self.temperature, "a number from 0 to 2")
        if self.max_tokens is not None and self.max_tokens < 1:
            _refuse("max_tokens", self.max_tokens, "a positive whole number")
        seconds = self.timeout_seconds
        if seconds is not None and not (math.isfinite(seconds) and seconds > 0):
            _refuse("timeout_seconds", seconds, "a positive number of seconds")


@dataclass(frozen=True, slots=True)
class Request(Generic[OutputT]):
    """What a model is asked.

    Attributes:
        system: The rules that it works by.
        user: The task, with its material.
        output: What the answer becomes: a pydantic model, or `str` for the text as it is.
        settings: How to ask.
    """

    system: str
    user: str
    output: type[OutputT]
    settings: ModelSettings = field(default_factory=ModelSettings)


@dataclass(frozen=True, slots=True)
class Call:
    """One request that was sent, whatever came of it.

    Attributes:
        model: Which model answered, by the server's word; the asked one where it did not say.
        text: The answer as it came; empty where none did.
        problem: Why it could not be used; None for one that could.
        input_tokens: As the server counts; 0 where it does not.
        output_tokens: The same.
        seconds: From sending to the end of the answer.
    """

    model: str
    text: str = ""
    problem: str | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """All but the text, JSON-compatible."""
        return {
            "model": self.model,
            "problem": self.problem,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True, slots=True)
class Usage:
    """What several calls took together; seconds are spent waiting for answers, not between them."""

    input_tokens: int = 0
    output_tokens: int = 0
    requests: int = 0
    seconds: float = 0.0

    @classmethod
    def of(cls, calls: tuple[Call, ...]) -> "Usage":
        """The sums."""
        return cls(
            input_tokens=sum(call.input_tokens for call in calls),
            output_tokens=sum(call.output_tokens for call in calls),
            requests=len(calls),
            seconds=round(sum(call.seconds for call in calls), 3),
        )

    def as_dict(self) -> dict[str, Any]:
        """JSON-compatible, as it stands in the details of an error."""
        return {
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "requests": self.requests,
            "seconds": self.seconds,
        }


@dataclass(frozen=True, slots=True)
class _Told:
    """What is known at the end of an answer, plain or streamed.

    Attributes:
        model: Which model answered, by the server's word.
        calls: Every request that was sent, the last being the answer.
        cut_off: Whether `max_tokens` ended it; only text is given so.
    """

    model: str
    calls: tuple[Call, ...]
    cut_off: bool = False

    @property
    def usage(self) -> Usage:
        """What all calls took together."""
        return Usage.of(self.calls)


@dataclass(frozen=True, slots=True)
class Answer(_Told, Generic[OutputT]):
    """An answer that was read and found right."""

    value: OutputT = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class StreamEnd(_Told):
    """The last item of a stream that came whole."""


class LanguageModel(Protocol):
    """Answers requests.

    Whatever fails carries in its details `usage` (totals) and `calls` (one entry a request that was sent), so that
    a failure can be accounted for as an answer is.
    """

    @property
    def name(self) -> str:
        """Model and host, or provider and model; without secrets."""
        ...

    async def answer(
        self, request: Request[OutputT], *, check: Check[OutputT] | None = None
    ) -> Answer[OutputT]:
        """The answer, read as the request's output.

        One that cannot be read, is empty, or is refused by the check is asked again with the reason, twice at most.

        Raises:
            InvalidAnswer: None of the answers could be used.
            InvalidInput: The settings of the request make no sense.
            InvalidSetting: The model cannot be asked at all: a package or a key is missing.
            ModelRefused: The model, or a filter, will not answer.
            ModelTimedOut: It took too long in all.
            ModelUnavailable: No answer, after second tries where they made sense.
        """
        ...

    def stream(self, request: Request[str]) -> AsyncGenerator[str | StreamEnd, None]:
        """The answer piece by piece, then its end; close the generator when leaving early.

        Raises:
            InvalidAnswer: It held no text, or was no answer at all.
            InvalidSetting: The model cannot be asked at all.
            ModelRefused: The model, or a filter, will not go on; `received_text` in the details is what came.
            ModelTimedOut: It took too long in all; `received_text` as above.
            ModelUnavailable: No answer, or it broke off; `received_text` as above.
        """
        ...


def _refuse(name: str, value: object, wanted: str) -> None:
    message = f"{name} is {value!r}, which is not {wanted}."
    raise InvalidInput(message, details={"name": name, "value": str(value)})
