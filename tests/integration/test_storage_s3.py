"""A bucket that cannot be used is told in a sentence, in bounded time, and without anything secret."""

import asyncio
import io
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from briefsmith.config import Settings, StorageSettings
from briefsmith.diagnosis import Check, examine
from briefsmith.errors import BriefsmithError, DiskFull, StorageUnavailable
from briefsmith.providers.selection import make_file_storage
from briefsmith.providers.storage.port import FileStorage
from tests.integration.s3_server import S3Server, running_s3

KEY = "person/ab/object"
SECRET = "hunter2"


@pytest.fixture(scope="module")
def server() -> Generator[S3Server]:
    with running_s3() as found:
        yield found


def made(settings: StorageSettings) -> FileStorage:
    return make_file_storage(Settings(home=Path("/nowhere"), storage=settings))


async def content_of(storage: FileStorage) -> bytes:
    return b"".join([piece async for piece in storage.read(KEY)])


async def keys_of(storage: FileStorage) -> list[str]:
    return [found.key async for found in storage.objects("")]


def calls(storage: FileStorage) -> list[Callable[[], Awaitable[object]]]:
    """Each that there is."""
    return [
        lambda: storage.put(KEY, io.BytesIO(b"x")),
        lambda: storage.put(KEY, io.BytesIO(bytes(6 << 20))),
        lambda: content_of(storage),
        lambda: storage.size_of(KEY),
        lambda: storage.delete(KEY),
        lambda: keys_of(storage),
        storage.tidy,
        storage.probe,
    ]


async def failures(storage: FileStorage, *, first: int | None = None) -> list[BriefsmithError]:
    """What each call raises, or each of the first."""
    found: list[BriefsmithError] = []
    for call in calls(storage)[:first]:
        with pytest.raises(BriefsmithError) as caught:
            await call()
        assert caught.value.message.endswith(".")
        assert storage.place in caught.value.message
        assert caught.value.hint
        assert SECRET not in repr(caught.value.as_dict())
        # What a log of the traceback would show.
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__
        found.append(caught.value)
    return found


async def test_what_others_keep_below_the_same_prefix_is_not_seen(server: S3Server) -> None:
    storage: Any = made(server.settings("s3://kept/shared"))
    await storage.put(KEY, io.BytesIO(b"x"))
    for name in ("person/.emptyFolderPlaceholder", "person/two words"):
        await storage._store.put_async(name, b"theirs")
    await made(server.settings("s3://kept/shared-too")).put(KEY, io.BytesIO(b"x"))

    assert await keys_of(storage) == [KEY]


WRONG: list[tuple[dict[str, Any], str, str, str]] = [
    ({"key_id": "AKIA0000000000000000"}, "kept", "not known there", "STORAGE_KEY_ID"),
    ({"secret": SECRET}, "kept", "secret does not fit", "STORAGE_SECRET"),
    ({}, "closed", "does not permit", "list, read, write and delete"),
    ({}, "none", "no such bucket", "BRIEFSMITH_STORAGE_URL"),
]


@pytest.mark.parametrize(("changes", "bucket", "words", "hint"), WRONG)
async def test_a_wrong_key_or_bucket_is_told_by_every_call(
    server: S3Server, changes: dict[str, Any], bucket: str, words: str, hint: str
) -> None:
    storage = made(server.settings(f"s3://{bucket}/below", **changes))

    for failure in await failures(storage):
        assert isinstance(failure, StorageUnavailable)
        assert words in failure.message
        assert hint in failure.hint


Handler = Callable[[str, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def answering(handler: Handler, *, timeout_seconds: int = 20) -> AsyncGenerator[FileStorage]:
    """A storage whose server answers each request like this; the connection closes behind each."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            for line in head.lower().splitlines():
                if line.startswith("content-length:"):
                    await reader.readexactly(int(line.split(":")[1]))
            await handler(head, writer)
            await writer.drain()
        finally:
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        settings = StorageSettings(
            url="s3://kept/below",
            endpoint=f"http://127.0.0.1:{port}",
            key_id="somebody",
            secret=SECRET,
            timeout_seconds=timeout_seconds,
        )
        yield made(settings)


def answer(status: str, body: str = "", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def coded(code: str) -> str:
    return f"<Error><Code>{code}</Code><Message>{SECRET}</Message></Error>"


REFUSALS = [
    ("507 Insufficient Storage", "", DiskFull, "no room left"),
    ("400 Bad Request", coded("XMinioStorageFull"), DiskFull, "no room left"),
    ("403 Forbidden", coded("RequestTimeTooSkewed"), StorageUnavailable, "clocks"),
    ("400 Bad Request", coded("ExpiredToken"), StorageUnavailable, "token is over"),
    ("413 Too Large", "", StorageUnavailable, "larger than the server takes"),
    ("301 Moved", coded("PermanentRedirect"), StorageUnavailable, "another region"),
    ("418 Teapot", coded("Teapot"), StorageUnavailable, "answered with 418"),
    ("200 OK", SECRET, StorageUnavailable, "cannot be used"),
]


@pytest.mark.parametrize(("status", "body", "kind", "words"), REFUSALS)
async def test_what_a_server_answers_is_told_in_our_words(
    status: str, body: str, kind: type[BriefsmithError], words: str
) -> None:
    async def handler(head: str, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(status, body))

    async with answering(handler) as storage:
        with pytest.raises(kind, match=words) as caught:
            await keys_of(storage)

    assert SECRET not in repr(caught.value.as_dict())


async def test_a_server_with_too_much_to_do_is_asked_again_and_then_told() -> None:
    seen: list[str] = []

    async def handler(head: str, writer: asyncio.StreamWriter) -> None:
        seen.append(head.partition(" ")[0])
        busy = len(seen) < 3 or seen[-1] == "PUT"
        writer.write(answer("503 Slow Down", coded("SlowDown")) if busy else answer("204 Gone"))

    async with answering(handler, timeout_seconds=4) as storage:
        await storage.delete(KEY)
        again = len(seen)
        with pytest.raises(StorageUnavailable, match="too much to do"):
            await storage.put(KEY, io.BytesIO(b"x"))

    assert seen[:again] == ["DELETE"] * 3
    assert len(seen) - again in range(2, 6)


async def test_a_server_that_never_answers_is_not_waited_for_without_end() -> None:
    released = asyncio.Event()

    async def handler(head: str, writer: asyncio.StreamWriter) -> None:
        await released.wait()

    async with answering(handler, timeout_seconds=1) as storage:
        with pytest.raises(StorageUnavailable, match="did not answer in time") as caught:
            async with asyncio.timeout(30):
                await storage.size_of(KEY)
        released.set()

    assert "BRIEFSMITH_STORAGE_TIMEOUT" in caught.value.hint


async def test_a_server_that_is_not_there_is_told() -> None:
    settings = StorageSettings(
        url="s3://kept",
        endpoint="http://127.0.0.1:9",
        key_id="somebody",
        secret=SECRET,
        timeout_seconds=1,
    )

    for failure in await failures(made(settings), first=3):
        assert "cannot be reached" in failure.message
        assert "BRIEFSMITH_STORAGE_ENDPOINT" in failure.hint


def described(start: int, end: int, size: int, tag: str = "x") -> bytes:
    lines = [
        "HTTP/1.1 206 Partial Content",
        f"Content-Length: {end - start}",
        f"Content-Range: bytes {start}-{end - 1}/{size}",
        f'ETag: "{tag}"',
        "Last-Modified: Mon, 23 Nov 2026 11:00:00 GMT",
        "Connection: close",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def head_of(size: int) -> bytes:
    return described(0, size, size).replace(b"206 Partial Content", b"200 OK")


async def test_a_connection_that_is_cut_is_made_again_and_what_is_missing_is_read() -> None:
    content, cuts = bytes(range(200)), [50, 120]

    async def handler(head: str, writer: asyncio.StreamWriter) -> None:
        if head.startswith("HEAD"):
            writer.write(head_of(len(content)))
            return
        start = int(head.lower().partition("range: bytes=")[2].partition("-")[0])
        writer.write(described(start, len(content), len(content)))
        writer.write(content[start : cuts.pop(0)] if cuts else content[start:])

    async with answering(handler) as storage:
        assert await content_of(storage) == content
    assert cuts == []


async def test_a_connection_that_is_always_cut_is_given_up_and_no_half_is_taken_for_all() -> None:
    async def handler(head: str, writer: asyncio.StreamWriter) -> None:
        whole = head.startswith("HEAD")
        writer.write(head_of(200) if whole else described(0, 200, 200) + b"12345")

    async with answering(handler, timeout_seconds=4) as storage:
        with pytest.raises(StorageUnavailable, match="broke off"):
            await content_of(storage)


async def test_an_object_that_changes_while_it_is_read_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("briefsmith.providers.storage.s3.PIECE_BYTES", 100)
    tags = iter(["one", "two"])

    async def handler(head: str, writer: asyncio.StreamWriter) -> None:
        if head.startswith("HEAD"):
            writer.write(head_of(200))
            return
        start = int(head.lower().partition("range: bytes=")[2].partition("-")[0])
        writer.write(described(start, start + 100, 200, next(tags)) + bytes(100))

    async with answering(handler) as storage:
        with pytest.raises(StorageUnavailable, match="changed while it was read"):
            await content_of(storage)


async def test_an_upload_in_parts_that_fails_on_the_way_is_taken_back() -> None:
    seen: list[str] = []

    async def handler(head: str, writer: asyncio.StreamWriter) -> None:
        seen.append(head.partition("\r\n")[0])
        if head.startswith("POST"):
            body = (
                "<InitiateMultipartUploadResult><Bucket>kept</Bucket><Key>k</Key>"
                "<UploadId>upload</UploadId></InitiateMultipartUploadResult>"
            )
            writer.write(answer("200 OK", body))
        elif "partNumber=2" in head:
            writer.write(answer("403 Forbidden", coded("AccessDenied")))
        elif head.startswith("DELETE"):
            writer.write(answer("204 No Content"))
        else:
            writer.write(answer("200 OK", ETag='"part"'))

    async with answering(handler) as storage:
        with pytest.raises(StorageUnavailable, match="does not permit"):
            await storage.put(KEY, io.BytesIO(bytes(16 << 20)))

    assert [line for line in seen if line.startswith("DELETE")] != []
    assert not [line for line in seen if line.startswith("POST") and "uploadId" in line]


async def files_row(settings: StorageSettings, home: Path) -> Check:
    [found] = [
        check
        for check in await examine(Settings(home=home, storage=settings))
        if check.name == "files"
    ]
    return found


async def test_doctor_says_where_files_are_and_what_to_do_where_they_cannot_be(
    server: S3Server, tmp_path: Path
) -> None:
    folder = await files_row(StorageSettings(), tmp_path)
    missing = await files_row(StorageSettings(url="file:///no/such/folder"), tmp_path)
    bucket = await files_row(server.settings("s3://kept/below"), tmp_path)
    wrong = await files_row(server.settings("s3://kept/below", secret=SECRET), tmp_path)
    unset = await files_row(server.settings("s3://kept/below", secret=None), tmp_path)

    assert folder.ok
    assert f"{tmp_path}/files, " in folder.found
    assert folder.found.endswith(" GB free")
    assert not missing.ok
    assert "/no/such/folder" in missing.found
    assert "BRIEFSMITH_STORAGE_URL" in missing.advice
    assert (bucket.ok, bucket.found) == (True, f"s3://kept/below at {server.url}")
    assert not wrong.ok
    assert "B609" in wrong.found
    assert "BRIEFSMITH_STORAGE_SECRET" in wrong.advice
    assert not unset.ok
    assert "BRIEFSMITH_STORAGE_SECRET is not set" in unset.found
    assert list(tmp_path.iterdir()) == []
