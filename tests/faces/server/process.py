"""The real server in a process of its own."""

import json
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager

from tests.faces.calls import COMMAND, PATIENCE_SECONDS, Shell


@contextmanager
def started(shell: Shell, *words: str) -> Generator[tuple[str, subprocess.Popen[bytes]]]:
    """`briefsmith serve` with its address; it is killed afterwards, if it runs still."""
    with (shell.folder / "server.log").open("ab") as log:
        process = subprocess.Popen(
            [*COMMAND, "serve", "--json", "--port", "0", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            env=dict(shell.environment),
            cwd=shell.folder,
        )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, (shell.folder / "server.log").read_text(encoding="utf-8")
        yield json.loads(line)["url"], process
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE_SECONDS)


@contextmanager
def served(shell: Shell, *words: str) -> Generator[str]:
    """The address of a server, which is told to stop afterwards and does so cleanly."""
    with started(shell, *words) as (address, process):
        yield address
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=PATIENCE_SECONDS) == 0
