"""Files on their way into the folder: under a name that is no key until they are whole and on the disk."""

import fcntl
import os
import secrets
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from briefsmith.providers.storage.folders import OnDisk, opened_folder, sync_folder

_FOLDER = ".incoming"
_LOOK = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_MAKE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW


@dataclass(frozen=True, slots=True)
class IncomingFile:
    """One that is being written: open descriptors and its name."""

    made: OnDisk
    root: int
    folder: int
    file: int
    name: str

    def write(self, piece: bytes) -> None:
        """Adds to the end."""
        rest = memoryview(piece)
        while rest:
            rest = rest[os.write(self.file, rest) :]

    def arrive(self, names: Sequence[str]) -> None:
        """Takes its place, also of one that is there; it is on the disk when this returns."""
        *folders, name = names
        os.fsync(self.file)
        with opened_folder(self.root, folders, self.made) as target:
            os.replace(self.name, name, src_dir_fd=self.folder, dst_dir_fd=target)
            sync_folder(target)


@contextmanager
def incoming(root: int, made: OnDisk) -> Generator[IncomingFile]:
    """A new one, which goes at the end unless it has arrived.

    A lock says that its writer lives; the system lets go of that even when the writer is killed.
    """
    with opened_folder(root, [_FOLDER], made) as folder:
        name, file = _begin(folder)
        try:
            yield IncomingFile(made, root, folder, file, name)
        finally:
            with suppress(OSError):
                os.unlink(name, dir_fd=folder)
            os.close(file)


def remove_abandoned(root: int) -> int:
    """Removes those whose writer is gone; how many there were."""
    with opened_folder(root, [_FOLDER]) as folder:
        names = os.listdir(folder)  # noqa: PTH208  a Path is of no descriptor
        return sum(_remove_if_abandoned(folder, name) for name in names)


def _begin(folder: int) -> tuple[str, int]:
    while True:
        name = secrets.token_hex(16)
        file = os.open(name, _MAKE, 0o600, dir_fd=folder)
        with suppress(OSError):  # a file system without locks: nothing is taken for abandoned there
            fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file).st_nlink:
            return name, file
        # It was looked at between its making and its lock, and taken for abandoned.
        os.close(file)


def _remove_if_abandoned(folder: int, name: str) -> bool:
    try:
        file = os.open(name, _LOOK, dir_fd=folder)
    except OSError:
        return False  # it has arrived meanwhile, or was not made here
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(name, dir_fd=folder)
    except OSError:
        return False
    finally:
        os.close(file)
    return True
