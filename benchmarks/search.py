"""How fast search is at several sizes: p50 and p99 beside bare psycopg on the same server in the same run.

    python benchmarks/search.py [--sizes 1000,10000,100000] [--rounds 100] [--data FOLDER] [--database-url URL]

Prints figures and asserts nothing. See README.md in this folder.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import quantiles

from exports import block_id, write_export
from floors import Bare
from judged import FOLDER
from rich.console import Console
from rich.table import Table
from rounds import stopwatch
from scratch import database, server
from wording import Wording

from briefsmith.operations.embedded_texts import embedded_text
from briefsmith.operations.imports import import_documents
from briefsmith.operations.search import search_blocks
from briefsmith.postgres.database import Database, open_database
from briefsmith.providers.wordllama import WordLlamaEmbedder

Times = dict[str, list[float]]
"""Seconds of each round, by what was done."""

_WARM_UP = 12  # rounds: what is prepared is planned anew a few times


def main() -> int:
    """Always 0: figures are no verdict."""
    options = _options()
    wording = Wording(options.data)
    table = Table("blocks", "work", "p50 ms", "p99 ms", "p50 beside the floor")
    with server(options.database_url) as server_url:
        for blocks in options.sizes:
            print(f"{blocks:,} blocks ...", file=sys.stderr)
            with database(server_url) as url:
                times = asyncio.run(_measure(url, blocks, wording, options.rounds))
            for row in _rows(blocks, times):
                table.add_row(*row)
    Console().print(table)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--sizes",
        type=lambda text: [int(part) for part in text.split(",")],
        default=[1_000, 10_000, 100_000],
        metavar="N,N",
        help="numbers of blocks of one user (1000,10000,100000)",
    )
    parser.add_argument("--rounds", type=int, default=100, help="of each (100)")
    parser.add_argument("--data", type=Path, default=FOLDER, help="folder of the collections")
    parser.add_argument("--database-url", help="a server to make databases on; else embedded")
    return parser.parse_args()


async def _measure(url: str, blocks: int, wording: Wording, rounds: int) -> Times:
    embedder = WordLlamaEmbedder()
    questions = wording.questions(rounds + _WARM_UP)
    vectors = await embedder.embed(questions)
    times: Times = {"search": [], "nearest vectors, bare": [], "any word, ts_rank, bare": []}
    async with open_database(url) as opened:
        with Bare(url, opened.user_id, embedder.name) as bare:
            await _load(opened, bare, embedder, wording, blocks)
            for question, vector in zip(questions, vectors, strict=True):
                with stopwatch(times["search"]):
                    async with opened.session(read_only=True) as session:
                        await search_blocks(session, embedder, question)
                if vector is not None:
                    with stopwatch(times["nearest vectors, bare"]):
                        bare.nearest(vector)
                with stopwatch(times["any word, ts_rank, bare"]):
                    bare.any_term(question)
    return {name: seconds[_WARM_UP:] for name, seconds in times.items()}


async def _load(
    opened: Database, bare: Bare, embedder: WordLlamaEmbedder, wording: Wording, blocks: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "blocks.jsonl"
        write_export(path, wording.blocks(blocks))
        async for report in import_documents(opened.session, embedder, [path]):
            if report.problems:
                raise SystemExit(report.problems[0].message)
    texts = list(wording.blocks(blocks))
    vectors = await embedder.embed([embedded_text(*text) for text in texts])
    bare.copy_blocks(
        (block_id(label), label, content, vector)
        for (label, content), vector in zip(texts, vectors, strict=True)
        if vector is not None
    )
    bare.index_words()


def _rows(blocks: int, times: Times) -> list[Sequence[str]]:
    floor = sum(_percentile(seconds, 50) for name, seconds in times.items() if name != "search")
    return [
        (
            f"{blocks:,}",
            name,
            f"{_percentile(seconds, 50):.1f}",
            f"{_percentile(seconds, 99):.1f}",
            f"{_percentile(seconds, 50) / floor:.2f}" if name == "search" else "",
        )
        for name, seconds in times.items()
    ]


def _percentile(seconds: Sequence[float], percent: int) -> float:
    return 1_000 * quantiles(seconds, n=100, method="inclusive")[percent - 1]


if __name__ == "__main__":
    sys.exit(main())
