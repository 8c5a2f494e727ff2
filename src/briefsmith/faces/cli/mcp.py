"""The command that serves an agent."""

from typing import Annotated

import typer

from briefsmith.config import load_settings
from briefsmith.errors import InvalidSetting
from briefsmith.faces.cli.output import note
from briefsmith.faces.cli.running import Json


def mcp(
    *,
    apply: Annotated[
        bool,
        typer.Option(
            "--apply", help="Let agents change blocks whose policy is auto; else they only propose."
        ),
    ] = False,
    json_: Json = False,
) -> None:
    """Answer an agent by MCP, over standard input and output.

    The agent's program starts it; see the README for the lines to paste.
    """
    import asyncio
    import sys

    del json_  # the protocol is JSON anyway

    try:
        from briefsmith.faces.mcp.stdio import serve_stdio
    except ImportError as error:
        message = "The package that speaks MCP is not installed."
        raise InvalidSetting(message, hint="pip install 'briefsmith[mcp]'") from error

    if sys.stdin.isatty():
        note("This speaks MCP to a program, not to a person; Ctrl-C ends it.")
    asyncio.run(serve_stdio(load_settings(), may_apply=apply))
