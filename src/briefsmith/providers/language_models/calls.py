"""One call through the library: a turn in, a reply out."""

from collections.abc import AsyncGenerator
from typing import Any

from pydantic_ai.direct import model_request, model_request_stream
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    ModelResponsePart,
    ModelResponseStreamEvent,
    PartDeltaEvent,
    PartStartEvent,
    SystemPromptPart,
    TextPart,
    TextPartDelta,
    UserPromptPart,
)
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.settings import ModelSettings

from briefsmith.errors import ModelUnavailable
from briefsmith.providers.cuts import well_formed
from briefsmith.providers.language_models.blackout import shown
from briefsmith.providers.language_models.failures import call_failed
from briefsmith.providers.language_models.opening import opened
from briefsmith.providers.language_models.reply import CallFailed, Reply, Turn
from briefsmith.providers.language_models.wire import Wire

_MOST_TOKENS = 2**31 - 1
_MOST_NAME_CHARACTERS = 200


class Caller:
    """Sends turns to one endpoint.

    Args:
        wire: What they go over.
        default: The model of the settings.
        source: Whom messages name.
    """

    def __init__(self, wire: Wire, default: str, source: str) -> None:
        self._wire = wire
        self._default = default
        self._source = source

    @property
    def secrets(self) -> list[str]:
        """Texts that nothing may show."""
        return self._wire.secrets

    async def call(self, turn: Turn) -> Reply:
        """The whole reply.

        Raises:
            CallFailed: There is none.
        """
        async with opened(self._wire, turn.model, self._default) as model:
            try:
                response = await model_request(
                    model,
                    _messages(turn),
                    model_settings=_settings(turn),
                    model_request_parameters=_parameters(turn, model),
                    instrument=False,
                )
            except Exception as error:  # noqa: BLE001  judged there, and raised again where it is nobody's
                raise call_failed(error, self._wire, self._source) from None
            return self._reply(response, turn)

    async def stream(self, turn: Turn) -> AsyncGenerator[str | Reply, None]:
        """The text piece by piece, then the reply.

        Raises:
            CallFailed: It broke off, or never began.
        """
        async with opened(self._wire, turn.model, self._default) as model:
            try:
                async with model_request_stream(
                    model,
                    _messages(turn),
                    model_settings=_settings(turn),
                    model_request_parameters=ModelRequestParameters(),
                    instrument=False,
                ) as response:
                    async for event in response:
                        if piece := _text_of(event):
                            yield piece
                    answered = response.get()
            except Exception as error:  # noqa: BLE001  as above
                raise call_failed(error, self._wire, self._source) from None
            if self._is_cut(answered):
                message = f"{self._source} stopped in the middle of its answer."
                raise CallFailed(ModelUnavailable(message), may_pass=True)
            yield self._reply(answered, turn)

    def _is_cut(self, response: ModelResponse) -> bool:
        """Whether a server went away: neither a reason to finish nor the mark of the end."""
        said = (response.provider_details or {}).get("finish_reason")
        refused = response.finish_reason == "content_filter"
        return self._wire.endpoint.url is not None and not (said or refused or self._wire.is_done)

    def _reply(self, response: ModelResponse, turn: Turn) -> Reply:
        refusal = None
        if response.finish_reason == "content_filter":
            said: Any = (response.provider_details or {}).get("refusal")
            refusal = shown(said, self._wire.secrets) if isinstance(said, str) else ""
        name = shown(response.model_name or turn.model, self._wire.secrets, _MOST_NAME_CHARACTERS)
        return Reply(
            text="".join(_clean(part) for part in response.parts),
            model=name,
            input_tokens=_counted(response.usage.input_tokens),
            output_tokens=_counted(response.usage.output_tokens),
            cut_off=response.finish_reason == "length",
            refusal=refusal,
        )


def _messages(turn: Turn) -> list[ModelMessage]:
    system = SystemPromptPart(well_formed(turn.system))
    if turn.objection is None or not turn.answer.strip():
        # Servers refuse an assistant that said nothing, so the objection joins the task.
        texts = [turn.user] if turn.objection is None else [turn.user, turn.objection]
        return [ModelRequest([system, UserPromptPart(well_formed("\n\n".join(texts)))])]
    return [
        ModelRequest([system, UserPromptPart(well_formed(turn.user))]),
        ModelResponse([TextPart(well_formed(turn.answer))]),
        ModelRequest([UserPromptPart(well_formed(turn.objection))]),
    ]


def _settings(turn: Turn) -> ModelSettings:
    settings = ModelSettings()
    if turn.temperature is not None:
        settings["temperature"] = turn.temperature
    if turn.max_tokens is not None:
        settings["max_tokens"] = turn.max_tokens
    return settings


def _parameters(turn: Turn, model: Model[Any]) -> ModelRequestParameters:
    if turn.schema is None or not model.profile.get("supports_json_schema_output"):
        return ModelRequestParameters()
    wanted = OutputObjectDefinition(json_schema=dict(turn.schema), name="answer")
    return ModelRequestParameters(output_mode="native", output_object=wanted)


def _text_of(event: ModelResponseStreamEvent) -> str:
    match event:
        case PartStartEvent(part=TextPart() as part):
            return _clean(part)
        case PartDeltaEvent(delta=TextPartDelta(content_delta=text)):
            return _without_nul(text)
        case _:
            return ""


def _clean(part: ModelResponsePart) -> str:
    return _without_nul(part.content) if isinstance(part, TextPart) else ""


def _without_nul(text: str) -> str:
    """No database keeps U+0000, and no text needs it."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _counted(tokens: int) -> int:
    """What a server counted, within what the database can hold."""
    return min(max(tokens, 0), _MOST_TOKENS)
