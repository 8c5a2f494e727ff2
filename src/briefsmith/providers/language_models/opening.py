"""A model of the library for a name, on a wire of ours."""

import inspect
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from pydantic_ai.exceptions import UserError
from pydantic_ai.models import Model, infer_model
from pydantic_ai.profiles import merge_profile
from pydantic_ai.profiles.openai import OpenAIModelProfile
from pydantic_ai.providers import Provider, infer_provider, infer_provider_class

from briefsmith.errors import InvalidSetting
from briefsmith.providers.language_models.wire import Wire

_ONE_TRY = 0
_MODEL = {"name": "BRIEFSMITH_MODEL"}


@asynccontextmanager
async def opened(wire: Wire, name: str, default: str) -> AsyncGenerator[Model[Any]]:
    """The model, as long as the block runs.

    Args:
        wire: What its requests go over, where the provider's library allows it.
        name: As asked for.
        default: As BRIEFSMITH_MODEL says, whose provider serves a name that has none, and whose key is the settings'.

    Raises:
        InvalidSetting: There is no such provider, or its package or its key is missing.
    """
    async with wire.client() as client:
        if wire.endpoint.url is None:
            yield _hosted(wire, client, _with_provider(name, default), default)
        else:
            yield _local(wire, client, name)


def _local(wire: Wire, client: Any, name: str) -> Model[Any]:
    """At an OpenAI-compatible server, by its own name, colons and all."""
    from openai import AsyncOpenAI
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider

    # The wire puts the true key in; without one, this word does not leave.
    openai = AsyncOpenAI(
        base_url=wire.endpoint.url,
        api_key="none",
        http_client=client,
        max_retries=_ONE_TRY,
        timeout=None,
    )
    default = OpenAICompatibleProvider.model_profile(name)
    profile = merge_profile(default, _LOCAL)
    provider = OpenAICompatibleProvider("local", openai_client=openai)
    return OpenAIChatModel(name, provider=provider, profile=profile)


_LOCAL = OpenAIModelProfile(
    # `max_completion_tokens` is ignored by servers that are older than it, and the limit with it.
    openai_chat_supports_max_completion_tokens=False,
    # `strict` changes the schema, and local servers enforce it without.
    openai_supports_strict_tool_definition=False,
    supports_json_schema_output=True,
)


def _with_provider(name: str, default: str) -> str:
    if name == default or (":" in name and _is_provider(name.partition(":")[0])):
        return name
    return f"{default.partition(':')[0]}:{name}"


def _is_provider(word: str) -> bool:
    try:
        infer_provider_class(word)
    except ImportError:
        return True
    except ValueError:
        return False
    return True


def _hosted(wire: Wire, client: Any, name: str, default: str) -> Model[Any]:
    own_key = wire.endpoint.key if name.partition(":")[0] == default.partition(":")[0] else None
    try:
        model = infer_model(name, lambda word: _provider(word, own_key, client))
    except ImportError as error:
        raise _missing_package(name, error) from None
    except (UserError, ValueError) as error:
        raise _unusable(name, error) from None
    own: Any = getattr(model, "client", None)
    if hasattr(own, "max_retries"):
        own.max_retries = _ONE_TRY
    return model


def _provider(word: str, key: str | None, client: Any) -> Provider[Any]:
    if word.startswith("gateway/"):
        return infer_provider(word)
    kind = infer_provider_class(word)
    taken = inspect.signature(kind.__init__).parameters
    options: dict[str, Any] = {}
    if key is not None and "api_key" in taken:
        options["api_key"] = key
    # Some libraries take only the older httpx, and keep a client of their own.
    if (
        "http_client" in taken
        and str(taken["http_client"].annotation) != "httpx.AsyncClient | None"
    ):
        options["http_client"] = client
    return kind(**options)


def _missing_package(name: str, error: ImportError) -> InvalidSetting:
    extra = re.search(r"pydantic-ai-slim\[([\w-]+)\]", str(error))
    hint = f"pip install 'pydantic-ai-slim[{extra[1] if extra else name.partition(':')[0]}]'"
    message = f"The package that {name} is asked with is not installed."
    return InvalidSetting(message, hint=hint, details=_MODEL)


def _unusable(name: str, error: Exception) -> InvalidSetting:
    first = str(error).splitlines()[0] if str(error) else type(error).__name__
    # The library goes on with advice for its own users.
    reason = first.partition(" To try Pydantic AI")[0]
    if "api_key" in reason.lower() or "api key" in reason.lower():
        message = f"{name} needs a key."
        hint = "Set BRIEFSMITH_MODEL_API_KEY, or the provider's own variable."
    else:
        message = f"{name} cannot be asked."
        hint = "BRIEFSMITH_MODEL is provider:model, such as openai:gpt-5-mini; a name alone needs BRIEFSMITH_MODEL_BASE_URL."
    return InvalidSetting(message, hint=hint, details={**_MODEL, "reason": reason})
