"""Opening a file that may be anything: a pipe, a device, a link out of its folder, a moving file."""

import errno
import os
import stat
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from briefsmith.documents.refusals import refuse

_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC
_READ_BYTES = 1 << 20
_CHANGED = "it changed while it was read"
_CIRCLE = "it is a link that leads in a circle"
_KINDS = {
    stat.S_IFDIR: "it is a folder, not a file",
    stat.S_IFIFO: "it is a pipe, not a file",
    stat.S_IFSOCK: "it is a socket, not a file",
    stat.S_IFCHR: "it is a device, not a file",
    stat.S_IFBLK: "it is a device, not a file",
}


@dataclass(frozen=True, slots=True)
class FileState:
    """What tells two states of a file apart.

    Attributes:
        file: Device and inode.
        modified_ns: Nanoseconds since 1970.
    """

    file: tuple[int, int]
    size_bytes: int
    modified_ns: int


@contextmanager
def opened(path: Path, *, root: Path) -> Generator[int]:
    """A descriptor of a regular file inside `root`, after links; never waits for a writer.

    Raises:
        UnreadableDocument: Anything else, and whatever the system refuses; no file is named.
    """
    descriptor = _open(_target(path, root=root))
    try:
        _refuse_irregular(os.fstat(descriptor))
        yield descriptor
    finally:
        os.close(descriptor)


def state(descriptor: int) -> FileState:
    """The state of an open file now."""
    facts = os.fstat(descriptor)
    return FileState((facts.st_dev, facts.st_ino), facts.st_size, facts.st_mtime_ns)


def refuse_changed(before: FileState, after: FileState) -> None:
    """Nothing, for a file that stood still.

    Raises:
        UnreadableDocument: The two states differ.
    """
    if before != after:
        refuse(_CHANGED)


def read_chunks(descriptor: int, *, limit_bytes: int) -> Iterator[bytes]:
    """Bytes from where the descriptor stands; ends once more than the limit has come.

    Raises:
        UnreadableDocument: The system stops reading.
    """
    read = 0
    while read <= limit_bytes:
        try:
            chunk = os.read(descriptor, _READ_BYTES)
        except OSError as error:
            refuse(said(error))
        if not chunk:
            return
        read += len(chunk)
        yield chunk


def read_whole(descriptor: int, *, limit_bytes: int) -> bytes:
    """All bytes of a file that is no larger than the system says.

    Raises:
        UnreadableDocument: More than the limit (whole megabytes), or a file that changes.
    """
    before = state(descriptor)
    if before.size_bytes > limit_bytes:
        refuse(f"it is larger than {limit_bytes // 1_000_000} MB")
    data = b"".join(read_chunks(descriptor, limit_bytes=before.size_bytes))
    refuse_changed(before, state(descriptor))
    if len(data) != before.size_bytes:
        refuse(_CHANGED)
    return data


def refuse_folder(path: Path) -> None:
    """Nothing, for what is no folder.

    Raises:
        UnreadableDocument: A folder, with the reason if it cannot be listed.
    """
    if not os.path.isdir(path):  # noqa: PTH112  Path.is_dir raises where a folder is closed
        return
    try:
        os.scandir(path).close()
    except OSError as error:
        refuse(f"it is a folder, and {said(error)}")
    refuse(_KINDS[stat.S_IFDIR])


def _target(path: Path, *, root: Path) -> Path:
    is_link = False
    try:
        is_link = path.is_symlink()
        target = path.resolve(strict=True)
        inside = target.is_relative_to(root.resolve(strict=True))
    except FileNotFoundError:
        refuse("it is a link to nothing" if is_link else "it does not exist")
    except RuntimeError:  # pathlib's word for a loop, before Python 3.13
        refuse(_CIRCLE)
    except ValueError:
        refuse("its name holds a NUL character")
    except OSError as error:
        refuse(said(error))
    if not inside:
        refuse("it is a link that leads out of its folder")
    return target


def _open(target: Path) -> int:
    try:
        _refuse_irregular(os.lstat(target))  # opening a device may already do something
        return os.open(target, _FLAGS)
    except OSError as error:
        refuse(said(error))


def _refuse_irregular(facts: os.stat_result) -> None:
    if not stat.S_ISREG(facts.st_mode):
        refuse(_KINDS.get(stat.S_IFMT(facts.st_mode), "it is no regular file"))


def said(error: OSError) -> str:
    """What the system says, as the clause of a refusal."""
    if isinstance(error, PermissionError):
        return "its permissions do not allow it"
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return "it does not exist"
    if error.errno == errno.ELOOP:
        return _CIRCLE
    reason = os.strerror(error.errno) if error.errno else "unknown cause"
    return f"the system refuses it ({reason})"
