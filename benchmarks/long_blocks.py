"""What it is worth that a long block is compared by its parts, and not as a whole alone.

    python benchmarks/long_blocks.py [--data FOLDER] [--database-url URL]

Prints figures and asserts nothing. See README.md in this folder.
"""

import argparse
import asyncio
import random
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import psycopg
from judged import DEPTH, FOLDER, Collection, Quality, rate, read_collections
from loading import LABEL, load_collection
from rich.console import Console
from rich.table import Table
from scratch import database, server

from briefsmith.operations.search import search_blocks
from briefsmith.postgres.database import Database, open_database
from briefsmith.providers.wordllama import WordLlamaEmbedder
from briefsmith.schemas.search import SearchSettings

_TEXTS = 6  # of a long block


def main() -> int:
    """0, or 2 where there is no collection."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, default=FOLDER, help="folder of the collections")
    parser.add_argument("--database-url", help="a server to make databases on; else embedded")
    options = parser.parse_args()
    collections = read_collections(options.data)
    if not collections:
        print(f"There is no collection in {options.data}.", file=sys.stderr)
        return 2
    table = Table("collection", "long blocks", "", "as a whole", "by the best part")
    with server(options.database_url) as server_url:
        for collection in collections:
            print(f"{collection.name} ...", file=sys.stderr)
            joined = _joined(collection)
            with database(server_url) as url:
                for name, (whole, parts) in asyncio.run(_measure(url, joined)).items():
                    figures = [f"{one.ndcg:.3f} ({one.recall:.3f})" for one in (whole, parts)]
                    table.add_row(collection.name, f"{len(joined.texts):,}", name, *figures)
    Console().print("nDCG@10 (recall@10); a block answers as well as the best of its texts")
    Console().print(table)
    return 0


def _joined(collection: Collection) -> Collection:
    """Texts that have nothing to do with each other, six in a block."""
    keys = [key for key, text in collection.texts.items() if text.strip()]
    random.Random(0).shuffle(keys)  # noqa: S311  no secret
    groups = {str(start): keys[start : start + _TEXTS] for start in range(0, len(keys), _TEXTS)}
    texts = {
        name: "\n\n".join(collection.texts[key] for key in group) for name, group in groups.items()
    }
    group_of = {key: name for name, group in groups.items() for key in group}
    grades: dict[str, dict[str, float]] = {}
    for question, found in collection.grades.items():
        for key, grade in found.items():
            if key in group_of:
                of_question = grades.setdefault(question, {})
                name = group_of[key]
                of_question[name] = max(grade, of_question.get(name, 0.0))
    questions = {one: words for one, words in collection.questions.items() if one in grades}
    return replace(collection, texts=texts, questions=questions, grades=grades)


async def _measure(url: str, joined: Collection) -> Mapping[str, tuple[Quality, Quality]]:
    ways = {
        "Briefsmith": SearchSettings(),
        "its vectors alone": SearchSettings(vector_weight=1.0, expansion_terms=0),
    }
    embedder = WordLlamaEmbedder()
    async with open_database(url) as opened:
        await load_collection(opened, embedder, joined)
        with_parts = {
            name: await _rated(opened, embedder, joined, way) for name, way in ways.items()
        }
        with psycopg.connect(url) as connection:
            connection.execute("delete from briefsmith.block_parts")
        return {
            name: (await _rated(opened, embedder, joined, way), with_parts[name])
            for name, way in ways.items()
        }


async def _rated(
    opened: Database, embedder: WordLlamaEmbedder, joined: Collection, settings: SearchSettings
) -> Quality:
    answers: dict[str, list[str]] = {}
    for question, words in joined.questions.items():
        async with opened.session(read_only=True) as session:
            found = await search_blocks(session, embedder, words, settings=settings, limit=DEPTH)
        answers[question] = [hit.block.label.removeprefix(LABEL) for hit in found.hits]
    return rate(joined, answers)


if __name__ == "__main__":
    sys.exit(main())
