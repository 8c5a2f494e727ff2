"""The verb search: what it finds, what it never finds, and that no question breaks it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefsmith import errors
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.models.enums import BlockImportance, BlockSource, BlockStatus, BlockType
from briefsmith.operations.blocks import add_block, archive_block, edit_block
from briefsmith.operations.embeddings import reembed
from briefsmith.operations.search import (
    MAX_LIMIT,
    MAX_QUERY_CHARS,
    Found,
    checked_question,
    search_blocks,
)
from briefsmith.postgres.database import Database
from briefsmith.providers.embeddings import Embedder
from briefsmith.schemas.blocks import BlockEdit, BlockFilter, NewBlock
from briefsmith.schemas.search import SearchSettings
from tests.integration.stored import (
    ScriptedEmbedder,
    SilentEmbedder,
    everything,
    new_person,
)

SILENT = SilentEmbedder()


async def _add(store: Database, embedder: Embedder, **fields: Any) -> ContextBlock:
    values: dict[str, Any] = {"content": "x", **fields}
    async with store.session() as session:
        return await add_block(session, embedder, NewBlock(**values))


async def _search(store: Database, embedder: Embedder, words: str, **options: Any) -> Found:
    async with store.session(read_only=True) as session:
        return await search_blocks(session, embedder, words, **options)


async def _labels(store: Database, embedder: Embedder, words: str, **options: Any) -> list[str]:
    return [hit.block.label for hit in (await _search(store, embedder, words, **options)).hits]


# Words


async def test_what_the_best_blocks_share_finds_more_of_the_kind(store: Database) -> None:
    await _add(store, SILENT, label="a", content="Returns: send the parcel back with the receipt.")
    await _add(
        store, SILENT, label="b", content="Returns take a receipt; the parcel costs nothing."
    )
    await _add(store, SILENT, label="c", content="Keep the receipt of every parcel.")
    await _add(store, SILENT, label="d", content="Nothing of the kind.")

    once = SearchSettings(expansion_terms=0)

    assert sorted(await _labels(store, SILENT, "returns", settings=once)) == ["a", "b"]
    assert await _labels(store, SILENT, "returns") in [["a", "b", "c"], ["b", "a", "c"]]


async def test_one_block_alone_expands_no_question(store: Database) -> None:
    await _add(store, SILENT, label="a", content="Returns: send the parcel back.")
    await _add(store, SILENT, label="b", content="The parcel is of card.")

    assert await _labels(store, SILENT, "returns") == ["a"]


async def test_any_word_of_a_question_may_match(store: Database) -> None:
    await _add(store, SILENT, label="a", content="The oak bench is oiled in spring.")
    await _add(store, SILENT, label="b", content="Delivery is free from sixty euros.")
    await _add(store, SILENT, label="c", content="Nothing of the kind.")

    question = "How much does delivery of an oak bench to Portugal cost, please?"
    found = await _labels(store, SILENT, question)

    assert found == ["a", "b"]


async def test_words_of_the_label_and_the_tags_are_found(store: Database) -> None:
    await _add(store, SILENT, label="Wombat rules")
    await _add(store, SILENT, label="b", meta_tags=["numbat"])

    assert await _labels(store, SILENT, "wombats") == ["Wombat rules"]
    assert await _labels(store, SILENT, "numbat") == ["b"]


async def test_a_rarer_word_weighs_more(store: Database) -> None:
    for number in range(5):
        await _add(store, SILENT, label=f"common {number}", content="brush brush brush")
    await _add(store, SILENT, label="rare", content="wombat and other words besides")

    assert (await _labels(store, SILENT, "brush wombat"))[0] == "rare"


async def test_a_word_that_an_edit_took_out_is_not_found(store: Database) -> None:
    block = await _add(store, SILENT, label="a", content="wombat")

    async with store.session() as session:
        await edit_block(session, SILENT, block.id, BlockEdit(content="numbat"))

    assert await _labels(store, SILENT, "wombat") == []
    assert await _labels(store, SILENT, "numbat") == ["a"]


async def test_a_german_block_is_stemmed_in_german(store: Database) -> None:
    await _add(store, SILENT, label="de", content="Die Bürsten sind geölt.", meta_locale="de")
    await _add(store, SILENT, label="en", content="Die Bürsten sind geölt.")
    german = SearchSettings(locale="de-AT")

    found = await _labels(store, SILENT, "Bürste", settings=german)

    assert found == ["de"]


async def test_a_question_to_blocks_of_a_language_is_stemmed_in_that_language(
    store: Database,
) -> None:
    await _add(store, SILENT, label="de", content="Die Bürsten sind geölt.", meta_locale="de")

    found = await _labels(store, SILENT, "Bürste", wanted=BlockFilter(locale="de"))

    assert found == ["de"]


# Filters


@pytest.mark.parametrize("model", [SILENT, ScriptedEmbedder()], ids=["words", "meaning"])
async def test_each_condition_of_a_filter_holds(model: Embedder, store: Database) -> None:
    await _add(
        store,
        model,
        label="odd",
        content="wombat",
        type=BlockType.TOPIC,
        source=BlockSource.PARSER,
        importance=BlockImportance.LOW,
        meta_tags=["a", "b"],
        meta_context_scope="shop",
        meta_locale="en-GB",
    )
    await _add(store, model, label="plain", content="wombat", meta_tags=["a"])

    found = [
        await _labels(store, model, "wombat", wanted=wanted)
        for wanted in (
            BlockFilter(types=(BlockType.TOPIC, BlockType.GUIDE)),
            BlockFilter(sources=(BlockSource.PARSER,)),
            BlockFilter(importances=(BlockImportance.LOW,)),
            BlockFilter(tags=("b", "a")),
            BlockFilter(scope="shop"),
            BlockFilter(locale="en-GB"),
        )
    ]

    assert found == [["odd"]] * 6
    assert sorted(await _labels(store, model, "wombat")) == ["odd", "plain"]
    assert await _labels(store, model, "wombat", wanted=BlockFilter(scope="none")) == []


async def test_a_filter_comes_before_the_limit(store: Database) -> None:
    for number in range(8):
        await _add(store, SILENT, label=f"better {number}", content="wombat wombat wombat")
    await _add(store, SILENT, label="worse", content="wombat " + "and more " * 40, meta_tags=["t"])
    shallow = SearchSettings(depth=1)

    found = await _labels(
        store, SILENT, "wombat", wanted=BlockFilter(tags=("t",)), settings=shallow, limit=1
    )

    assert found == ["worse"]


@pytest.mark.parametrize("model", [SILENT, ScriptedEmbedder()], ids=["words", "meaning"])
async def test_what_is_archived_is_found_by_who_asks_for_it_alone(
    model: Embedder, store: Database
) -> None:
    block = await _add(store, model, label="old", content="wombat")
    locked = await _add(store, model, label="locked", content="wombat")
    async with store.session() as session:
        await archive_block(session, block.id)
        await edit_block(session, model, locked.id, BlockEdit(status=BlockStatus.LOCKED))

    archived = BlockFilter(statuses=(BlockStatus.ARCHIVED,))

    assert await _labels(store, model, "wombat") == ["locked"]
    assert await _labels(store, model, "wombat", wanted=archived) == ["old"]
    assert len(await _labels(store, model, "wombat", wanted=BlockFilter(statuses=()))) == 0


async def test_what_awaits_review_or_is_hidden_is_found_by_its_owner(store: Database) -> None:
    await _add(store, SILENT, label="a", content="wombat", requires_user_review=True)
    await _add(store, SILENT, label="b", content="wombat", meta_visibility="hidden")

    assert sorted(await _labels(store, SILENT, "wombat")) == ["a", "b"]


@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
async def test_a_limit_holds(limit: int, store: Database) -> None:
    model = ScriptedEmbedder()
    for number in range(5):
        await _add(store, model, label=str(number), content="wombat")

    assert len((await _search(store, model, "wombat", limit=limit)).hits) == min(limit, 5)


@pytest.mark.parametrize("limit", [0, -1, MAX_LIMIT + 1])
async def test_a_limit_that_makes_no_sense_is_refused(limit: int, store: Database) -> None:
    with pytest.raises(errors.InvalidInput, match="limit"):
        await _search(store, SILENT, "wombat", limit=limit)


# Meaning


async def test_a_block_without_a_word_of_the_question_is_found_by_meaning(
    store: Database, embedder: Embedder
) -> None:
    await _add(store, embedder, label="fees", content="What a parcel costs to send abroad.")
    await _add(store, embedder, label="oven", content="Bread rises in a warm kitchen.")

    [first, *_] = (await _search(store, embedder, "international shipping prices")).hits

    assert first.block.label == "fees"
    assert first.bm25 == 0
    assert first.cosine is not None
    assert 0 < first.cosine <= 1


async def test_vectors_of_another_model_are_never_compared(store: Database) -> None:
    old, new = ScriptedEmbedder("old"), ScriptedEmbedder("new")
    await _add(store, old, label="old", content="wombat")
    await _add(store, old, label="old, other words", content="numbat")
    await _add(store, new, label="new", content="wombat")
    await _add(store, SILENT, label="none", content="wombat")

    found = await _search(store, new, "wombat")

    assert found.by_meaning
    cosines = {hit.block.label: hit.cosine for hit in found.hits}
    assert sorted(cosines) == ["new", "none", "old"]
    assert (cosines["old"], cosines["none"]) == (None, None)
    assert cosines["new"] is not None


async def test_after_a_change_of_model_and_a_backfill_all_are_compared(store: Database) -> None:
    old, new = ScriptedEmbedder("old"), ScriptedEmbedder("new")
    await _add(store, old, label="a", content="wombat")
    await _add(store, old, label="b", content="numbat")

    _ = [progress async for progress in reembed(store.session, new)]

    assert [hit.cosine is not None for hit in (await _search(store, new, "wombat")).hits] == [
        True,
        True,
    ]
    assert [hit.cosine for hit in (await _search(store, old, "wombat")).hits] == [None]


async def test_where_the_embedder_does_not_answer_words_decide(
    store: Database, embedder: Embedder
) -> None:
    await _add(store, embedder, label="a", content="wombat")
    await _add(store, embedder, label="b", content="numbat")

    found = await _search(store, SILENT, "wombat")

    assert not found.by_meaning
    assert [(hit.block.label, hit.cosine, hit.score) for hit in found.hits] == [("a", None, 1.0)]


async def test_text_without_any_meaning_gets_no_vector(store: Database) -> None:
    class Wordless(ScriptedEmbedder):
        async def embed(self, texts: Any) -> list[Any]:
            return [None for _ in texts]

    block = await _add(store, Wordless(), label="a", content="wombat")

    found = await _search(store, Wordless(), "wombat")

    assert block.meta_embedding_model is None
    assert not found.by_meaning
    assert [hit.block.label for hit in found.hits] == ["a"]


# Odd questions

ODD = [
    "the and of is",
    "'",
    '"',
    "\"wombat' & !oak | (brush):* <-> <2> \\",
    "& | ! :* ()",
    "'; drop table public.context_blocks; --",
    "%(user_id)s %s {} $1",
    "\N{BABY}\N{ZERO WIDTH JOINER}\N{BABY}",
    "\N{LINE SEPARATOR}\x85\x0b wombat",
    "\x00wombat\x00",
    "\ud800 wombat",
    "w" * MAX_QUERY_CHARS,
    "wombat " * (MAX_QUERY_CHARS // 7),
    "\U0001d51e " * (MAX_QUERY_CHARS // 2),
    "a-b-" * (MAX_QUERY_CHARS // 4),
    "http://a.b/c?d=e&f#g user@example.com 1e400 -0.0 0x1F ../../etc/passwd",
    "-1 NaN Infinity null true",
]


@pytest.mark.parametrize("model", [SILENT, None], ids=["words", "meaning"])
@pytest.mark.parametrize("question", ODD, ids=range(len(ODD)))
async def test_an_odd_question_is_answered_and_changes_nothing(
    question: str, model: Embedder | None, store: Database, store_url: str, embedder: Embedder
) -> None:
    await _add(store, embedder, label="a", content="wombat")
    before = everything(store_url)

    found = await _search(store, model or embedder, question)

    assert all(0 <= hit.score <= 1 and hit.bm25 >= 0 for hit in found.hits)
    if "wombat" in question:
        assert [hit.block.label for hit in found.hits] == ["a"]
    assert everything(store_url) == before


@pytest.mark.parametrize("question", ["", " \n\t", "\x00", "\N{NO-BREAK SPACE}"])
async def test_a_blank_question_is_refused(question: str, store: Database) -> None:
    with pytest.raises(errors.InvalidInput, match="nothing to search"):
        await _search(store, SILENT, question)


async def test_an_endless_question_is_refused(store: Database) -> None:
    with pytest.raises(errors.InvalidInput, match="20,000"):
        await _search(store, SILENT, "a " * MAX_QUERY_CHARS)


@given(st.text(min_size=1, max_size=200))
def test_a_checked_question_can_be_stored_and_is_not_blank(words: str) -> None:
    try:
        question = checked_question(words)
    except errors.InvalidInput:
        assert not words.replace("\x00", " ").strip()
    else:
        assert question == question.strip()
        assert question
        assert "\x00" not in question
        question.encode()


async def test_an_empty_store_has_no_hits(store: Database, embedder: Embedder) -> None:
    found = await _search(store, embedder, "wombat")

    assert found == Found([], by_meaning=True)


async def test_blocks_that_say_the_same_come_in_one_order_each_time(
    store: Database, embedder: Embedder
) -> None:
    for number in range(12):
        await _add(store, embedder, label=f"n{number}", content="The wombat sleeps in the day.")

    answers = [(await _search(store, embedder, "wombat day", limit=7)).hits for _ in range(4)]

    assert all(answer == answers[0] for answer in answers)
    scores = [hit.score for hit in answers[0]]
    assert scores == sorted(scores, reverse=True)


# Somebody else


@pytest.mark.parametrize("model", [SILENT, ScriptedEmbedder()], ids=["words", "meaning"])
async def test_blocks_of_another_are_no_hits_and_weigh_nothing(
    model: Embedder, store: Database, store_url: str
) -> None:
    await _add(store, model, label="mine", content="wombat brush")
    await _add(store, model, label="mine too", content="oak brush")
    before = await _search(store, model, "wombat brush")
    other = new_person(store_url)

    async with store.session(other) as session:
        for number in range(10):
            new = NewBlock(label=f"theirs {number}", content="wombat wombat")
            await add_block(session, model, new)

    assert await _search(store, model, "wombat brush") == before
    async with store.session(other) as session:
        theirs = await search_blocks(session, model, "wombat brush")
    assert {hit.block.user_id for hit in theirs.hits} == {other.user_id}
