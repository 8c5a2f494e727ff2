"""Each verb measured at one size, beside bare psycopg doing the same."""

import asyncio
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import psycopg
from exports import block_id, write_export
from floors import Bare, Vector
from memory import Memory
from rounds import Comparison, compare, stopwatch
from stages import Stages
from watches import COMPOSE, IMPORT, WRITE
from wording import Wording

from briefsmith.operations.blocks import add_block
from briefsmith.operations.compose import ComposedBrief, compose_brief
from briefsmith.operations.embedded_texts import embedded_text
from briefsmith.operations.imports import import_documents
from briefsmith.operations.search import search_blocks
from briefsmith.postgres.database import Database, open_database
from briefsmith.providers.tokenizer import TokenCounter
from briefsmith.providers.wordllama import WordLlamaEmbedder
from briefsmith.schemas.blocks import NewBlock
from briefsmith.schemas.briefs import NewBrief

_AT_ONCE = 1_000  # as import takes them
_COMMANDS = 7


@dataclass(slots=True)
class Size:
    """What was measured with so many blocks of one user.

    Attributes:
        memory: Of this process, in MB, by when it was looked at.
    """

    blocks: int
    comparisons: list[Comparison] = field(default_factory=list[Comparison])
    memory: Memory = field(default_factory=Memory)


async def measure_size(
    url: str, blocks: int, wording: Wording, folder: Path, *, rounds: int
) -> Size:
    """All of it, on an empty database that is migrated."""
    size = Size(blocks)
    embedder, tokens = WordLlamaEmbedder(), TokenCounter()
    await embedder.embed(["load the model"])
    tokens.count("load the vocabulary")
    async with open_database(url) as opened:
        with Bare(url, opened.user_id, embedder.name) as bare:
            bench = _Bench(url, opened, bare, embedder, tokens, wording, rounds)
            size.memory.note("model loaded")
            _say(f"{blocks:,} blocks: import ...")
            size.comparisons.append(await bench.import_(folder, blocks, size.memory))
            for verb in (bench.search, bench.compose, bench.add, bench.open, bench.command):
                _say(f"{blocks:,} blocks: {verb.__name__} ...")
                size.comparisons.append(await verb())
                size.memory.note(f"after {verb.__name__}")
    return size


def _say(text: str) -> None:
    print(text, file=sys.stderr)


@dataclass(frozen=True)
class _Bench:
    url: str
    opened: Database
    bare: Bare
    embedder: WordLlamaEmbedder
    tokens: TokenCounter
    wording: Wording
    rounds: int

    async def import_(self, folder: Path, blocks: int, memory: Memory) -> Comparison:
        path = folder / "blocks.jsonl"
        write_export(path, self.wording.blocks(blocks))
        stages = Stages()
        memory.note("before import")
        with stages.watch(*IMPORT), stages.round():
            await self._import_file(path)
        memory.note("after import")
        _say(f"{blocks:,} blocks: COPY ...")
        embedding: list[float] = []
        copying: list[float] = []
        for batch in _batches(self.wording.blocks(blocks)):
            with stopwatch(embedding):
                vectors = await self._embed(batch)
            rows = [(block_id(label), label, text) for label, text in batch]
            with stopwatch(copying):
                self.bare.copy_blocks(
                    (*row, vector) for row, vector in zip(rows, vectors, strict=True)
                )
        indexing: list[float] = []
        with stopwatch(indexing):
            self.bare.index_words()
        medians = stages.medians_ms()
        return Comparison(
            operation="import",
            rounds=1,
            ours_ms=medians.pop("total"),
            floors={"COPY": 1000 * sum(copying), "embedding": 1000 * sum(embedding)},
            stages=medians,
            note=f"a tsvector and its GIN index, built after the COPY: {1000 * indexing[0]:,.0f} ms",
        )

    async def _import_file(self, path: Path) -> None:
        problems: list[str] = []
        async for report in import_documents(self.opened.session, self.embedder, [path]):
            problems = [problem.message for problem in report.problems]
        if problems:
            raise SystemExit("\n".join(problems))

    async def _embed(self, blocks: Sequence[tuple[str, str]]) -> list[Vector]:
        texts = [embedded_text(label, text) for label, text in blocks]
        return [vector for vector in await self.embedder.embed(texts) if vector is not None]

    async def search(self) -> Comparison:
        questions = self.wording.questions(self.rounds + 1)
        vectors = [v for v in await self.embedder.embed(questions) if v is not None]

        async def ours(number: int) -> None:
            async with self.opened.session(read_only=True) as session:
                await search_blocks(session, self.embedder, questions[number])

        return await compare(
            "search",
            self.rounds,
            ours,
            {
                "nearest vectors": lambda number: self.bare.nearest(vectors[number]),
                "any word, ts_rank": lambda number: self.bare.any_term(questions[number]),
            },
            WRITE,
        )

    async def compose(self) -> Comparison:
        intents = self.wording.questions(self.rounds + 1)
        made: list[ComposedBrief] = []
        writing: list[float] = []

        async def ours(number: int) -> None:
            async with self.opened.session() as session:
                new = NewBrief(intent=intents[number])
                made.append(await compose_brief(session, self.embedder, self.tokens, new))

        found = await compare("compose", self.rounds, ours, {}, COMPOSE)
        for brief in made:
            snapshot, text = brief.compiled.snapshot, brief.compiled.markdown
            uses = [(part.block_id, part.transformation) for part in snapshot.blocks]
            as_json = snapshot.model_dump_json()
            with stopwatch(writing):
                self.bare.write_brief(brief.brief.intent, as_json, text, uses)
        writing.sort()
        searching = found.stages["searching"] + found.stages["embedding"]
        floors = {
            "its own search": searching,
            "its rows, bare": 1000 * writing[len(writing) // 2],
        }
        return replace(found, floors=floors)

    async def add(self) -> Comparison:
        blocks = list(self.wording.more_blocks(self.rounds + 1))
        vectors = await self._embed(blocks)

        async def ours(number: int) -> None:
            label, content = blocks[number]
            async with self.opened.session() as session:
                await add_block(session, self.embedder, NewBlock(label=label, content=content))

        def floor(number: int) -> None:
            self.bare.insert_block(*blocks[number], vectors[number])

        return await compare("add", self.rounds, ours, {"INSERT": floor}, WRITE)

    async def open(self) -> Comparison:
        async def ours(_number: int) -> None:
            async with open_database(self.url) as opened, opened.session(read_only=True):
                pass

        def floor(_number: int) -> None:
            with psycopg.connect(self.url, autocommit=True) as connection:
                connection.execute("select 1")

        rounds = min(self.rounds, 30)
        return await compare("open the store", rounds, ours, {"connect, select 1": floor}, ())

    async def command(self) -> Comparison:
        questions = self.wording.questions(_COMMANDS + 1)
        environ = {**os.environ, "BRIEFSMITH_DATABASE_URL": self.url}
        bare = "import psycopg, sys; psycopg.connect(sys.argv[1]).execute('select 1')"

        async def ours(number: int) -> None:
            await _run(environ, "-m", "briefsmith", "block", "search", questions[number])

        async def floor(_number: int) -> None:
            await _run(environ, "-c", bare, self.url)

        return await compare(
            "command `block search`", _COMMANDS, ours, {"python, connect, select 1": floor}, ()
        )


async def _run(environ: dict[str, str], *words: str) -> None:
    """One Python process, to its end."""
    nowhere = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        sys.executable, *words, env=environ, stdout=nowhere
    )
    if await process.wait():
        raise SystemExit(1)


def _batches(blocks: Iterator[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    while batch := list(islice(blocks, _AT_ONCE)):
        yield batch
