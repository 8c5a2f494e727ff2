"""Random legacy databases, upgraded by runs that are killed, every value accounted for by a reading of its own."""

import asyncio
import json
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from briefsmith.operations.schema import verify_schema
from briefsmith.postgres.inspection import inspect_database
from briefsmith.postgres.legacy.connections import LegacyConnection
from tests.conftest import Server
from tests.integration.legacy import LEGACY_TABLES, Content, random_content, rows_as_text, store
from tests.integration.stored import ask
from tests.integration.upgraded import facts, legacy_database, run, undo

_TOKEN = re.compile(r"tok\d+x[0-9a-f]{8}")
# Every final table that has rows of somebody, and whose they are.
_OWNERS = {
    "context_blocks": "r.user_id",
    "block_files": "r.user_id",
    "task_briefs": "r.user_id",
    "agent_sessions": "r.user_id",
    "agent_messages": "r.user_id",
    "deployment_configs": "(select user_id from public.task_briefs p where p.id = r.task_brief_id)",
    "task_brief_outputs": "(select user_id from public.task_briefs p where p.id = r.task_brief_id)",
    "block_usage_history": "(select user_id from public.context_blocks p where p.id = r.block_id)",
    "block_brief_link": "(select user_id from public.context_blocks p where p.id = r.block_id)",
    "task_brief_types": "null::uuid",
}


class Killed(BaseException):
    """As if the power went."""


class Guillotine:
    """Ends a run before the statement of a number that was drawn."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left: int | None = None
        self.sent = 0
        for name in ("execute", "many"):
            monkeypatch.setattr(
                LegacyConnection, name, self._watched(getattr(LegacyConnection, name))
            )

    def _watched(self, real: Callable[..., Any]) -> Callable[..., Any]:
        async def send(connection: LegacyConnection, *args: Any, **more: Any) -> Any:
            self.sent += 1
            if self.left is not None:
                self.left -= 1
                if self.left < 0:
                    # The connection goes without a word, as that of a dead process does.
                    connection.raw.pgconn.finish()
                    raise Killed
            return await real(connection, *args, **more)

        return send


def _upgraded(
    url: str, archive: Path, guillotine: Guillotine, kills: list[int]
) -> tuple[int, dict[str, int]]:
    """Runs until one gets through; how often it was killed, and what it made."""
    died = 0
    for number in [*kills, None]:
        guillotine.left = number
        try:
            report = asyncio.run(run(url, archive if died == 0 else None))
        except Killed:
            died += 1
        except psycopg.OperationalError:
            died += 1
        except Exception as error:
            # What a killed run did before it could say where its archive is, it did not do.
            if "place for the archive" not in str(error):
                raise
        else:
            return died, report.made
    return died, asyncio.run(run(url, archive)).made


@settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(seed=1, kills=[40, 110, 200])
@given(
    seed=st.integers(min_value=0, max_value=2**32),
    kills=st.lists(st.integers(min_value=0, max_value=260), min_size=1, max_size=3),
)
def test_every_value_of_a_random_database_is_accounted_for(
    seed: int, kills: list[int], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, TemporaryDirectory() as folder:
        guillotine = Guillotine(patch)
        url = legacy_database(server)
        content = random_content(random.Random(seed))  # noqa: S311  no secret
        with psycopg.connect(url) as connection:
            store(connection, content)
        rows, catalog = rows_as_text(url), facts(url, "public")
        archive = Path(folder) / "old.jsonl"

        died, _ = _upgraded(url, archive, guillotine, kills)

        guillotine.left = None
        told = f"killed {died} times, {guillotine.sent} statements, {len(content.rows)} rows"
        print(f"\nseed {seed}: {told}")  # noqa: T201
        assert rows_as_text(url, "briefsmith_legacy") == rows
        account_for(url, content, archive)
        assert asyncio.run(_is_in_sync(url))
        asyncio.run(undo(url))
        assert (rows_as_text(url), facts(url, "public")) == (rows, catalog)
        server.drop(url)


async def _is_in_sync(url: str) -> bool:
    async with inspect_database(url) as inspection:
        return (await verify_schema(inspection)).is_in_sync


# The reading of its own: it knows nothing of the mapping, only whose a row is and what stands in it


def account_for(url: str, content: Content, archive: Path) -> None:
    """Every leaf and every filled column of a row that has an owner is found among that owner's new rows."""
    legacy = _documents(url, "briefsmith_legacy", dict.fromkeys(LEGACY_TABLES, "null::uuid"))
    final = _documents(url, "public", _OWNERS)
    held: dict[UUID | None, Held] = defaultdict(Held)
    for _, owner, document in final:
        held[owner].add(document)
    lost: list[str] = []
    tokens: dict[UUID | None, set[str]] = defaultdict(set)
    for table, document, owner, is_kept in _with_owners(legacy, content.users):
        words = set(_TOKEN.findall(json.dumps(document)))
        if not is_kept:
            assert not any(words & one.tokens for one in held.values()), (table, document)
            continue
        tokens[owner] |= words
        lost += [f"{table}: {what}" for what in held[owner].missing(table, document)]
    assert lost == []
    for owner, one in held.items():
        assert one.tokens <= tokens[owner], "a word of somebody else"
    _check_archive(archive, legacy)


def _documents(
    url: str, schema: str, owners: dict[str, str]
) -> list[tuple[str, UUID | None, dict[str, Any]]]:
    found: list[tuple[str, UUID | None, dict[str, Any]]] = []
    with psycopg.connect(url) as connection:
        connection.execute("set timezone = 'UTC'")
        for table, owner in owners.items():
            statement = f"select {owner}, to_jsonb(r)::text from {schema}.{table} as r"
            for one, text in connection.execute(statement.encode()):
                found.append((table, one, json.loads(text, parse_float=_Digits, parse_int=_Digits)))
    return found


class _Digits(str):
    """A number as it is written."""

    __slots__ = ()


def _with_owners(
    legacy: list[tuple[str, UUID | None, dict[str, Any]]], users: list[UUID]
) -> Iterator[tuple[str, dict[str, Any], UUID | None, bool]]:
    accounts = {str(user) for user in users}
    by_id: dict[tuple[str, str], set[str | None]] = defaultdict(set)
    for table, _, document in legacy:
        if "user_id" in document and document["id"] is not None:
            by_id[table, document["id"]].add(document["user_id"])
    parents = {
        "deployment_configs": {"task_brief_id": "task_briefs"},
        "task_brief_outputs": {"task_brief_id": "task_briefs"},
        "block_usage_history": {"block_id": "context_blocks", "used_in_task_id": "task_briefs"},
    }
    for table, _, document in legacy:
        if table == "task_brief_types":
            yield table, document, None, True
            continue
        if table in parents:
            found = [by_id[name, document[column]] for column, name in parents[table].items()]
            owners = {owner for one in found for owner in one} if all(found) else set[str | None]()
        else:
            owners = {cast("str | None", document["user_id"])}
        owner = next(iter(owners)) if len(owners) == 1 else None
        is_kept = owner in accounts
        yield table, document, UUID(owner) if is_kept and owner else None, is_kept


class Held:
    """All that the new rows of somebody say."""

    def __init__(self) -> None:
        self.leaves: Counter[str] = Counter()
        self.keys: set[str] = set()
        self.texts: list[str] = []
        self.tokens: set[str] = set()

    def add(self, document: dict[str, Any]) -> None:
        for keys, leaf in _leaves(document):
            self.leaves[_written(leaf)] += 1
            self.keys.update(keys)
            if isinstance(leaf, str):
                self.texts.append(leaf)
        self.tokens |= set(_TOKEN.findall(json.dumps(document)))

    def missing(self, table: str, document: dict[str, Any]) -> Iterator[str]:
        for keys, leaf in _leaves(document):
            if leaf is None and len(keys) == 1:
                continue  # SQL NULL, or a JSON null that the proof looks at
            if keys == ["meta_embedding"] and not self._has(leaf):
                yield "a vector"
            elif not self._has(leaf):
                yield f"{keys} {_written(leaf)[:200]}"
            for key in keys[1:]:
                if key not in self.keys and not self._says(
                    json.dumps(key, ensure_ascii=False)[1:-1]
                ):
                    yield f"the key {key!r} of {keys[0]}"

    def _has(self, leaf: Any) -> bool:
        written = _written(leaf)
        if written in self.leaves or self._says(written):
            return True
        return isinstance(leaf, str) and not isinstance(leaf, _Digits) and self._says(leaf)

    def _says(self, words: str) -> bool:
        return any(words in text for text in self.texts)


def _leaves(value: Any, keys: tuple[str, ...] = ()) -> Iterator[tuple[list[str], Any]]:
    if isinstance(value, dict) and value:
        for key, member in cast("dict[str, Any]", value).items():
            yield from _leaves(member, (*keys, key))
    elif isinstance(value, list) and value:
        for item in cast("list[Any]", value):
            yield from _leaves(item, keys)
    else:
        yield list(keys), value


def _written(leaf: Any) -> str:
    return str(leaf) if isinstance(leaf, _Digits) else json.dumps(leaf, ensure_ascii=False)


def _check_archive(archive: Path, legacy: list[tuple[str, UUID | None, dict[str, Any]]]) -> None:
    wanted = Counter(json.dumps([table, _filled(row)], sort_keys=True) for table, _, row in legacy)
    _, *lines = archive.read_text(encoding="utf-8").rstrip("\n").split("\n")
    rows = [json.loads(line, parse_float=_Digits, parse_int=_Digits) for line in lines]
    found = Counter(json.dumps([row["table"], _filled(row["row"])], sort_keys=True) for row in rows)
    assert found == wanted


def _filled(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


# Processes that really die


_PROGRAM = """
import asyncio, sys
from pathlib import Path
from briefsmith.operations.schema_upgrade import upgrade_schema

async def work():
    print("begun", flush=True)
    async for report in upgrade_schema(sys.argv[1], Path(sys.argv[2])):
        print(report.phase, flush=True)

asyncio.run(work())
"""


def test_a_killed_process_leaves_the_legacy_tables_in_use_and_is_gone_on_with(
    server: Server, tmp_path: Path
) -> None:
    dice = random.Random(4)  # noqa: S311  no secret
    url, archive = legacy_database(server), tmp_path / "old.jsonl"
    content = random_content(dice, users=12)
    with psycopg.connect(url) as connection:
        store(connection, content)
    rows = rows_as_text(url)

    for phase in ("begun", "archive", "stage", "stage", "prove", "swap"):
        process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, url, str(archive)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip() == phase:
                break
        time.sleep(dice.random() * 0.15)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        if ask(url, "select to_regclass('public.profile_core_data') is null") == [(True,)]:
            break
        assert rows_as_text(url) == rows

    asyncio.run(run(url, archive))
    assert rows_as_text(url, "briefsmith_legacy") == rows
    account_for(url, content, archive)
    assert asyncio.run(_is_in_sync(url))
    server.drop(url)
