"""Adding, importing and searching beside what a user would take instead, and bare psycopg, in one run.

    python benchmarks/peers.py [--blocks 10000] [--rounds 100] [--data FOLDER] [--database-url URL]

LangGraph's `PostgresStore` and `mem0ai` (pgvector, nothing inferred) are installed into an environment of their own, once.
All get the same texts and the same vectors, and take turns. Prints figures and asserts nothing. See README.md in this folder.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median, quantiles
from typing import IO, Any
from uuid import UUID

import numpy as np
from exports import block_id, write_export
from floors import Bare
from judged import FOLDER
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scratch import database, plain_database, server
from wording import Wording

from briefsmith.operations.blocks import add_block
from briefsmith.operations.imports import import_documents
from briefsmith.operations.search import search_blocks
from briefsmith.postgres.database import Database, open_database
from briefsmith.providers.own_embedders import FunctionEmbedder
from briefsmith.providers.wordllama import WordLlamaEmbedder
from briefsmith.schemas.blocks import NewBlock
from briefsmith.schemas.search import SearchSettings

_HERE = Path(__file__).resolve().parent
_HOME = _HERE.parent / ".benchmarks" / "peers"
_PEERS = ("langgraph", "mem0")
_VECTORS_ALONE = SearchSettings(vector_weight=1.0, expansion_terms=0)
_WARM_UP = 12  # rounds
_NEAREST = 10


class Texts:
    """Texts and questions with their vectors, in step: blocks, blocks to be added, questions."""

    def __init__(self, wording: Wording, blocks: int, rounds: int) -> None:
        self.held = range(blocks)
        self.more = range(blocks, blocks + rounds)
        self.asked = range(blocks + rounds, blocks + 2 * rounds)
        labelled = [*wording.blocks(blocks), *wording.more_blocks(rounds)]
        self.labels = [label for label, _ in labelled]
        self.texts = [*(text for _, text in labelled), *wording.questions(rounds)]
        found = asyncio.run(WordLlamaEmbedder().embed(self.texts))
        self.vectors: NDArray[np.float32] = np.stack(
            [np.zeros(256, np.float32) if one is None else one for one in found]
        )

    def embedder(self) -> FunctionEmbedder:
        """What gives the same vectors to Briefsmith, which embeds label and text."""
        by_text = dict(zip(self.texts, self.vectors.tolist(), strict=True))

        def shared(texts: list[str]) -> list[list[float]]:
            return [by_text.get(one) or by_text[one.partition("\n")[2]] for one in texts]

        return FunctionEmbedder("shared", shared)

    def nearest(self, question: int, held: int) -> set[int]:
        """The ten nearest of the first texts, exactly."""
        cosines = self.vectors[:held] @ self.vectors[question]
        return set(np.argsort(-cosines)[:_NEAREST].tolist())


class Figures:
    """Seconds of each work by each contestant, and recall."""

    def __init__(self) -> None:
        self.seconds: dict[tuple[str, str], list[float]] = {}
        self.recall: dict[str, list[float]] = {}

    def note(self, work: str, who: str, seconds: float) -> None:
        """One round."""
        self.seconds.setdefault((work, who), []).append(seconds)

    def show(self, blocks: int) -> None:
        """A table of each work, in the order of the contestants."""
        table = Table(
            "work", "who", "p50 ms", "p99 ms", "a second", "beside the floor", "recall@10, vectors"
        )
        for (work, who), every in sorted(self.seconds.items(), key=lambda one: one[0][0]):
            seconds = every[_WARM_UP:] or every
            floor = self.seconds.get((work, "bare psycopg"), seconds)
            beside = median(seconds) / median(floor[_WARM_UP:] or floor)
            last = quantiles(seconds, n=100, method="inclusive")[98] if len(seconds) > 1 else 0.0
            recall = self.recall.get(who, []) if work == "nearest vectors" else []
            table.add_row(
                work,
                who,
                f"{1_000 * median(seconds):,.1f}",
                f"{1_000 * last:,.1f}" if last else "",
                f"{(blocks if work == 'import' else 1) / median(seconds):,.0f}",
                f"{beside:.1f}",
                f"{fmean(recall):.3f}" if recall else "",
            )
        Console().print(f"{blocks:,} blocks of one person")
        Console().print(table)


class Peer:
    """A peer's process."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def answer(self) -> dict[str, Any]:
        """The next line.

        Raises:
            SystemExit: It has ended; what it said stands above.
        """
        out: IO[str] = self._process.stdout or sys.stdin
        line = out.readline()
        if not line:
            message = "A peer has ended."
            raise SystemExit(message)
        return json.loads(line)

    def do(self, work: str, at: Sequence[int]) -> dict[str, Any]:
        """One piece of work; how long it took, and what it found."""
        print(json.dumps({"do": work, "at": list(at)}), file=self._process.stdin, flush=True)
        return self.answer()


def main() -> int:
    """Always 0: figures are no verdict."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--blocks", type=int, default=10_000, help="held before (10000)")
    parser.add_argument("--rounds", type=int, default=100, help="of each work (100)")
    parser.add_argument("--data", type=Path, default=FOLDER, help="folder of the collections")
    parser.add_argument("--database-url", help="a server to make databases on; else embedded")
    options = parser.parse_args()
    python = _environment()
    texts = Texts(Wording(options.data), options.blocks, options.rounds + _WARM_UP)
    figures = Figures()
    with ExitStack() as stack:
        server_url = stack.enter_context(server(options.database_url))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "texts.json").write_text(json.dumps(texts.texts), encoding="utf-8")
        np.save(folder / "vectors.npy", texts.vectors)
        peers = {
            name: stack.enter_context(
                _peer(python, name, stack.enter_context(plain_database(server_url)), folder)
            )
            for name in _PEERS
        }
        url = stack.enter_context(database(server_url))
        asyncio.run(_measure(url, texts, peers, folder, figures))
    figures.show(options.blocks)
    return 0


def _environment() -> Path:
    python = _HOME / "bin" / "python"
    wanted = (_HERE / "peers_requirements.txt").read_text(encoding="utf-8")
    mark = _HOME / "installed.txt"
    if not mark.exists() or mark.read_text(encoding="utf-8") != wanted:
        print("Installing the peers (once) ...", file=sys.stderr)
        venv.create(_HOME, with_pip=True, clear=True)
        command = [
            python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "-r",
            _HERE / "peers_requirements.txt",
        ]
        subprocess.run(command, check=True)
        mark.write_text(wanted, encoding="utf-8")
    return python


@contextmanager
def _peer(python: Path, name: str, url: str, folder: Path) -> Generator[Peer]:
    command = [python, _HERE / "peers_worker.py", name, url, folder]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        peer = Peer(process)
        peer.answer()
        yield peer
        process.terminate()


async def _measure(
    url: str, texts: Texts, peers: dict[str, Peer], folder: Path, figures: Figures
) -> None:
    embedder = texts.embedder()
    async with open_database(url) as opened:
        with Bare(url, opened.user_id, embedder.name) as bare:
            _import_others(bare, texts, peers, figures)
            path = folder / "blocks.jsonl"
            write_export(path, [(texts.labels[one], texts.texts[one]) for one in texts.held])
            start = time.perf_counter()
            async for report in import_documents(opened.session, embedder, [path]):
                if report.problems:
                    raise SystemExit(report.problems[0].message)
            figures.note("import", "Briefsmith", time.perf_counter() - start)
            ids = {block_id(texts.labels[one]): one for one in texts.held}
            rounds = _Rounds(opened, bare, peers, texts, embedder, figures, ids)
            for number, (added, question) in enumerate(zip(texts.more, texts.asked, strict=True)):
                await rounds.run(number, added, question)


@dataclass
class _Rounds:
    """Rounds of all works, each contestant first in its turn."""

    _opened: Database
    _bare: Bare
    _peers: Mapping[str, Peer]
    _texts: Texts
    _embedder: FunctionEmbedder
    _figures: Figures
    _ids: dict[UUID, int]

    async def run(self, number: int, added: int, question: int) -> None:
        """All works once: searching among what is there, then one more."""
        turns = [self._ours, self._floor, self._langgraph, self._mem0]
        first = number % len(turns)
        for turn in (*turns[first:], *turns[:first]):
            await turn(added, question)

    async def _ours(self, added: int, question: int) -> None:
        words, text = self._texts.texts[question], self._texts.texts[added]
        for work, settings in (
            ("nearest vectors", _VECTORS_ALONE),
            ("words and vectors", SearchSettings()),
        ):
            start = time.perf_counter()
            async with self._opened.session(read_only=True) as session:
                found = await search_blocks(session, self._embedder, words, settings=settings)
            self._figures.note(work, "Briefsmith", time.perf_counter() - start)
            if work == "nearest vectors":
                here = {self._ids[hit.block.id] for hit in found.hits}
                self._recall("Briefsmith", here, added, question)
        new = NewBlock(label=self._texts.labels[added], content=text)
        start = time.perf_counter()
        async with self._opened.session() as session:
            block = await add_block(session, self._embedder, new)
        self._figures.note("add", "Briefsmith", time.perf_counter() - start)
        self._ids[block.id] = added

    async def _floor(self, added: int, question: int) -> None:
        vector, words = self._texts.vectors[question], self._texts.texts[question]
        start = time.perf_counter()
        self._bare.nearest(vector)
        middle = time.perf_counter()
        self._bare.any_term(words)
        end = time.perf_counter()
        self._figures.note("nearest vectors", "bare psycopg", middle - start)
        self._figures.note("words and vectors", "bare psycopg", end - start)
        start = time.perf_counter()
        label, text = self._texts.labels[added], self._texts.texts[added]
        self._bare.insert_block(label, text, self._texts.vectors[added])
        self._figures.note("add", "bare psycopg", time.perf_counter() - start)

    async def _langgraph(self, added: int, question: int) -> None:
        told = self._peers["langgraph"].do("search", [question])
        self._figures.note("nearest vectors", "langgraph", told["seconds"])
        self._recall("langgraph", set(told["found"]), added, question)
        told = self._peers["langgraph"].do("add", [added])
        self._figures.note("add", "langgraph", told["seconds"])

    async def _mem0(self, added: int, question: int) -> None:
        told = self._peers["mem0"].do("search", [question])
        self._figures.note("words and vectors", "mem0", told["seconds"])
        self._figures.note("add", "mem0", self._peers["mem0"].do("add", [added])["seconds"])

    def _recall(self, who: str, found: set[int], added: int, question: int) -> None:
        wanted = self._texts.nearest(question, held=added)
        self._figures.recall.setdefault(who, []).append(len(found & wanted) / _NEAREST)


def _import_others(bare: Bare, texts: Texts, peers: dict[str, Peer], figures: Figures) -> None:
    start = time.perf_counter()
    bare.copy_blocks(
        (block_id(texts.labels[one]), texts.labels[one], texts.texts[one], texts.vectors[one])
        for one in texts.held
    )
    bare.index_words()
    figures.note("import", "bare psycopg", time.perf_counter() - start)
    for name, peer in peers.items():
        print(f"{name}: import ...", file=sys.stderr)
        figures.note("import", name, peer.do("import", texts.held)["seconds"])


if __name__ == "__main__":
    sys.exit(main())
