"""What a process remembers of an index never shows: it answers as one that remembers nothing."""

from random import Random

import psycopg
import pytest

from briefsmith.models.enums import BlockStatus
from briefsmith.operations.search import search_blocks
from briefsmith.postgres.database import Database, open_database
from briefsmith.postgres.session import Actor
from briefsmith.providers.embeddings import Embedder
from briefsmith.schemas.blocks import BlockFilter
from tests.integration.stored import new_person, tell

WORDS = ("oak", "linen", "kettle", "harbour", "violin", "ledger", "saffron", "granite")

# By the kind of change, what a superuser runs with one number in [0, 1).
CHANGES = {
    "added": """
        insert into public.context_blocks (user_id, label, content, meta_embedding, meta_embedding_model)
        select user_id, 'new ' || gen_random_uuid(), content || ' anew', meta_embedding, meta_embedding_model
        from public.context_blocks order by md5(id::text || {0}) limit 70""",
    "one added": """
        insert into public.context_blocks (user_id, label, content, meta_embedding, meta_embedding_model)
        select user_id, 'new ' || gen_random_uuid(), 'oak granite', meta_embedding, meta_embedding_model
        from public.context_blocks order by md5(id::text || {0}) limit 1""",
    "purged": """
        delete from public.context_blocks
        where id in (select id from public.context_blocks order by md5(id::text || {0}) limit 9)""",
    "worded anew": """
        update public.context_blocks set content = 'violin ' || content
        where id in (select id from public.context_blocks order by md5(id::text || {0}) limit 9)""",
    "embedded anew": """
        update public.context_blocks as one
        set meta_embedding = (
          select other.meta_embedding from public.context_blocks as other
          order by md5(other.id::text || {0}) limit 1
        )
        where id in (select id from public.context_blocks order by md5({0} || id::text) limit 9)""",
    "of another model": """
        update public.context_blocks set meta_embedding_model = 'another'
        where meta_embedding is not null and id in (select id from public.context_blocks order by md5(id::text || {0}) limit 9)""",
    "archived": """
        update public.context_blocks set status = 'archived'
        where id in (select id from public.context_blocks order by md5(id::text || {0}) limit 30)""",
}


async def _found(
    store: Database, embedder: Embedder, words: str, actor: Actor | None = None
) -> list[object]:
    found: list[object] = []
    async with store.session(actor, read_only=True) as session:
        for wanted in (BlockFilter(), BlockFilter(statuses=(BlockStatus.ARCHIVED,))):
            hits = (await search_blocks(session, embedder, words, wanted=wanted)).hits
            found += [
                # Sums of the same numbers, now and then in another order.
                (hit.block.id, hit.block.version, pytest.approx(hit.score, rel=1e-9), hit.cosine)
                for hit in hits
            ]
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_after_any_changes_a_process_that_remembers_answers_as_one_that_does_not(
    seed: int, store: Database, store_url: str, embedder: Embedder
) -> None:
    chance = Random(seed)  # noqa: S311  no secret
    for number in range(150):
        await _add(store, store_url, embedder, f"n{number}", " ".join(chance.choices(WORDS, k=5)))

    for _ in range(12):
        await _copied(store, embedder)
        name = chance.choice(sorted(CHANGES))
        tell(store_url, CHANGES[name].replace("{0}", f"'{chance.random()}'"))
        question = " ".join(chance.choices(WORDS, k=2))
        async with open_database(store_url, user=str(store.user_id)) as fresh:
            expected = await _found(fresh, embedder, question)

        assert await _found(store, embedder, question) == expected, name
        await _copied(store, embedder)
        assert await _found(store, embedder, question) == expected, name


async def _copied(store: Database, embedder: Embedder) -> None:
    """Asks until the index is copied whole."""
    for _ in range(2):
        await _found(store, embedder, "oak")
    await store.asides.settle()
    async with store.session(read_only=True) as session:
        index = session.memory.get(("index", store.user_id))
        vectors = session.memory.get(("vectors", store.user_id, embedder.name))
    assert index is not None
    assert vectors is not None


async def test_documents_that_wait_until_they_are_posted_are_found_all_the_time(
    store: Database, store_url: str, embedder: Embedder
) -> None:
    chance = Random(4)  # noqa: S311  no secret
    waiting = set[int]()

    for number in range(90):
        await _add(store, store_url, embedder, f"n{number}", " ".join(chance.choices(WORDS, k=5)))
        if number == 5:  # one that changes while it waits
            tell(store_url, CHANGES["embedded anew"].replace("{0}", "'x'"))
        question = " ".join(chance.choices(WORDS, k=2))
        async with open_database(store_url, user=str(store.user_id)) as fresh:
            expected = await _found(fresh, embedder, question)

        assert await _found(store, embedder, question) == expected, number
        await store.asides.settle()
        with psycopg.connect(store_url) as connection:
            [(count,)] = connection.execute(
                "select count(*) from briefsmith.search_documents where not is_posted"
            ).fetchall()
        waiting.add(count)

    assert {0, 1, 63} <= waiting


async def _add(store: Database, store_url: str, embedder: Embedder, label: str, text: str) -> None:
    [vector] = await embedder.embed([text])
    assert vector is not None
    tell(
        store_url,
        "insert into public.context_blocks"
        " (user_id, label, content, meta_embedding, meta_embedding_model)"
        " values (%s, %s, %s, %s::real[]::vector, %s)",
        store.user_id,
        label,
        text,
        vector.tolist(),
        embedder.name,
    )


async def test_another_person_finds_nothing_of_what_is_remembered(
    store: Database, store_url: str, embedder: Embedder
) -> None:
    other = new_person(store_url)
    [vector] = await embedder.embed(["oak"])
    assert vector is not None
    tell(
        store_url,
        "insert into public.context_blocks (user_id, label, content, meta_embedding, meta_embedding_model)"
        " select %s, 'n' || one, 'oak', %s::real[]::vector, %s from generate_series(1, 100) as one",
        store.user_id,
        vector.tolist(),
        embedder.name,
    )

    mine = await _found(store, embedder, "oak")
    theirs = await _found(store, embedder, "oak", other)

    assert len(mine) == 10
    assert theirs == []
