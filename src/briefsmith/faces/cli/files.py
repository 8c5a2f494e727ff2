"""Files that commands write: whole or not at all."""

import errno
import os
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from briefsmith.errors import DiskFull, InvalidInput


@contextmanager
def text_written_whole(path: Path | None) -> Generator[TextIO]:
    """A file that appears when all of it is written and synced; None is standard output.

    Raises:
        InvalidInput: The file cannot be written.
        DiskFull: There is no room.
    """
    if path is None:
        yield sys.stdout
        return
    try:
        number, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}."
        raise InvalidInput(message) from error
    temporary = Path(name)
    try:
        with os.fdopen(number, "w", encoding="utf-8", newline="\n") as target:
            yield target
            target.flush()
            os.fsync(target.fileno())
        temporary.replace(path)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            message = f"There is no room to write {path}."
            raise DiskFull(message) from error
        message = f"{path} cannot be written: {error.strerror}."
        raise InvalidInput(message) from error
    finally:
        temporary.unlink(missing_ok=True)
