"""A word that no block has is taken for one that is close."""

import pytest

from briefsmith.operations.blocks import add_block
from briefsmith.operations.search import search_blocks
from briefsmith.postgres.database import Database
from briefsmith.postgres.session import Actor
from briefsmith.schemas.blocks import NewBlock
from briefsmith.schemas.search import SearchSettings
from briefsmith.store import vocabulary
from tests.integration.stored import SilentEmbedder, new_person

SILENT = SilentEmbedder()


async def _add(store: Database, texts: list[str], actor: Actor | None = None) -> None:
    async with store.session(actor) as session:
        for number, text in enumerate(texts):
            await add_block(session, SILENT, NewBlock(label=f"{text[:9]} {number}", content=text))


async def _found(store: Database, words: str, typo_weight: float = 0.7) -> list[str]:
    settings = SearchSettings(typo_weight=typo_weight)
    async with store.session(read_only=True) as session:
        found = await search_blocks(session, SILENT, words, settings=settings)
    return [hit.block.content for hit in found.hits]


@pytest.mark.parametrize("others", [0, 80], ids=["waiting", "posted"])
@pytest.mark.parametrize("word", ["gvernment", "govenrment", "ogvernment", "Govrnment"])
async def test_a_typo_finds_what_was_meant(word: str, others: int, database: Database) -> None:
    text = "The government of the harbour."
    await _add(database, [text, "Keepers of the lighthouse.", *(["Something else."] * others)])

    assert await _found(database, word) == [text]
    assert await _found(database, word, typo_weight=0.0) == []


async def test_what_is_spelled_right_is_found_first(database: Database) -> None:
    await _add(database, ["A harbour.", "A lighthouse.", "An anchor."])

    assert await _found(database, "harbuor lighthouse") == [
        "A lighthouse.",
        "A harbour.",
    ]


async def test_a_question_whose_words_are_known_asks_for_no_vocabulary(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _add(database, ["The government of the harbour."])

    async def refused(*_: object) -> list[str]:
        pytest.fail("the vocabulary was asked for")

    monkeypatch.setattr(vocabulary, "select_vocabulary", refused)

    assert await _found(database, "harbour governments") != []
    assert await _found(database, "gpt-99 xy 2026") == []


async def test_the_words_of_another_correct_nothing(database: Database, database_url: str) -> None:
    other = new_person(database_url)
    await _add(database, ["The government of the harbour."], other)
    await _add(database, ["An anchor."])

    assert await _found(database, "gvernment") == []
