"""Locks on files that end with their holder, however it ends.

`fcntl` is imported where it is used: Windows has none, and this module is imported there, too.
"""

import errno
import os
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from briefsmith.errors import DatabaseBusy, ServerNotStarted

_POLL_SECONDS = 0.005
_UNSUPPORTED = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL}


def require_locks() -> None:
    """Refuses a system where the embedded server cannot be kept.

    Raises:
        ServerNotStarted: Neither Linux nor macOS.
    """
    if sys.platform == "win32":
        message = "The embedded server runs on Linux and macOS only."
        hint = "Set BRIEFSMITH_DATABASE_URL to a PostgreSQL server."
        raise ServerNotStarted(message, hint=hint)


def open_lock(path: Path) -> int:
    """A descriptor of the lock file, made if missing, without any lock yet."""
    return open_own(path, os.O_RDWR)


def open_own(path: Path, flags: int) -> int:
    """Opens a file of the home folder, made if missing, closed to others.

    A new file goes to whom the folder belongs to, so that root leaves none that keeps the
    folder's owner out.
    """
    flags |= os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        return os.open(path, flags)
    except FileNotFoundError:
        fd = os.open(path, flags | os.O_CREAT, 0o600)
    if os.geteuid() == 0:
        folder = path.parent.stat()
        os.fchown(fd, folder.st_uid, folder.st_gid)
    return fd


def try_exclusive(fd: int) -> bool:
    """Takes the lock alone, or says at once that somebody else has it."""
    import fcntl

    return _try(fd, fcntl.LOCK_EX)


def try_shared(fd: int) -> bool:
    """Takes the lock together with others, or says at once that somebody has it alone."""
    import fcntl

    return _try(fd, fcntl.LOCK_SH)


def is_held(path: Path) -> bool:
    """Whether somebody holds the lock alone; False where there is no such file."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not is_free(fd)
    finally:
        os.close(fd)


def is_free(fd: int) -> bool:
    """Whether nobody holds the lock alone. The descriptor must hold none; it holds none after."""
    import fcntl

    if not try_shared(fd):
        return False
    fcntl.flock(fd, fcntl.LOCK_UN)
    return True


def wait_until(reached: Callable[[], bool], *, seconds: float) -> bool:
    """Asks again and again, at least once; False when the time is over."""
    end = time.monotonic() + seconds
    while not reached():
        if time.monotonic() >= end:
            return False
        time.sleep(_POLL_SECONDS)
    return True


@contextmanager
def alone(path: Path, *, seconds: float) -> Generator[int]:
    """Holds the lock for the block; gives the descriptor, for a child to inherit.

    Raises:
        DatabaseBusy: Somebody else held it all the time.
    """
    fd = open_lock(path)
    try:
        if not wait_until(lambda: try_exclusive(fd), seconds=seconds):
            message = "Another process has been starting or stopping the server for too long."
            raise DatabaseBusy(message, details={"lock": str(path)})
        yield fd
    finally:
        os.close(fd)


def _try(fd: int, operation: int) -> bool:
    import fcntl

    try:
        fcntl.flock(fd, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        message = f"The file system of the store cannot lock files ({error.strerror})."
        hint = "Set BRIEFSMITH_HOME to a folder on a local disk."
        raise ServerNotStarted(message, hint=hint) from error
    return True
