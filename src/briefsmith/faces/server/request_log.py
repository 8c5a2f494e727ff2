"""Around every request: an id, a line of JSON without content, a count, and an answer whatever goes wrong."""

import json
import re
import secrets
import sys
import time
import traceback
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, TextIO

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from briefsmith.config import wants_traceback
from briefsmith.faces.server.metrics import Metrics
from briefsmith.faces.server.problems import incident

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_SHOWN_FRAMES = 8


class RequestLog:
    """The outermost layer."""

    def __init__(self, app: ASGIApp, metrics: Metrics, target: TextIO | None = None) -> None:
        self._app = app
        self._metrics = metrics
        self._target = target

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on; lifespans and what is no HTTP go through untouched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        answer: dict[str, int] = {"status": 0, "bytes": 0}

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer["status"] = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            else:
                answer["bytes"] += len(message.get("body", b""))
            await send(message)

        started = time.perf_counter()
        failure: Exception | None = None
        self._metrics.running += 1
        try:
            await self._app(scope, receive, told)
        except Exception as error:  # noqa: BLE001  the last one to hear of it
            failure = error
            if not answer["status"]:
                await incident(request_id)(scope, receive, told)
        finally:
            self._metrics.running -= 1
            self._finish(scope, answer, time.perf_counter() - started, failure)

    def _finish(
        self, scope: Scope, answer: dict[str, int], seconds: float, failure: Exception | None
    ) -> None:
        route = getattr(scope.get("route"), "path", "none")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        # A request that was cut before its answer has no status; 499 is how servers write that.
        status = answer["status"] or 499
        self._metrics.answered(method, route, status, seconds)
        identity = scope["state"].get("identity")
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds"),
            "level": "error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "info",
            "id": scope["state"]["request_id"],
            "method": method,
            "route": route,
            "status": status,
            "milliseconds": round(seconds * 1000, 1),
            "bytes": answer["bytes"],
            "user": str(identity.actor.user_id) if identity else None,
        }
        if failure is not None:
            # Its message may hold somebody's text; where it happened does not.
            line |= {"error": type(failure).__name__, "where": _frames(failure)}
            if wants_traceback():
                traceback.print_exception(failure)
        target = self._target or sys.stderr
        target.write(json.dumps(line) + "\n")
        target.flush()


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            given = value.decode("latin-1")
            if _ID.fullmatch(given):
                return given
    return secrets.token_hex(8)


def _frames(failure: BaseException) -> list[str]:
    frames = traceback.extract_tb(failure.__traceback__)[-_SHOWN_FRAMES:]
    return [f"{frame.filename.rpartition('site-packages/')[2]}:{frame.lineno}" for frame in frames]
