"""Bytes on their way into the library: copied once, counted, hashed and looked at."""

import hashlib
import os
import stat
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from briefsmith import errors
from briefsmith.documents.labels import one_line
from briefsmith.providers.file_types import sniffed_type
from briefsmith.providers.storage.failures import told
from briefsmith.schemas.files import FileLimits

_PIECE_BYTES = 1 << 20
_MB = 1_000_000
# A pipe keeps nobody waiting.
_OPENING = os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0)


@dataclass(frozen=True, slots=True)
class Spooled:
    """A copy of some bytes that nobody else writes to.

    Attributes:
        name: As the person gave it; never a path.
        content_type: By the bytes.
    """

    name: str
    content: BinaryIO
    size_bytes: int
    sha256: str
    content_type: str


@contextmanager
def spooled(source: BinaryIO, name: str, limits: FileLimits) -> Generator[Spooled]:
    """A copy of what a source holds; memory stays flat, and reading ends where the limit is passed.

    Raises:
        DiskFull: There is no room for the copy.
        FileTooLarge: It holds more than one file may have.
        FileTypeRefused: The library does not take its type.
        InvalidFile: It is empty.
    """
    place = tempfile.gettempdir()
    with ExitStack() as opened:
        with told(place):
            # Without a buffer, so that nothing is left to write when it is closed.
            content = opened.enter_context(tempfile.TemporaryFile(buffering=0))
        digest, size = hashlib.sha256(), 0
        while piece := source.read(_PIECE_BYTES):
            size += len(piece)
            if size > limits.file_bytes:
                raise _too_large(name, limits)
            digest.update(piece)
            with told(place):
                _write_all(content, piece)
        if not size:
            message = f"The file “{one_line(name)}” is empty."
            raise errors.InvalidFile(message, details={"name": name})
        content_type = sniffed_type(content, name)
        if not limits.takes(content_type):
            message = (
                f"The file “{one_line(name)}” is {content_type}, which the library does not take."
            )
            raise errors.FileTypeRefused(message, details={"name": name, "type": content_type})
        content.seek(0)
        yield Spooled(name, content, size, digest.hexdigest(), content_type)


def _write_all(target: BinaryIO, piece: bytes) -> None:
    left = memoryview(piece)
    while left:
        left = left[target.write(left) :]


@contextmanager
def spooled_path(path: Path, limits: FileLimits) -> Generator[Spooled]:
    """The same of a regular file.

    Raises:
        FileTooLarge: As `spooled` says.
        FileTypeRefused: As `spooled` says.
        InvalidFile: It cannot be read, is no regular file, or changed meanwhile.
    """
    with _opened(path) as file:
        before = os.fstat(file.fileno())
        if before.st_size > limits.file_bytes:
            raise _too_large(path.name, limits)
        with spooled(file, path.name, limits) as copy:
            after = os.fstat(file.fileno())
            then, now = (before.st_size, before.st_mtime_ns), (after.st_size, after.st_mtime_ns)
            if then != now or copy.size_bytes != after.st_size:
                message = f"{path} changed while it was read."
                raise errors.InvalidFile(message, hint="Add it again when nobody writes to it.")
            yield copy


@contextmanager
def _opened(path: Path) -> Generator[BinaryIO]:
    try:
        number = os.open(path, _OPENING)
    except OSError as error:
        raise _no_file(path, f"cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise _no_file(path, "is no path") from error
    mode = os.fstat(number).st_mode
    if not stat.S_ISREG(mode):
        os.close(number)
        raise _no_file(path, "is a folder" if stat.S_ISDIR(mode) else "is no regular file")
    with os.fdopen(number, "rb") as file:
        yield file


def _no_file(path: Path, why: str) -> errors.InvalidFile:
    return errors.InvalidFile(f"{path} {why}.", details={"path": str(path)})


def _too_large(name: str, limits: FileLimits) -> errors.FileTooLarge:
    most = f"{limits.file_bytes / _MB:g} MB"
    message = f"The file “{one_line(name)}” is larger than {most}, which is the most for one file."
    return errors.FileTooLarge(message, details={"name": name, "most_bytes": limits.file_bytes})
