"""The verb purge: of what a person erases no word is left anywhere."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from briefsmith import errors
from briefsmith.documents.json_lines import HEADER_LINE
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.models.enums import BlockStatus
from briefsmith.operations.blocks import (
    add_block,
    archive_block,
    edit_block,
    get_block,
    purge_block,
)
from briefsmith.operations.briefs import get_brief, recompile_brief
from briefsmith.operations.compose import ComposedBrief, compose_brief
from briefsmith.operations.exports import export_blocks
from briefsmith.operations.imports import import_documents
from briefsmith.operations.search import search_blocks
from briefsmith.postgres.database import Database
from briefsmith.providers.embeddings import Embedder
from briefsmith.providers.tokenizer import TokenCounter
from briefsmith.schemas.blocks import BlockEdit, NewBlock
from briefsmith.schemas.briefs import NewBrief
from tests.integration.stored import ask, counts, events, everything, new_person, tables, tell

# Words that stand nowhere else, and that stemming leaves as they are.
LABEL, FIRST, SECOND, TAG, NOTES = "xqlabel", "xqfirst", "xqsecond", "xqtag", "xqnotes"
MARKS = (LABEL, FIRST, SECOND, TAG, NOTES)


def _places(url: str) -> set[tuple[str, str, str]]:
    """Table, column and mark, for every column of whatever type whose text holds a mark."""
    found: set[tuple[str, str, str]] = set()
    with psycopg.connect(url) as connection:
        for schema, table in tables(connection):
            columns = connection.execute(
                "select attname from pg_attribute where attrelid = %s::regclass"
                " and attnum > 0 and not attisdropped",
                (f"{schema}.{table}",),
            ).fetchall()
            for (column,) in columns:
                statement = sql.SQL(
                    "select distinct mark from {} as r, unnest(%s::text[]) as mark"
                    " where position(mark in lower(r.{}::text)) > 0"
                ).format(sql.Identifier(schema, table), sql.Identifier(column))
                rows = connection.execute(statement, (list(MARKS),)).fetchall()
                found |= {(f"{schema}.{table}", column, row[0]) for row in rows}
    return found


async def _secret(store: Database, embedder: Embedder) -> ContextBlock:
    async with store.session() as session:
        block = await add_block(
            session,
            embedder,
            NewBlock(
                label=f"{LABEL} plan",
                content=f"The {FIRST} plan is about bakers.",
                meta_tags=[TAG],
                meta_agent_notes=NOTES,
            ),
        )
        await add_block(
            session, embedder, NewBlock(label="Bakers", content="Bakers like plans in spring.")
        )
    return block


async def _compose(
    store: Database, embedder: Embedder, tokens: TokenCounter, *asked: ContextBlock
) -> ComposedBrief:
    new = NewBrief(intent="A plan for bakers", blocks=tuple(block.id for block in asked))
    async with store.session() as session:
        return await compose_brief(session, embedder, tokens, new)


async def _purge(store: Database, block: ContextBlock) -> int:
    async with store.session() as session:
        return await purge_block(session, block.id)


async def test_no_column_of_any_table_holds_a_word_of_a_purged_block(
    store: Database, store_url: str, embedder: Embedder, tokens: TokenCounter
) -> None:
    block = await _secret(store, embedder)
    await _compose(store, embedder, tokens, block)
    async with store.session() as session:
        await edit_block(session, embedder, block.id, BlockEdit(content=f"A {SECOND} plan."))
    await _compose(store, embedder, tokens, block)
    async with store.session() as session:
        await edit_block(session, embedder, block.id, BlockEdit(status=BlockStatus.LOCKED))
    _write_by_the_way(store_url, block)
    before = _places(store_url)

    briefs = await _purge(store, block)

    assert briefs == 2
    assert _places(store_url) == set()
    # The look was a real one: each mark stood in several places.
    assert {mark for _, _, mark in before} == set(MARKS)
    assert {(table, column) for table, column, _ in before} >= {
        ("public.context_blocks", "label"),
        ("public.context_blocks", "content"),
        ("public.block_revisions", "snapshot"),
        ("public.block_change_queue", "proposed_data"),
        ("public.task_brief_outputs", "content"),
        ("briefsmith.search_documents", "words"),
    }


def _write_by_the_way(url: str, block: ContextBlock) -> None:
    """What later parts of the product write about a block."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "insert into public.block_change_queue (user_id, action, block_id, proposed_data)"
            " values (%s, 'update', %s, jsonb_build_object('content', %s::text))",
            (block.user_id, block.id, f"More {FIRST}"),
        )
        connection.execute(
            "insert into public.task_brief_outputs (task_brief_id, content, agent_type)"
            " select id, %s, agent from public.task_briefs, unnest(array['editor', null]) as agent",
            (f"A text about {FIRST}.",),
        )


async def test_briefs_keep_id_version_and_hash_of_a_purged_block(
    store: Database, embedder: Embedder, tokens: TokenCounter
) -> None:
    block = await _secret(store, embedder)
    composed = await _compose(store, embedder, tokens, block)

    await _purge(store, block)

    async with store.session(read_only=True) as session:
        stored = await get_brief(session, composed.brief.id)
        again = await recompile_brief(session, stored.brief)
    [kept] = [part for part in composed.compiled.snapshot.blocks if part.block_id == block.id]
    assert stored.snapshot is not None
    assert kept in stored.snapshot.blocks
    assert block.id not in stored.labels
    for fact in (str(block.id), kept.content_sha256[:8]):
        assert fact in stored.markdown
    assert "Bakers like plans in spring." in stored.markdown
    assert again is not None
    assert again.markdown == stored.markdown


async def test_other_outputs_of_those_briefs_are_gone_and_those_of_others_stay(
    store: Database, store_url: str, embedder: Embedder, tokens: TokenCounter
) -> None:
    block = await _secret(store, embedder)
    used = await _compose(store, embedder, tokens, block)
    async with store.session() as session:
        await archive_block(session, block.id)
    free = await _compose(store, embedder, tokens)
    tell(
        store_url,
        "insert into public.task_brief_outputs (task_brief_id, content, agent_type)"
        " select id, 'made', 'runner' from public.task_briefs",
    )

    assert await _purge(store, block) == 1

    rows = ask(store_url, "select task_brief_id, agent_type from public.task_brief_outputs")
    assert sorted(rows, key=str) == sorted(
        [(used.brief.id, "composer"), (free.brief.id, "composer"), (free.brief.id, "runner")],
        key=str,
    )
    async with store.session() as session:
        assert (await get_brief(session, free.brief.id)).markdown == free.compiled.markdown


async def test_history_usage_links_and_index_go_with_the_block(
    store: Database, store_url: str, embedder: Embedder, tokens: TokenCounter
) -> None:
    async with store.session() as session:
        block = await add_block(session, embedder, NewBlock(label=LABEL, content="bakers"))
        await edit_block(session, embedder, block.id, BlockEdit(content="bakers' plan"))
    await _compose(store, embedder, tokens, block)

    await _purge(store, block)

    left = counts(store_url)
    assert set(left) == {"public.task_briefs", "public.task_brief_outputs", "public.events"}
    assert events(store_url)[-1] == "block.purged"
    assert ask(store_url, "select payload from public.events order by id desc limit 1") == [
        ({"block_id": str(block.id), "version": 2},)
    ]


@pytest.mark.parametrize("status", list(BlockStatus))
async def test_a_block_of_any_status_can_be_purged(
    status: BlockStatus, store: Database, store_url: str, embedder: Embedder
) -> None:
    block = await _secret(store, embedder)
    if status is not BlockStatus.ACTIVE:
        async with store.session() as session:
            await edit_block(session, embedder, block.id, BlockEdit(status=status))

    assert await _purge(store, block) == 0

    assert _places(store_url) == set()
    async with store.session() as session:
        with pytest.raises(errors.BlockNotFound):
            await get_block(session, block.id)
        with pytest.raises(errors.BlockNotFound):
            await purge_block(session, block.id)


async def test_a_purged_block_is_in_no_search_and_no_export(
    store: Database, embedder: Embedder
) -> None:
    block = await _secret(store, embedder)

    await _purge(store, block)

    async with store.session(read_only=True) as session:
        found = await search_blocks(session, embedder, f"{LABEL} {FIRST} {TAG} plan")
        lines = [line async for line in export_blocks(session)]
    assert [hit.block.label for hit in found.hits] == ["Bakers"]
    assert lines[0] == HEADER_LINE
    assert len(lines) == 2


async def test_blocks_that_derive_from_a_purged_one_stay(
    store: Database, store_url: str, embedder: Embedder
) -> None:
    block = await _secret(store, embedder)
    async with store.session() as session:
        new = NewBlock(label="child", content="x", meta_derived_from=block.id)
        child = await add_block(session, embedder, new)

    await _purge(store, block)

    async with store.session() as session:
        left = await get_block(session, child.id)
    assert (left.meta_derived_from, left.version) == (None, 1)
    assert _places(store_url) == set()


async def test_a_brief_that_was_not_made_here_loses_its_text_if_it_used_the_block(
    store: Database, store_url: str, embedder: Embedder
) -> None:
    block = await _secret(store, embedder)
    with psycopg.connect(store_url) as connection:
        row = connection.execute(
            "insert into public.task_briefs (user_id, intent, core_context_snapshot)"
            " values (%s, 'old', %s) returning id",
            (block.user_id, f'{{"blocks": [{{"text": "{FIRST}", "label": "{LABEL}"}}]}}'),
        ).fetchone()
        assert row is not None
        connection.execute(
            "insert into public.task_brief_outputs (task_brief_id, content, agent_type)"
            " values (%s, %s, 'composer')",
            (row[0], f"Old text with {FIRST}"),
        )
        connection.execute(
            "insert into public.block_brief_link (block_id, task_brief_id) values (%s, %s)",
            (block.id, row[0]),
        )

    assert await _purge(store, block) == 1

    assert _places(store_url) == set()


async def test_a_purge_that_fails_leaves_everything(
    database: Database, database_url: str, embedder: Embedder, tokens: TokenCounter
) -> None:
    block = await _secret(database, embedder)
    await _compose(database, embedder, tokens, block)
    before = everything(database_url)
    tell(
        database_url,
        "create function public.fail() returns trigger language plpgsql as"
        " $$begin raise exception 'no' using errcode = 'P0001'; end$$",
    )
    tell(
        database_url,
        "create trigger zz_fail before insert on public.events"
        " for each row execute function public.fail()",
    )

    with pytest.raises(errors.Bug):
        await _purge(database, block)

    assert everything(database_url) == before


async def test_nobody_purges_what_is_another_persons(
    store: Database, store_url: str, embedder: Embedder, tokens: TokenCounter
) -> None:
    block = await _secret(store, embedder)
    await _compose(store, embedder, tokens, block)
    other = new_person(store_url)
    before = everything(store_url)

    with pytest.raises(errors.BlockNotFound):
        async with store.session(other) as session:
            await purge_block(session, block.id)

    assert everything(store_url) == before


async def test_where_a_purged_block_came_from_is_forgotten(
    store: Database, store_url: str, embedder: Embedder, tmp_path: Path
) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / f"{LABEL}.md").write_text(f"# {LABEL}\n\n{FIRST} text.\n")
    (folder / "other.md").write_text("# Other\n\nText.\n")

    async def take() -> Any:
        reports = [r async for r in import_documents(store.session, embedder, [folder])]
        return reports[-1]

    await take()
    [(block_id,)] = ask(store_url, "select id from public.context_blocks where label = %s", LABEL)
    (folder / f"{LABEL}.md").unlink()
    async with store.session() as session:
        await purge_block(session, block_id)

    report = await take()

    assert (report.removed, report.unchanged) == ([], 1)
    assert _places(store_url) == set()
    shutil.rmtree(folder)


async def test_a_purge_waits_for_a_brief_that_is_being_stored_and_takes_its_text_too(
    store: Database, store_url: str, embedder: Embedder, tokens: TokenCounter
) -> None:
    block = await _secret(store, embedder)
    async with store.session() as session:
        new = NewBrief(intent="A plan for bakers", blocks=(block.id,))
        composed = await compose_brief(session, embedder, tokens, new)
        assert FIRST in composed.compiled.markdown
        purge = asyncio.create_task(_purge(store, block))
        while not ask(  # noqa: ASYNC110  the server rings no bell
            store_url, "select from pg_stat_activity where wait_event_type = 'Lock'"
        ):
            await asyncio.sleep(0.01)

    assert await purge == 1
    rows = ask(store_url, "select content from public.task_brief_outputs")
    assert rows
    assert all(FIRST not in content for (content,) in rows)
