"""From the library's exceptions to ours; none of its own words reach a user, but what the server said does, cleaned."""

import json
from collections.abc import Mapping
from typing import Any, cast

import httpx2
from pydantic_ai.exceptions import (
    ModelAPIError,
    ModelConnectionError,
    ModelContextWindowExceededError,
    ModelHTTPError,
    ModelQuotaExceededError,
    UnexpectedModelBehavior,
    UserError,
)

from briefsmith.errors import InvalidAnswer, InvalidSetting, ModelUnavailable
from briefsmith.providers.language_models.blackout import shown
from briefsmith.providers.language_models.reply import CallFailed
from briefsmith.providers.language_models.wire import MOST_BODY_BYTES, Wire

_MAY_PASS = frozenset({408, 429, 500, 502, 503, 504, 529})
_SCHEMA_REFUSED = frozenset({400, 415, 422, 500, 501})
_ADDRESS_HINT = (
    "BRIEFSMITH_MODEL_BASE_URL must be the base address of an OpenAI-compatible server, "
    "such as http://localhost:11434/v1."
)
_HINTS = {
    401: "Set BRIEFSMITH_MODEL_API_KEY to a key that the service accepts.",
    402: "The account there is used up.",
    403: "Set BRIEFSMITH_MODEL_API_KEY to a key that may use this model.",
    404: f"Check BRIEFSMITH_MODEL: the name as the server itself has it. {_ADDRESS_HINT}",
    429: "Repeat the call in a moment, or raise the limits of your account there.",
}
_NO_COMPLETION = (ModelAPIError, UnexpectedModelBehavior)
_REDIRECTS = range(300, 400)
_GOOD = range(200, 300)


def call_failed(error: Exception, wire: Wire, source: str) -> CallFailed:
    """What a call that raised came to.

    Args:
        error: As the library raised it.
        wire: What the call went over.
        source: Whom the message names.

    Raises:
        Exception: The error itself, where neither the server nor a setting can be its cause.
    """
    found = _by_wire(wire, source) or _by_kind(error, wire, source)
    if found is None:
        raise error
    return found


def _by_wire(wire: Wire, source: str) -> CallFailed | None:
    if wire.is_too_large:
        message = f"{source} answers with more than {MOST_BODY_BYTES} bytes."
        return CallFailed(InvalidAnswer(message, hint="Lower max_tokens, or try another server."))
    if wire.is_packed:
        message = f"{source} answers compressed, though none was asked for."
        return CallFailed(InvalidAnswer(message, hint="Try another server."))
    if wire.status in _REDIRECTS:
        message = (
            f"{source} redirects to another address, which is not followed (status {wire.status})."
        )
        hint = "Set BRIEFSMITH_MODEL_BASE_URL to the address itself."
        return CallFailed(ModelUnavailable(message, hint=hint, details={"status": wire.status}))
    return None


def _by_kind(error: Exception, wire: Wire, source: str) -> CallFailed | None:
    match error:
        case UserError():
            message = f"{source} cannot be asked in this way."
            reason = shown(str(error), wire.secrets)
            return CallFailed(InvalidSetting(message, details={"reason": reason}))
        case ModelHTTPError():
            return _refusal(error, wire, source)
        case ModelConnectionError() | httpx2.TransportError() | OSError():
            message = f"There is no connection to {source}, or it broke off."
            details = {"reason": _reason(error)}
            return CallFailed(ModelUnavailable(message, details=details), may_pass=True)
        case ModelAPIError(in_stream=True):
            message = f"{source} broke its answer off with an error."
            details = {"answer": _answer(error.body, wire)}
            return CallFailed(ModelUnavailable(message, details=details))
        case _ if isinstance(error, _NO_COMPLETION) or wire.status in _GOOD:
            # The library itself stumbles over some answers that no server should give.
            return _no_completion(error, source)
        case _:
            return None


def _no_completion(error: Exception, source: str) -> CallFailed:
    message = f"{source} answers with something that is no chat completion."
    details = {"reason": type(error).__name__}
    return CallFailed(InvalidAnswer(message, hint=_ADDRESS_HINT, details=details))


def _refusal(error: ModelHTTPError, wire: Wire, source: str) -> CallFailed:
    status = error.status_code
    details: dict[str, Any] = {"status": status, "answer": _answer(error.body, wire)}
    if error.retry_after is not None:
        details["retry_after_seconds"] = error.retry_after
    is_too_long = isinstance(error, ModelContextWindowExceededError)
    is_used_up = isinstance(error, ModelQuotaExceededError)
    if is_too_long:
        hint = "Take a smaller token budget, or a model with a larger context."
    else:
        hint = _HINTS[402] if is_used_up else _HINTS.get(status)
    message = f"{source} {_VERBS.get(status, 'refuses to answer')} (status {status})."
    return CallFailed(
        ModelUnavailable(message, hint=hint, details=details),
        may_pass=status in _MAY_PASS and not is_used_up and not is_too_long,
        wait_seconds=error.retry_after,
        schema_refused=status in _SCHEMA_REFUSED and not is_too_long,
    )


_VERBS = {
    401: "does not accept the key",
    403: "does not allow this with the key",
    404: "does not know the model or the address",
    429: "takes no more requests at the moment",
}


def _reason(error: Exception) -> str:
    """The innermost kind of error: the texts may hold addresses with logins."""
    while error.__cause__ is not None and isinstance(error.__cause__, Exception):
        error = error.__cause__
    return type(error).__name__


def _answer(body: object, wire: Wire) -> str:
    """What the server says, fit to be shown; empty where it is not known which secrets were sent."""
    return shown(_said(body), wire.secrets) if wire.is_used else ""


def _said(body: object) -> str:
    """What a server says in its error, out of its usual wrappings."""
    for _ in range(3):
        if not isinstance(body, Mapping):
            break
        found = cast("Mapping[str, object]", body)
        inner = next((found[key] for key in ("message", "error", "detail") if found.get(key)), None)
        if inner is None:
            break
        body = inner
    if isinstance(body, str):
        return body
    return "" if body is None else json.dumps(body, ensure_ascii=False, default=str)
