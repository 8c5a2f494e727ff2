"""Both storages of files keep the same promises: a folder, and a bucket of a server that speaks S3."""

import asyncio
import errno
import io
import os
import tracemalloc
from collections.abc import Generator
from contextlib import aclosing
from itertools import count
from pathlib import Path
from typing import BinaryIO, cast

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from briefsmith.config import Settings, StorageSettings
from briefsmith.errors import FileContentMissing
from briefsmith.providers.selection import make_file_storage
from briefsmith.providers.storage import local, s3
from briefsmith.providers.storage.port import FileStorage, StoredObject
from tests.integration.s3_server import PAGE, S3Server, running_s3

KEY = "8d2c7b1e-0c3f-4b55-9a53-3f0f6f0c2d11/ab/" + "ab" * 32
PREFIXES = count()
KINDS = ("folder", "bucket")


@pytest.fixture(scope="module")
def server() -> Generator[S3Server]:
    with running_s3() as found:
        yield found


@pytest.fixture(params=KINDS)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> FileStorage:
    """Each of the two, empty."""
    if request.param == "folder":
        return made(tmp_path)
    found = request.getfixturevalue("server")
    assert isinstance(found, S3Server)
    return made(tmp_path, found.settings(f"s3://kept/test/{next(PREFIXES)}"))


def made(home: Path, settings: StorageSettings | None = None) -> FileStorage:
    return make_file_storage(Settings(home=home, storage=settings or StorageSettings()))


async def stored(storage: FileStorage, key: str, content: bytes) -> None:
    await storage.put(key, io.BytesIO(content))


async def content_of(
    storage: FileStorage, key: str, *, start: int = 0, end: int | None = None
) -> bytes:
    return b"".join([piece async for piece in storage.read(key, start=start, end=end)])


async def listed(storage: FileStorage, prefix: str = "") -> dict[str, int]:
    found = [one async for one in storage.objects(prefix)]
    sizes = {one.key: one.size_bytes for one in found}
    assert len(sizes) == len(found)
    return sizes


def sizes() -> list[int]:
    """Where one piece, or one part, becomes two."""
    edges = {local.PIECE_BYTES, s3.PIECE_BYTES, s3.PART_BYTES, 2 * s3.PART_BYTES}
    return sorted({0, 1, *(edge + by for edge in edges for by in (-1, 0, 1))})


async def test_what_was_put_is_read_whatever_its_size(storage: FileStorage) -> None:
    for size in sizes():
        content = os.urandom(size)

        await stored(storage, KEY, content)

        assert await storage.size_of(KEY) == size
        # Said like this, as a difference of megabytes is nothing to look at.
        assert (await content_of(storage, KEY) == content) is True
        assert await listed(storage) == {KEY: size}


WORDS = st.sampled_from(["a", "b", "c-d", "e_f.g"])
KEYS = st.lists(WORDS, min_size=1, max_size=3).map(lambda words: "/".join([*words, "x"]))
PUT = st.tuples(st.just("put"), KEYS, st.binary(max_size=30))
DELETE = st.tuples(st.just("delete"), KEYS, st.just(b""))


@given(
    steps=st.lists(PUT | PUT | DELETE, max_size=8),
    start=st.integers(0, 32),
    length=st.integers(0, 32),
)
@example(steps=[("put", "a/x", b"one"), ("put", "a/x", b"")], start=0, length=9)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_storage_is_a_dictionary(
    storage: FileStorage,
    monkeypatch: pytest.MonkeyPatch,
    steps: list[tuple[str, str, bytes]],
    start: int,
    length: int,
) -> None:
    monkeypatch.setattr(local, "PIECE_BYTES", 7)
    monkeypatch.setattr(s3, "PIECE_BYTES", 7)

    async def work() -> None:
        for key in await listed(storage):
            await storage.delete(key)
        kept: dict[str, bytes] = {}
        for verb, key, content in steps:
            if verb == "put":
                await stored(storage, key, content)
                kept[key] = content
            else:
                await storage.delete(key)
                kept.pop(key, None)

        assert await listed(storage) == {key: len(content) for key, content in kept.items()}
        for prefix in ("a/", "a/b/", "c-d/"):
            below = {key: len(kept[key]) for key in kept if key.startswith(prefix)}
            assert await listed(storage, prefix) == below
        for key, content in kept.items():
            end = start + length
            assert await content_of(storage, key) == content
            assert await content_of(storage, key, start=start, end=end) == content[start:end]
            assert await content_of(storage, key, start=start) == content[start:]

    asyncio.run(work())


async def test_what_is_not_there_is_missing_and_may_be_deleted(storage: FileStorage) -> None:
    for _ in range(2):
        await storage.delete(KEY)
        assert await storage.size_of(KEY) is None
        assert await listed(storage, KEY.partition("/")[0] + "/") == {}
        with pytest.raises(FileContentMissing) as caught:
            await content_of(storage, KEY)
        assert caught.value.details == {"url": storage.url_of(KEY)}
        # The second time, the folder is there.
        await stored(storage, KEY.removesuffix("ab"), b"another")
        await storage.delete(KEY.removesuffix("ab"))


NO_KEYS = [
    *("", "/", "/a", "a/ ", "a//b", ".", "..", "a/..", "../a", "a/./b", ".a", "a/.incoming"),
    *("a\\b", "a b", "a\0", "a\n", "ü", "a%2e", "C:a", "x" * 256, "a/" * 500 + "a"),
]


@pytest.mark.parametrize("key", NO_KEYS)
async def test_no_other_key_is_taken_whoever_made_it(storage: FileStorage, key: str) -> None:
    for work in (storage.delete(key), storage.size_of(key), stored(storage, key, b"x")):
        with pytest.raises(ValueError, match="no key"):
            await work
    with pytest.raises(ValueError, match="no key"):
        await content_of(storage, key)
    with pytest.raises(ValueError, match="no key"):
        storage.url_of(key)
    with pytest.raises(ValueError, match="no key"):
        await listed(storage, f"{key}/")
    assert storage.key_of(storage.url_of("a") + "/" + key) is None
    assert await listed(storage) == {}


async def test_a_prefix_ends_with_a_slash(storage: FileStorage) -> None:
    with pytest.raises(ValueError, match="slash"):
        await listed(storage, "a")


async def test_an_address_leads_back_to_its_key_and_no_other_does(
    storage: FileStorage, tmp_path: Path
) -> None:
    url = storage.url_of(KEY)

    assert storage.key_of(url) == KEY
    for other in ("", KEY, f" {url}", f"{url}?", f"file:///{KEY}", url.upper(), "s3://kept/" + KEY):
        assert storage.key_of(other) is None
    assert str(tmp_path) not in url


async def test_many_objects_come_in_pages(storage: FileStorage, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    number = 2_500 if isinstance(storage, local.LocalFiles) else 3 * PAGE + 1
    keys = [f"one/{at % 7:02x}/{at:064x}" for at in range(number)]
    await asyncio.gather(*(stored(storage, key, b"x") for key in keys[:PAGE]))
    for key in keys[PAGE:]:
        if folder.exists():  # at once, as a folder has no pages
            (folder / key).write_bytes(b"x")
        else:
            await stored(storage, key, b"x")
    await stored(storage, "two/x", b"")
    await stored(storage, "one-more/x", b"")

    found = await listed(storage, "one/")

    assert found == dict.fromkeys(keys, 1)


async def test_a_listing_may_be_left_early_and_what_it_lists_may_go(storage: FileStorage) -> None:
    for at in range(5):
        await stored(storage, f"one/{at}/x", b"x")

    async with aclosing(storage.objects("one/")) as objects:
        first = await anext(objects)
    async with aclosing(storage.objects("")) as objects:
        async for found in objects:
            await storage.delete(found.key)

    assert isinstance(first, StoredObject)
    assert await listed(storage) == {}


async def test_of_two_who_put_at_once_one_is_stored_whole(storage: FileStorage) -> None:
    contents = [bytes([at]) * 300_000 for at in range(8)]

    await asyncio.gather(*(stored(storage, KEY, content) for content in contents))

    assert await content_of(storage, KEY) in contents
    assert await listed(storage) == {KEY: 300_000}
    assert await storage.tidy() == 0


class Broken(io.RawIOBase):
    """Gives what it has piece by piece, and then fails."""

    def __init__(self, size: int) -> None:
        self._left = size

    def read(self, size: int = -1, /) -> bytes:
        if not self._left:
            raise OSError(errno.EIO, "the source is gone")
        given = min(size, self._left, 500_000)
        self._left -= given
        return bytes(given)


@pytest.mark.parametrize("size", [0, 1, 20 << 20])
async def test_a_source_that_fails_is_told_as_it_is_and_nothing_is_stored(
    storage: FileStorage, size: int
) -> None:
    await stored(storage, KEY, b"before")

    with pytest.raises(OSError, match="the source is gone"):
        await storage.put(KEY, cast("BinaryIO", Broken(size)))

    assert await content_of(storage, KEY) == b"before"
    assert await listed(storage) == {KEY: 6}
    assert await storage.tidy() == 0


async def test_a_source_is_taken_from_its_present_place_and_stays_open(
    storage: FileStorage,
) -> None:
    source = io.BytesIO(b"one two")
    source.seek(4)

    await storage.put(KEY, source)

    assert await content_of(storage, KEY) == b"two"
    assert not source.closed


async def test_reading_may_be_left_early(storage: FileStorage) -> None:
    await stored(storage, KEY, bytes(3 * s3.PIECE_BYTES))

    async with aclosing(storage.read(KEY)) as pieces:
        first = await anext(pieces)
    await storage.delete(KEY)

    assert 0 < len(first) <= s3.PIECE_BYTES
    assert await storage.size_of(KEY) is None


async def test_memory_stays_flat_however_large_the_file_is(storage: FileStorage) -> None:
    size = 48 << 20

    class Endless(Broken):
        def read(self, size: int = -1, /) -> bytes:
            return super().read(size) if self._left else b""

    async def work() -> int:
        await storage.put(KEY, cast("BinaryIO", Endless(size)))
        return sum([len(piece) async for piece in storage.read(KEY)])

    tracemalloc.start()
    try:
        read = await work()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert read == size
    assert peak < 40 << 20


async def test_a_probe_finds_it_in_order_and_stores_nothing(storage: FileStorage) -> None:
    facts = await storage.probe()

    assert await listed(storage) == {}
    assert facts.free_bytes is None or facts.free_bytes > 0
    assert storage.place
