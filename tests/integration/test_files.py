"""The library of files: rows and bytes that agree, whatever happens."""

import asyncio
import hashlib
import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from random import Random
from typing import Any, BinaryIO
from uuid import UUID

import pytest

from briefsmith import errors
from briefsmith.models.block_files import BlockFile
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.operations.blocks import add_block, archive_block, get_block, purge_block
from briefsmith.operations.file_contents import (
    Garbage,
    collect_garbage,
    has_content,
    key_of,
    read_file,
)
from briefsmith.operations.file_intake import spooled, spooled_path
from briefsmith.operations.files import (
    add_file,
    attach_file,
    detach_file,
    edit_file,
    get_file,
    list_files,
    remove_file,
)
from briefsmith.postgres.database import Database
from briefsmith.postgres.session import Session
from briefsmith.providers.storage.local import LocalFiles
from briefsmith.schemas.blocks import NewBlock
from briefsmith.schemas.files import FileLimits, NewFile
from tests.integration.stored import NO_ID, SilentEmbedder, ask, everything, new_person

SILENT = SilentEmbedder()
LIMITS = FileLimits(1_000_000, 3_000_000, ["text/*", "application/octet-stream"])


@pytest.fixture
def files(tmp_path: Path) -> LocalFiles:
    return LocalFiles(tmp_path / "files")


async def add(
    store: Database,
    files: LocalFiles,
    data: bytes = b"Plain words.",
    *,
    name: str = "words.txt",
    limits: FileLimits = LIMITS,
    **fields: Any,
) -> BlockFile:
    values: dict[str, Any] = {"label": "Words", **fields}
    new = NewFile(**values)
    with spooled(io.BytesIO(data), name, limits) as copy:
        async with store.session() as session:
            return await add_file(session, files, copy, new, limits)


async def block(store: Database, label: str) -> ContextBlock:
    async with store.session() as session:
        return await add_block(session, SILENT, NewBlock(label=label, content="x"))


async def present(store: Database, block_id: UUID) -> ContextBlock:
    async with store.session(read_only=True) as session:
        return await get_block(session, block_id)


async def listed(store: Database, **options: Any) -> list[BlockFile]:
    async with store.session(read_only=True) as session:
        return [file async for file in list_files(session, **options)]


async def keys(files: LocalFiles, user_id: UUID) -> set[str]:
    return {one.key async for one in files.objects(f"{user_id}/")}


async def data_of(files: LocalFiles, file: BlockFile) -> bytes:
    return b"".join([piece async for piece in read_file(files, file)])


# Adding


async def test_a_file_comes_back_byte_for_byte(store: Database, files: LocalFiles) -> None:
    data = bytes(range(256)) * 2_800

    file = await add(store, files, data, name="odd.bin", note="For the press.")

    assert await data_of(files, file) == data
    assert (file.size_bytes, file.content_sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert (file.note, file.storage_domain.value) == ("For the press.", "user-library")
    async with store.session(read_only=True) as session:
        assert await get_file(session, file.id) == file


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "n" * 255, "a\nb", "\u202egnp.exe", "🪵.txt", ".hidden", "a/b", "con", ""],
)
async def test_a_name_is_data_and_never_a_path(
    store: Database, files: LocalFiles, name: str, tmp_path: Path
) -> None:
    file = await add(store, files, name=name)

    assert file.file_name == name
    assert await keys(files, store.user_id) == {key_of(store.user_id, str(file.content_sha256))}
    assert {path.name for path in tmp_path.iterdir()} == {"files"}


async def test_the_same_bytes_are_stored_once_and_both_rows_stay(
    store: Database, files: LocalFiles
) -> None:
    one, two = await add(store, files), await add(store, files, label="Again")

    assert one.id != two.id
    assert one.file_url == two.file_url
    assert len(await keys(files, store.user_id)) == 1
    await remove_file(store.session, files, one.id)
    assert await data_of(files, two) == b"Plain words."
    await remove_file(store.session, files, two.id)
    assert await keys(files, store.user_id) == set()


def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    pipe, link, empty = tmp_path / "pipe", tmp_path / "link", tmp_path / "empty"
    os.mkfifo(pipe)
    link.symlink_to(tmp_path / "nowhere")
    empty.touch()
    for path in (pipe, link, empty, tmp_path, Path("/dev/zero"), tmp_path / "none", Path("a\0b")):
        with pytest.raises(errors.InvalidFile), spooled_path(path, LIMITS):
            pass


def test_a_file_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("before", encoding="utf-8")
    real = spooled

    def meanwhile(source: BinaryIO, name: str, limits: FileLimits) -> Any:
        path.write_text("after it", encoding="utf-8")
        return real(source, name, limits)

    monkeypatch.setattr("briefsmith.operations.file_intake.spooled", meanwhile)

    with pytest.raises(errors.InvalidFile, match="changed while"), spooled_path(path, LIMITS):
        pass


def test_no_room_for_the_copy_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: Any) -> BinaryIO:
        return open("/dev/full", "r+b", buffering=0)  # noqa: PTH123  a device

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))

    with (
        pytest.raises(errors.DiskFull, match=f"no room left in {tmp_path}") as caught,
        spooled(io.BytesIO(b"x"), "x.txt", LIMITS),
    ):
        pass

    assert "nothing was stored" in str(caught.value.hint)


def test_a_source_that_never_ends_is_left_at_the_limit() -> None:
    with (
        open("/dev/zero", "rb") as endless,  # noqa: PTH123  a device
        pytest.raises(errors.FileTooLarge, match="1 MB"),
        spooled(endless, "zeros", LIMITS),
    ):
        pass


def test_a_type_that_is_not_taken_is_named() -> None:
    with (
        pytest.raises(errors.FileTypeRefused, match="application/pdf"),
        spooled(io.BytesIO(b"%PDF-1.7 x"), "notes.txt", LIMITS),
    ):
        pass


async def test_two_at_once_cannot_slip_past_the_limit(store: Database, files: LocalFiles) -> None:
    tight = FileLimits(1_000_000, 1_000_000, LIMITS.types)
    texts = [bytes([65 + at]) * 400_000 for at in range(6)]

    done = await asyncio.gather(
        *(add(store, files, text, limits=tight) for text in texts), return_exceptions=True
    )

    assert sorted(type(one).__name__ for one in done) == ["BlockFile"] * 2 + ["LibraryFull"] * 4
    assert sum(file.size_bytes for file in await listed(store)) == 800_000


async def test_the_same_bytes_count_once(store: Database, files: LocalFiles) -> None:
    tight = FileLimits(1_000_000, 500_000, LIMITS.types)
    for _ in range(3):
        await add(store, files, b"A" * 400_000, limits=tight)

    with pytest.raises(errors.LibraryFull) as refused:
        await add(store, files, b"B" * 400_000, limits=tight)

    assert refused.value.details == {"held_bytes": 400_000, "most_bytes": 500_000}


async def test_a_storage_that_fails_leaves_no_row(
    store: Database, store_url: str, files: LocalFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(store_url)

    async def put(self: LocalFiles, key: str, source: BinaryIO) -> None:
        message = "No."
        raise errors.StorageUnavailable(message)

    monkeypatch.setattr(LocalFiles, "put", put)

    with pytest.raises(errors.StorageUnavailable):
        await add(store, files)

    assert everything(store_url) == before


# Blocks


async def test_a_file_and_its_block_never_disagree(store: Database, files: LocalFiles) -> None:
    one, two = await block(store, "one"), await block(store, "two")

    file = await add(store, files, block_id=one.id, is_primary=True)
    assert (file.associated_block_id, file.is_primary) == (one.id, True)
    assert (await present(store, one.id)).file_ids == [file.id]
    async with store.session() as session:
        moved = await attach_file(session, file.id, two.id)
    assert (moved.associated_block_id, moved.is_primary) == (two.id, False)
    assert (await present(store, one.id)).file_ids == []
    assert (await present(store, two.id)).file_ids == [file.id]
    async with store.session() as session:
        loose = await detach_file(session, file.id)
    assert (loose.associated_block_id, loose.is_primary) == (None, False)
    assert (await present(store, two.id)).file_ids == []


async def test_a_block_has_one_primary_file(store: Database, files: LocalFiles) -> None:
    owner = await block(store, "one")
    made = [await add(store, files, block_id=owner.id, is_primary=True) for _ in range(3)]

    async with store.session() as session:
        await attach_file(session, made[0].id, owner.id, is_primary=True)

    leading = [file.id for file in await listed(store, block_id=owner.id) if file.is_primary]
    assert leading == [made[0].id]
    assert (await present(store, owner.id)).file_ids == [file.id for file in made]


async def test_files_outlive_their_block(store: Database, files: LocalFiles) -> None:
    owner = await block(store, "one")
    file = await add(store, files, block_id=owner.id, is_primary=True)

    async with store.session() as session:
        await purge_block(session, owner.id)

    [left] = await listed(store, unattached=True)
    assert (left.id, left.is_primary) == (file.id, False)


async def test_an_archived_block_keeps_the_files_that_it_has(
    store: Database, files: LocalFiles
) -> None:
    owner, other = await block(store, "one"), await block(store, "two")
    file = await add(store, files, block_id=owner.id)
    async with store.session() as session:
        await archive_block(session, owner.id)

    with pytest.raises(errors.WrongState):
        await remove_file(store.session, files, file.id)
    with pytest.raises(errors.WrongState):
        async with store.session() as session:
            await attach_file(session, file.id, other.id)
    with pytest.raises(errors.WrongState):
        await add(store, files, block_id=owner.id)

    assert [one.id for one in await listed(store)] == [file.id]


async def test_moves_at_once_leave_one_place(store: Database, files: LocalFiles) -> None:
    blocks = [await block(store, str(at)) for at in range(3)]
    file = await add(store, files)

    async def move(to: ContextBlock) -> None:
        async with store.session() as session:
            await attach_file(session, file.id, to.id, is_primary=True)

    for _ in range(5):
        await asyncio.gather(*map(move, blocks))

    holders = [one.id for one in blocks if (await present(store, one.id)).file_ids]
    [placed] = await listed(store)
    assert holders == [placed.associated_block_id]


async def test_what_is_said_of_a_file_can_be_changed(store: Database, files: LocalFiles) -> None:
    file = await add(store, files, note="Old.")

    async with store.session() as session:
        changed = await edit_file(session, file.id, label="New")
        bare = await edit_file(session, file.id, note="")

    assert (changed.label, changed.note) == ("New", "Old.")
    assert (bare.label, bare.note) == ("New", None)
    with pytest.raises(errors.InvalidInput):
        async with store.session() as session:
            await edit_file(session, file.id, label=" ")


async def test_nobody_reaches_the_files_of_somebody_else(
    store: Database, store_url: str, files: LocalFiles
) -> None:
    owner = await block(store, "mine")
    file = await add(store, files, block_id=owner.id)
    before, other = everything(store_url), new_person(store_url)

    async with store.session(other) as session:
        assert [one async for one in list_files(session)] == []
    calls: list[Callable[[Session], Coroutine[Any, Any, BlockFile]]] = [
        lambda session: get_file(session, file.id),
        lambda session: edit_file(session, file.id, label="x"),
        lambda session: attach_file(session, file.id, owner.id),
        lambda session: detach_file(session, file.id),
    ]
    for work in calls:
        with pytest.raises(errors.LibraryFileNotFound):
            async with store.session(other) as session:
                await work(session)
    with pytest.raises(errors.LibraryFileNotFound):
        await remove_file(lambda: store.session(other), files, file.id)
    found = await collect_garbage(lambda: store.session(other), files, store.user_id)

    # Whoever names another's folder finds nothing of it named, and removes under a name of the own.
    assert found.objects <= 1
    assert await has_content(files, file)
    after = everything(store_url)
    assert {k: v for k, v in after.items() if k != "auth.users"} == {
        k: v for k, v in before.items() if k != "auth.users"
    }


async def test_what_is_not_there_is_told(store: Database, files: LocalFiles) -> None:
    file = await add(store, files)
    await files.delete(key_of(store.user_id, str(file.content_sha256)))

    assert not await has_content(files, file)
    with pytest.raises(errors.FileContentMissing):
        await data_of(files, file)
    with pytest.raises(errors.BlockNotFound):
        await add(store, files, block_id=NO_ID)


async def test_bytes_that_changed_are_told(store: Database, files: LocalFiles) -> None:
    file = await add(store, files)
    await files.put(key_of(store.user_id, str(file.content_sha256)), io.BytesIO(b"Plain lies.."))

    with pytest.raises(errors.FileContentMissing, match="not those that were added"):
        await data_of(files, file)


# Garbage


async def test_garbage_is_what_no_row_names(store: Database, files: LocalFiles) -> None:
    kept = await add(store, files)
    orphans = [hashlib.sha256(bytes([at])).hexdigest() for at in range(3)]
    for sha256 in orphans:
        await files.put(key_of(store.user_id, sha256), io.BytesIO(b"left"))

    counted = await collect_garbage(store.session, files, store.user_id, dry_run=True)
    removed = await collect_garbage(store.session, files, store.user_id)
    again = await collect_garbage(store.session, files, store.user_id)

    assert counted == removed == Garbage(objects=3, size_bytes=12)
    assert again == Garbage()
    assert await data_of(files, kept) == b"Plain words."


async def test_what_is_about_to_be_named_is_no_garbage(store: Database, files: LocalFiles) -> None:
    with spooled(io.BytesIO(b"Plain words."), "a.txt", LIMITS) as copy:
        async with store.session() as session:
            file = await add_file(session, files, copy, NewFile(label="x"), LIMITS)
            found = await collect_garbage(store.session, files, store.user_id)

    assert found == Garbage(busy=1)
    assert await data_of(files, file) == b"Plain words."


async def test_collecting_all_the_time_takes_nothing_that_is_added(
    store: Database, files: LocalFiles
) -> None:
    over = False

    async def collect() -> None:
        while not over:
            await collect_garbage(store.session, files, store.user_id)

    async def work(seed: int) -> None:
        chance = Random(seed)  # noqa: S311  no secret
        for _ in range(25):
            # Few texts, so that the same bytes come and go while somebody else adds them.
            file = await add(store, files, b"text %d" % chance.randrange(4))
            if chance.random() < 0.7:
                await remove_file(store.session, files, file.id)

    collecting = asyncio.create_task(collect())
    await asyncio.gather(*(work(seed) for seed in range(3)))
    over = True
    await collecting

    left = await listed(store)
    assert left
    for file in left:
        assert (await data_of(files, file)).startswith(b"text ")
    assert len(await keys(files, store.user_id)) == len({file.content_sha256 for file in left})


_ADDING = """
import asyncio, io, itertools, sys
from pathlib import Path
from uuid import UUID
from briefsmith.operations.file_intake import spooled
from briefsmith.operations.files import add_file
from briefsmith.postgres.database import open_database
from briefsmith.postgres.session import Session
from briefsmith.providers.storage.local import LocalFiles
from briefsmith.schemas.files import FileLimits, NewFile

async def main(url, user, folder, seed):
    files, limits = LocalFiles(Path(folder)), FileLimits(1_000_000, 900_000_000, ["text/*"])
    async with open_database(url, user=user) as store:
        print("ready", flush=True)
        for at in itertools.count():
            text = f"{seed} {at} ".encode() * 3000
            with spooled(io.BytesIO(text), "a.txt", limits) as copy:
                async with store.session() as session:
                    await add_file(session, files, copy, NewFile(label="x"), limits)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_kill_leaves_bytes_without_a_row_at_most(
    store: Database, store_url: str, tmp_path: Path, files: LocalFiles
) -> None:
    chance = Random(5)  # noqa: S311  no secret
    for seed in range(4):
        process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                _ADDING,
                store_url,
                str(store.user_id),
                tmp_path / "files",
                str(seed),
            ],
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        await asyncio.sleep(chance.uniform(0.02, 0.3))  # somewhere in the middle
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()

    await _until_alone(store_url)
    await collect_garbage(store.session, files, store.user_id)

    rows = await listed(store)
    assert rows
    for file in rows:
        assert hashlib.sha256(await data_of(files, file)).hexdigest() == file.content_sha256
    assert len(await keys(files, store.user_id)) == len({row.content_sha256 for row in rows})


async def _until_alone(url: str) -> None:
    """The server notices the death of a client a moment later."""
    query = (
        "select count(*) from pg_locks where locktype = 'advisory'"
        " and database = (select oid from pg_database where datname = current_database())"
    )
    for _ in range(400):
        if ask(url, query) == [(0,)]:
            return
        await asyncio.sleep(0.01)
    message = "a client that was killed still holds its locks"
    raise TimeoutError(message)
