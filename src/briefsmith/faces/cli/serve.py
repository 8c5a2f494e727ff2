"""The command that serves programs."""

from typing import Annotated

import typer

from briefsmith.config import load_settings
from briefsmith.errors import InvalidSetting
from briefsmith.faces.cli.output import note, write_json
from briefsmith.faces.cli.running import Json


def serve(
    *,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Where to listen; needs tokens.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", metavar="N", min=0, max=65535, help="0 takes a free one.")
    ] = 8400,
    json_: Json = False,
) -> None:
    """Answer programs by HTTP until interrupted.

    Without tokens it serves the one user of the store, to this machine alone.
    """
    import asyncio
    import sys

    try:
        from briefsmith.faces.server.serving import new_loop
        from briefsmith.faces.server.serving import serve as serve_programs
    except ImportError as error:
        message = "The packages of the server are not installed."
        raise InvalidSetting(message, hint="pip install 'briefsmith[server]'") from error

    def told(address: str) -> None:
        if json_:
            write_json({"url": address})
        else:
            note(f"Serving at {address}; Ctrl-C stops.")
        sys.stdout.flush()

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(serve_programs(load_settings(), host, port, told))
