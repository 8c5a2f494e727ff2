"""The folder of files: whole or absent whatever happens, for its owner alone, and never left through a link."""

import asyncio
import errno
import fcntl
import hashlib
import io
import os
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from briefsmith.errors import DiskFull, FileContentMissing, StorageUnavailable
from briefsmith.providers.storage.local import PIECE_BYTES, LocalFiles

KEY = "person/ab/object"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


@pytest.fixture
def storage(folder: Path) -> LocalFiles:
    return LocalFiles(folder)


async def content_of(storage: LocalFiles, key: str = KEY) -> bytes:
    return b"".join([piece async for piece in storage.read(key)])


async def keys_of(storage: LocalFiles, prefix: str = "") -> list[str]:
    return sorted([found.key async for found in storage.objects(prefix)])


def incoming(folder: Path) -> list[Path]:
    return list((folder / ".incoming").iterdir())


async def test_only_the_owner_may_look_whatever_the_umask(
    storage: LocalFiles, folder: Path
) -> None:
    before = os.umask(0)
    try:
        await storage.put(KEY, io.BytesIO(b"private"))
    finally:
        os.umask(before)

    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [folder, *folder.rglob("*")]}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}


async def test_bytes_are_on_the_disk_before_their_name_and_names_before_the_end(
    storage: LocalFiles, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[int | str] = []
    sync, replace = os.fsync, os.replace

    def spied_sync(file: int) -> None:
        done.append(os.fstat(file).st_ino)
        sync(file)

    def spied_replace(*args: Any, **kwargs: Any) -> None:
        done.append("replaced")
        replace(*args, **kwargs)

    monkeypatch.setattr(os, "fsync", spied_sync)
    monkeypatch.setattr(os, "replace", spied_replace)

    await storage.put(KEY, io.BytesIO(b"x"))
    first, done[:] = done[:], []
    await storage.put(KEY, io.BytesIO(b"y"))

    home, root, person, below, file = (
        path.stat().st_ino
        for path in (folder.parent, folder, folder / "person", folder / "person/ab", folder / KEY)
    )
    # `.incoming` is a name in the root too.
    assert [home, root, first[2], root, person, "replaced", below] == first
    assert done == [file, "replaced", below]


async def test_a_folder_that_somebody_removed_meanwhile_is_made_again(
    storage: LocalFiles, folder: Path
) -> None:
    for gone in (folder / "person/ab", folder / ".incoming", folder):
        await storage.put(KEY, io.BytesIO(b"x"))
        shutil.rmtree(gone)

        await storage.put(KEY, io.BytesIO(b"y"))

        assert await content_of(storage) == b"y"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("call", ["mkdir", "open", "write", "fsync", "replace"])
async def test_a_full_disk_is_told_and_leaves_nothing(
    storage: LocalFiles, folder: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    def full(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    await storage.put(KEY, io.BytesIO(b"before"))
    with monkeypatch.context() as disk:
        disk.setattr(os, call, full)
        with pytest.raises(DiskFull) as caught:
            await storage.put(KEY, io.BytesIO(b"after"))

    assert await content_of(storage) == b"before"
    assert incoming(folder) == []
    assert caught.value.details == {"place": str(folder), "problem": os.strerror(number)}


async def test_a_write_that_takes_a_part_is_carried_on(
    storage: LocalFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write

    def some(file: int, piece: bytes) -> int:
        return write(file, piece[:3])

    monkeypatch.setattr(os, "write", some)

    await storage.put(KEY, io.BytesIO(b"one two three"))

    assert await content_of(storage) == b"one two three"


class Held(io.BytesIO):
    """Gives a piece, then nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__(b"x" * 10)
        self.begun, self.free = threading.Event(), threading.Event()

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(5)
        if self.tell() > 5:
            self.begun.set()
            assert self.free.wait(30)
        return piece


async def test_what_is_being_written_is_neither_seen_nor_removed(
    storage: LocalFiles, folder: Path
) -> None:
    source = Held()
    writing = asyncio.create_task(storage.put(KEY, source))
    await asyncio.to_thread(source.begun.wait, 30)

    seen, removed = await keys_of(storage), await storage.tidy()
    source.free.set()
    await writing

    assert (seen, removed) == ([], 0)
    assert await content_of(storage) == b"x" * 10
    assert incoming(folder) == []


async def test_a_file_that_is_taken_for_abandoned_before_it_is_locked_is_made_again(
    storage: LocalFiles, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, removed = fcntl.flock, list[Path]()

    def late(file: int, operation: int) -> None:
        if not removed:
            removed.extend(incoming(folder))
            removed[0].unlink()
        lock(file, operation)

    monkeypatch.setattr(fcntl, "flock", late)

    await storage.put(KEY, io.BytesIO(b"x"))

    assert len(removed) == 1
    assert await content_of(storage) == b"x"


async def test_without_locks_nothing_is_taken_for_abandoned(
    storage: LocalFiles, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(_: int, __: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", unsupported)
    await storage.put(KEY, io.BytesIO(b"x"))
    (folder / ".incoming/left").write_bytes(b"y")

    assert await storage.tidy() == 0
    assert await content_of(storage) == b"x"


# Each copy of the process is killed at its next call of the system, until one comes to the end.
KILLED = """
import hashlib, io, os, sys
from pathlib import Path
from briefsmith.providers.storage.local import LocalFiles

place, content = Path(sys.argv[1]), b"n" * 3_000_000
names = ["open", "mkdir", "dup", "write", "fsync", "replace", "unlink", "close"]

def put(folder, at):
    left = [at]
    def deadly(real):
        def call(*args, **kwargs):
            if not left[0]:
                os.kill(os.getpid(), 9)
            left[0] -= 1
            return real(*args, **kwargs)
        return call
    for name in names:
        setattr(os, name, deadly(getattr(os, name)))
    LocalFiles(folder)._put(["person", "ab", "object"], io.BytesIO(content))
    print("stored", flush=True)
    os._exit(0)

at, status = 0, 9
while status:
    folder = place / str(at)
    if at % 2:
        LocalFiles(folder)._put(["person", "ab", "object"], io.BytesIO(b"before"))
    child = os.fork()
    if not child:
        put(folder, at)
    _, status = os.waitpid(child, 0)
    at += 1
print(at, flush=True)
"""


async def test_killed_at_any_call_of_the_system_an_object_is_whole_or_absent(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    stored, number = done.stdout.split()
    outcomes: list[bytes | None] = []
    for at in range(int(number)):
        storage = LocalFiles(tmp_path / str(at))
        found = await content_of(storage) if await keys_of(storage) else None
        left = len(list(tmp_path.glob(f"{at}/.incoming/*")))
        assert await storage.tidy() == left <= 1
        assert list(tmp_path.glob(f"{at}/.incoming/*")) == []
        assert found in {b"before" if at % 2 else None, b"n" * 3_000_000}
        outcomes.append(found)
    assert stored == "stored"
    assert int(number) > 15
    # It goes one way: once there, it stays.
    news = [found == b"n" * 3_000_000 for found in outcomes]
    assert news == sorted(news)
    assert news[-1]


async def test_killed_while_it_writes_many_what_it_said_is_stored_is(tmp_path: Path) -> None:
    script = """
import asyncio, hashlib, io, os, sys
from pathlib import Path
from briefsmith.providers.storage.local import LocalFiles

async def main():
    storage = LocalFiles(Path(sys.argv[1]))
    for at in range(10_000):
        content = str(at).encode() * 50_000
        name = hashlib.sha256(content).hexdigest()
        await storage.put(f"person/{name[:2]}/{name}", io.BytesIO(content))
        print(name, flush=True)

asyncio.run(main())
"""
    storage = LocalFiles(tmp_path)
    for said in (1, 3, 8):
        with subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            names = [writer.stdout.readline().strip() for _ in range(said)]
            writer.kill()

        kept = await keys_of(storage)
        for key in kept:
            assert hashlib.sha256(await content_of(storage, key)).hexdigest() == key[-64:]
        assert {f"person/{name[:2]}/{name}" for name in names} <= set(kept)
        assert await storage.tidy() <= 1
        assert incoming(tmp_path) == []


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder that is none of the storage's, with a file in it."""
    found = tmp_path / "outside"
    (found / "ab").mkdir(parents=True)
    (found / "ab/object").write_bytes(b"theirs")
    return found


@pytest.mark.parametrize("link", ["person", "person/ab"])
async def test_a_link_to_a_folder_is_not_followed(
    storage: LocalFiles, folder: Path, outside: Path, link: str
) -> None:
    (folder / link).parent.mkdir(parents=True)
    (folder / link).symlink_to(outside if link == "person" else outside / "ab")

    for work in (
        storage.put(KEY, io.BytesIO(b"x")),
        content_of(storage),
        storage.size_of(KEY),
        storage.delete(KEY),
    ):
        with pytest.raises(StorageUnavailable) as caught:
            await work
        assert "move it away" in caught.value.hint

    assert await keys_of(storage) == []
    assert [path.read_bytes() for path in outside.rglob("object")] == [b"theirs"]
    assert len(list(outside.rglob("*"))) == 2


async def test_a_link_for_an_object_is_not_read_and_gives_way(
    storage: LocalFiles, folder: Path, outside: Path
) -> None:
    (folder / "person/ab").mkdir(parents=True)
    (folder / KEY).symlink_to(outside / "ab/object")

    for work in (content_of(storage), storage.size_of(KEY)):
        with pytest.raises(StorageUnavailable):
            await work
    assert await keys_of(storage) == []
    await storage.put(KEY, io.BytesIO(b"ours"))

    assert await content_of(storage) == b"ours"
    assert (outside / "ab/object").read_bytes() == b"theirs"


async def test_a_link_for_an_object_may_be_deleted_and_what_it_led_to_stays(
    storage: LocalFiles, folder: Path, outside: Path
) -> None:
    (folder / "person/ab").mkdir(parents=True)
    (folder / KEY).symlink_to(outside / "ab/object")

    await storage.delete(KEY)

    assert await storage.size_of(KEY) is None
    assert (outside / "ab/object").read_bytes() == b"theirs"


async def test_the_folder_itself_may_be_a_link(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "disk").mkdir()
    folder.symlink_to(tmp_path / "disk")

    await LocalFiles(folder).put(KEY, io.BytesIO(b"x"))

    assert (tmp_path / "disk" / KEY).read_bytes() == b"x"


async def test_a_pipe_or_a_folder_for_an_object_keeps_nobody_waiting(
    storage: LocalFiles, folder: Path
) -> None:
    (folder / "person/ab").mkdir(parents=True)
    os.mkfifo(folder / KEY)

    for key in (KEY, "person/ab"):
        with pytest.raises(StorageUnavailable):
            await content_of(storage, key)
    assert await keys_of(storage) == []


async def test_names_that_are_no_keys_are_nobody_s_objects(
    storage: LocalFiles, folder: Path
) -> None:
    await storage.put(KEY, io.BytesIO(b"x"))
    for name in (".hidden", "a b", "ä", "person/.DS_Store", "person/ab/x~"):
        (folder / name).write_bytes(b"")
    (folder / ".incoming/folder").mkdir()

    assert await keys_of(storage) == [KEY]
    assert await storage.tidy() == 0


async def test_a_store_that_is_moved_keeps_its_files(storage: LocalFiles, folder: Path) -> None:
    await storage.put(KEY, io.BytesIO(b"x"))
    url = storage.url_of(KEY)

    moved = LocalFiles(folder.rename(folder.with_name("elsewhere")))

    assert await content_of(moved, moved.key_of(url) or "") == b"x"
    with pytest.raises(FileContentMissing):
        await content_of(storage)


async def test_a_chosen_folder_that_is_missing_is_not_made(folder: Path) -> None:
    storage = LocalFiles(folder, create=False)

    for work in (
        storage.put(KEY, io.BytesIO(b"x")),
        content_of(storage),
        storage.size_of(KEY),
        storage.delete(KEY),
        keys_of(storage),
        storage.tidy(),
        storage.probe(),
    ):
        with pytest.raises(StorageUnavailable, match="There is no folder") as caught:
            await work
        assert "BRIEFSMITH_STORAGE_URL" in caught.value.hint
    assert not folder.exists()


async def test_a_file_for_the_folder_is_told(storage: LocalFiles, folder: Path) -> None:
    folder.write_bytes(b"")

    for work in (storage.put(KEY, io.BytesIO(b"x")), storage.size_of(KEY), storage.probe()):
        with pytest.raises(StorageUnavailable) as caught:
            await work
        assert caught.value.details["place"] == str(folder)
    assert folder.read_bytes() == b""


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.EIO, errno.EMFILE])
async def test_what_the_system_refuses_is_told_in_a_sentence(
    storage: LocalFiles, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    await storage.put(KEY, io.BytesIO(b"x"))

    def refused(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", refused)
    for work in (storage.put(KEY, io.BytesIO(b"y")), content_of(storage), keys_of(storage)):
        with pytest.raises(StorageUnavailable, match=os.strerror(number)) as caught:
            await work
        assert caught.value.hint


async def test_a_file_that_becomes_shorter_while_it_is_read_is_told(
    storage: LocalFiles, folder: Path
) -> None:
    await storage.put(KEY, io.BytesIO(bytes(PIECE_BYTES + 1)))

    pieces = storage.read(KEY)
    await anext(pieces)
    os.truncate(folder / KEY, 0)

    with pytest.raises(StorageUnavailable, match="shorter"):
        await anext(pieces)


async def test_who_reads_what_is_replaced_or_deleted_meanwhile_gets_the_old_one_whole(
    storage: LocalFiles,
) -> None:
    old = b"o" * (2 * PIECE_BYTES)
    await storage.put(KEY, io.BytesIO(old))

    pieces = storage.read(KEY)
    read = await anext(pieces)
    await storage.put(KEY, io.BytesIO(b"n" * (2 * PIECE_BYTES)))
    await storage.delete(KEY)

    assert read + b"".join([piece async for piece in pieces]) == old


async def test_a_probe_makes_nothing(storage: LocalFiles, folder: Path) -> None:
    facts = await storage.probe()

    assert not folder.exists()
    assert facts.free_bytes is not None


async def test_a_reader_that_goes_while_a_file_is_opened_leaves_nothing_open(
    storage: LocalFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    await storage.put(KEY, io.BytesIO(b"x"))
    opened: list[io.FileIO] = []
    begun, go_on = threading.Event(), threading.Event()
    fdopen = cast("Callable[..., io.FileIO]", os.fdopen)

    def slow(*args: Any, **options: Any) -> Any:
        begun.set()
        go_on.wait()
        opened.append(fdopen(*args, **options))
        return opened[-1]

    monkeypatch.setattr(os, "fdopen", slow)

    async def first() -> bytes:
        return await anext(storage.read(KEY))

    reading = asyncio.create_task(first())
    await asyncio.to_thread(begun.wait)

    reading.cancel()
    await asyncio.wait([reading])
    go_on.set()
    async with asyncio.timeout(30):
        while not opened or not opened[0].closed:  # noqa: ASYNC110  nobody tells when
            await asyncio.sleep(0)

    assert reading.cancelled()
    assert opened[0].closed
