"""Folders that are entered step by step, so that no link leads out of them."""

import errno
import os
import stat
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from briefsmith.providers.storage.keys import is_key
from briefsmith.providers.storage.port import StoredObject

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_MOST_KNOWN = 10_000
_NOT_SYNCED = {errno.EINVAL, errno.ENOTSUP}


class OnDisk:
    """Which folders were made, or found and written to the disk: once in a process is enough."""

    def __init__(self) -> None:
        self._known: set[Path] = set()

    def make(self, path: Path, above: int) -> None:
        """Makes a folder unless it is there, for its owner alone; its name is on the disk then.

        Args:
            path: From the root of them all, or absolute.
            above: Descriptor of the folder that it is in.
        """
        try:
            os.mkdir(path.name, 0o700, dir_fd=above)
        except FileExistsError:
            # Who made it may not have come to the line below yet.
            if path in self._known:
                return
        sync_folder(above)
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known.add(path)


@contextmanager
def opened_root(path: Path, made: OnDisk | None = None) -> Generator[int]:
    """A descriptor of the folder that all begins at; it may be a link, as a person chose it.

    Args:
        path: Absolute.
        made: Makes it where it is missing; None makes nothing.

    Raises:
        OSError: It is missing, or is no folder.
    """
    if made is not None:
        _make(path, made)
    root = os.open(path, _FOLDER)
    try:
        yield root
    finally:
        os.close(root)


@contextmanager
def opened_folder(root: int, names: Sequence[str], made: OnDisk | None = None) -> Generator[int]:
    """A descriptor of a folder below an open one.

    Args:
        root: Descriptor of the folder to begin at.
        names: One step down each.
        made: Makes the steps that are missing; None makes nothing.

    Raises:
        OSError: A step is missing, or is a link or a file.
    """
    folder, path = os.dup(root), Path()
    try:
        for name in names:
            path /= name
            if made is not None:
                made.make(path, folder)
            above, folder = folder, os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
            os.close(above)
        yield folder
    finally:
        os.close(folder)


def _make(path: Path, made: OnDisk) -> None:
    if not path.parent.exists():
        _make(path.parent, made)
    above = os.open(path.parent, _FOLDER)
    try:
        made.make(path, above)
    finally:
        os.close(above)


def sync_folder(folder: int) -> None:
    """Has the names in a folder written to the disk, where its file system can."""
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno not in _NOT_SYNCED:
            raise


def listing(folder: int) -> tuple[list[StoredObject], list[str]]:
    """The files and the folders in a folder, by their names; links, pipes and what is no key are neither."""
    files: list[StoredObject] = []
    folders: list[str] = []
    for name in filter(is_key, os.listdir(folder)):
        with suppress(FileNotFoundError):  # it went meanwhile
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if stat.S_ISDIR(found.st_mode):
                folders.append(name)
            elif stat.S_ISREG(found.st_mode):
                files.append(StoredObject(name, found.st_size))
    return files, folders
