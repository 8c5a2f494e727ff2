"""How fast files are added to the library, beside a plain copy with fsync of the same bytes.

    python benchmarks/files.py [--files 1000] [--kilobytes 100] [--folder FOLDER] [--database-url URL] [--json]

Prints figures and asserts nothing. See README.md in this folder.
"""

import argparse
import asyncio
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

from memory import Memory
from rich.console import Console
from scratch import database, server

from briefsmith.operations.file_intake import spooled_path
from briefsmith.operations.files import add_file
from briefsmith.postgres.database import Database, open_database
from briefsmith.providers.storage.local import LocalFiles
from briefsmith.schemas.files import FileLimits, NewFile

_LIMITS = FileLimits(100_000_000, 100_000_000_000, ("text/*",))
_BATCH = 100  # of each in turn, so that both meet the same weather
_NUMBERS = count(1)


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured.

    Attributes:
        add_seconds: Intake, bytes with fsync, row, commit; one file after the other.
        copy_seconds: A copy with fsync of file and folder, likewise.
        memory_mb: Resident, after each tenth of the files.
    """

    files: int
    file_bytes: int
    add_seconds: float
    copy_seconds: float
    memory_mb: list[float]

    @property
    def ratio(self) -> float:
        """1 is as fast as the plain copy."""
        return self.add_seconds / self.copy_seconds


async def measured(url: str, folder: Path, files: int, size: int) -> Figures:
    """Batches of both, in turn."""
    storage, memory = LocalFiles(folder / "library"), Memory()
    copies = folder / "copies"
    copies.mkdir()
    adding = copying = 0.0
    async with open_database(url) as store:
        await _add(store, storage, next(_sources(folder, 1, size)))  # not counted
        for begun in range(0, files, _BATCH):
            sources = list(_sources(folder, min(_BATCH, files - begun), size))
            turns = [True, False] if begun // _BATCH % 2 else [False, True]
            for is_ours in turns:
                start = time.perf_counter()
                for source in sources:
                    if is_ours:
                        await _add(store, storage, source)
                    else:
                        _copy(source, copies / source.name)
                taken = time.perf_counter() - start
                adding, copying = (
                    (adding + taken, copying) if is_ours else (adding, copying + taken)
                )
            if begun % max(files // 10, _BATCH) == 0:
                memory.note(str(begun))
            for source in sources:
                source.unlink()
    return Figures(files, size, adding, copying, [round(mb) for mb in memory.seen.values()])


async def _add(store: Database, storage: LocalFiles, source: Path) -> None:
    with spooled_path(source, _LIMITS) as copy:
        async with store.session() as session:
            await add_file(session, storage, copy, NewFile(label=source.name), _LIMITS)


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as read, target.open("wb") as written:
        shutil.copyfileobj(read, written)
        written.flush()
        os.fsync(written.fileno())
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _sources(folder: Path, files: int, size: int) -> Iterator[Path]:
    for number in (next(_NUMBERS) for _ in range(files)):
        path = folder / f"{number}.txt"
        # Bytes of its own, or the library would store it once; text, as most are.
        path.write_text(random.Random(number).randbytes(size // 2).hex())  # noqa: S311  no secret
        yield path


def main() -> int:
    """Always 0: figures are no verdict."""
    options = _options()
    with (
        server(options.database_url) as server_url,
        database(server_url) as url,
        tempfile.TemporaryDirectory(dir=options.folder) as folder,
    ):
        found = asyncio.run(
            measured(url, Path(folder), options.files, 1000 * options.kilobytes),
        )
    if options.json:
        print(json.dumps({**asdict(found), "ratio": found.ratio}))
        return 0
    console = Console(highlight=False)
    console.print(f"{found.files:,} files of {found.file_bytes / 1000:g} KB, one after the other")
    console.print(f"  add to the library   {1000 * found.add_seconds / found.files:8.2f} ms a file")
    console.print(
        f"  copy with fsync      {1000 * found.copy_seconds / found.files:8.2f} ms a file"
    )
    console.print(f"  ratio                {found.ratio:8.2f}")
    console.print(f"  memory in MB         {', '.join(f'{mb:g}' for mb in found.memory_mb)}")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--files", type=int, default=1_000, help="how many (1000)")
    parser.add_argument("--kilobytes", type=int, default=100, help="of each (100)")
    parser.add_argument(
        "--folder", type=Path, help="on the disk to measure; else the temporary one"
    )
    parser.add_argument("--database-url", help="a server to make databases on; else embedded")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
