"""The MCP server as an application for HTTP, without sessions: any server may answer any request."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from fastmcp.server.dependencies import get_http_request

from briefsmith.faces.mcp.app import make_mcp
from briefsmith.faces.mcp.asking import Asker

PATH = "/mcp"

AskerOf = Callable[[Mapping[str, Any]], Asker]
"""Whose a request is, by its scope (ASGI)."""


@dataclass(frozen=True, slots=True)
class McpApp:
    """What answers at `PATH`.

    Attributes:
        app: An ASGI application.
        running: Has to be entered before the first request, and left in the same task.
    """

    app: Callable[..., Any]
    running: Callable[[], AbstractAsyncContextManager[Any]]


def make_http(asker_of: AskerOf) -> McpApp:
    """The same tools as over standard input and output; agents propose, and change no block by themselves."""

    async def who() -> Asker:
        return asker_of(get_http_request().scope)

    app = make_mcp(who).http_app(path=PATH, stateless_http=True)
    return McpApp(app, lambda: app.lifespan(app))
