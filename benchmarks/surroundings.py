"""What it is worth that a piece is indexed with the last words of the piece before it, and with that alone.

    python benchmarks/surroundings.py [--data FOLDER] [--database-url URL]

Prints figures and asserts nothing. See README.md in this folder.
"""

import argparse
import asyncio
import re
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from exports import block_id
from judged import DEPTH, FOLDER, Collection, Quality, rate, read_collections
from loading import LABEL, load_collection
from rich.console import Console
from rich.table import Table
from scratch import database, server

from briefsmith.operations.search import search_blocks
from briefsmith.postgres.database import Database, open_database
from briefsmith.providers.wordllama import WordLlamaEmbedder
from briefsmith.store.block_surroundings import upsert_surroundings

_SENTENCES = 2  # of a piece
_BATCH = 500


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
    table = Table("collection", "pieces", "alone", "with the piece before")
    with server(options.database_url) as server_url:
        for collection in collections:
            print(f"{collection.name} ...", file=sys.stderr)
            pieces = _in_pieces(collection)
            with database(server_url) as url:
                alone, with_before = asyncio.run(_measure(url, pieces))
            table.add_row(
                collection.name,
                f"{len(pieces.texts):,}",
                f"{alone.ndcg:.3f} ({alone.recall:.3f})",
                f"{with_before.ndcg:.3f} ({with_before.recall:.3f})",
            )
    Console().print("nDCG@10 (recall@10) of pieces; a piece answers as well as its text")
    Console().print(table)
    return 0


def _in_pieces(collection: Collection) -> Collection:
    texts: dict[str, str] = {}
    for key, text in collection.texts.items():
        sentences = re.split(r"(?<=[.!?])\s+", text.strip())
        for start in range(0, len(sentences), _SENTENCES):
            piece = " ".join(sentences[start : start + _SENTENCES])
            if piece:
                texts[f"{key}n{start // _SENTENCES}"] = piece
    grades = {
        question: {piece: found[text] for piece in texts if (text := _text_of(piece)) in found}
        for question, found in collection.grades.items()
    }
    return replace(collection, texts=texts, grades=grades)


def _text_of(piece: str) -> str:
    return piece.rpartition("n")[0]


async def _measure(url: str, pieces: Collection) -> tuple[Quality, Quality]:
    embedder = WordLlamaEmbedder()
    async with open_database(url) as opened:
        await load_collection(opened, embedder, pieces)
        alone = await _rated(opened, embedder, pieces)
        following = [
            (block_id(LABEL + one), block_id(LABEL + before))
            for before, one in pairwise(pieces.texts)
            if _text_of(before) == _text_of(one)
        ]
        for start in range(0, len(following), _BATCH):
            async with opened.session() as session:
                await upsert_surroundings(session, dict(following[start : start + _BATCH]))
        return alone, await _rated(opened, embedder, pieces)


async def _rated(opened: Database, embedder: WordLlamaEmbedder, pieces: Collection) -> Quality:
    answers: dict[str, list[str]] = {}
    for question, words in pieces.questions.items():
        async with opened.session(read_only=True) as session:
            found = await search_blocks(session, embedder, words, limit=DEPTH)
        answers[question] = [hit.block.label.removeprefix(LABEL) for hit in found.hits]
    return rate(pieces, answers)


if __name__ == "__main__":
    sys.exit(main())
