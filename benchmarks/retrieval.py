"""How well search finds: nDCG@10 and recall@10 on public collections, beside plain BM25 (bm25s).

    python benchmarks/retrieval.py [--data FOLDER] [--database-url URL] [--try NAME=NUMBER,...] [--folds N]
        [--typos] [--json]

See README.md in this folder.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from pathlib import Path
from statistics import fmean, median
from typing import Any

from judged import DEPTH, FOLDER, Collection, Quality, rate, read_collections
from loading import LABEL, load_collection
from rich.console import Console
from rich.table import Table
from scratch import database, server
from typos import mistyped

from briefsmith.operations.search import search_blocks
from briefsmith.postgres.database import Database, open_database
from briefsmith.providers.wordllama import WordLlamaEmbedder
from briefsmith.schemas.search import SearchSettings


@dataclass(frozen=True, slots=True)
class Row:
    """What one way of searching comes to on one collection.

    Attributes:
        by_question: nDCG of each question.
        question_ms: Median of a question, embedding and connection included; None for bm25s,
            which answers all at once.
    """

    collection: str
    method: str
    ndcg: float
    recall: float
    by_question: tuple[float, ...]
    question_ms: float | None = None


def main() -> int:
    """0, or 2 where there is nothing to measure with."""
    options = _options()
    collections = read_collections(options.data)
    if not collections:
        print(
            f"There are no retrieval collections in {options.data}. Each is a folder with "
            "blocks.jsonl, queries.jsonl and qrels.jsonl; name their folder with --data.",
            file=sys.stderr,
        )
        return 2
    ways = _ways(options.tried)
    rows: list[Row] = []
    with server(options.database_url) as server_url:
        for collection in collections:
            print(f"{collection.name}: {len(collection.texts):,} texts ...", file=sys.stderr)
            rows.append(_baseline(collection))
            with database(server_url) as url:
                rows += asyncio.run(_search_all(url, collection, ways, typos=options.typos))
    choices = _validated(rows, collections, list(ways), options.folds) if options.folds else []
    _show(rows, choices, collections, as_json=options.json)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, default=FOLDER, help="folder of the collections")
    parser.add_argument("--database-url", help="a server to make databases on; else embedded")
    parser.add_argument(
        "--try",
        dest="tried",
        action="append",
        default=[],
        metavar="NAME=NUMBER,...",
        help="also search with these settings (k1, b, vector_weight, ...); may be given again",
    )
    parser.add_argument(
        "--folds",
        type=int,
        default=0,
        metavar="N",
        help="cross-validate the choice among all settings: each Nth of the questions is judged by "
        "the setting that is best on the others",
    )
    parser.add_argument(
        "--typos",
        action="store_true",
        help="also ask with a typo in the rarest word of each question",
    )
    parser.add_argument("--json", action="store_true", help="one JSON document")
    return parser.parse_args()


def _ways(tried: Sequence[str]) -> dict[str, SearchSettings]:
    shipped = SearchSettings()
    ways = {
        "Briefsmith": shipped,
        "its words alone": replace(shipped, vector_weight=0.0),
        "its vectors alone": replace(shipped, vector_weight=1.0, expansion_terms=0),
        "not expanded": replace(shipped, expansion_terms=0),
    }
    for text in tried:
        pairs = (part.split("=") for part in text.split(","))
        changes = {name: _number(number) for name, number in pairs}
        ways[text] = replace(shipped, **changes)
    return ways


def _number(text: str) -> Any:
    return int(text) if text.isdecimal() else float(text)


def _baseline(collection: Collection) -> Row:
    """bm25s: the Lucene variant, k1 1.5, b 0.75, English stop words, Snowball stemmer."""
    bm25s, stemmers = import_module("bm25s"), import_module("Stemmer")
    stemmer = stemmers.Stemmer("english")

    def tokens(texts: Sequence[str]) -> Any:
        return bm25s.tokenize(list(texts), stopwords="en", stemmer=stemmer, show_progress=False)

    ranker = bm25s.BM25(method="lucene", k1=1.5, b=0.75)
    ranker.index(tokens(list(collection.texts.values())), show_progress=False)
    asked = tokens(list(collection.questions.values()))
    found: list[list[int]] = ranker.retrieve(asked, k=DEPTH, show_progress=False)[0].tolist()
    ids = list(collection.texts)
    answers = {
        question: [ids[place] for place in places]
        for question, places in zip(collection.questions, found, strict=True)
    }
    return _row(collection, "bm25s", rate(collection, answers))


async def _search_all(
    url: str, collection: Collection, ways: Mapping[str, SearchSettings], *, typos: bool
) -> list[Row]:
    embedder = WordLlamaEmbedder()
    async with open_database(url) as opened:
        await load_collection(opened, embedder, collection)
        rows = [await _search(opened, embedder, collection, *way) for way in ways.items()]
        if typos:
            wrong, shipped = mistyped(collection), SearchSettings()
            for method, settings in {
                "a typo in each": shipped,
                "a typo, not corrected": replace(shipped, typo_weight=0.0),
                "a typo, words alone": replace(shipped, vector_weight=0.0),
                "not corrected, words alone": replace(shipped, vector_weight=0.0, typo_weight=0.0),
            }.items():
                rows.append(await _search(opened, embedder, wrong, method, settings))
    return rows


async def _search(
    opened: Database,
    embedder: WordLlamaEmbedder,
    collection: Collection,
    method: str,
    settings: SearchSettings,
) -> Row:
    print(f"{collection.name}: {method} ...", file=sys.stderr)
    answers: dict[str, list[str]] = {}
    times: list[float] = []
    for question, words in collection.questions.items():
        start = time.perf_counter()
        async with opened.session(read_only=True) as session:
            found = await search_blocks(session, embedder, words, settings=settings, limit=DEPTH)
        times.append(time.perf_counter() - start)
        answers[question] = [hit.block.label.removeprefix(LABEL) for hit in found.hits]
    row = _row(collection, method, rate(collection, answers))
    return replace(row, question_ms=1000 * median(times))


def _row(collection: Collection, method: str, quality: Quality) -> Row:
    return Row(collection.name, method, quality.ndcg, quality.recall, quality.by_question)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a fold's questions come to with the setting that is best on all others.

    Attributes:
        ndcg: Mean over the fold's questions of each collection.
    """

    fold: int
    method: str
    ndcg: Mapping[str, float]


def _validated(
    rows: Sequence[Row], collections: Sequence[Collection], ways: Sequence[str], folds: int
) -> list[Choice]:
    found = {(row.collection, row.method): row.by_question for row in rows}

    def mean(name: str, way: str, fold: int, *, inside: bool) -> float:
        values = found[name, way]
        return fmean(
            value for place, value in enumerate(values) if (place % folds == fold) == inside
        )

    names = [collection.name for collection in collections]
    choices: list[Choice] = []
    for fold in range(folds):
        # Every collection counts the same, however many questions it has.
        best = max(
            ways, key=lambda way: fmean(mean(name, way, fold, inside=False) for name in names)
        )
        held_out = {name: mean(name, best, fold, inside=True) for name in names}
        choices.append(Choice(fold + 1, best, held_out))
    return choices


def _show(
    rows: Sequence[Row],
    choices: Sequence[Choice],
    collections: Sequence[Collection],
    *,
    as_json: bool,
) -> None:
    if as_json:
        shown = {"rows": [asdict(row) for row in rows], "folds": [asdict(one) for one in choices]}
        print(json.dumps(shown))
        return
    table = Table(title="nDCG@10 (recall@10)")
    table.add_column("method")
    for collection in collections:
        table.add_column(
            f"{collection.name}\n{len(collection.questions)} questions", justify="right"
        )
    for method in dict.fromkeys(row.method for row in rows):
        cells = [_cell(row) for row in rows if row.method == method]
        table.add_row(method, *cells)
    Console().print(table)
    for one in choices:
        held_out = ", ".join(f"{name} {value:.3f}" for name, value in one.ndcg.items())
        print(f"fold {one.fold}: {one.method} is best elsewhere; here {held_out}")
    if choices:
        for collection in collections:
            # Weighed by how many questions each fold has: the mean over all questions.
            sizes = [
                len(range(one.fold - 1, len(collection.questions), len(choices))) for one in choices
            ]
            total = sum(
                size * one.ndcg[collection.name] for size, one in zip(sizes, choices, strict=True)
            )
            print(f"cross-validated, {collection.name}: {total / sum(sizes):.3f}")


def _cell(row: Row) -> str:
    took = "" if row.question_ms is None else f"  {row.question_ms:.0f} ms"
    return f"{row.ndcg:.3f} ({row.recall:.3f}){took}"


if __name__ == "__main__":
    sys.exit(main())
