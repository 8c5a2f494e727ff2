"""What keeps the bytes of files: one port, whatever is behind it.

`briefsmith.runtime.Store.files` is the one that the settings name: a folder (`local`) or a bucket (`s3`).
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import BinaryIO, Protocol


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What lies in the storage under one key."""

    key: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class StorageFacts:
    """What a look at the storage finds.

    Attributes:
        free_bytes: Room on its disk; None where that cannot be known.
    """

    free_bytes: int | None


class FileStorage(Protocol):
    """Keeps bytes under keys; each method says what it raises besides `StorageUnavailable`.

    A key is made by this package alone: path-safe ASCII segments between slashes, never a name that a person gave.
    One that is not is a fault of the caller: `ValueError`, before anything is touched.
    """

    @property
    def place(self) -> str:
        """Where it is, for people: the folder, or bucket and server; no secret in it."""
        ...

    async def put(self, key: str, source: BinaryIO) -> None:
        """Stores what the source holds from its present place on; durable when it returns.

        An object appears whole or not at all, and takes the place of one that is there. What the source raises comes
        through as it is. A call that is cancelled may still store its object.

        Raises:
            DiskFull: There is no room for it.
        """
        ...

    def read(self, key: str, *, start: int = 0, end: int | None = None) -> AsyncGenerator[bytes]:
        """The bytes from `start` up to `end` (its length where None), piece by piece.

        Raises:
            FileContentMissing: There is no such object.
        """
        ...

    async def size_of(self, key: str) -> int | None:
        """How many bytes there are; None where there is no such object."""
        ...

    async def delete(self, key: str) -> None:
        """Removes an object; one that is not there is fine."""
        ...

    def objects(self, prefix: str) -> AsyncGenerator[StoredObject]:
        """All objects whose key begins with a prefix, which ends with a slash or is empty; in no order."""
        ...

    def url_of(self, key: str) -> str:
        """What `block_files.file_url` says: where this object is."""
        ...

    def key_of(self, url: str) -> str | None:
        """The key behind such an address; None where it is none of this storage's."""
        ...

    async def tidy(self) -> int:
        """Removes what writers left that were killed, and nothing that one is writing; returns how many."""
        ...

    async def probe(self) -> StorageFacts:
        """Looks whether it can be used, and changes nothing."""
        ...
