"""Calling the command as a person does: in this process, in one of its own, or on a terminal."""

import json
import os
import pty
import re
import select
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = [sys.executable, "-m", "briefsmith"]
PATIENCE_SECONDS = 120
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

    def having(self, **variables: str) -> "Shell":
        """The same with more variables."""
        return Shell({**self.environment, **variables}, self.folder)

    def run(
        self,
        *words: str,
        stdin: bytes = b"",
        stdout: int = subprocess.PIPE,
    ) -> Outcome:
        done = subprocess.run(
            [*COMMAND, *words],
            input=stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
            env=dict(self.environment),
            cwd=self.folder,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        encoding = self.environment.get("PYTHONIOENCODING", "utf-8")
        out = (done.stdout or b"").decode()
        return Outcome(done.returncode, out, done.stderr.decode(encoding))

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """The command, under way; standard input is empty."""
        return subprocess.Popen(
            [*COMMAND, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(self.environment),
            cwd=self.folder,
        )

    def on_terminal(
        self,
        *words: str,
        answers: Sequence[tuple[str, str | Callable[[], str]]] = (),
        columns: int = 80,
    ) -> Outcome:
        """What a person sees, standard error among it.

        Args:
            words: The command line.
            answers: Texts to wait for, in this order, each with what to type then, or what gives it.
            columns: Places on a line.
        """
        environment = {"TERM": "xterm", **self.environment, "COLUMNS": str(columns)}
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            [sys.executable, "-c", _TAKE_TERMINAL, *COMMAND, *words],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
            cwd=self.folder,
            start_new_session=True,
        ) as process:
            os.close(theirs)
            try:
                seen = _converse(ours, list(answers))
            except BaseException:
                process.kill()
                raise
            finally:
                os.close(ours)
        return Outcome(process.returncode, seen.replace("\r\n", "\n"), "")


# Makes standard input the terminal that Ctrl-C comes from, and becomes the command.
_TAKE_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "os.execv(sys.argv[1], sys.argv[1:])"
)


def _converse(terminal: int, answers: list[tuple[str, str | Callable[[], str]]]) -> str:
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
            _, answer = answers.pop(0)
            os.write(terminal, (answer if isinstance(answer, str) else answer()).encode())
    message = f"the command hangs after {seen.decode(errors='replace')!r}"
    raise TimeoutError(message)


def unstyled(text: str) -> str:
    """Without bold and colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
