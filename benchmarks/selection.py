"""How much of what is relevant a brief holds, beside packing by rank; and selection beside the optimum.

    python benchmarks/selection.py [--data FOLDER] [--database-url URL] [--cases N] [--json]

See README.md in this folder.
"""

import argparse
import asyncio
import itertools
import json
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean

from judged import FOLDER, Collection, read_collections
from loading import LABEL, load_collection
from rich.console import Console
from rich.table import Table
from scratch import database, server

from briefsmith.compiler.brief import CompiledBrief
from briefsmith.compiler.knapsack import Item, best_choice
from briefsmith.operations.compose import (
    PreparedComposition,
    compile_prepared,
    prepare_composition,
)
from briefsmith.postgres.database import Database, open_database
from briefsmith.providers.tokenizer import TokenCounter
from briefsmith.providers.wordllama import WordLlamaEmbedder
from briefsmith.schemas.briefs import NewBrief

BUDGETS = (1_000, 2_000, 4_000)
_PLENTY_TOKENS = 3 * BUDGETS[-1]
"""Room for more blocks, all whole, than packing by rank may take at any of the budgets."""


@dataclass(frozen=True, slots=True)
class Held:
    """Means over the questions of a collection.

    Attributes:
        ours: Share of the relevant blocks that the brief holds, in whatever form.
        ours_whole: The same of those that it holds whole.
        by_rank: Share that whole blocks hold, taken by rank as long as one fits.
    """

    collection: str
    budget_tokens: int
    ours: float
    ours_whole: float
    by_rank: float


@dataclass(frozen=True, slots=True)
class Optimum:
    """Objective of the knapsack as a part of the greatest one, over generated cases."""

    cases: int
    mean: float
    worst: float


def main() -> int:
    """0, or 2 where there is nothing to measure with."""
    options = _options()
    optimum = _against_the_optimum(options.cases)
    collections = read_collections(options.data)
    if not collections:
        print(f"There are no retrieval collections in {options.data}.", file=sys.stderr)
        return 2
    rows: list[Held] = []
    with server(options.database_url) as server_url:
        for collection in collections:
            print(f"{collection.name}: {len(collection.questions)} questions", file=sys.stderr)
            with database(server_url) as url:
                rows += asyncio.run(_held(url, collection))
    if options.json:
        print(json.dumps({"optimum": asdict(optimum), "held": [asdict(row) for row in rows]}))
        return 0
    _show(rows, optimum)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, default=FOLDER, help="folder of the collections")
    parser.add_argument("--database-url", help="a server to make databases on; else embedded")
    parser.add_argument("--cases", type=int, default=1_000, help="generated cases (1000)")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    return parser.parse_args()


def _show(rows: Sequence[Held], optimum: Optimum) -> None:
    print(
        f"Objective against the optimum, {optimum.cases:,} cases: mean {optimum.mean:.4f}, "
        f"worst {optimum.worst:.4f}"
    )
    table = Table(title="Share of the relevant blocks that are held")
    for name in ("collection", "tokens", "brief", "of it whole", "whole by rank", "ratio"):
        table.add_column(name, justify="left" if name == "collection" else "right")
    for row in rows:
        shares = (f"{share:.3f}" for share in (row.ours, row.ours_whole, row.by_rank))
        ratio = f"{row.ours / row.by_rank:.2f}" if row.by_rank else "-"
        table.add_row(row.collection, f"{row.budget_tokens:,}", *shares, ratio)
    Console().print(table)


async def _held(url: str, collection: Collection) -> list[Held]:
    embedder, tokens = WordLlamaEmbedder(), TokenCounter()
    shares: dict[int, list[tuple[float, float, float]]] = {budget: [] for budget in BUDGETS}
    async with open_database(url) as opened:
        await load_collection(opened, embedder, collection)
        for question, words in collection.questions.items():
            grades = collection.grades[question]
            prepared = await _prepared(opened, embedder, tokens, words)
            plenty = _at(prepared, _PLENTY_TOKENS, mode="verbatim")
            frame = _at(replace(prepared, sources=()), BUDGETS[0]).snapshot.rendered_tokens
            for budget in BUDGETS:
                brief = _at(prepared, budget)
                shares[budget].append(
                    (
                        _share(_labels(brief), grades),
                        _share(_labels(brief, whole=True), grades),
                        _share(_by_rank(plenty, budget - frame), grades),
                    )
                )
    return [
        Held(collection.name, budget, *map(fmean, zip(*found, strict=True)))
        for budget, found in shares.items()
    ]


async def _prepared(
    opened: Database, embedder: WordLlamaEmbedder, tokens: TokenCounter, words: str
) -> PreparedComposition:
    async with opened.session(read_only=True) as session:
        new = NewBrief(intent=words, budget_tokens=BUDGETS[-1])
        return await prepare_composition(session, embedder, tokens, new)


def _at(prepared: PreparedComposition, budget: int, *, mode: str | None = None) -> CompiledBrief:
    request = replace(prepared.request, budget_tokens=budget, mode=mode)
    return compile_prepared(replace(prepared, request=request))


def _labels(brief: CompiledBrief, *, whole: bool = False) -> list[str]:
    return [
        str(section.label).removeprefix(LABEL)
        for section, entry in zip(
            sorted(brief.document.sections, key=lambda one: one.block_id),
            sorted(brief.snapshot.blocks, key=lambda one: one.block_id),
            strict=True,
        )
        if not whole or entry.transformation == "used-as-is"
    ]


def _by_rank(plenty: CompiledBrief, left: int) -> list[str]:
    """Whole blocks by falling relevance, in the form that briefs have, as long as they fit."""
    labels = {one.block_id: str(one.label) for one in plenty.document.sections}
    taken: list[str] = []
    for entry in sorted(plenty.snapshot.blocks, key=lambda one: -one.parts["relevance"]):
        if entry.tokens > left:
            break
        left -= entry.tokens
        taken.append(labels[entry.block_id].removeprefix(LABEL))
    return taken


def _share(labels: Sequence[str], grades: Mapping[str, float]) -> float:
    return len(grades.keys() & set(labels)) / len(grades)


def _against_the_optimum(cases: int) -> Optimum:
    """Up to 25 candidates, each in up to three variants; every choice is looked at."""
    chance = random.Random(7)  # noqa: S311  no secret
    parts: list[float] = []
    for _ in range(cases):
        groups = [_group(chance) for _ in range(chance.randint(1, 25))]
        capacity = chance.randint(50, 2_000)
        numbers = best_choice(groups, capacity, small=chance.choice((0, 500_000)))
        taken = [group[at - 1] for group, at in zip(groups, numbers, strict=True) if at]
        assert sum(item.tokens for item in taken) <= capacity  # noqa: S101  else nothing is worth measuring
        best = _greatest(groups, capacity)
        parts.append(sum(item.worth for item in taken) / best if best else 1.0)
    return Optimum(cases, fmean(parts), min(parts))


def _group(chance: random.Random) -> list[Item]:
    tokens, worth = chance.randint(20, 600), chance.uniform(0.01, 2.0)
    shares = [1.0, chance.uniform(0.4, 0.95), chance.uniform(0.05, 0.4)][: chance.randint(1, 3)]
    return [
        Item(max(int(tokens * share**1.5), 1), round(worth * share * 2**20) / 2**20)
        for share in shares
    ]


def _greatest(groups: Sequence[Sequence[Item]], capacity: int) -> float:
    """Of every choice, by lists of those that no other one beats in both tokens and worth.

    Source: Nemhauser and Ullmann, Discrete Dynamic Programming and Capital Allocation (1969).
    """
    front: list[tuple[int, float]] = [(0, 0.0)]
    for group in groups:
        grown = [
            (tokens + item.tokens, worth + item.worth)
            for (tokens, worth), item in itertools.product(front, [Item(0, 0.0), *group])
            if tokens + item.tokens <= capacity
        ]
        front = []
        for tokens, worth in sorted(grown, key=lambda one: (one[0], -one[1])):
            if not front or worth > front[-1][1]:
                front.append((tokens, worth))
    return front[-1][1]


if __name__ == "__main__":
    sys.exit(main())
