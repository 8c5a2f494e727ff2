"""Text in the person's editor; what was typed is never lost."""

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from briefsmith.config import load_settings
from briefsmith.errors import InvalidInput
from briefsmith.faces.cli.output import note

_HINT = "Set VISUAL or EDITOR to your editor, or use --file FILE."


def edited_in_editor(text: str, *, name: str) -> bytes:
    """What the person's editor left; its file is readable by the person alone, and removed.

    Args:
        text: What the editor opens.
        name: Of the file, which the editor shows, and knows the language by.

    Raises:
        InvalidInput: No editor is set or can be started, it failed, or it left no file.
    """
    command = _command()
    with tempfile.TemporaryDirectory(prefix="briefsmith-") as folder:
        path = Path(folder) / name
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
            target.write(text.encode())
        try:
            # The person's own words, for the person's own habits: `code --wait` is two words.
            done = subprocess.run([*command, str(path)], check=False)  # noqa: S603
        except OSError as error:
            message = f"The editor {command[0]!r} cannot be started: {error.strerror}."
            raise InvalidInput(message, hint=_HINT) from error
        left = _read(path)
        if done.returncode != 0:
            raise _failed(command[0], done.returncode, left if left != text.encode() else None)
        if left is None:
            message = f"The editor {command[0]!r} left no file; nothing was changed."
            raise InvalidInput(message, hint=_HINT)
    return left


def _command() -> list[str]:
    # In a script, an editor that nobody chose would wait for nobody.
    editor = load_settings().editor or ("vi" if sys.stdin.isatty() else None)
    try:
        words = shlex.split(editor or "")
    except ValueError as error:
        message = f"The editor {editor!r} is no command: {error}."
        raise InvalidInput(message, hint=_HINT) from error
    if not words:
        message = "No editor is set."
        raise InvalidInput(message, hint=_HINT)
    return words


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _failed(editor: str, code: int, left: bytes | None) -> InvalidInput:
    how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
    message = f"The editor {editor!r} {how}; nothing was changed."
    if left is None:
        return InvalidInput(message, hint=_HINT)
    hint = f"What it had written is in {kept_bytes(left)}; `--file` takes it from there."
    return InvalidInput(message, hint=hint)


def kept_bytes(raw: bytes) -> Path:
    """A new file with what was typed, for the person to find."""
    number, name = tempfile.mkstemp(prefix="briefsmith-", suffix=".md")
    with os.fdopen(number, "wb") as target:
        target.write(raw)
    return Path(name)


@contextmanager
def kept_unless_stored(raw: bytes | None) -> Generator[None]:
    """Names a file with the text where anything keeps it from being stored.

    Args:
        raw: What would be lost; None where it is in a file of the person's already.
    """
    try:
        yield
    except BaseException:
        if raw is not None and raw.strip():
            note(f"Your text is in {kept_bytes(raw)}.")
        raise
