"""What passes between the asking and a single call."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from briefsmith.errors import BriefsmithError


@dataclass(frozen=True, slots=True)
class Turn:
    """One call: what is sent.

    Attributes:
        model: Name as the server or the library takes it.
        system: Rules, with the form of the answer where it has one.
        user: The task.
        answer: An earlier answer that could not be used; empty for none.
        objection: Why, with what to do about it; None the first time.
        schema: JSON Schema that the server may enforce; None for text.
        temperature: 0 to 2; None leaves it to the server.
        max_tokens: Most tokens of the answer; None leaves it to the server.
    """

    model: str
    system: str
    user: str
    answer: str = ""
    objection: str | None = None
    schema: Mapping[str, Any] | None = None
    temperature: float | None = None
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """One call: what came.

    Attributes:
        text: All of it, without the model's thinking.
        model: Who answered, by the server's word.
        input_tokens: As the server counts.
        output_tokens: As the server counts.
        cut_off: Whether the limit of tokens ended it.
        refusal: What the model or a filter says instead of answering; empty for one without words; None for an answer.
    """

    text: str
    model: str
    input_tokens: int = 0
    output_tokens: int = 0
    cut_off: bool = False
    refusal: str | None = None


class CallFailed(Exception):
    """One call came to nothing.

    Args:
        error: What to tell, if it is not tried again.
        may_pass: Whether another try may better it.
        wait_seconds: How long the server asks to wait before; None for no word.
        schema_refused: Whether the request's form may be at fault.
    """

    def __init__(
        self,
        error: BriefsmithError,
        *,
        may_pass: bool = False,
        wait_seconds: float | None = None,
        schema_refused: bool = False,
    ) -> None:
        super().__init__(error.message)
        self.error = error
        self.may_pass = may_pass
        self.wait_seconds = wait_seconds
        self.schema_refused = schema_refused


class Calling(Protocol):
    """Sends turns; the adapter that holds the library is one."""

    @property
    def secrets(self) -> list[str]:
        """Texts that nothing may show."""
        ...

    async def call(self, turn: Turn) -> Reply:
        """The whole reply.

        Raises:
            CallFailed: There is none.
        """
        ...

    def stream(self, turn: Turn) -> AsyncGenerator[str | Reply, None]:
        """The text piece by piece, then the reply.

        Raises:
            CallFailed: It broke off, or never began.
        """
        ...
