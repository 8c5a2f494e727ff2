"""What holds the phrases of a question comes first, and nothing is lost by asking for them."""

from typing import Any

import pytest

from briefsmith.models.enums import BlockStatus
from briefsmith.operations.blocks import add_block, archive_block
from briefsmith.operations.search import search_blocks
from briefsmith.postgres.database import Database
from briefsmith.providers.embeddings import Embedder
from briefsmith.schemas.blocks import BlockFilter, NewBlock
from tests.integration.stored import SilentEmbedder

SILENT = SilentEmbedder()

# Shorter, so that words alone would put it first.
_APART = "Water, deep, a lock."
_TOGETHER = "The lock of the old harbour keeps a lot of deep water in for the boats of the town."
_OTHER = "An anchor."


async def _add(store: Database, *texts: str, embedder: Embedder = SILENT, **fields: Any) -> None:
    async with store.session() as session:
        for number, text in enumerate(texts):
            # A word of its own: what labels share would be searched for as well.
            label = "q" + "".join("abcdefghij"[int(digit)] for digit in str(number))
            new = NewBlock(label=label, content=text, **fields)
            await add_block(session, embedder, new)


async def _found(
    store: Database, words: str, embedder: Embedder = SILENT, **options: Any
) -> list[str]:
    async with store.session(read_only=True) as session:
        found = await search_blocks(session, embedder, words, **options)
    return [hit.block.content for hit in found.hits]


@pytest.mark.parametrize("others", [0, 80], ids=["waiting", "posted"])
async def test_a_block_with_the_phrase_comes_before_one_with_its_words(
    others: int, database: Database
) -> None:
    await _add(database, _APART, _TOGETHER, _OTHER, *(["Something else."] * others))

    assert await _found(database, "deep water lock") == [_APART, _TOGETHER]
    assert await _found(database, '"deep water" lock') == [_TOGETHER, _APART]
    assert await _found(database, "„deep water“ lock") == [_TOGETHER, _APART]
    assert await _found(database, '"deep water" "old harbour"') == [_TOGETHER, _APART]


@pytest.mark.parametrize(
    "question",
    ['"water deep lock"', '"deep wombat" water', '"of the" deep water', '"""" deep water'],
)
async def test_a_phrase_that_no_block_has_loses_no_answer(
    question: str, database: Database
) -> None:
    await _add(database, _APART, _TOGETHER, _OTHER)

    assert await _found(database, question) == [_APART, _TOGETHER]


async def test_one_word_in_quotation_marks_is_no_phrase(database: Database) -> None:
    await _add(database, _APART, "Deep town.")

    for question in ("deep town water", 'deep town "water"', 'deep town "the water"'):
        assert await _found(database, question) == ["Deep town.", _APART]


async def test_a_block_with_the_phrase_is_looked_at_however_many_have_its_words(
    database: Database, embedder: Embedder
) -> None:
    # Words and vectors bring 200 candidates each; all of these are shorter and say it more often.
    await _add(
        database, _TOGETHER, *(f"Deep lot keeps deep {n}" for n in range(450)), embedder=embedder
    )

    assert (await _found(database, '"keeps a lot of deep"', embedder, limit=3))[0] == _TOGETHER


async def test_a_block_with_the_phrase_that_the_filter_refuses_is_not_found(
    database: Database,
) -> None:
    await _add(database, _APART, _TOGETHER)
    async with database.session() as session:
        found = await search_blocks(session, SILENT, '"deep water"')
        await archive_block(session, found.hits[0].block.id)

    assert await _found(database, '"deep water"') == [_APART]
    archived = BlockFilter(statuses=(BlockStatus.ARCHIVED,))
    assert await _found(database, '"deep water"', wanted=archived) == [_TOGETHER]


@pytest.mark.parametrize(
    ("phrase", "text", "apart"),
    [
        ("on 2026-05-17 at", "It was weighed on 2026-05-17 at noon", "At 17 on 05 and 2026"),
        ("user id", "The function getUserId stands here", "An id, a user"),
        ("東京都", "私は東京都に住む人です", "京都と東京"),
        ("état naïf", "Un état naïf de la chose ici", "naïf, naïf état"),
        ("briefsmith.dev docs", "See briefsmith.dev docs for it", "docs, briefsmith.dev"),
    ],
)
async def test_a_phrase_is_read_as_texts_are(
    phrase: str, text: str, apart: str, database: Database
) -> None:
    await _add(database, apart, text)

    assert await _found(database, f"“{phrase}”") == [text, apart]
