"""Who asks, and what a tool works with."""

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, cast

from fastmcp import Context, FastMCP
from typing_extensions import override

from briefsmith.errors import NotPermitted

if TYPE_CHECKING:
    from briefsmith.postgres.session import Actor, Session
    from briefsmith.runtime import Store

_UNNAMED = re.compile(r"[^a-z0-9._-]+")
_MOST_NAME_CHARS = 40


@dataclass(frozen=True, slots=True)
class Asker:
    """Whose request it is, and how far it goes.

    Attributes:
        store: Open.
        user: For the transaction; the database decides what is in reach.
        may_write: False for a key that may only look.
        may_apply: The person lets agents change blocks by themselves, where each block's own policy does.
        composing: Entered around what waits for a model; it refuses where too much is under way.
    """

    store: "Store"
    user: "Actor"
    may_write: bool = True
    may_apply: bool = False
    composing: Callable[[], AbstractAsyncContextManager[None]] = nullcontext


class Who(Protocol):
    """Tells whose the present request is."""

    async def __call__(self) -> Asker:
        """Whose it is.

        Raises:
            BriefsmithError: Nobody's that is known, or there is no store to ask.
        """
        ...


class Server(FastMCP[Any]):
    """An MCP server that knows who asks it."""

    who: Who

    @override
    def __init__(self, who: Who, **options: Any) -> None:
        super().__init__(**options)
        self.who = who


@dataclass(frozen=True, slots=True)
class Caller:
    """A request of an agent, by the name that revisions remember."""

    asker: Asker
    name: str

    @property
    def store(self) -> "Store":
        """The open store."""
        return self.asker.store

    def session(self, *, read_only: bool = False) -> "AbstractAsyncContextManager[Session]":
        """A transaction of the person.

        Raises:
            NotPermitted: It is to write, and the key may only look.
        """
        if not read_only and not self.asker.may_write:
            message = "This key may read and not write."
            hint = "Tell the person: `briefsmith key add` makes another one."
            raise NotPermitted(message, hint=hint)
        actor = replace(self.asker.user, name=self.name)
        return self.store.database.session(actor, read_only=read_only)


async def caller_of(context: Context) -> Caller:
    """Who asks, in the name of the program that it asks with.

    Raises:
        BriefsmithError: As `Who` says.
    """
    server = cast("Server", context.fastmcp)
    return Caller(await server.who(), agent_name(_program(context)))


def agent_name(program: str) -> str:
    """The name that revisions remember of a program, which may call itself anything."""
    name = _UNNAMED.sub("-", program[: 4 * _MOST_NAME_CHARS].lower()).strip("-.")
    return f"agent:mcp:{name[:_MOST_NAME_CHARS]}" if name else "agent:mcp"


def _program(context: Context) -> str:
    told = context.session.client_params
    return told.client_info.name if told else ""
