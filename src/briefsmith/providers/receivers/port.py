"""What a receiver promises: it takes an output, or says why not."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

from briefsmith.models.enums import OutputType


@dataclass(frozen=True, slots=True)
class Delivery:
    """An output on its way; the id is the same however often it is sent."""

    output_id: UUID
    brief_id: UUID
    output_type: OutputType
    content: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Try:
    """One try to deliver.

    Attributes:
        status: Of the answer; None where there was none, or nobody to ask.
        problem: Why it came to nothing; None for the one that arrived.
    """

    status: int | None = None
    problem: str | None = None
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """JSON-compatible."""
        return {
            "status": self.status,
            "problem": self.problem,
            "seconds": round(self.seconds, 3),
        }


class Receiver(Protocol):
    """Takes outputs."""

    @property
    def kind(self) -> Literal["file", "webhook"]:
        """What it is."""
        ...

    @property
    def name(self) -> str:
        """Which one: a path, or a host; without secrets."""
        ...

    async def check(self) -> None:
        """Looks, before a model is asked, whether a delivery can come to anything; sends nothing.

        Raises:
            InvalidReceiver: It cannot.
        """
        ...

    async def deliver(self, delivery: Delivery) -> tuple[Try, ...]:
        """Hands it over; the last try is the one that arrived.

        Raises:
            InvalidReceiver: Nothing is ever sent there.
            ReceiverUnavailable: It was not taken; `tries` in the details has every try.
        """
        ...
