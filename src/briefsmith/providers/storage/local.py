"""Keeps the bytes of files in a folder of this machine.

Not by obstore: its local store (object_store 0.14) writes without fsync, with the modes of the umask, and follows links.
"""

import asyncio
import errno
import os
import shutil
import stat
from collections.abc import AsyncGenerator, Generator
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from briefsmith.errors import FileContentMissing, StorageUnavailable
from briefsmith.providers.storage.failures import told
from briefsmith.providers.storage.folders import OnDisk, listing, opened_folder, opened_root
from briefsmith.providers.storage.incoming import incoming, remove_abandoned
from briefsmith.providers.storage.keys import is_key, segments_of, segments_of_prefix
from briefsmith.providers.storage.port import StorageFacts, StoredObject

_ADDRESS = "briefsmith://files/"
PIECE_BYTES = 1 << 20
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK  # a pipe keeps nobody waiting


class LocalFiles:
    """A folder that only its owner may read.

    Addresses are `briefsmith://files/<key>`: they name no folder, so that a store that is moved keeps its files, and
    nobody learns from them how this machine is laid out.

    Args:
        folder: Where; absolute.
        create: Whether it is made when something is first stored; otherwise a missing one is taken for a disk that is
            not mounted.
    """

    def __init__(self, folder: Path, *, create: bool = True) -> None:
        self._folder = folder
        self._create = create
        self._made = OnDisk()

    @property
    def place(self) -> str:
        """See the port."""
        return str(self._folder)

    async def put(self, key: str, source: BinaryIO) -> None:
        """See the port."""
        await asyncio.to_thread(self._put, segments_of(key), source)

    async def read(
        self, key: str, *, start: int = 0, end: int | None = None
    ) -> AsyncGenerator[bytes]:
        """See the port."""
        with await self._opened(key) as file:
            size = os.fstat(file.fileno()).st_size
            last = size if end is None else min(size, end)
            while start < last:
                count = min(PIECE_BYTES, last - start)
                piece = await asyncio.to_thread(self._piece, file.fileno(), count, start)
                start += len(piece)
                yield piece

    async def size_of(self, key: str) -> int | None:
        """See the port."""
        try:
            file = await self._opened(key)
        except FileContentMissing:
            return None
        with file:
            return os.fstat(file.fileno()).st_size

    async def delete(self, key: str) -> None:
        """See the port."""
        await asyncio.to_thread(self._delete, segments_of(key))

    async def objects(self, prefix: str) -> AsyncGenerator[StoredObject]:
        """See the port."""
        batches = self._batches(segments_of_prefix(prefix))
        while batch := await asyncio.to_thread(next, batches, None):
            for found in batch:
                yield found

    def url_of(self, key: str) -> str:
        """See the port."""
        segments_of(key)
        return _ADDRESS + key

    def key_of(self, url: str) -> str | None:
        """See the port."""
        key = url.removeprefix(_ADDRESS)
        return key if key != url and is_key(key) else None

    async def tidy(self) -> int:
        """See the port."""
        return await asyncio.to_thread(self._tidy)

    async def probe(self) -> StorageFacts:
        """See the port."""
        return await asyncio.to_thread(self._probe)

    def _root(self, made: OnDisk | None = None) -> AbstractContextManager[int]:
        """The folder, open; what it raises is FileNotFoundError where nothing has been stored yet.

        Raises:
            StorageUnavailable: It is not there, and should be.
        """
        if not self._create and not self._folder.is_dir():
            message = f"There is no folder {self.place} to keep files in."
            hint = "Make it, or mount what should be there; BRIEFSMITH_STORAGE_URL names it."
            raise StorageUnavailable(message, hint=hint, details={"place": self.place})
        return opened_root(self._folder, made)

    def _put(self, names: list[str], source: BinaryIO) -> None:
        with ExitStack() as opened:
            with told(self.place):
                root = opened.enter_context(self._root(self._made if self._create else None))
                target = opened.enter_context(incoming(root, self._made))
            # What the source raises is not the storage's fault, and comes through.
            while piece := source.read(PIECE_BYTES):
                with told(self.place):
                    target.write(piece)
            with told(self.place):
                target.arrive(names)

    async def _opened(self, key: str) -> BinaryIO:
        opening = asyncio.create_task(asyncio.to_thread(self._open, key))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            # The thread goes on, and what it opens is nobody's then.
            opening.add_done_callback(_close)
            raise

    def _open(self, key: str) -> BinaryIO:
        *folders, name = segments_of(key)
        with told(self.place):
            try:
                with self._root() as root, opened_folder(root, folders) as folder:
                    number = os.open(name, _READ, dir_fd=folder)
            except FileNotFoundError:
                message = "The bytes of the file are not in the storage."
                raise FileContentMissing(message, details={"url": self.url_of(key)}) from None
            # As a file object it also closes when a call that was cancelled drops it.
            file = os.fdopen(number, "rb", buffering=0)
            if stat.S_ISREG(os.fstat(number).st_mode):
                return file
        file.close()
        message = f"What {self.url_of(key)} names in {self.place} is no regular file."
        raise StorageUnavailable(message, hint="Move it away.", details={"place": self.place})

    def _piece(self, file: int, count: int, start: int) -> bytes:
        with told(self.place):
            piece = os.pread(file, count, start)
        if not piece:
            message = f"A file in {self.place} became shorter while it was read."
            raise StorageUnavailable(message, details={"place": self.place})
        return piece

    def _delete(self, names: list[str]) -> None:
        *folders, name = names
        with (
            told(self.place),
            suppress(FileNotFoundError),
            self._root() as root,
            opened_folder(root, folders) as folder,
        ):
            os.unlink(name, dir_fd=folder)

    def _batches(self, prefix: list[str]) -> Generator[list[StoredObject]]:
        """The objects folder by folder; no list is empty, and nothing is open in between."""
        folders = [prefix]
        while folders:
            names = folders.pop()
            found, below = self._listing(names)
            folders += [[*names, name] for name in below]
            if found:
                yield [replace(one, key="/".join([*names, one.key])) for one in found]

    def _listing(self, names: list[str]) -> tuple[list[StoredObject], list[str]]:
        with (
            told(self.place),
            suppress(FileNotFoundError),
            self._root() as root,
            opened_folder(root, names) as folder,
        ):
            return listing(folder)
        return [], []

    def _tidy(self) -> int:
        with told(self.place), suppress(FileNotFoundError), self._root() as root:
            return remove_abandoned(root)
        return 0

    def _probe(self) -> StorageFacts:
        with told(self.place):
            with suppress(FileNotFoundError), self._root():
                pass
            folder = self._folder
            while not folder.exists():
                folder = folder.parent
            if not os.access(folder, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            return StorageFacts(free_bytes=shutil.disk_usage(folder).free)


def _close(opening: asyncio.Task[BinaryIO]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()
