"""Files that commands write: whole or not at all; and the person's editor."""

import errno
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from briefsmith.config import load_settings
from briefsmith.errors import DiskFull, InvalidInput


@contextmanager
def text_written_whole(path: Path | None) -> Generator[TextIO]:
    """A file that appears when all of it is written and synced; None is standard output.

    What is no regular file, such as a device or a pipe, is written to as it is.

    Raises:
        InvalidInput: The file cannot be written.
        DiskFull: There is no room.
    """
    if path is None:
        yield sys.stdout
        return
    with _explained(path):
        if path.exists() and not path.is_file():
            with path.open("w", encoding="utf-8", newline="\n") as target:
                yield target
            return
        number, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name[:100]}.")
        temporary = Path(name)
        try:
            with os.fdopen(number, "w", encoding="utf-8", newline="\n") as target:
                yield target
                target.flush()
                os.fsync(target.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def _explained(path: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            message = f"There is no room to write {path}."
            hint = "Free some disk space, or choose another place."
            raise DiskFull(message, hint=hint) from error
        message = f"{path} cannot be written: {error.strerror or error}."
        raise InvalidInput(message, hint="Choose another place.") from error


def kept_text(text: str) -> Path:
    """A new file with the text, for the person to find."""
    number, name = tempfile.mkstemp(prefix="briefsmith-", suffix=".md")
    with os.fdopen(number, "wb") as target:
        target.write(text.encode())
    return Path(name)


def edited_text(text: str) -> str:
    """The text after the person's editor has been closed, without the line end that editors add.

    Raises:
        InvalidInput: No editor can be started, it failed, or it left something that is not UTF-8.
    """
    editor = load_settings().editor or "vi"
    with tempfile.TemporaryDirectory(prefix="briefsmith-") as folder:
        path = Path(folder) / "block.md"
        path.write_bytes(text.encode())
        try:
            # The person's own words, for the person's own shell habits: `code --wait` is two words.
            subprocess.run([*shlex.split(editor), str(path)], check=True)  # noqa: S603
            edited = path.read_bytes().decode()
        except (OSError, subprocess.CalledProcessError, UnicodeDecodeError) as error:
            message = f"The editor {editor!r} did not do: {error}."
            raise InvalidInput(message, hint="Set EDITOR, or use --file.") from error
    return edited if text.endswith("\n") else edited.removesuffix("\n")
