"""How much of an operation's throughput is left behind HTTP: one worker on loopback, beside the bare operation.

    python benchmarks/server.py [--requests 20000] [--blocks 1000] [--together 8] [--data FOLDER] [--database-url URL] [--json]

Prints figures and asserts nothing. See README.md in this folder.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from urllib.parse import quote, urlsplit
from uuid import UUID

from exports import write_export
from judged import FOLDER
from rich.console import Console
from rich.table import Table
from scratch import database, server
from wording import Wording

from briefsmith.operations.blocks import get_block, list_blocks
from briefsmith.operations.imports import import_documents
from briefsmith.operations.search import search_blocks
from briefsmith.postgres.database import Database, open_database
from briefsmith.providers.wordllama import WordLlamaEmbedder
from briefsmith.schemas.blocks import BlockFilter

_CONNECTIONS = 10  # as the server has by default
_MB = 1_000_000
_WARMING = 200
_SEARCHES = 20  # of so many requests one is a search, which costs as much more


@dataclass(frozen=True, slots=True)
class Figures:
    """One way of asking, a second and by how long an answer took.

    Attributes:
        p50_ms: Of the answers by HTTP, under load; so is the next.
        memory_mb: Of the server, before and after.
    """

    asked: str
    bare_a_second: float
    http_a_second: float
    p50_ms: float
    p99_ms: float
    memory_mb: tuple[float, float]

    @property
    def share(self) -> float:
        """Of the bare operation's throughput."""
        return self.http_a_second / self.bare_a_second


class Asker:
    """A connection that is kept; it reads no more of an answer than it has to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def get(self, path: str) -> None:
        """An answer, which has to be 200."""
        self._writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        head = await self._reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(head.decode())
        [length] = [
            int(line.partition(b":")[2])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        ]
        await self._reader.readexactly(length)

    def close(self) -> None:
        """Gives the connection back."""
        self._writer.close()


async def together(
    count: int, askers: int, one: Callable[[int, int], Awaitable[None]]
) -> list[float]:
    """Seconds of each, asked by so many at once.

    Args:
        one: Takes the number of the asker and of the question.
    """
    times: list[float] = []
    left = iter(range(count))

    async def asking(asker: int) -> None:
        for number in left:
            began = time.perf_counter()
            await one(asker, number)
            times.append(time.perf_counter() - began)

    await asyncio.gather(*(asking(asker) for asker in range(askers)))
    return times


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to ask, in the process and by HTTP."""

    asked: str
    count: int
    bare: Callable[[int, int], Awaitable[None]]
    path: Callable[[int], str]


async def measured(question: Question, askers: int, address: str, process: int) -> Figures:
    """The bare operation first, then the same by HTTP."""
    count = question.count
    await together(_WARMING, askers, question.bare)
    began = time.perf_counter()
    await together(count, askers, question.bare)
    bare_seconds = time.perf_counter() - began

    parts = urlsplit(address)
    connections = [
        Asker(*await asyncio.open_connection(parts.hostname, parts.port)) for _ in range(askers)
    ]

    async def get(asker: int, number: int) -> None:
        await connections[asker].get(question.path(number))

    await together(_WARMING, askers, get)
    before = _memory(process)
    began = time.perf_counter()
    times = sorted(await together(count, askers, get))
    seconds = time.perf_counter() - began
    for one in connections:
        one.close()
    return Figures(
        question.asked,
        count / bare_seconds,
        count / seconds,
        1000 * times[len(times) // 2],
        1000 * times[len(times) * 99 // 100],
        (before, _memory(process)),
    )


def _memory(process: int) -> float:
    return import_module("psutil").Process(process).memory_info().rss / _MB


async def all_measured(
    url: str, address: str, process: int, words: Wording, options: argparse.Namespace
) -> list[Figures]:
    """A block by its id, and a search."""
    questions = [text[:500] for text in words.questions(100)]
    embedder = WordLlamaEmbedder()
    async with open_database(url, connections=_CONNECTIONS) as store:
        ids = await _ids(store)

        async def block(_: int, number: int) -> None:
            async with store.session(read_only=True) as session:
                await get_block(session, ids[number % len(ids)])

        async def search(_: int, number: int) -> None:
            async with store.session(read_only=True) as session:
                await search_blocks(session, embedder, questions[number % len(questions)])

        both = (
            Question(
                "a block",
                options.requests,
                block,
                lambda number: f"/v1/blocks/{ids[number % len(ids)]}",
            ),
            Question(
                "search",
                max(options.requests // _SEARCHES, 100),
                search,
                lambda number: f"/v1/search?q={quote(questions[number % len(questions)])}",
            ),
        )
        return [await measured(one, options.together, address, process) for one in both]


async def _ids(store: Database) -> list[UUID]:
    async with store.session(read_only=True) as session:
        return [block.id async for block in list_blocks(session, BlockFilter())]


@contextmanager
def served(url: str, folder: Path) -> Generator[tuple[str, int]]:
    """The address and the process of `briefsmith serve`, without a limit of requests."""
    environment = {
        "PATH": os.defpath,
        "HOME": str(folder),
        "BRIEFSMITH_DATABASE_URL": url,
        "BRIEFSMITH_REQUESTS_PER_MINUTE": "0",
        "BRIEFSMITH_SERVER_CONNECTIONS": str(_CONNECTIONS),
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "briefsmith", "serve", "--json", "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment,
        )
    try:
        told = process.stdout.readline() if process.stdout else b"{}"
        yield json.loads(told)["url"], process.pid
    finally:
        process.terminate()
        process.wait()


def main() -> int:
    """Always 0: figures are no verdict."""
    options = _options()
    words = Wording(options.data)
    with (
        server(options.database_url) as server_url,
        database(server_url) as url,
        tempfile.TemporaryDirectory() as folder,
    ):
        asyncio.run(_fill(url, words, Path(folder), options.blocks))
        with served(url, Path(folder)) as (address, process):
            found = asyncio.run(all_measured(url, address, process, words, options))
    if options.json:
        print(json.dumps([{**asdict(one), "share": one.share} for one in found]))
        return 0
    table = Table(title=f"{options.blocks:,} blocks, {options.together} at once, one worker")
    for name in ("asked", "bare/s", "HTTP/s", "share", "p50 ms", "p99 ms", "memory MB"):
        table.add_column(name, justify="left" if name == "asked" else "right")
    for one in found:
        before, after = one.memory_mb
        figures = (one.bare_a_second, one.http_a_second)
        table.add_row(
            one.asked,
            *(f"{each:,.0f}" for each in figures),
            f"{one.share:.0%}",
            f"{one.p50_ms:.1f}",
            f"{one.p99_ms:.1f}",
            f"{before:.0f} to {after:.0f}",
        )
    Console(highlight=False).print(table)
    return 0


async def _fill(url: str, words: Wording, folder: Path, blocks: int) -> None:
    path = folder / "blocks.jsonl"
    write_export(path, words.blocks(blocks))
    async with open_database(url) as store:
        async for _ in import_documents(store.session, WordLlamaEmbedder(), [path]):
            pass


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--requests", type=int, default=20_000, help="of the cheap kind (20000)")
    parser.add_argument("--blocks", type=int, default=1_000, help="of the one user (1000)")
    parser.add_argument("--together", type=int, default=8, help="askers at once (8)")
    parser.add_argument("--data", type=Path, default=FOLDER, help="folder of the collections")
    parser.add_argument("--database-url", help="a server to make databases on; else embedded")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
