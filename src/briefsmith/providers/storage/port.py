"""What keeps the bytes of files: one port, whatever is behind it."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import BinaryIO, Protocol


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What lies in the storage under one key."""

    key: str
    size_bytes: int


class FileStorage(Protocol):
    """Keeps bytes under keys; each method says what it raises besides `StorageUnavailable`.

    A key is made by this package alone: path-safe ASCII segments between slashes, never a name that a person gave.
    """

    async def put(self, key: str, source: BinaryIO) -> None:
        """Stores what the source holds from its present place on; durable when it returns.

        An object appears whole or not at all, and takes the place of one that is there.

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
        """All objects whose key begins with a prefix, which ends with a slash; in no order."""
        ...

    def url_of(self, key: str) -> str:
        """What `block_files.file_url` says: where this object is."""
        ...

    def key_of(self, url: str) -> str | None:
        """The key behind such an address; None where it is none of this storage's."""
        ...
