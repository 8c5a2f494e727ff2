"""PostgreSQL 17, as Debian makes it: it prints the schema as 18 does, and everything runs.

The server comes from packages of some 40 MB, fetched once; unpacking and starting takes seconds.
"""

from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import psycopg
import pytest

from briefsmith.operations.compose import compose_brief
from briefsmith.operations.imports import import_documents
from briefsmith.operations.search import search_blocks
from briefsmith.postgres.database import connect, open_database, server_facts
from briefsmith.postgres.preparing import describe
from briefsmith.providers.tokenizer import TokenCounter
from briefsmith.providers.wordllama import WordLlamaEmbedder
from briefsmith.schema_sync.contract import write
from briefsmith.schema_sync.statements import all_statements, check_statements, tables_of
from briefsmith.schemas.briefs import NewBrief
from briefsmith.schemas.imports import ImportReport
from briefsmith.store.block_revisions import select_revisions
from tests.conftest import Server
from tests.contract.packaged import contract_at, packaged_text
from tests.integration.lexical import fresh_index, stored_index
from tests.integration.town import settle


@pytest.fixture
def migrated_url(server_17: Server) -> Iterator[str]:
    url = server_17.migrated_database()
    yield url
    server_17.drop(url)


async def test_the_server_is_what_it_is_taken_for(migrated_url: str) -> None:
    connection = await connect(migrated_url)
    try:
        facts = await server_facts(connection)
    finally:
        await connection.close()

    assert facts.server_version // 10000 == 17
    assert facts.vector_version is not None


def test_it_adds_nothing_to_the_contract(server: Server, migrated_url: str) -> None:
    newest = server.migrated_database()

    assert packaged_text([newest, migrated_url]) == write(contract_at(newest))
    server.drop(newest)


async def test_every_statement_fits(migrated_url: str) -> None:
    connection = await connect(migrated_url)
    try:
        statements = all_statements()
        described = await describe(connection, statements, tables_of(statements))
    finally:
        await connection.close()

    assert check_statements(statements, described) == []
    assert len(statements) > 30


async def _last(reports: AsyncGenerator[ImportReport]) -> ImportReport:
    return [report async for report in reports][-1]


async def test_files_become_blocks_that_are_found_versioned_and_composed(
    migrated_url: str, embedder: WordLlamaEmbedder, tokens: TokenCounter, tmp_path: Path
) -> None:
    (tmp_path / "oak.md").write_text("# Oak\n\nThe oak of our brushes is Danish.\n")
    (tmp_path / "voice.md").write_text("# Voice\n\nWe write plainly, without shouting.\n")
    async with open_database(migrated_url) as database:
        await _last(import_documents(database.session, embedder, [tmp_path]))
        (tmp_path / "oak.md").write_text("# Oak\n\nThe oak of our brushes is from Fyn.\n")
        report = await _last(import_documents(database.session, embedder, [tmp_path]))

        async with database.session() as session:
            found = await search_blocks(session, embedder, "where is the oak of brushes from?")
            new = NewBrief(intent="Tell bakers where our oak is from")
            composed = await compose_brief(session, embedder, tokens, new)
            [oak, *_] = [hit.block for hit in found.hits]
            revisions = await select_revisions(session, oak.id)

    assert (report.changed, report.unchanged) == (1, 1)
    assert "Fyn" in oak.content
    assert (oak.version, [item.version for item in revisions]) == (2, [1])
    assert "Fyn" in composed.compiled.markdown
    with psycopg.connect(migrated_url) as connection:
        assert stored_index(connection) == fresh_index(connection)


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
