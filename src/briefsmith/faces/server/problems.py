"""Errors as `application/problem+json` (RFC 9457), with the same code, message, hint and details as everywhere."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.responses import Response

from briefsmith import errors
from briefsmith.faces.errors import http_status
from briefsmith.faces.server.hints import for_requests

MEDIA_TYPE = "application/problem+json"
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SHOWN_PROBLEMS = 20
_SHOWN_CHARS = 300


class Problem(BaseModel):
    """What went wrong.

    Attributes:
        code: Stable, for programs: B and three digits.
        detail: One sentence for people.
        hint: What to do about it; may be empty.
        details: Facts; both sides of a conflict, for one.
    """

    model_config = ConfigDict(extra="forbid")

    type: str
    title: str
    status: int
    detail: str
    code: str
    hint: str
    details: dict[str, Any]


def problem(
    error: errors.BriefsmithError,
    *,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer to a request that met an error.

    Args:
        status: In place of the one that goes with the error's class.
        headers: More of them.
    """
    found = http_status(type(error)) if status is None else status
    body = Problem(
        type=f"urn:briefsmith:error:{error.code}",
        title=_WORDS.sub(" ", type(error).__name__).capitalize(),
        status=found,
        detail=error.message,
        code=error.code,
        hint=for_requests(error.hint),
        details=error.details,
    )
    return Response(
        to_json(body, serialize_unknown=True, inf_nan_mode="null"),
        status_code=found,
        media_type=MEDIA_TYPE,
        headers={**_headers(error, found), **(headers or {})},
    )


def _headers(error: errors.BriefsmithError, status: int) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, errors.NotAuthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="briefsmith"'
    if error.retryable or isinstance(error, errors.KeyInUse):
        seconds = error.details.get("retry_after_seconds", 1)
        headers["Retry-After"] = str(seconds)
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        # What is left of the body is not read.
        headers["Connection"] = "close"
    return headers


def incident(request_id: str) -> Response:
    """The answer to a request that met a fault of ours; it shows nothing of the inside."""
    message = f"Something went wrong inside Briefsmith, incident {request_id}."
    hint = "Please report it, with the incident; the server's log has it under `id`."
    return problem(errors.Bug(message, hint=hint, details={"incident": request_id}))


def invalid(error: RequestValidationError | ValidationError) -> errors.InvalidInput:
    """What is wrong with a request's values, without the values."""
    listed = error.errors()
    found = [
        {
            "place": [_cut(str(part)) for part in item["loc"]],
            "problem": _cut(str(item["msg"]).removeprefix("Value error, ")),
        }
        for item in listed[:_SHOWN_PROBLEMS]
    ]
    place = [_cut(str(part)) for part in listed[0]["loc"]]
    where = ".".join(place[1:]) or place[0]
    what = _cut(str(listed[0]["msg"]).removeprefix("Value error, "))
    message = f"{where}: {what[:1].lower()}{what[1:]}."
    hint = "Change the request; /openapi.json says what it takes."
    return errors.InvalidInput(message, hint=hint, details={"problems": found})


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARS else text[:_SHOWN_CHARS] + "…"


def of_transport(error: HTTPException, request: Request, allowed: list[str]) -> Response:
    """The answer to a request that met no operation: no such route or method, or a body that is none.

    Args:
        allowed: Methods that the path has.
    """
    status, headers = error.status_code, dict(error.headers or {})
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(allowed)
        message = f"This path does not take {_cut(request.method)}."
        hint = f"It takes {headers['Allow']}."
        return problem(errors.InvalidInput(message, hint=hint), status=status, headers=headers)
    if status == HTTPStatus.NOT_FOUND:
        missing = errors.NotFound(
            "There is nothing at this path.", hint="/openapi.json lists the paths."
        )
        return problem(missing, headers=headers)
    hint = "Change the request; /openapi.json says what it takes."
    refused = errors.InvalidInput(f"{_cut(str(error.detail))}.", hint=hint)
    return problem(refused, status=status, headers=headers)
