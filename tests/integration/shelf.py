"""A storage of files in memory, and files of a person that no command had to add."""

import hashlib
import io
from collections.abc import AsyncGenerator
from typing import BinaryIO
from uuid import UUID

from briefsmith.errors import FileContentMissing
from briefsmith.providers.storage.port import StorageFacts, StoredObject
from tests.integration.stored import ask


class Shelf:
    """Keeps bytes in memory."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    async def put(self, key: str, source: BinaryIO) -> None:
        self.held[key] = source.read()

    async def read(
        self, key: str, *, start: int = 0, end: int | None = None
    ) -> AsyncGenerator[bytes]:
        if key not in self.held:
            message = f"{key} is gone."
            raise FileContentMissing(message)
        data = io.BytesIO(self.held[key])
        while piece := data.read(1_000):
            yield piece

    async def size_of(self, key: str) -> int | None:
        return len(self.held[key]) if key in self.held else None

    async def delete(self, key: str) -> None:
        self.held.pop(key, None)

    async def objects(self, prefix: str) -> AsyncGenerator[StoredObject]:
        for key, data in self.held.items():
            yield StoredObject(key, len(data))

    def url_of(self, key: str) -> str:
        return f"shelf://{key}"

    def key_of(self, url: str) -> str | None:
        return url.removeprefix("shelf://") if url.startswith("shelf://") else None

    @property
    def place(self) -> str:
        return "a shelf"

    async def tidy(self) -> int:
        return 0

    async def probe(self) -> StorageFacts:
        return StorageFacts(free_bytes=None)

    def hold(self, url: str, user_id: UUID, data: bytes, name: str, label: str) -> UUID:
        """A file in the library of a person: bytes and row."""
        sha256 = hashlib.sha256(data).hexdigest()
        self.held[sha256] = data
        values = (user_id, self.url_of(sha256), name, label, len(data), sha256)
        rows = ask(
            url,
            "insert into public.block_files (user_id, file_url, file_name, label, size_bytes, "
            "content_sha256) values (%s, %s, %s, %s, %s, %s) returning id",
            *values,
        )
        return rows[0][0]
