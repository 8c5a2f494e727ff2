"""The description of the routes (OpenAPI 3.1): stable names, every refusal, the headers that go with methods."""

from typing import Any, cast

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from briefsmith import __version__, errors
from briefsmith.faces.errors import http_status
from briefsmith.faces.server.examples import linked
from briefsmith.faces.server.problems import Problem
from briefsmith.faces.server.protected_resource import METADATA_PATHS
from briefsmith.faces.server.refusals import WRITING, described

_DESCRIPTION = """\
Context blocks, and the briefs that are compiled from them.

- Lists come in pages: `next_cursor` of one is `cursor` of the next.
- `ETag` of a block goes into `If-Match`, and a change that was meant for another version is refused with both sides.
- Every POST takes an `Idempotency-Key`: sent again with the same key, it has no second effect and gets the first answer.
- What goes wrong comes as `application/problem+json`: `code` is stable, `hint` says what to do.
"""
# What the database cannot store stands in no text; a pattern of a field's own says so itself.
_STORABLE = "^[^\\x00]*$"
_KEY = '^([A-Za-z0-9._~:/+=-]{1,200}|"[A-Za-z0-9._~:/+=-]{1,200}")$'
_HEADERS: dict[str, dict[str, Any]] = {
    "Idempotency-Key": {
        "description": "Names this request: with the same key it has one effect, however often it is sent.",
        "schema": {"type": "string", "pattern": _KEY},
    },
    "If-Match": {
        "description": "The tag of the version that the change is meant for.",
        "schema": {"type": "string"},
    },
    "If-None-Match": {
        "description": "The tag of what the caller has; where it is still the same, 304 comes without a body.",
        "schema": {"type": "string"},
    },
}


def documented(app: FastAPI, *, knows_tokens: bool) -> None:
    """Gives the application its description.

    Args:
        knows_tokens: Whether requests have to say who asks.
    """

    def described_app() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app, knows_tokens=knows_tokens)
        return app.openapi_schema

    app.openapi = described_app


def _described(app: FastAPI, *, knows_tokens: bool) -> dict[str, Any]:
    found = get_openapi(
        title=app.title,
        version=__version__,
        description=_DESCRIPTION,
        routes=app.routes,
        separate_input_output_schemas=True,
    )
    components = cast("dict[str, Any]", found.setdefault("components", {}))
    schemas = cast("dict[str, Any]", components.setdefault("schemas", {}))
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = Problem.model_json_schema()
    if knows_tokens:
        components["securitySchemes"] = {
            "bearer": {
                "type": "http",
                "scheme": "bearer",
                "description": "A token of the issuer, or a personal key (`bsk_…`).",
            }
        }
    for path, methods in cast("dict[str, dict[str, Any]]", found["paths"]).items():
        for method, operation in methods.items():
            _complete(path, method, operation, knows_tokens=knows_tokens)
    linked(found)
    _storable(found["paths"])
    for name, schema in schemas.items():
        if name != "Problem":
            _storable(schema)
    return found


def _complete(path: str, method: str, operation: dict[str, Any], *, knows_tokens: bool) -> None:
    responses = cast("dict[str, Any]", operation["responses"])
    is_open = path in {"/healthz", "/readyz", "/metrics", *METADATA_PATHS}
    if knows_tokens and not is_open:
        operation["security"] = [{"bearer": []}]
        responses["401"] = described([errors.NotAuthenticated])
    if not knows_tokens and not is_open:
        responses.setdefault("401", described([errors.NotAuthenticated]))
    if method == "post":
        _add_header(operation, "Idempotency-Key")
        for kind in WRITING:
            status = str(http_status(kind))
            _merge(responses, status, described([kind]))
    if "requestBody" in operation:
        responses["413"] = described([errors.RequestTooLarge])
        responses["415"] = described([errors.InvalidInput])
    if "412" in responses:
        _add_header(operation, "If-Match")
    if "304" in responses:
        _add_header(operation, "If-None-Match")


def _merge(responses: dict[str, Any], status: str, more: dict[str, Any]) -> None:
    there = responses.setdefault(status, more)
    if more["description"] not in there["description"]:
        there["description"] += "\n" + more["description"]


def _add_header(operation: dict[str, Any], name: str) -> None:
    parameters = cast("list[dict[str, Any]]", operation.setdefault("parameters", []))
    parameters.append({"name": name, "in": "header", "required": False, **_HEADERS[name]})


def _storable(part: Any) -> None:
    """Says of every free text that it has no NUL character, which no database stores."""
    if isinstance(part, list):
        for one in cast("list[Any]", part):
            _storable(one)
    elif isinstance(part, dict):
        held = cast("dict[str, Any]", part)
        is_text = held.get("type") == "string"
        if is_text and not {"pattern", "format", "enum", "const"} & held.keys():
            held["pattern"] = _STORABLE
        for name, one in held.items():
            if name not in {"example", "examples", "default"}:
                _storable(one)
