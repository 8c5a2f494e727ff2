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
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import fmean, median, quantiles
from typing import IO, Any

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
from briefsmith.postgres.database import open_database
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
        return FunctionEmbedder(
            "shared", lambda texts: [by_text[text.partition("\n")[2] or text] for text in texts]
        )

    def nearest(self, question: int) -> set[int]:
        """The ten nearest of the blocks held, exactly."""
        cosines = self.vectors[: len(self.held)] @ self.vectors[question]
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
            "work", "who", "p50 ms", "p99 ms", "beside the floor", "recall of the 10 nearest"
        )
        for (work, who), every in self.seconds.items():
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
            for added, question in zip(texts.more, texts.asked, strict=True):
                words, text = texts.texts[question], texts.texts[added]
                for work, settings in (
                    ("nearest vectors", _VECTORS_ALONE),
                    ("words and vectors", SearchSettings()),
                ):
                    start = time.perf_counter()
                    async with opened.session(read_only=True) as session:
                        found = await search_blocks(session, embedder, words, settings=settings)
                    figures.note(work, "Briefsmith", time.perf_counter() - start)
                    if work == "nearest vectors":
                        here = {ids.get(hit.block.id, -1) for hit in found.hits}
                        _note_recall(figures, "Briefsmith", here, texts, question)
                start = time.perf_counter()
                bare.nearest(texts.vectors[question])
                figures.note("nearest vectors", "bare psycopg", time.perf_counter() - start)
                for name, peer in peers.items():
                    told = peer.do("search", [question])
                    figures.note("nearest vectors", name, told["seconds"])
                    _note_recall(figures, name, set(told["found"]), texts, question)
                start = time.perf_counter()
                async with opened.session() as session:
                    await add_block(
                        session, embedder, NewBlock(label=texts.labels[added], content=text)
                    )
                figures.note("add", "Briefsmith", time.perf_counter() - start)
                start = time.perf_counter()
                bare.insert_block(texts.labels[added], text, texts.vectors[added])
                figures.note("add", "bare psycopg", time.perf_counter() - start)
                for name, peer in peers.items():
                    figures.note("add", name, peer.do("add", [added])["seconds"])


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


def _note_recall(figures: Figures, who: str, found: set[int], texts: Texts, question: int) -> None:
    # What was added meanwhile may push one out; that is no miss.
    wanted = texts.nearest(question)
    newer = len({one for one in found if one not in texts.held})
    hit = min(len(found & wanted) + newer, _NEAREST)
    figures.recall.setdefault(who, []).append(hit / _NEAREST)


if __name__ == "__main__":
    sys.exit(main())
