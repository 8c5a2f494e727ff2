"""The verb reembed: vectors for what has none of the present model, in a backfill that can be stopped."""

import asyncio
from collections.abc import Sequence

import pytest

from briefsmith import errors
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.models.enums import BlockStatus
from briefsmith.operations import embeddings
from briefsmith.operations.blocks import (
    add_block,
    archive_block,
    edit_block,
)
from briefsmith.operations.counts import count_blocks
from briefsmith.operations.embedded_texts import embedded_text_sha256
from briefsmith.operations.embeddings import ReembedProgress, reembed
from briefsmith.postgres.database import Database
from briefsmith.providers.embeddings import Embedder, Vector
from briefsmith.schemas.blocks import BlockEdit, NewBlock
from tests.integration.stored import (
    ScriptedEmbedder,
    SilentEmbedder,
    ask,
    events,
    everything,
    new_person,
    tell,
)

OLD, NEW = ScriptedEmbedder("old"), ScriptedEmbedder("new")


async def _fill(store: Database, count: int, model: Embedder = OLD) -> list[ContextBlock]:
    async with store.session() as session:
        return [
            await add_block(session, model, NewBlock(label=f"label {number}", content="x"))
            for number in range(count)
        ]


async def _reembed(store: Database, model: Embedder = NEW) -> list[ReembedProgress]:
    return [progress async for progress in reembed(store.session, model)]


async def _waiting(store: Database, model: Embedder = NEW) -> int:
    async with store.session(read_only=True) as session:
        return (await count_blocks(session, model.name)).unembedded


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings, "BATCH", 4)


async def test_after_a_change_of_model_every_block_gets_a_vector_of_the_new_one(
    store: Database, store_url: str
) -> None:
    made = await _fill(store, 10)
    before = events(store_url)
    assert await _waiting(store) == 10

    progress = await _reembed(store)

    assert progress == [
        ReembedProgress(4, 4, 10),
        ReembedProgress(8, 8, 10),
        ReembedProgress(10, 10, 10),
    ]
    assert await _waiting(store) == 0
    rows = ask(store_url, "select version, meta_embedding_model from public.context_blocks")
    assert rows == [(1, NEW.name)] * 10
    assert ask(store_url, "select count(*) from public.block_revisions") == [(0,)]
    assert events(store_url) == before
    [fresh] = await NEW.embed([f"{made[0].label}\n{made[0].content}"])
    assert fresh is not None
    [(distance,)] = ask(
        store_url,
        "select (meta_embedding::real[])[1:3] from public.context_blocks where id = %s",
        made[0].id,
    )
    assert distance == pytest.approx(fresh[:3].tolist())


async def test_a_second_backfill_has_nothing_to_do(store: Database, store_url: str) -> None:
    await _fill(store, 5)
    await _reembed(store)
    before = everything(store_url)

    assert await _reembed(store) == []

    assert everything(store_url) == before


async def test_locked_and_archived_blocks_get_their_vectors_too(
    store: Database, store_url: str
) -> None:
    first, second = await _fill(store, 2)
    async with store.session() as session:
        await edit_block(session, OLD, first.id, BlockEdit(status=BlockStatus.LOCKED))
        await archive_block(session, second.id)

    await _reembed(store)

    rows = ask(store_url, "select distinct meta_embedding_model, version from context_blocks")
    assert rows == [(NEW.name, 2)]


async def test_blocks_that_were_added_without_an_embedder_get_their_vectors(
    store: Database,
) -> None:
    await _fill(store, 3, SilentEmbedder())

    assert [progress.written for progress in await _reembed(store)] == [3]


async def test_a_backfill_that_is_stopped_keeps_whole_batches_and_goes_on_from_there(
    store: Database,
) -> None:
    await _fill(store, 10)

    progress = reembed(store.session, NEW)
    async for step in progress:
        assert step.written == 4
        break
    await progress.aclose()
    waiting = await _waiting(store)
    rest = await _reembed(store)

    assert waiting == 6
    assert rest[-1] == ReembedProgress(6, 6, 6)
    assert await _waiting(store) == 0


async def test_a_backfill_whose_embedder_falls_silent_keeps_whole_batches(
    store: Database,
) -> None:
    class Tiring(ScriptedEmbedder):
        async def embed(self, texts: Sequence[str]) -> list[Vector | None]:
            if self.calls == 2:
                message = "The embedding service does not answer."
                raise errors.EmbedderUnavailable(message)
            return await super().embed(texts)

    await _fill(store, 10)

    with pytest.raises(errors.EmbedderUnavailable):
        await _reembed(store, Tiring("new"))

    assert await _waiting(store) == 2
    await _reembed(store)
    assert await _waiting(store) == 0


async def test_a_cancelled_backfill_keeps_whole_batches(store: Database) -> None:
    there = asyncio.Event()

    class Waiting(ScriptedEmbedder):
        async def embed(self, texts: Sequence[str]) -> list[Vector | None]:
            if self.calls == 1:
                there.set()
                await asyncio.Event().wait()
            return await super().embed(texts)

    await _fill(store, 10)
    task = asyncio.create_task(_reembed(store, Waiting("new")))
    await there.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task

    assert await _waiting(store) == 6
    await _reembed(store)
    assert await _waiting(store) == 0


async def test_a_text_that_changes_in_between_keeps_what_it_has(
    store: Database, store_url: str
) -> None:
    made = sorted(await _fill(store, 3), key=lambda block: block.id)

    class Slow(ScriptedEmbedder):
        async def embed(self, texts: Sequence[str]) -> list[Vector | None]:
            if self.calls == 0:
                self.calls = 1
                async with store.session() as session:
                    edit = BlockEdit(content="changed meanwhile")
                    await edit_block(session, OLD, made[1].id, edit)
            return await super().embed(texts)

    progress = await _reembed(store, Slow("new"))

    assert progress == [ReembedProgress(3, 2, 3)]
    rows = ask(store_url, "select meta_embedding_model from public.context_blocks order by id")
    assert [row[0] for row in rows] == ["new", "old", "new"]
    assert [step.written for step in await _reembed(store)] == [1]


async def test_a_block_that_is_purged_in_between_is_passed_over(
    store: Database, store_url: str
) -> None:
    made = await _fill(store, 3)

    class Slow(ScriptedEmbedder):
        async def embed(self, texts: Sequence[str]) -> list[Vector | None]:
            tell(store_url, "delete from public.context_blocks where id = %s", made[0].id)
            return await super().embed(texts)

    assert [step.written for step in await _reembed(store, Slow("new"))] == [2]


async def test_the_embedder_is_asked_outside_of_any_transaction(
    store: Database, store_url: str
) -> None:
    open_transactions: list[int] = []

    class Looking(ScriptedEmbedder):
        async def embed(self, texts: Sequence[str]) -> list[Vector | None]:
            [(found,)] = ask(
                store_url,
                "select count(*) from pg_stat_activity where datname = current_database()"
                " and state like 'idle in transaction%'",
            )
            open_transactions.append(found)
            return await super().embed(texts)

    await _fill(store, 5)

    await _reembed(store, Looking("new"))

    assert open_transactions == [0, 0]


async def test_text_without_any_meaning_is_passed_over_and_ends_the_backfill(
    store: Database, store_url: str
) -> None:
    class Wordless(ScriptedEmbedder):
        async def embed(self, texts: Sequence[str]) -> list[Vector | None]:
            return [None for _ in texts]

    await _fill(store, 6, SilentEmbedder())

    progress = await _reembed(store, Wordless("new"))

    assert progress[-1] == ReembedProgress(6, 0, 6)
    assert ask(store_url, "select count(meta_embedding) from public.context_blocks") == [(0,)]


async def test_two_backfills_at_once_end_with_every_vector(store: Database) -> None:
    await _fill(store, 10)

    await asyncio.gather(_reembed(store), _reembed(store))

    assert await _waiting(store) == 0


async def test_blocks_of_another_are_left_alone(store: Database, store_url: str) -> None:
    await _fill(store, 2)
    other = new_person(store_url)

    assert [step async for step in reembed(lambda: store.session(other), NEW)] == []

    assert await _waiting(store) == 2


@pytest.mark.parametrize("text", ["x", "a\nb", "\N{LINE SEPARATOR}\N{BABY}\r\n", "\\n\t "])
async def test_database_and_package_hash_a_text_in_the_same_way(
    text: str, store: Database, store_url: str
) -> None:
    async with store.session() as session:
        block = await add_block(session, SilentEmbedder(), NewBlock(label="l", content=f"x{text}"))

    await _reembed(store)

    [(found,)] = ask(
        store_url,
        "select encode(sha256(convert_to(label || E'\\n' || content, 'UTF8')), 'hex')"
        " from public.context_blocks",
    )
    assert found == embedded_text_sha256(block.label, block.content)
    assert await _waiting(store) == 0
