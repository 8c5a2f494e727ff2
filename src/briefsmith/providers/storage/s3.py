"""Keeps the bytes of files in a bucket of a server that speaks S3: AWS, Supabase Storage, MinIO."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from obstore.exceptions import PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from briefsmith.errors import FileContentMissing, StorageUnavailable
from briefsmith.providers.storage.keys import is_key, segments_of, segments_of_prefix
from briefsmith.providers.storage.port import StorageFacts, StoredObject
from briefsmith.providers.storage.s3_failures import told

if TYPE_CHECKING:
    from obstore import ListStream, ObjectMeta
    from obstore.store import S3Credential

_T = TypeVar("_T")
PART_BYTES = 5 << 20
"""The least that S3 takes; no file of the default limit needs two."""
PIECE_BYTES = 4 << 20
_PARTS_AT_ONCE = 2
_MOST_CONNECT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Key:
    """What requests are signed with; `token` of one that is good for a while only."""

    key_id: str = field(repr=False)
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)

    def __call__(self) -> "S3Credential":
        """As obstore asks for it; given like this, it takes no other from the environment."""
        return {
            "access_key_id": self.key_id,
            "secret_access_key": self.secret,
            "token": self.token,
            "expires_at": None,
        }


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where objects are: below a prefix (empty, or ending with a slash) in a bucket of a server."""

    name: str
    prefix: str
    endpoint: str
    region: str


class S3Files:
    """Objects below a prefix of a bucket; what else lies there is not seen.

    What is larger than a part goes in parts, of which a server keeps some, unseen, where a writer is killed: a lifecycle
    rule of the bucket removes them.

    Args:
        bucket: Where.
        key: What requests are signed with.
        timeout_seconds: Most time for one request, with all its repetitions at most twice that.
    """

    def __init__(self, bucket: Bucket, key: Key, *, timeout_seconds: int) -> None:
        self._bucket = bucket
        self._key = key
        self._seconds = timeout_seconds
        self._address = f"s3://{bucket.name}/{bucket.prefix}"

    @property
    def place(self) -> str:
        """See the port."""
        return f"{self._address.removesuffix('/')} at {self._bucket.endpoint}"

    async def put(self, key: str, source: BinaryIO) -> None:
        """See the port."""
        segments_of(key)
        first = await asyncio.to_thread(_read_full, source, PART_BYTES)
        with told(self.place):
            if len(first) < PART_BYTES:
                await self._store.put_async(key, first, use_multipart=False)
            else:
                await self._store.put_async(
                    key,
                    _parts(first, source),
                    use_multipart=True,
                    chunk_size=PART_BYTES,
                    max_concurrency=_PARTS_AT_ONCE,
                )

    async def read(
        self, key: str, *, start: int = 0, end: int | None = None
    ) -> AsyncGenerator[bytes]:
        """See the port."""
        size = await self.size_of(key)
        if size is None:
            raise self._missing(key)
        last = size if end is None else min(size, end)
        tags: set[str | None] = set()
        while start < last:
            # A request a piece: each is repeated by itself, and none lasts as long as the reader takes.
            asked = min(PIECE_BYTES, last - start)
            piece, tag = await self._piece(key, start, start + asked)
            tags.add(tag)
            if len(piece) != asked or len(tags) > 1:
                message = f"A file in {self.place} changed while it was read."
                raise StorageUnavailable(message, details={"place": self.place})
            start += len(piece)
            yield piece

    async def size_of(self, key: str) -> int | None:
        """See the port."""
        segments_of(key)
        found = await self._asked(self._store.head_async(key))
        return None if found is None else found["size"]

    async def delete(self, key: str) -> None:
        """See the port."""
        segments_of(key)
        await self._asked(self._store.delete_async(key))

    async def objects(self, prefix: str) -> AsyncGenerator[StoredObject]:
        """See the port."""
        segments_of_prefix(prefix)
        with told(self.place):
            async for batch in self._listed(prefix or None):
                for found in batch:
                    # Others may keep theirs there: an empty object for a folder, for one.
                    if is_key(found["path"]):
                        yield StoredObject(found["path"], found["size"])

    def url_of(self, key: str) -> str:
        """See the port."""
        segments_of(key)
        return self._address + key

    def key_of(self, url: str) -> str | None:
        """See the port."""
        key = url.removeprefix(self._address)
        return key if key != url and is_key(key) else None

    async def tidy(self) -> int:
        """See the port; here a rule of the bucket does it."""
        await self.probe()
        return 0

    async def probe(self) -> StorageFacts:
        """See the port."""
        with told(self.place):
            await self._look()
        return StorageFacts(free_bytes=None)

    @cached_property
    def _store(self) -> S3Store:
        seconds = timedelta(seconds=self._seconds)
        return S3Store(
            self._bucket.name,
            prefix=self._bucket.prefix or None,
            endpoint=self._bucket.endpoint,
            region=self._bucket.region,
            credential_provider=self._key,
            virtual_hosted_style_request=False,
            disable_bulk_delete=True,
            client_options={
                "allow_http": self._bucket.endpoint.startswith("http://"),
                "connect_timeout": min(seconds, timedelta(seconds=_MOST_CONNECT_SECONDS)),
                "timeout": seconds,
            },
            retry_config={
                "max_retries": 4,
                "retry_timeout": seconds,
                "backoff": {
                    "init_backoff": timedelta(milliseconds=200),
                    "max_backoff": timedelta(seconds=5),
                    "base": 2,
                },
            },
        )

    async def _piece(self, key: str, start: int, end: int) -> tuple[bytes, str | None]:
        found = await self._asked(self._store.get_async(key, options={"range": (start, end)}))
        if found is None:
            raise self._missing(key)
        with told(self.place):
            return bytes(await found.bytes_async()), found.meta["e_tag"]

    async def _asked(self, request: Awaitable[_T]) -> _T | None:
        """What a request about an object gives; None where there is no such object."""
        with told(self.place):
            try:
                return await request
            except (FileNotFoundError, PermissionDeniedError, UnauthenticatedError) as error:
                # A missing bucket looks the same, and an answer to HEAD has no room for a reason.
                await self._look()
                if not isinstance(error, FileNotFoundError):
                    raise
        return None

    async def _look(self) -> None:
        async for _ in self._listed(None):
            return

    def _listed(self, prefix: str | None) -> "ListStream[Sequence[ObjectMeta]]":
        # Another overload of it is of pyarrow, which is not here.
        return self._store.list_async(prefix)  # pyright: ignore[reportUnknownMemberType]

    def _missing(self, key: str) -> FileContentMissing:
        message = "The bytes of the file are not in the storage."
        return FileContentMissing(message, details={"url": self.url_of(key)})


def _read_full(source: BinaryIO, count: int) -> bytes:
    """As many bytes as asked for; fewer at the end alone."""
    pieces: list[bytes] = []
    while count and (piece := source.read(count)):
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)


async def _parts(first: bytes, source: BinaryIO) -> AsyncGenerator[bytes]:
    piece = first
    while piece:
        yield piece
        piece = await asyncio.to_thread(_read_full, source, PART_BYTES)
