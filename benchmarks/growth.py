"""How search, adding and the index grow with the blocks of one person; and search among many people.

    python benchmarks/growth.py [--sizes 1000,10000,100000] [--users N --each M] [--rounds 100] [--memory 256] [--docs FOLDER]

One database that grows: blocks come in by COPY, past the import, under the same triggers. Prints figures and asserts
nothing; with --docs it writes them as a page with a plot. See README.md in this folder.
"""

import argparse
import asyncio
import json
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from drawing import plot
from floors import vector_bytes
from judged import FOLDER
from rich.console import Console
from rich.table import Table
from rounds import stopwatch
from scratch import database, server
from wording import Wording

from briefsmith.operations.blocks import add_block
from briefsmith.operations.embedded_texts import embedded_text
from briefsmith.operations.search import search_blocks
from briefsmith.postgres.database import Database, open_database
from briefsmith.postgres.session import Actor
from briefsmith.providers.wordllama import WordLlamaEmbedder
from briefsmith.schemas.blocks import NewBlock

T = TypeVar("T")

_BATCH = 5_000
_WARM_UP = 12  # rounds: what is prepared is planned anew a few times
_PROCESSES = 9  # that ask for the first time
_COPY = (
    "copy public.context_blocks (user_id, label, content, source, meta_embedding, meta_embedding_model)"
    " from stdin (format binary)"
)
_INDEX_BYTES = """
    select sum(pg_total_relation_size(class.oid))::bigint
    from pg_class as class join pg_namespace as space on space.oid = class.relnamespace
    where class.relkind = 'r' and space.nspname = 'briefsmith' and class.relname like 'search%'
"""


@dataclass(frozen=True, slots=True)
class Point:
    """What was measured at one size; milliseconds and bytes.

    Attributes:
        people: How many have so many blocks each.
        first_p50: The first search of a process that has connected.
        search_p50, search_p99: Searches behind a dozen others, which leave a copy of the index where one is made.
    """

    people: int
    blocks: int
    first_p50: float
    search_p50: float
    search_p99: float
    add_p50: float
    add_p99: float
    index_bytes: int
    blocks_bytes: int


def main() -> int:
    """Always 0: figures are no verdict."""
    options = _options()
    wording = Wording(options.data)
    points: list[Point] = []
    with server(options.database_url) as server_url:
        with database(server_url) as url:
            for point in _growing(url, wording, options):
                points.append(point)
                print(f"{point.blocks:,} blocks: search {point.search_p50:.1f} ms", file=sys.stderr)
        if options.users:
            with database(server_url) as url:
                points.append(_among_many(url, wording, options))
    _show(points)
    if options.docs:
        _write(points, options.docs)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--sizes",
        type=lambda text: [int(part) for part in text.split(",")],
        default=[1_000, 10_000, 100_000],
        metavar="N,N",
        help="numbers of blocks of one person, rising (1000,10000,100000)",
    )
    parser.add_argument("--users", type=int, default=0, help="also search among so many people")
    parser.add_argument("--each", type=int, default=1_000, help="blocks of each of them (1000)")
    parser.add_argument("--rounds", type=int, default=100, help="of each (100)")
    parser.add_argument("--memory", type=int, default=256, help="MB that it may keep (256)")
    parser.add_argument("--docs", type=Path, help="folder for the page, the plot and the figures")
    parser.add_argument("--data", type=Path, default=FOLDER, help="folder of the collections")
    parser.add_argument("--database-url", help="a server to make databases on; else embedded")
    return parser.parse_args()


def _growing(url: str, wording: Wording, options: argparse.Namespace) -> Iterator[Point]:
    texts = wording.blocks(max(options.sizes))
    there = 0
    for size in sorted(options.sizes):
        with psycopg.connect(url) as connection:
            [(user,)] = connection.execute("select id from auth.users").fetchall()
        _load(url, [(user, *next(texts)) for _ in range(size - there)])
        there = size
        yield asyncio.run(_measure(url, [user], wording, size, options))


def _among_many(url: str, wording: Wording, options: argparse.Namespace) -> Point:
    with psycopg.connect(url) as connection:
        users = [
            row[0]
            for row in connection.execute(
                "insert into auth.users (id) select gen_random_uuid() from generate_series(1, %s)"
                " returning id",
                (options.users,),
            )
        ]
    texts = list(wording.blocks(options.each))
    for some in _batches(users, 20):
        _load(url, [(user, label, text) for user in some for label, text in texts], quiet=True)
        print(f"\r{users.index(some[-1]) + 1:,} people", end="", file=sys.stderr)
    print(file=sys.stderr)
    return asyncio.run(_measure(url, users, wording, options.each, options))


def _load(url: str, rows: Sequence[tuple[UUID, str, str]], *, quiet: bool = False) -> None:
    embedder = WordLlamaEmbedder()
    with psycopg.connect(url) as connection:
        connection.execute("set search_path = public, extensions")
        done = 0
        for batch in _batches(rows, _BATCH):
            texts = [embedded_text(label, content) for _, label, content in batch]
            vectors = asyncio.run(embedder.embed(texts))
            with connection.cursor().copy(_COPY) as copy:
                for (user, label, content), vector in zip(batch, vectors, strict=True):
                    sent = None if vector is None else vector_bytes(vector)
                    copy.write_row((user, label, content, "user", sent, sent and embedder.name))
            connection.commit()
            done += len(batch)
            if not quiet:
                print(f"\r{done:,} of {len(rows):,} blocks", end="", file=sys.stderr)
        if not quiet:
            print(file=sys.stderr)
        connection.execute("analyze")


def _batches(all_of_them: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(all_of_them), size):
        yield all_of_them[start : start + size]


async def _measure(
    url: str, users: Sequence[UUID], wording: Wording, blocks: int, options: argparse.Namespace
) -> Point:
    chance = random.Random(blocks)  # noqa: S311  no secret
    embedder = WordLlamaEmbedder()
    rounds: int = options.rounds
    memory = 1_000_000 * options.memory
    first: list[float] = []
    searching: list[float] = []
    adding: list[float] = []
    await embedder.embed(["read what it embeds with"])
    for question in wording.questions(_PROCESSES):
        async with open_database(url, of_nobody=True, memory_bytes=memory) as opened:
            await _search(opened, embedder, Actor(chance.choice(users)), first, question)
    async with open_database(url, of_nobody=True, memory_bytes=memory) as opened:
        for number, question in enumerate(wording.questions(rounds + _WARM_UP)):
            if number == _WARM_UP:
                await opened.asides.settle()
            await _search(opened, embedder, Actor(chance.choice(users)), searching, question)
        for label, content in wording.more_blocks(rounds + _WARM_UP):
            await _add(
                opened,
                embedder,
                Actor(chance.choice(users)),
                adding,
                (f"{label} at {blocks}", content),
            )
    with psycopg.connect(url) as connection:
        [(index,)] = connection.execute(_INDEX_BYTES).fetchall()
        [(table,)] = connection.execute(
            "select pg_total_relation_size('public.context_blocks')"
        ).fetchall()
    return Point(
        len(users),
        blocks,
        _percentiles(first)[0],
        *_percentiles(searching[_WARM_UP:]),
        *_percentiles(adding[_WARM_UP:]),
        index,
        table,
    )


async def _search(
    opened: Database,
    embedder: WordLlamaEmbedder,
    actor: Actor,
    searching: list[float],
    question: str,
) -> None:
    with stopwatch(searching):
        async with opened.session(actor, read_only=True) as session:
            await search_blocks(session, embedder, question)


async def _add(
    opened: Database,
    embedder: WordLlamaEmbedder,
    actor: Actor,
    adding: list[float],
    block: tuple[str, str],
) -> None:
    new = NewBlock(label=block[0], content=block[1])
    with stopwatch(adding):
        async with opened.session(actor) as session:
            await add_block(session, embedder, new)


def _percentiles(seconds: Sequence[float]) -> tuple[float, float]:
    cuts = quantiles(seconds, n=100, method="inclusive")
    return 1_000 * cuts[49], 1_000 * cuts[98]


def _rows(points: Sequence[Point]) -> Iterator[list[str]]:
    for one in points:
        among = (
            f"{one.blocks:,}" if one.people == 1 else f"{one.blocks:,} of each of {one.people:,}"
        )
        yield [
            among,
            f"{one.first_p50:.1f}",
            f"{one.search_p50:.1f}",
            f"{one.search_p99:.1f}",
            f"{one.add_p50:.1f}",
            f"{one.add_p99:.1f}",
            f"{one.index_bytes / 1e6:,.0f}",
            f"{one.blocks_bytes / 1e6:,.0f}",
        ]


_HEADS = (
    "blocks",
    "first search p50 ms",
    "search p50 ms",
    "p99",
    "add p50 ms",
    "p99",
    "index MB",
    "blocks MB",
)


def _show(points: Sequence[Point]) -> None:
    table = Table(*_HEADS)
    for row in _rows(points):
        table.add_row(*row)
    Console().print(table)


def _write(points: Sequence[Point], folder: Path) -> None:
    figures = folder / "figures"
    figures.mkdir(parents=True, exist_ok=True)
    written: list[dict[str, Any]] = [asdict(one) for one in points]
    (figures / "growth.json").write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    own = [one for one in points if one.people == 1]
    lines = {
        "first search p50, ms": [(one.blocks, one.first_p50) for one in own],
        "search p50, ms": [(one.blocks, one.search_p50) for one in own],
        "search p99, ms": [(one.blocks, one.search_p99) for one in own],
        "add p50, ms": [(one.blocks, one.add_p50) for one in own],
        "add p99, ms": [(one.blocks, one.add_p99) for one in own],
        "index, MB": [(one.blocks, one.index_bytes / 1e6) for one in own],
    }
    drawn = plot(lines, x="blocks of one person", y="ms, MB")
    (figures / "growth.svg").write_text(drawn, encoding="utf-8")
    table = ["| " + " | ".join(_HEADS) + " |", "|---" * len(_HEADS) + "|"]
    table += ["| " + " | ".join(row) + " |" for row in _rows(points)]
    page = [
        "# How search and the index grow",
        "",
        "Made by `python benchmarks/growth.py --docs docs`; the figures are in `figures/growth.json`. Times are of the",
        "machine that it last ran on, the shape is what travels. Search is the public verb in one process, with the",
        "embedding of the question and its transaction; the first search of a process comes without a copy of the index",
        "([decision 27](decisions/0027-an-index-copied-into-the-process.md)), as do all among many people; add is one",
        "block, committed.",
        "",
        *table,
        "",
        "![p50 and p99 of search and add, and the size of the index, over the number of blocks](figures/growth.svg)",
        "",
    ]
    (folder / "growth.md").write_text("\n".join(page), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
