"""Hints name commands; who asks by HTTP gets the routes that do the same."""

import re

_COMMAND = re.compile(r"`briefsmith ((?:[a-z]+)(?: [a-z]+)?)([^`]*)`")

# Where a command has no route, the hint keeps the command: it is for whoever runs the server.
ROUTES = {
    "block list": "GET /v1/blocks",
    "block show": "GET /v1/blocks/{id}",
    "block edit": "PATCH /v1/blocks/{id}",
    "block restore": "POST /v1/blocks/{id}/restore",
    "block accept": "POST /v1/blocks/{id}/accept",
    "block archive": "POST /v1/blocks/{id}/archive",
    "brief list": "GET /v1/briefs",
    "brief show": "GET /v1/briefs/{id}",
    "brief edit": "POST /v1/briefs/{id}/edit",
    "brief validate": "POST /v1/briefs/{id}/validate",
    "brief unpublish": "POST /v1/briefs/{id}/unpublish",
    "brief publish": "POST /v1/briefs/{id}/publish",
    "brief configure": "POST /v1/deployment-configs",
    "brief configs": "GET /v1/deployment-configs",
    "brief feedback": "POST /v1/briefs/{id}/feedback",
    "brief outputs": "GET /v1/briefs/{id}/outputs",
    "brief deliver": "POST /v1/outputs/{id}/deliver",
    "brief run": "POST /v1/briefs/{id}/run",
    "brief types": "GET /v1/brief-types",
    "review list": "GET /v1/review",
    "key list": "GET /v1/keys",
    "schema verify": "GET /schema/verify",
}
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def for_requests(hint: str) -> str:
    """The hint with routes in the place of commands."""
    return _COMMAND.sub(_route, hint)


def _route(found: re.Match[str]) -> str:
    route = ROUTES.get(found[1])
    if route is None:
        return found[0]
    named = _ID.search(found[2])
    return f"`{route.replace('{id}', named[0]) if named else route}`"
