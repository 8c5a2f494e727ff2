"""Calling the command as a person does: in this process, in one of its own, or on a terminal."""

import json
import os
import pty
import re
import select
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = [sys.executable, "-m", "briefsmith"]
PATIENCE_SECONDS = 60
TRACEBACK = "Traceback (most recent call last)"


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def value(self) -> Any:
        """The one JSON document on standard output."""
        return json.loads(self.out)

    @property
    def values(self) -> list[Any]:
        """JSON Lines on standard output."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def error(self) -> dict[str, Any]:
        """The one JSON object on standard error."""
        return json.loads(self.err)


@dataclass(frozen=True)
class Shell:
    """Runs the real command with these variables and no others."""

    environment: Mapping[str, str]
    folder: Path

    def run(
        self,
        *words: str,
        stdin: bytes = b"",
        stdout: int = subprocess.PIPE,
        **variables: str,
    ) -> Outcome:
        done = subprocess.run(
            [*COMMAND, *words],
            input=stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
            env={**self.environment, **variables},
            cwd=self.folder,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        encoding = variables.get("PYTHONIOENCODING", "utf-8")
        out = (done.stdout or b"").decode(encoding)
        return Outcome(done.returncode, out, done.stderr.decode(encoding))

    def start(self, *words: str, **variables: str) -> subprocess.Popen[bytes]:
        """The command, under way; standard input is empty."""
        return subprocess.Popen(
            [*COMMAND, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**self.environment, **variables},
            cwd=self.folder,
        )

    def on_terminal(
        self,
        *words: str,
        answers: Sequence[tuple[str, str]] = (),
        columns: int = 80,
        **variables: str,
    ) -> Outcome:
        """What a person sees, standard error among it.

        Args:
            words: The command line.
            answers: What to type when which text has appeared, in this order.
            columns: Places on a line.
            variables: More of the environment.
        """
        environment = {**self.environment, "TERM": "xterm", "COLUMNS": str(columns), **variables}
        process, terminal = pty.fork()
        if process == 0:
            try:
                os.chdir(self.folder)
                os.execve(COMMAND[0], [*COMMAND, *words], environment)
            finally:
                os._exit(99)
        seen = _converse(terminal, list(answers))
        os.close(terminal)
        _, status = os.waitpid(process, 0)
        return Outcome(os.waitstatus_to_exitcode(status), seen.replace("\r\n", "\n"), "")


def _converse(terminal: int, answers: list[tuple[str, str]]) -> str:
    seen = b""
    while select.select([terminal], [], [], PATIENCE_SECONDS)[0]:
        try:
            found = os.read(terminal, 65536)
        except OSError:  # how Linux says that the other side has gone
            found = b""
        if not found:
            return seen.decode(errors="replace")
        seen += found
        if answers and answers[0][0].encode() in seen:
            os.write(terminal, answers.pop(0)[1].encode())
    message = f"the command hangs after {seen.decode(errors='replace')!r}"
    raise TimeoutError(message)


def unstyled(text: str) -> str:
    """Without bold and colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
