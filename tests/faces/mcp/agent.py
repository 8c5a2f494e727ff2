"""An agent's program: the real command over standard input and output, or the server in this process."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastmcp import Client
from fastmcp.client.transports import StdioTransport
from mcp_types import Implementation, TextContent

from tests.faces.calls import COMMAND


@dataclass(frozen=True)
class Told:
    """What a tool answered."""

    is_error: bool
    text: str
    values: dict[str, Any]
    meta: dict[str, Any]

    @property
    def code(self) -> str:
        """Of the error."""
        return self.meta["briefsmith/error"]["code"]


@dataclass
class Agent:
    """Calls tools, and keeps what it hears of progress."""

    client: Client[Any]
    progress: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])

    async def call(self, tool: str, /, **arguments: Any) -> Told:
        """The answer, be it a refusal."""
        found = await self.client.call_tool(
            tool, arguments, raise_on_error=False, progress_handler=self._hear
        )
        texts = [part.text for part in found.content if isinstance(part, TextContent)]
        assert len(texts) == len(found.content) == 1
        return Told(found.is_error, texts[0], found.structured_content or {}, found.meta or {})

    async def done(self, tool: str, /, **arguments: Any) -> Told:
        """The answer, which is no refusal."""
        told = await self.call(tool, **arguments)
        assert not told.is_error, told.text
        return told

    async def read(self, uri: str) -> str:
        """The text of a resource."""
        [found] = await self.client.read_resource(uri)
        text = getattr(found, "text", None)
        assert isinstance(text, str)
        return text

    async def _hear(self, progress: float, total: float | None, message: str | None) -> None:
        assert total is not None
        self.progress.append((progress, message or ""))


@asynccontextmanager
async def agent_on(
    environment: Mapping[str, str], folder: Path, *options: str, name: str = "Claude Code"
) -> AsyncGenerator[Agent]:
    """An agent whose program has started `briefsmith mcp`."""
    transport = StdioTransport(
        COMMAND[0],
        [*COMMAND[1:], "mcp", *options],
        env=dict(environment),
        cwd=str(folder),
        keep_alive=False,
    )
    # The handshake that agents' programs know today; those tests that are in one process speak the newest.
    known = Implementation(name=name, version="1")
    client = Client(transport, client_info=known, mode="legacy")
    async with client:
        yield Agent(client)
