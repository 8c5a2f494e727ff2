"""Long blocks are found by their best part."""

import numpy as np
import pytest

from briefsmith.compiler.parts import parts_of
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.operations.blocks import add_block, edit_block, purge_block
from briefsmith.operations.counts import count_blocks
from briefsmith.operations.embedded_texts import embedded_text
from briefsmith.operations.embeddings import reembed
from briefsmith.operations.search import search_blocks
from briefsmith.postgres.database import Database
from briefsmith.providers.embeddings import Embedder
from briefsmith.schemas.blocks import BlockEdit, NewBlock
from briefsmith.schemas.search import SearchSettings
from tests.integration.stored import ScriptedEmbedder, SilentEmbedder, ask

MEANING = SearchSettings(vector_weight=1.0, expansion_terms=0)
PARTS = [
    "The kiln is fired to twelve hundred degrees and cools for two days. " * 13,
    "Invoices are paid within thirty days, by bank transfer or by card. " * 13,
    "The orchard is pruned in February, when the sap has not yet risen. " * 13,
]
LONG = "\n\n".join(part.strip() for part in PARTS)


async def _add(store: Database, embedder: Embedder, content: str, label: str) -> ContextBlock:
    async with store.session() as session:
        return await add_block(session, embedder, NewBlock(label=label, content=content))


async def _cosine(store: Database, embedder: Embedder, words: str, label: str) -> float | None:
    async with store.session(read_only=True) as session:
        found = await search_blocks(session, embedder, words, settings=MEANING, limit=100)
    return next((hit.cosine for hit in found.hits if hit.block.label == label), None)


def _held(url: str) -> int:
    return ask(url, "select count(*) from briefsmith.block_parts")[0][0]


async def _near(embedder: Embedder, words: str, text: str) -> float:
    question, vector = await embedder.embed([words, text])
    assert question is not None
    assert vector is not None
    return float(np.dot(question, vector))


@pytest.mark.parametrize("others", [0, 70])
async def test_the_cosine_of_a_long_block_is_that_of_its_nearest_part(
    store: Database, embedder: Embedder, others: int
) -> None:
    for number in range(others):  # with the 64th they are posted
        await _add(store, embedder, f"Something else, number {number}.", f"other {number}")
    await _add(store, embedder, LONG, "long")
    words = "when do you prune the orchard"

    found = await _cosine(store, embedder, words, "long")

    texts = [LONG, *parts_of(LONG)]
    expected = max([await _near(embedder, words, embedded_text("long", one)) for one in texts])
    assert found == pytest.approx(expected, abs=1e-5)
    assert expected > await _near(embedder, words, embedded_text("long", LONG))


async def test_a_short_block_has_no_parts(
    store: Database, store_url: str, embedder: Embedder
) -> None:
    await _add(store, embedder, PARTS[0], "short")

    assert _held(store_url) == 0


async def test_parts_follow_the_text_and_go_with_the_block(
    store: Database, store_url: str, embedder: Embedder
) -> None:
    block = await _add(store, embedder, LONG, "long")
    first = _held(store_url)

    async with store.session() as session:
        await edit_block(session, embedder, block.id, BlockEdit(content=f"{LONG}\n\n{LONG}"))
    longer = _held(store_url)
    async with store.session() as session:
        await edit_block(session, embedder, block.id, BlockEdit(content="Short now."))
    shorter = _held(store_url)
    async with store.session() as session:
        await edit_block(session, embedder, block.id, BlockEdit(content=LONG))
        await purge_block(session, block.id)

    assert first == len(parts_of(LONG))
    assert longer == len(parts_of(f"{LONG}\n\n{LONG}"))
    assert (shorter, _held(store_url)) == (0, 0)


async def test_reembed_makes_the_parts_that_are_missing_or_of_another_model(
    store: Database, store_url: str, embedder: Embedder
) -> None:
    await _add(store, SilentEmbedder(), LONG, "long")
    before = _held(store_url)

    for model in (embedder, ScriptedEmbedder("another")):
        async with store.session(read_only=True) as session:
            assert (await count_blocks(session, model.name)).unembedded == 1
        async for _ in reembed(store.session, model):
            pass
        async with store.session(read_only=True) as session:
            assert (await count_blocks(session, model.name)).unembedded == 0

    assert before == 0
    rows = ask(store_url, "select model, count(*)::integer from briefsmith.block_parts group by 1")
    assert rows == [("another", len(parts_of(LONG)))]
