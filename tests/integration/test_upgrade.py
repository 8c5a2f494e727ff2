"""From the legacy schema to the final one and back: what the database is before, between and after."""

import hashlib
import json
import threading
from collections.abc import Generator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any
from uuid import UUID

import psycopg
import pytest

from briefsmith import errors
from briefsmith.operations.embeddings import reembed
from briefsmith.operations.schema import verify_schema
from briefsmith.operations.schema_upgrade import finish_upgrade, plan_upgrade
from briefsmith.operations.search import search_blocks
from briefsmith.postgres.database import open_database, prepare_database
from briefsmith.postgres.inspection import inspect_database
from briefsmith.schema_sync.upgrade.mapping import map_user
from briefsmith.schema_sync.upgrade.rows import Outcome
from tests.conftest import Server
from tests.integration.legacy import (
    LEGACY_TABLES,
    Content,
    random_content,
    rows_as_text,
    store,
)
from tests.integration.stored import ScriptedEmbedder, ask, everything, tell
from tests.integration.upgraded import (
    copy_of,
    facts,
    legacy_database,
    new_user,
    numbers,
    run,
    undo,
    until_swap,
)

ALL_SCHEMAS = (
    "public",
    "auth",
    "extensions",
    "briefsmith",
    "briefsmith_staging",
    "briefsmith_legacy",
    "supabase_migrations",
)


@pytest.fixture
def url(server: Server) -> Generator[str]:
    """A legacy database of the test's own."""
    made = legacy_database(server)
    yield made
    server.drop(made)


@pytest.fixture
def fresh_url(any_server: Server) -> Generator[str]:
    """A database that was never anything but final."""
    made = any_server.migrated_database()
    yield made
    any_server.drop(made)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "old rows.jsonl"


def _content(seed: int) -> Content:
    return random_content(Random(seed))  # noqa: S311  no secret


def _block(url: str, owner: UUID | None, label: str = "Voice", content: str = "warm words") -> UUID:
    [(block,)] = ask(
        url,
        "with made as (insert into public.context_blocks (user_id, label, content)"
        " values (%s, %s, %s) returning id) select id from made",
        owner,
        label,
        content,
    )
    return block


# What it makes of the database


async def test_an_upgraded_database_has_the_catalog_of_a_fresh_one(
    any_server: Server, fresh_url: str, archive: Path
) -> None:
    url = legacy_database(any_server)
    with psycopg.connect(url) as connection:
        store(connection, _content(1))
    before = facts(url, "auth", "extensions")

    await run(url, archive)
    await finish_upgrade(url)

    # A function of the person's own is left alone.
    mine = [fact for fact in facts(url, *ALL_SCHEMAS) if "touch()" not in fact[1]]
    assert mine == facts(fresh_url, *ALL_SCHEMAS)
    assert _without_keys(facts(url, "auth", "extensions")) == _without_keys(before)
    any_server.drop(url)


def _without_keys(found: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Without what foreign keys of other tables leave with the accounts."""
    left_out = {"schema", "trigger"}
    return [fact for fact in found if fact[0] not in left_out]


async def test_an_upgraded_database_is_in_sync_and_opens(url: str, archive: Path) -> None:
    owner = new_user(url)
    _block(url, owner)

    await run(url, archive)

    async with inspect_database(url) as inspection:
        found = await verify_schema(inspection)
    assert [one.as_dict() for one in found.findings if one.is_drift] == []
    async with open_database(url) as database:
        assert database.user_id == owner
    assert (await prepare_database(url)).applied == ()


@pytest.mark.parametrize("seed", [1, 2])
async def test_the_rows_of_an_upgraded_database_agree_with_each_other(
    url: str, archive: Path, seed: int
) -> None:
    with psycopg.connect(url) as connection:
        store(connection, _content(seed))

    await run(url, archive)

    async with inspect_database(url) as inspection:
        found = await verify_schema(inspection, data_model="any")
    assert [one.as_dict() for one in found.findings if one.severity == "error"] == []


async def test_old_facts_are_found_by_search(url: str, archive: Path) -> None:
    owner = new_user(url)
    _block(url, owner, "Founding", "The orchard was planted in 1911 by two sisters.")
    _block(url, owner, "Other", "Nothing of the kind.")
    tell(
        url,
        "insert into public.profile_core_data (user_id, display_name, tone_preferences)"
        " values (%s, 'Marguerite', 'plainspoken and unhurried')",
        owner,
    )

    await run(url, archive)

    async with open_database(url) as database, database.session() as session:
        orchard = await search_blocks(session, ScriptedEmbedder(), "who planted the orchard?")
        tone = await search_blocks(session, ScriptedEmbedder(), "unhurried")
    assert orchard.hits[0].block.label == "Founding"
    assert "plainspoken and unhurried" in tone.hits[0].block.content


async def test_the_legacy_tables_are_kept_where_nobody_gets_in(url: str, archive: Path) -> None:
    _block(url, new_user(url))
    before = rows_as_text(url)

    await run(url, archive)

    assert rows_as_text(url, "briefsmith_legacy") == before
    for role in ("anon", "authenticated", "service_role"):
        [(may,)] = ask(
            url, "select has_schema_privilege(%s, 'briefsmith_legacy', 'usage, create')", role
        )
        assert not may


async def test_values_of_any_size_and_depth_come_over(url: str, archive: Path) -> None:
    owner = new_user(url)
    large = '{"text": "' + "x" * 1_000_000 + '", "number": ' + "9" * 100_000 + ".50}"
    deep = "[" * 3_000 + "1.0" + "]" * 3_000
    for links in (large, deep):
        tell(
            url,
            "insert into public.profile_core_data (user_id, sns_links) values (%s, %s)",
            owner,
            links,
        )
        tell(
            url,
            "insert into public.task_briefs (user_id, intent, core_profile_data) values (%s, 'i', %s)",
            owner,
            links,
        )

    rows = rows_as_text(url)

    done = await run(url, archive)

    assert done.made["task_briefs"] == 2
    kept = ask(url, "select string_agg(content, '' order by label) from public.context_blocks")
    assert kept[0][0].count("9" * 1_000) > 100
    await undo(url)
    assert rows_as_text(url) == rows


async def test_labels_that_the_database_takes_for_the_same_are_told_apart_crudely(
    url: str, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = new_user(url)
    for label in ("one", "two"):
        _block(url, owner, label)
    asked: list[bool] = []

    def map_badly(user: UUID, rows: Any, *, crude_labels: bool = False) -> Outcome:
        asked.append(crude_labels)
        good = map_user(user, rows, crude_labels=crude_labels)
        if crude_labels:
            return good
        same = [replace(row, values={**row.values, "label": "same"}) for row in good.rows]
        return replace(good, rows=tuple(same))

    monkeypatch.setattr("briefsmith.schema_sync.upgrade.owners.map_user", map_badly)

    await run(url, archive)

    assert asked[:2] == [False, True]
    labels = ask(url, "select label from public.context_blocks order by label")
    assert labels == [("one",), ("two",)]


async def test_rows_that_cannot_be_made_again_stop_the_exchange(
    url: str, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    block = _block(url, new_user(url))
    before = rows_as_text(url)

    def map_badly(user: UUID, rows: Any, *, crude_labels: bool = False) -> Outcome:
        good = map_user(user, rows, crude_labels=crude_labels)
        worse = [replace(row, values={**row.values, "content": "lost"}) for row in good.rows]
        return replace(good, rows=tuple(worse))

    with monkeypatch.context() as patch:
        patch.setattr("briefsmith.schema_sync.upgrade.owners.map_user", map_badly)
        with pytest.raises(errors.UpgradeUnproven, match="content") as caught:
            await run(url, archive)

    assert caught.value.details["table"] == "context_blocks"
    assert caught.value.details["key"] == str(block)
    assert rows_as_text(url) == before


# The way back


async def test_undo_brings_back_the_very_same_objects_and_rows(
    any_server: Server, archive: Path
) -> None:
    url = legacy_database(any_server)
    with psycopg.connect(url) as connection:
        store(connection, _content(2))
    rows, catalog, oids = rows_as_text(url), facts(url, *ALL_SCHEMAS), numbers(url)
    await run(url, archive)
    assert facts(url, *ALL_SCHEMAS) != catalog

    await undo(url)

    assert rows_as_text(url) == rows
    assert facts(url, *ALL_SCHEMAS) == catalog
    assert numbers(url) == oids
    with pytest.raises(errors.UpgradeRefused, match="no upgrade to undo"):
        await undo(url)
    any_server.drop(url)


async def test_undo_before_the_exchange_removes_what_was_made(url: str, archive: Path) -> None:
    _block(url, new_user(url))
    rows, catalog = rows_as_text(url), facts(url, *ALL_SCHEMAS)
    async with aclosing(until_swap(url, archive)) as reports:
        await anext(reports)

    await undo(url)

    assert (rows_as_text(url), facts(url, *ALL_SCHEMAS)) == (rows, catalog)


async def test_after_an_undo_the_upgrade_can_be_made_again(url: str, archive: Path) -> None:
    _block(url, new_user(url))
    first = await run(url, archive)
    await undo(url)

    second = await run(url, archive.with_name("second.jsonl"))

    assert second.made == first.made


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            "insert into public.context_blocks (user_id, label, content) values (%(user)s, 'n', 'x')",
            "1 added",
        ),
        ("update public.context_blocks set content = 'other' where id = %(block)s", "1 changed"),
        ("delete from public.context_blocks where id = %(block)s", "1 removed"),
    ],
)
async def test_undo_does_not_lose_what_was_stored_since(
    change: str, told: str, url: str, archive: Path
) -> None:
    owner = new_user(url)
    block = _block(url, owner)
    before = rows_as_text(url)
    await run(url, archive)
    with psycopg.connect(url) as connection:
        connection.execute(change.encode(), {"user": owner, "block": block})
    now = everything(url)

    with pytest.raises(errors.UndoRefused, match=told) as caught:
        await undo(url)

    assert "block export" in caught.value.hint
    assert everything(url) == now
    await undo(url, discard_changes=True)
    assert rows_as_text(url) == before


async def test_vectors_made_since_do_not_keep_an_undo_back(url: str, archive: Path) -> None:
    _block(url, new_user(url))
    await run(url, archive)
    async with open_database(url) as database:
        async for _ in reembed(database.session, ScriptedEmbedder()):
            pass

    await undo(url)

    assert rows_as_text(url)["context_blocks"]


async def test_finish_drops_the_legacy_tables_for_good(url: str, archive: Path) -> None:
    _block(url, new_user(url))
    with pytest.raises(errors.UpgradeRefused, match="no upgrade to finish"):
        await finish_upgrade(url)
    await run(url, archive)
    held = everything(url)

    await finish_upgrade(url)

    assert ask(url, "select to_regnamespace('briefsmith_legacy') is null") == [(True,)]
    assert everything(url) == held
    with pytest.raises(errors.UpgradeRefused, match="no upgrade to undo"):
        await undo(url)
    with pytest.raises(errors.UpgradeRefused, match="nothing to upgrade"):
        await run(url, archive)


# The archive


def archived(path: Path) -> list[dict[str, Any]]:
    """The rows of an archive, their hashes checked."""
    head, *lines = path.read_bytes().splitlines()
    assert json.loads(head)["briefsmith_archive"] == 1
    found: list[dict[str, Any]] = []
    for line in lines:
        row = json.loads(line)
        text = line[line.index(b'"row": ') + 7 : -1]
        assert hashlib.sha256(text).hexdigest() == row["sha256"]
        found.append(row)
    return found


async def test_the_archive_has_every_row_and_why_some_stay_in_it_alone(
    url: str, archive: Path
) -> None:
    owner = new_user(url)
    mine, lost = _block(url, owner), _block(url, UUID(int=7), "Of somebody gone")

    report = await run(url, archive)

    rows = {row["key"]: row for row in archived(archive)}
    assert set(rows) == {str(mine), str(lost)}
    assert rows[str(mine)]["reason"] is None
    assert rows[str(lost)]["reason"] == "Its user is gone."
    assert rows[str(lost)]["row"]["label"] == "Of somebody gone"
    assert report.archived_only == {"context_blocks": {"Its user is gone.": 1}}
    assert not list(archive.parent.glob(".*"))


async def test_a_file_of_somebody_else_is_not_overwritten(url: str, archive: Path) -> None:
    archive.write_text("mine\n", encoding="utf-8")
    catalog = facts(url, *ALL_SCHEMAS)

    with pytest.raises(errors.InvalidInput, match="there already"):
        await run(url, archive)
    with pytest.raises(errors.InvalidInput, match="no folder"):
        await run(url, archive.parent / "nowhere" / "a.jsonl")
    with pytest.raises(errors.InvalidInput, match="place for the archive"):
        await run(url, None)

    assert archive.read_text(encoding="utf-8") == "mine\n"
    assert facts(url, *ALL_SCHEMAS) == catalog


async def test_an_archive_that_vanished_meanwhile_stops_the_exchange(
    url: str, archive: Path
) -> None:
    _block(url, new_user(url))
    before = rows_as_text(url)

    with pytest.raises(errors.UpgradeRefused, match="not there any more"):
        async for _ in until_swap(url, archive):
            archive.unlink()

    assert rows_as_text(url) == before
    await run(url, None)
    assert len(archived(archive)) == 1


# What others do meanwhile


async def test_what_changes_while_rows_are_staged_is_caught_up(url: str, archive: Path) -> None:
    owner, leaving = new_user(url), new_user(url)
    kept, changed, deleted = (_block(url, owner, name) for name in ("kept", "changed", "deleted"))
    _block(url, leaving, "left")
    swapped = [_block(url, owner, name) for name in ("one", "two")]
    late_ones: list[UUID] = []

    async for _ in until_swap(url, archive):
        tell(url, "update public.context_blocks set content = 'new words' where id = %s", changed)
        tell(url, "delete from public.context_blocks where id = %s", deleted)
        tell(
            url,
            "update public.context_blocks set label = case label when 'one' then 'two' else 'one' end"
            " where id = any (%s)",
            swapped,
        )
        late_ones += [_block(url, owner, "added"), _block(url, UUID(int=9), "late orphan")]
        tell(url, "delete from auth.users where id = %s", leaving)

    added, orphan = late_ones
    found = dict(
        ask(url, "select id, content from public.context_blocks where user_id = %s", owner)
    )
    assert {kept, changed, added, *swapped} <= set(found)
    assert found[changed] == "new words"
    assert deleted not in found
    assert ask(url, "select count(*) from public.context_blocks where user_id <> %s", owner) == [
        (0,)
    ]
    assert ask(url, "select distinct version from public.context_blocks") == [(1,)]
    assert ask(url, "select count(*) from public.block_revisions") == [(0,)]
    late = {row["key"]: row for row in archived(archive) if row.get("late")}
    assert {str(changed), str(added), str(orphan)} <= set(late)
    assert late[str(changed)]["row"]["content"] == "new words"
    await undo(url)
    assert len(rows_as_text(url)["context_blocks"]) == 7


async def test_readers_never_wait_and_writers_lose_nothing(url: str, archive: Path) -> None:
    owners = [new_user(url) for _ in range(3)]
    for place in range(60):
        _block(url, owners[place % 3], f"label {place}", "some words " * 50)
    town = _Town(url)

    with town:
        await run(url, archive)

    slow = f"{max(town.waits) * 1000:.0f} ms"
    print(f"\nlongest of {len(town.waits)} reads: {slow}; {town.written} writes went in")  # noqa: T201
    assert town.faults == []
    assert len(town.waits) > 20
    [(most,)] = ask(
        url,
        "select max(split_part(content, ' ', 2)::int) from public.context_blocks where label = 'counter'",
    )
    assert most == town.written


class _Town:
    """Somebody who reads all the time, and somebody who counts in a block until it is not theirs any more."""

    def __init__(self, url: str) -> None:
        self.waits: list[float] = []
        self.faults: list[str] = []
        self.written = 0
        self._url = url
        self._stop = threading.Event()
        self._counter = _block(
            url, ask(url, "select id from auth.users limit 1")[0][0], "counter", "count 0"
        )
        self._threads = [threading.Thread(target=self._read), threading.Thread(target=self._write)]

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _read(self) -> None:
        statements = (
            "select count(*) from public.agent_sessions",
            "select label from public.context_blocks limit 5",
            "select brief_count from public.view_block_usage_summary limit 2",
            "select b.id from public.context_blocks b left join public.task_briefs t using (user_id) limit 3",
        )
        with psycopg.connect(self._url, autocommit=True, prepare_threshold=None) as connection:
            while not self._stop.is_set():
                for statement in statements:
                    begun = perf_counter()
                    try:
                        connection.execute(statement.encode()).fetchall()
                    except psycopg.Error as error:
                        self.faults.append(str(error))
                    self.waits.append(perf_counter() - begun)

    def _write(self) -> None:
        with psycopg.connect(self._url, autocommit=True, prepare_threshold=None) as connection:
            # The final tables keep a revision of each change; the legacy ones have no such column to set.
            while not self._stop.is_set() and not self._is_final(connection):
                number = self.written + 1
                done = connection.execute(
                    "update public.context_blocks set content = %s where id = %s",
                    [f"count {number}", self._counter],
                )
                self.written += done.rowcount
                self._stop.wait(0.02)

    def _is_final(self, connection: psycopg.Connection[Any]) -> bool:
        found = connection.execute(
            "select to_regclass('public.profile_core_data') is null"
        ).fetchone()
        return found is not None and found[0]


async def test_a_reader_who_does_not_end_keeps_the_exchange_waiting_and_nobody_else(
    url: str, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _block(url, new_user(url))
    monkeypatch.setattr("briefsmith.schema_sync.upgrade.locks.PATIENCE", 0.5)
    monkeypatch.setattr("briefsmith.schema_sync.upgrade.swap._STOPS", 2)
    before = rows_as_text(url)

    with psycopg.connect(url) as reader:
        reader.execute("select count(*) from public.agent_sessions")
        with pytest.raises(errors.DatabaseBusy, match="in use all the time"):
            await run(url, archive)

    assert rows_as_text(url) == before
    await run(url, None)
    assert rows_as_text(url, "briefsmith_legacy") == before


async def test_a_second_runner_is_refused(
    url: str, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _block(url, new_user(url))
    monkeypatch.setattr("briefsmith.schema_sync.upgrade.locks._LOCK_TRIES", 2)

    async for _ in until_swap(url, archive):
        for second in (run(url, archive.with_name("b.jsonl")), undo(url)):
            with pytest.raises(errors.DatabaseBusy, match="under way"):
                await second

    assert ask(url, "select to_regclass('public.profile_core_data') is null") == [(True,)]


# What stands in the way


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("create view public.mine as select label from public.context_blocks", "mine"),
        ("create table public.mine (id int, s public.agent_sessions)", "mine"),
        ("create table public.mine (t public.context_block_type_enum)", "mine"),
        (
            "create table public.mine (id uuid references public.agent_sessions (id))",
            "mine",
        ),
        ("create table public.events (id int)", "table public.events"),
        (
            "create table public.mine (id int); create index task_briefs_pkey on public.mine (id)",
            "task_briefs_pkey",
        ),
        ("create type public.storage_domain as (a int)", "storage_domain"),
        ("create schema briefsmith", "briefsmith"),
        ("create schema briefsmith_legacy", "briefsmith_legacy"),
        ("alter table public.agent_sessions rename to sessions", "agent_sessions"),
        ("alter table public.context_blocks drop column user_id cascade", "context_blocks.user_id"),
        (
            (
                "create function public.mine() returns bigint language sql begin atomic"
                " select count(*) from public.block_files; end"
            ),
            "mine",
        ),
    ],
)
async def test_what_is_in_the_way_is_named_before_anything_is_done(
    statement: str, told: str, url: str, archive: Path
) -> None:
    tell(url, "create unique index on public.agent_sessions (id)")
    tell(url, "alter table public.agent_sessions add primary key (id)")
    tell(url, statement)
    catalog = facts(url, *ALL_SCHEMAS)

    with pytest.raises(errors.UpgradeRefused, match=told):
        await run(url, archive)

    assert facts(url, *ALL_SCHEMAS) == catalog
    assert not archive.exists()


async def test_a_database_that_is_none_is_refused(
    server: Server, database_url: str, archive: Path
) -> None:
    empty = server.empty_database()

    with pytest.raises(errors.NotMigrated):
        await run(empty, archive)
    with pytest.raises(errors.UpgradeRefused, match="nothing to upgrade"):
        await run(database_url, archive)
    server.drop(empty)


async def test_a_transaction_pooler_is_refused(archive: Path) -> None:
    with pytest.raises(errors.InvalidSetting, match="pooler"):
        await run("postgresql://ann@host:6543/db", archive)


async def test_init_says_how_a_legacy_database_is_upgraded(url: str) -> None:
    with pytest.raises(errors.SchemaMismatch, match="legacy") as caught:
        await prepare_database(url)

    assert "briefsmith schema upgrade --plan" in caught.value.hint


# The plan


async def test_a_plan_counts_and_changes_nothing(url: str) -> None:
    owner = new_user(url)
    for links in ("null", "{}", "[]", '""', '{"instagram": "a", "x": 1}', '{"x": 2}', None):
        tell(
            url,
            "insert into public.profile_core_data (user_id, sns_links, display_name)"
            " values (%s, %s, '')",
            owner,
            links,
        )
    _block(url, owner, "Voice")
    _block(url, owner, "VOICE")
    _block(url, UUID(int=7))
    tell(
        url,
        "create function public.made() returns trigger language plpgsql as $$ begin"
        " insert into public.profile_core_data (user_id) values (new.id); return new; end $$",
    )
    rows, catalog = rows_as_text(url), facts(url, *ALL_SCHEMAS)

    found = await plan_upgrade(url)

    assert (rows_as_text(url), facts(url, *ALL_SCHEMAS)) == (rows, catalog)
    links = found.tables["profile_core_data"].columns["sns_links"]
    assert (links.sql_null, links.json_null) == (1, 1)
    assert (links.empty_object, links.empty_array, links.empty_text, links.filled) == (1, 1, 1, 2)
    assert links.keys == {"x": 2, "instagram": 1}
    assert found.tables["profile_core_data"].columns["display_name"].empty_text == 7
    assert found.tables["context_blocks"].rows == 3
    assert found.tables["context_blocks"].bytes > 0
    assert found.outcome.archived_only == {"context_blocks": {"Its user is gone.": 1}}
    assert found.duplicates["blocks with a label that another has"] == 1
    assert found.duplicates["users with several profiles"] == 1
    assert found.obstacles == []
    assert "made()" in found.outcome.notes[0]
    json.dumps(found.as_dict())


async def test_a_plan_names_what_is_in_the_way(url: str) -> None:
    tell(url, "create view public.mine as select label from public.context_blocks")

    found = await plan_upgrade(url)

    assert "mine" in found.obstacles[0]


async def test_a_plan_foresees_what_the_upgrade_does(server: Server, archive: Path) -> None:
    url = legacy_database(server)
    with psycopg.connect(url) as connection:
        store(connection, _content(5))
    foreseen = (await plan_upgrade(url)).outcome

    done = await run(url, archive)

    assert foreseen.made == done.made
    assert foreseen.archived_only == done.archived_only
    assert foreseen.decisions == done.decisions
    assert sum(done.legacy.values()) == sum(
        len(rows) for rows in rows_as_text(url, "briefsmith_legacy").values()
    )
    assert set(done.legacy) <= set(LEGACY_TABLES)
    with pytest.raises(errors.UpgradeRefused, match="was upgraded"):
        await plan_upgrade(url)
    again = copy_of(server, url)
    for name in (url, again):
        server.drop(name)
