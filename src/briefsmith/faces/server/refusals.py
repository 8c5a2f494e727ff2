"""What a route may answer besides its success, for its documentation."""

import inspect
from collections import defaultdict
from typing import Any

from briefsmith import errors
from briefsmith.faces.errors import http_status

_Kind = type[errors.BriefsmithError]

ALWAYS: tuple[_Kind, ...] = (
    errors.NotPermitted,
    errors.UnknownUser,
    errors.InvalidInput,
    errors.TooManyRequests,
    errors.DatabaseUnreachable,
    errors.DatabaseBusy,
    errors.TookTooLong,
    errors.SchemaMismatch,
    errors.Bug,
)
WRITING: tuple[_Kind, ...] = (
    errors.KeyReused,
    errors.KeyInUse,
    errors.WrongState,
    errors.DiskFull,
)


def refusals(*kinds: _Kind, unmodified: bool = False) -> dict[int | str, dict[str, Any]]:
    """Statuses with the errors that they stand for, for `responses` of a route.

    Args:
        kinds: Those of the route itself.
        unmodified: It may also answer that the caller has it already.
    """
    by_status: defaultdict[int, list[_Kind]] = defaultdict(list)
    for kind in (*kinds, *ALWAYS):
        if kind not in by_status[http_status(kind)]:
            by_status[http_status(kind)].append(kind)
    found: dict[int | str, dict[str, Any]] = {
        status: described(listed) for status, listed in sorted(by_status.items())
    }
    if unmodified:
        found[304] = {"description": "It is as the tag in `If-None-Match` says."}
    return found


def described(kinds: list[_Kind]) -> dict[str, Any]:
    """A response with a problem, and which."""
    listed = [f"{kind.code}: {(inspect.getdoc(kind) or '').splitlines()[0]}" for kind in kinds]
    return {
        "description": "\n".join(f"- {line}" for line in listed),
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        },
    }


def streamed(description: str) -> dict[str, Any]:
    """A success that comes as server-sent events."""
    texts = {"type": "string"}
    event = {"type": "object", "properties": {"event": texts, "id": texts, "data": texts}}
    return {"description": description, "content": {"text/event-stream": {"schema": event}}}
