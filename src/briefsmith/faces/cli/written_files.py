"""Files that commands write: whole or not at all."""

import errno
import io
import os
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

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
    with bytes_written_whole(path) as target:
        text = io.TextIOWrapper(target, encoding="utf-8", newline="\n")
        yield text
        text.detach()


@contextmanager
def bytes_written_whole(path: Path | None) -> Generator[BinaryIO]:
    """The same for what is no text.

    Raises:
        InvalidInput: The file cannot be written.
        DiskFull: There is no room.
    """
    if path is None:
        yield sys.stdout.buffer
        return
    with _explained(path):
        if path.exists() and not path.is_file():
            with path.open("wb") as target:
                yield target
            return
        number, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name[:100]}.")
        temporary = Path(name)
        try:
            with os.fdopen(number, "wb") as target:
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
