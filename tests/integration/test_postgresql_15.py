"""The oldest PostgreSQL that works: with pgvector everything runs, without it the refusal is clear.

The server with pgvector comes from a wheel of some 15 MB, fetched once; unpacking and starting takes seconds.
"""

import asyncio
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from briefsmith import errors
from briefsmith.models.enums import BlockType
from briefsmith.operations.blocks import add_block, edit_block
from briefsmith.operations.search import search_blocks
from briefsmith.postgres.database import (
    connect,
    open_database,
    prepare_database,
    server_facts,
)
from briefsmith.providers.wordllama import WordLlamaEmbedder
from briefsmith.schemas.blocks import BlockEdit, NewBlock
from briefsmith.store.block_revisions import select_revisions
from tests.conftest import Server
from tests.integration.lexical import fresh_index, stored_index
from tests.integration.servers import running, system_programs
from tests.integration.town import settle


@pytest.fixture(scope="module")
def without_vector() -> Iterator[str]:
    with running(system_programs()) as url:
        yield url


async def test_a_server_without_pgvector_is_told_so_when_it_is_migrated(
    without_vector: str,
) -> None:
    with pytest.raises(errors.VectorMissing) as caught:
        await prepare_database(without_vector)

    assert caught.value.code == "B802"
    assert "pgvector" in caught.value.message
    with psycopg.connect(without_vector) as connection:
        left = connection.execute(
            "select from pg_namespace where nspname in ('briefsmith', 'auth', 'extensions')"
        )
        assert left.rowcount == 0


async def test_a_server_without_pgvector_is_told_so_when_it_is_opened(
    without_vector: str,
) -> None:
    with pytest.raises(errors.VectorMissing) as caught:
        async with open_database(without_vector):
            pass

    assert "pgvector" in caught.value.hint


async def test_a_server_says_of_itself_what_it_is(without_vector: str) -> None:
    connection = await connect(without_vector)
    try:
        facts = await server_facts(connection)
    finally:
        await connection.close()

    assert facts.server_version // 10000 == 15
    assert (facts.vector_version, facts.vector_available) == (None, False)
    assert (facts.is_old, facts.has_blocks, facts.is_legacy, facts.is_supabase) == (
        False,
        False,
        False,
        False,
    )


@pytest.fixture
def migrated_url(server_15: Server) -> Iterator[str]:
    url = server_15.migrated_database()
    yield url
    server_15.drop(url)


async def test_blocks_are_kept_versioned_and_found(
    migrated_url: str, embedder: WordLlamaEmbedder
) -> None:
    async with open_database(migrated_url) as database, database.session() as session:
        new = NewBlock(label="Voice", content="We write plainly.", type=BlockType.STYLE_GUIDE)
        block = await add_block(session, embedder, new)
        await add_block(session, embedder, NewBlock(label="Oak", content="Oak from Denmark."))
        edit = BlockEdit(content="We write plainly, about brushes.")
        await edit_block(session, embedder, block.id, edit, expected_version=1)

        found = await search_blocks(session, embedder, "which brushes?")

        assert found.hits[0].block.id == block.id
        assert found.hits[0].bm25 > 0
        assert found.hits[0].cosine is not None
        assert [item.version for item in await select_revisions(session, block.id)] == [1]


def test_two_people_are_kept_apart_and_one_goes_whole(migrated_url: str) -> None:
    with psycopg.connect(migrated_url) as connection:
        connection.execute("set search_path = public, extensions")
        town = settle(connection)
        kept = town.everything(town.ann)
        with town.acting(town.bob):
            seen = {table: town.count(table) for table in town.tables}
        assert seen == {table: len(rows) for table, rows in town.everything(town.bob).items()}

        connection.execute("delete from auth.users where id = %s", [town.bob])

        assert town.everything(town.bob) == town.nothing
        assert town.everything(town.ann) == kept


def test_the_index_follows_the_blocks(migrated_url: str) -> None:
    with psycopg.connect(migrated_url) as connection:
        connection.execute("set search_path = public, extensions")
        connection.execute(
            """
            insert into public.context_blocks (user_id, label, content)
            select id, 'label ' || n, 'wombats run ' || n from auth.users, generate_series(1, 4) as n
            """
        )
        connection.execute("delete from public.context_blocks where label = 'label 1'")
        connection.execute(
            "update public.context_blocks set content = 'oak' where label = 'label 2'"
        )

        assert len(stored_index(connection).documents) == 3
        assert stored_index(connection) == fresh_index(connection)


def test_a_login_that_is_no_superuser_can_migrate_and_work(server_15: Server) -> None:
    url = server_15.empty_database()
    name = str(conninfo_to_dict(url)["dbname"])
    owner = sql.Identifier(f"{name}_owner")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("create role {} login createrole").format(owner))
        connection.execute(
            sql.SQL("alter database {} owner to {}").format(sql.Identifier(name), owner)
        )
        connection.execute("create schema extensions")
        connection.execute("grant usage on schema extensions to public")
        connection.execute("create extension vector with schema extensions")
    own = make_conninfo(url, user=f"{name}_owner")

    asyncio.run(prepare_database(own))

    async def user_of() -> bool:
        async with open_database(own) as database, database.session() as session:
            return session.actor.user_id == database.user_id

    assert asyncio.run(user_of())
