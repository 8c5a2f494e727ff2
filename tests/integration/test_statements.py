"""Whatever breaks a statement is found, and the statement is named, before anybody sends it."""

from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager
from typing import Any, LiteralString, cast

import psycopg
import pytest
from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus

from briefsmith import errors
from briefsmith.postgres import asking, exchange
from briefsmith.postgres.database import connect
from briefsmith.postgres.preparing import describe
from briefsmith.postgres.statements import NoParameters, Statement
from briefsmith.schema_sync.statements import (
    StatementFinding,
    all_statements,
    check_statements,
    tables_of,
)
from briefsmith.sql import Query
from tests.conftest import Server

Connection = AsyncConnection[Any]


@pytest.fixture(scope="module")
def migrated_url(any_server: Server) -> Generator[str]:
    url = any_server.migrated_database()
    yield url
    any_server.drop(url)


@pytest.fixture
async def connection(migrated_url: str) -> AsyncGenerator[Connection]:
    opened = await connect(migrated_url)
    yield opened
    await opened.close()


async def _findings(
    connection: Connection, statements: Sequence[Statement[Any, Any]] | None = None
) -> list[StatementFinding]:
    looked_at = all_statements() if statements is None else statements
    return check_statements(looked_at, await describe(connection, looked_at, tables_of(looked_at)))


async def _broken(connection: Connection, change: str) -> list[StatementFinding]:
    async with _within_a_look(connection):
        await connection.execute(cast("LiteralString", change))
        return await _findings(connection)


@asynccontextmanager
async def _within_a_look(connection: Connection) -> AsyncGenerator[None]:
    await connection.execute("begin")
    yield
    assert connection.info.transaction_status == TransactionStatus.INTRANS
    await connection.execute("rollback")


# ---- what breaks a statement

CHANGES = {
    "a column is renamed": (
        "alter table public.context_blocks rename column meta_locale to locale",
        [
            ("context_blocks.select_blocks", "refused", None),
            ("search.select_hits", "refused", None),
            ("context_blocks.select_block", "result", "block.meta_locale"),
            ("context_blocks.select_block", "result", "block.locale"),
        ],
    ),
    "a column that a whole row shows is dropped": (
        "alter table public.task_briefs drop column task_brief_type_id cascade",
        [("task_briefs.select_brief", "result", "task_brief_type_id")],
    ),
    "a column is added to rows that are shown whole": (
        "alter table public.task_briefs add column mood text",
        [("task_briefs.insert_brief", "result", "mood")],
    ),
    "a column is added to rows that are shown as JSON": (
        "alter table public.context_blocks add column mood text",
        [
            ("context_blocks.insert_block", "result", "block.mood"),
            ("search.select_hits", "result", "block.mood"),
        ],
    ),
    "a uuid becomes text": (
        (
            "alter table public.task_briefs drop constraint task_briefs_task_brief_type_id_fkey, "
            "alter column task_brief_type_id type text"
        ),
        [("task_briefs.select_brief", "result", "task_brief_type_id")],
    ),
    "a uuid that is compared becomes text": (
        "alter table briefsmith.import_entries drop column block_id cascade, add block_id text",
        [("import_entries.select_holders", "refused", None)],
    ),
    "a text becomes a number": (
        "alter table public.block_revisions alter column changed_by type integer using 0",
        [("block_revisions.select_revisions", "result", "changed_by")],
    ),
    "a number becomes exact": (
        "alter table public.context_blocks alter column feedback_score type numeric",
        [("context_blocks.select_block", "result", "block.feedback_score")],
    ),
    "a time loses its zone": (
        "alter table public.task_brief_outputs alter column created_at type timestamp",
        [("task_brief_outputs.select_rendered", "result", "created_at")],
    ),
    "JSON becomes text": (
        "alter table public.task_briefs alter column media type text",
        [("task_briefs.select_brief", "result", "media")],
    ),
    "a list becomes one": (
        (
            "alter table public.task_briefs drop column meta_emotional_tone cascade, "
            "add meta_emotional_tone text"
        ),
        [
            ("task_briefs.insert_brief", "result", "meta_emotional_tone"),
            ("task_briefs.select_brief", "result", "meta_emotional_tone"),
        ],
    ),
    "an enum becomes text": (
        "alter table public.task_brief_outputs alter column output_type type text",
        [("task_brief_outputs.select_rendered", "result", "output_type")],
    ),
    "a column may be null": (
        "alter table public.task_briefs alter column intent drop not null",
        [
            ("task_briefs.select_brief", "result", "intent"),
            ("task_briefs.select_briefs", "result", "intent"),
        ],
    ),
    "a column that is shown as JSON may be null": (
        "alter table public.context_blocks alter column content drop not null",
        [
            ("context_blocks.select_block", "result", "block.content"),
            ("context_blocks.select_unembedded", "result", "content"),
        ],
    ),
    "a label is added to an enum": (
        "alter type public.context_block_type_enum add value 'poem'",
        [
            ("context_blocks.insert_block", "parameter", "type"),
            ("context_blocks.select_blocks", "parameter", "types"),
            ("context_blocks.select_block", "result", "block.type"),
        ],
    ),
    "a label of an enum is renamed": (
        "alter type public.output_type_enum rename value 'markdown' to 'md'",
        [("brief_runs.select_output", "result", "output_type")],
    ),
    "a table is dropped": (
        "drop table public.task_brief_outputs cascade",
        [
            ("task_brief_outputs.update_rendered", "refused", None),
            ("task_briefs.insert_parts", "refused", None),
        ],
    ),
    "a table that the owner alone sees is dropped": (
        "drop table supabase_migrations.schema_migrations",
        [
            ("handshake.handshake", "refused", None),
            ("migrations.insert_migration", "refused", None),
        ],
    ),
    "a column of accounts is renamed": (
        "alter table auth.users rename column email to mail",
        [("handshake.handshake", "refused", None), ("handshake.insert_user", "refused", None)],
    ),
    "a function is dropped": (
        "drop function briefsmith.terms_of(text, text) cascade",
        [("search.select_question", "refused", None)],
    ),
    "the extension is dropped": (
        "drop extension vector cascade",
        [
            ("search.select_vectors_of", "refused", None),
            ("context_blocks.update_embeddings", "refused", None),
        ],
    ),
    "the index that tells a taken label is dropped": (
        "drop index public.context_blocks_label_key",
        [("context_blocks.insert_block", "refused", None)],
    ),
    "reading is forbidden": (
        "revoke select on public.block_revisions from authenticated",
        [("block_revisions.select_revisions", "refused", None)],
    ),
    "writing is forbidden": (
        "revoke insert on public.events from authenticated",
        [("events.insert_event", "refused", None), ("task_briefs.insert_parts", "refused", None)],
    ),
    "changing is forbidden": (
        "revoke update on public.task_brief_outputs from authenticated",
        [("task_brief_outputs.update_rendered", "refused", None)],
    ),
    "deleting is forbidden": (
        "revoke delete on public.context_blocks from authenticated",
        [("context_blocks.delete_block", "refused", None)],
    ),
    "all columns but one may be changed": (
        (
            "revoke update on public.task_briefs from authenticated;"
            "grant update (intent) on public.task_briefs to authenticated"
        ),
        [("task_briefs.clear_snapshot", "refused", None)],
    ),
    "calling a function is forbidden": (
        "revoke execute on function briefsmith.terms_of(text, text) from public, authenticated",
        [("search.select_question", "refused", None)],
    ),
    "a schema is closed": (
        "revoke usage on schema briefsmith from public, authenticated",
        [("import_entries.select_paths", "refused", None)],
    ),
}


@pytest.mark.parametrize("name", CHANGES)
async def test_what_breaks_a_statement_is_found_and_the_statement_named(
    name: str, connection: Connection
) -> None:
    change, expected = CHANGES[name]

    found = await _broken(connection, change)

    assert {(one.statement, one.what, one.name) for one in found} >= set(expected)


async def test_every_column_of_a_block_that_is_renamed_loosened_or_retyped_is_named(
    connection: Connection,
) -> None:
    [select_block] = [one for one in all_statements() if one.name == "context_blocks.select_block"]
    cursor = await connection.execute(
        "select attname, attnotnull from pg_attribute where attnum > 0 and not attisdropped "
        "and attrelid = 'public.context_blocks'::regclass "
        "and attname not in ('id', 'meta_embedding')"
    )
    tried = 0
    for column, is_required in await cursor.fetchall():
        table = "alter table public.context_blocks"
        changes = [f'{table} rename column "{column}" to mood']
        changes += [f'{table} alter column "{column}" drop not null'] if is_required else []
        changes.append(f'{table} drop column "{column}" cascade; {table} add "{column}" interval')
        for change in changes:
            async with _within_a_look(connection):
                await connection.execute(cast("LiteralString", change))
                found = await _findings(connection, [select_block])
            tried += 1
            assert f"block.{column}" in {one.name for one in found} or "refused" in {
                one.what for one in found
            }, change
    assert tried > 60


async def test_a_finding_says_what_is_expected_and_what_is_there(connection: Connection) -> None:
    labels = await _broken(
        connection, "alter type public.context_block_status_enum rename value 'locked' to 'shut'"
    )
    bytes_of_an_enum = await _broken(
        connection,
        (
            "alter table public.context_blocks alter column meta_locale "
            "type public.output_type_enum using null"
        ),
    )
    refused = await _broken(connection, "revoke select on public.task_briefs from authenticated")

    assert (
        StatementFinding(
            "context_blocks.update_block",
            "parameter",
            "status",
            "BlockStatus | None",
            "context_block_status_enum",
            "lacks the label locked and has the unknown label shut",
        )
        in labels
    )
    assert any(one.found == "output_type_enum" for one in bytes_of_an_enum)
    [brief] = [one for one in refused if one.statement == "task_briefs.select_brief"]
    assert (brief.what, brief.found) == ("refused", "42501")
    assert brief.says == "permission denied for table task_briefs"


# ---- how the look is made


async def test_a_look_runs_nothing_and_leaves_the_connection_as_it_was(
    connection: Connection,
) -> None:
    broken: Statement[NoParameters, None] = Statement(
        Query("test.broken", "exec", "select nothing"), NoParameters, None
    )
    forbidden: Statement[NoParameters, None] = Statement(
        Query("test.forbidden", "exec", "delete from auth.users"), NoParameters, None
    )
    asked = [broken, forbidden, *all_statements()]
    before = await _state(connection)

    found = await _findings(connection, asked)

    assert [one.statement for one in found] == ["test.broken", "test.forbidden"]
    assert connection.info.transaction_status == TransactionStatus.IDLE
    assert await _state(connection) == before


async def _state(connection: Connection) -> list[Any]:
    cursor = await connection.execute(
        "select current_user, current_setting('search_path'), current_setting('plan_cache_mode'), "
        "current_setting('lock_timeout'), current_setting('request.jwt.claims', true), "
        "(select count(*) from auth.users), (select count(*) from public.events), "
        "(select count(*) from pg_prepared_statements where name like 'briefsmith%')"
    )
    row = await cursor.fetchone()
    assert row is not None
    return ["" if value is None else value for value in row]


async def test_a_pooler_that_renames_what_is_prepared_changes_nothing(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = all_statements()
    found = await describe(connection, asked, tables_of(asked))
    before = await _state(connection)

    def renamed(number: int, one: Statement[Any, Any]) -> list[exchange.Command]:
        text, _ = asking.numbered(one.text)
        return [
            exchange.sending("rollback to savepoint briefsmith_each"),
            exchange.preparing(text, f"server_{number}"),
            exchange.describing(f"server_{number}"),
            exchange.sending(f"explain (costs off) execute client_{number}"),
        ]

    monkeypatch.setattr(asking, "_planning", renamed)
    found_behind_a_pooler = await describe(connection, asked, tables_of(asked))

    assert found_behind_a_pooler == found
    assert await _state(connection) == before


async def test_a_login_that_may_not_act_for_people_is_told_so(
    connection: Connection, migrated_url: str
) -> None:
    async with _within_a_look(connection):
        await connection.execute("create role stranger; set session authorization stranger")

        with pytest.raises(errors.NotPermitted) as caught:
            await describe(connection, all_statements())

        await connection.execute("rollback; begin")
    assert "authenticated" in (caught.value.hint or "")


async def test_a_server_that_goes_away_is_no_finding(
    connection: Connection, migrated_url: str
) -> None:
    async with await psycopg.AsyncConnection.connect(migrated_url, autocommit=True) as other:
        pid = connection.info.backend_pid
        await other.execute("select pg_terminate_backend(%s::integer, 10000)", (pid,))

    with pytest.raises(errors.Unavailable):
        await describe(connection, all_statements())


async def test_a_table_that_is_locked_is_no_finding(
    connection: Connection, migrated_url: str
) -> None:
    impatient: Statement[NoParameters, None] = Statement(
        Query("test.impatient", "exec", "select 1 / (select count(*) from public.events)"),
        NoParameters,
        None,
    )
    async with await psycopg.AsyncConnection.connect(migrated_url) as other:
        await other.execute("lock table public.events")

        with pytest.raises(errors.DatabaseBusy):
            await describe(connection, [impatient])


@pytest.fixture
def url_of_15(server_15: Server) -> Generator[str]:
    url = server_15.migrated_database()
    yield url
    server_15.drop(url)


async def test_on_postgresql_15_it_is_the_same(url_of_15: str) -> None:
    connection = await connect(url_of_15)
    try:
        for change, expected in CHANGES.values():
            found = await _broken(connection, change)
            assert {(one.statement, one.what, one.name) for one in found} >= set(expected)
        assert await _findings(connection) == []
    finally:
        await connection.close()
