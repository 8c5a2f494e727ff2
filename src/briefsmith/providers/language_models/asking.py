"""Asks until there is an answer, or no sense in going on; the library is imported by the first call."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing, contextmanager
from dataclasses import replace

from briefsmith.errors import (
    BriefsmithError,
    InvalidAnswer,
    InvalidSetting,
    ModelRefused,
    ModelTimedOut,
)
from briefsmith.providers.language_models.address import read_endpoint
from briefsmith.providers.language_models.answers import (
    EMPTY,
    Reader,
    Unusable,
    schema_of,
    with_form,
)
from briefsmith.providers.language_models.effort import Effort, Sleep
from briefsmith.providers.language_models.port import Answer, Check, OutputT, Request, StreamEnd
from briefsmith.providers.language_models.reply import CallFailed, Calling, Reply, Turn

_MOST_ASKS = 3  # the first, and twice again
_MOST_QUOTED_CHARACTERS = 20_000
_RAISE_LIMIT = "Raise max_tokens."


class AskedModel:
    """A model behind an OpenAI-compatible server, or any that pydantic-ai knows. Never shows a secret.

    Args:
        model: With a base address, the server's own name for it; without, `provider:name`.
        base_url: Such as `http://localhost:11434/v1`; a user and password in it are sent as Basic authentication,
            unless there is a key.
        key: Bearer token, or the provider's key; None sends none to a server, and leaves a provider its own variable.
        timeout_seconds: For one answer with all its tries, unless the request says otherwise.
        sleep: Waits the given seconds before another try.

    Raises:
        InvalidSetting: Name, address or key cannot be used.
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        key: str | None = None,
        timeout_seconds: float = 300.0,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._endpoint = read_endpoint(base_url, key)
        self._model = _read_name(model, has_server=base_url is not None)
        self._timeout_seconds = timeout_seconds
        self._sleep = sleep
        self._without_schema: set[str] = set()

    @property
    def name(self) -> str:
        """Model and host, or provider and model."""
        return f"{self._model}@{self._endpoint.host}" if self._endpoint.host else self._model

    async def answer(
        self, request: Request[OutputT], *, check: Check[OutputT] | None = None
    ) -> Answer[OutputT]:
        """See the port."""
        effort = self._effort(request)
        turn = self._turn(request)
        with self._accounting(effort, []):
            async with asyncio.timeout_at(effort.deadline):
                answer = await _asked(effort, turn, Reader(request.output, check), self.name)
        if effort.without_schema:
            self._without_schema.add(turn.model)
        return answer

    async def stream(self, request: Request[str]) -> AsyncGenerator[str | StreamEnd, None]:
        """See the port."""
        effort = self._effort(request)
        received: list[str] = []
        with self._accounting(effort, received):
            async with aclosing(effort.pieces(self._turn(request))) as pieces:
                while True:
                    # Held while a piece is waited for, never while the caller has the word.
                    async with asyncio.timeout_at(effort.deadline):
                        item = await anext(pieces)
                    if isinstance(item, Reply):
                        end = _ended(effort, item, received, self.name)
                        break
                    received.append(item)
                    yield item
        yield end

    @contextmanager
    def _accounting(self, effort: Effort, received: list[str]) -> Generator[None]:
        try:
            yield
        except TimeoutError:
            message = f"{self.name} gave no whole answer in time."
            raise effort.accounted(ModelTimedOut(message), received) from None
        except CallFailed as failed:
            raise effort.accounted(failed.error, received) from None
        except BriefsmithError as error:
            raise effort.accounted(error, received) from None

    def _effort(self, request: Request[OutputT]) -> Effort:
        calling = self._calling()
        return Effort(
            calling, self._sleep, request.settings.timeout_seconds or self._timeout_seconds
        )

    def _calling(self) -> Calling:
        try:
            # It takes more than a second.
            from briefsmith.providers.language_models.calls import Caller
            from briefsmith.providers.language_models.wire import Wire
        except ImportError:
            message = "The packages that language models are asked with are not installed."
            hint = "pip install 'briefsmith[llm]'"
            raise InvalidSetting(message, hint=hint, details={"name": "BRIEFSMITH_MODEL"}) from None
        return Caller(Wire(self._endpoint), self._model, self.name)

    def _turn(self, request: Request[OutputT]) -> Turn:
        settings = request.settings
        model = (settings.model or self._model).strip()
        schema = schema_of(request.output)
        return Turn(
            model=model,
            system=with_form(request.system, schema),
            user=request.user,
            schema=None if model in self._without_schema else schema,
            temperature=settings.temperature,
            max_tokens=settings.max_tokens,
        )


async def _asked(
    effort: Effort, turn: Turn, reader: Reader[OutputT], source: str
) -> Answer[OutputT]:
    problem = ""
    reply = None
    for _ in range(_MOST_ASKS):
        reply = await effort.reply(turn)
        _raise_refusal(effort, reply, source)
        try:
            value = reader.read(reply.text)
        except Unusable as unusable:
            problem = effort.object_to_last(str(unusable))
            if reply.cut_off:
                break  # the same limit would cut the next one
            turn = _again(turn, reply, str(unusable), without_schema=effort.without_schema)
        else:
            return Answer(reply.model, tuple(effort.calls), reply.cut_off, value=value)
    raise _useless(effort, reply, problem, source)


def _again(turn: Turn, reply: Reply, problem: str, *, without_schema: bool) -> Turn:
    return replace(
        turn,
        answer=reply.text[:_MOST_QUOTED_CHARACTERS],
        objection=f"Your last answer cannot be used. {problem} Answer again, as the rules say.",
        schema=None if without_schema else turn.schema,
    )


def _ended(effort: Effort, reply: Reply, received: list[str], source: str) -> StreamEnd:
    _raise_refusal(effort, reply, source)
    if not "".join(received).strip():
        raise _useless(effort, reply, effort.object_to_last(EMPTY), source)
    return StreamEnd(reply.model, tuple(effort.calls), reply.cut_off)


def _raise_refusal(effort: Effort, reply: Reply, source: str) -> None:
    if reply.refusal is None:
        return
    effort.object_to_last("It is a refusal.")
    message = f"{source} will not answer this."
    raise ModelRefused(message, details={"refusal": reply.refusal})


def _useless(effort: Effort, reply: Reply | None, problem: str, source: str) -> InvalidAnswer:
    """The error for an answer that stays useless, to be raised."""
    text = "" if reply is None else reply.text
    if reply is not None and reply.cut_off:
        message = f"{source} ran into the limit of tokens before it had answered."
        hint = _RAISE_LIMIT
    else:
        message = f"{source} gave no answer that can be used."
        hint = None
    details = {"problem": problem, "answer": effort.shown(text)}
    return InvalidAnswer(message, hint=hint, details=details)


def _read_name(model: str, *, has_server: bool) -> str:
    name = model.strip()
    if not name or not name.isprintable():
        message = "BRIEFSMITH_MODEL is no name of a model."
    elif not has_server and ":" not in name:
        message = f"BRIEFSMITH_MODEL is {name!r}, which does not say where that model is."
    else:
        return name
    hint = "Set BRIEFSMITH_MODEL_BASE_URL as well, or name a provider, such as openai:gpt-5-mini."
    raise InvalidSetting(message, hint=hint, details={"name": "BRIEFSMITH_MODEL"})
