"""The lexical index follows the blocks, whatever changes them, and gives true BM25."""

import asyncio
import hashlib
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any, LiteralString
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from psycopg import Connection, IsolationLevel, sql
from psycopg.errors import DeadlockDetected, ForeignKeyViolation

from briefsmith.models.enums import BlockStatus
from briefsmith.operations.search import find_blocks
from briefsmith.postgres.asking import numbered
from briefsmith.postgres.database import open_database
from briefsmith.postgres.session import Actor
from briefsmith.schemas.blocks import BlockFilter
from briefsmith.schemas.search import SearchSettings
from briefsmith.sql import load
from briefsmith.store.questions import Question
from tests.conftest import Server
from tests.integration.lexical import (
    bm25,
    expansion,
    fresh_index,
    fresh_signs,
    stored_index,
    stored_signs,
    terms,
)

WORDS = ["brush", "brushes", "oak", "the", "Ölung", "running", "run", "n0.7", "naïve", "wombat"]

_texts = st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)
_places = st.integers(0, 5)
_locales = st.sampled_from([None, "de", "fr-CA", "tlh"])

# (kind, place of the block, text, locale): enough to draw any change from.
_operations = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "insert",
                "bulk insert",
                "content",
                "label",
                "tags",
                "locale",
                "owner",
                "feedback",
                "archive",
                "delete",
                "delete many",
                "update all",
                "upsert",
                "merge",
                "in one statement",
                "undone",
                "derive",
                "many",
                "embed",
                "embed all",
                "forget vectors",
                "follow",
                "follow all",
                "unfollow",
                "parts",
                "no parts",
            ]
        ),
        _places,
        _texts,
        _locales,
    ),
    min_size=1,
    max_size=12,
)


@pytest.fixture(scope="module")
def index_url(any_server: Server) -> Generator[str]:
    url = any_server.migrated_database()
    yield url
    any_server.drop(url)


@pytest.fixture(scope="module")
def index(index_url: str) -> Generator[Connection[Any]]:
    """A login with every right; each test puts its blocks back by rolling back."""
    with psycopg.connect(index_url) as connection:
        connection.execute("set search_path = public, extensions")
        connection.commit()
        yield connection
        connection.rollback()


# A vector of its own for each block, place and text, of one of two models.
_EMBED = """
  meta_embedding_model = 'model ' || %(place)s::integer %% 2,
  meta_embedding = (
    select array_agg(cos(n * (%(place)s::integer + length(label) + length(content))))
    from generate_series(1, 256) as n
  )::real[]::vector
"""


class Writer:
    """Changes blocks as any tool might, by plain SQL."""

    def __init__(self, connection: Connection[Any]) -> None:
        self.connection = connection
        found = connection.execute(
            """
            insert into auth.users (id) values (gen_random_uuid()), (gen_random_uuid())
            returning id
            """
        ).fetchall()
        self.users: list[UUID] = [row[0] for row in found]
        self.number = 0

    def do(self, kind: str, place: int, text: str, locale: str | None) -> None:
        changes: dict[str, str] = {
            "content": "content = %(text)s",
            "tags": "meta_tags = string_to_array(%(text)s, ' ')",
            "locale": "meta_locale = %(locale)s",
            "owner": "user_id = %(user)s",
            "feedback": "feedback_score = 0.5",
            "label": "label = %(label)s",
            "archive": "status = 'archived'",
            "embed": _EMBED,
        }
        if kind in changes:
            self._run(
                f"update public.context_blocks set {changes[kind]} where id = %(block)s",
                text,
                locale,
                place,
            )
        else:
            self._statement(kind, place, text, locale)

    def _statement(self, kind: str, place: int, text: str, locale: str | None) -> None:
        columns = "(user_id, label, content, meta_locale)"
        statements = {
            "insert": f"""
                insert into public.context_blocks {columns}
                values (%(user)s, %(label)s, %(text)s, %(locale)s)
            """,
            "bulk insert": f"""
                insert into public.context_blocks {columns}
                select %(user)s, %(label)s || n, %(text)s || ' ' || n, %(locale)s
                from generate_series(1, 3) as n
            """,
            # So many that they are posted at once.
            "many": f"""
                insert into public.context_blocks {columns}
                select %(user)s, %(label)s || n, %(text)s || ' ' || n, %(locale)s
                from generate_series(1, 70) as n
            """,
            "embed all": f"update public.context_blocks set {_EMBED}",
            "forget vectors": """
                update public.context_blocks set meta_embedding = null, meta_embedding_model = null
                where user_id = %(user)s
            """,
            "follow": """
                insert into briefsmith.block_surroundings (block_id, user_id, previous_id)
                select one.id, one.user_id, other.id
                from public.context_blocks as one
                join public.context_blocks as other
                  on other.user_id = one.user_id and other.id <> one.id
                where one.id = %(block)s
                order by other.created_at desc, other.label
                limit 1
                on conflict (block_id, user_id) do update set previous_id = excluded.previous_id
            """,
            "follow all": """
                insert into briefsmith.block_surroundings (block_id, user_id, previous_id)
                select one.id, one.user_id, one.before
                from (
                  select id, user_id,
                    lag(id) over (partition by user_id order by created_at, label) as before
                  from public.context_blocks
                ) as one
                where one.before is not null
                on conflict (block_id, user_id) do update set previous_id = excluded.previous_id
            """,
            "parts": """
                insert into briefsmith.block_parts (block_id, model, place, user_id, embedding)
                select block.id, 'model ' || %(place)s::integer %% 2, part, block.user_id, (
                  select array_agg(cos(n * (part + %(place)s::integer + length(block.label))))
                  from generate_series(1, 256) as n
                )::real[]::vector
                from public.context_blocks as block, generate_series(1, 2) as part
                where block.id = %(block)s or %(place)s::integer = 5
                on conflict do nothing
            """,
            "no parts": "delete from briefsmith.block_parts where block_id = %(block)s",
            "unfollow": "delete from briefsmith.block_surroundings where block_id = %(block)s",
            "delete": "delete from public.context_blocks where id = %(block)s",
            "delete many": "delete from public.context_blocks where user_id = %(user)s",
            "update all": "update public.context_blocks set content = %(text)s || content",
            "upsert": """
                insert into public.context_blocks (id, user_id, label, content)
                values (%(block)s, %(user)s, %(label)s, %(text)s),
                  (gen_random_uuid(), %(user)s, %(label)s || ' too', %(text)s)
                on conflict (id) do update set content = excluded.content || ' oak'
            """,
            "merge": """
                merge into public.context_blocks as target
                using (values (%(block)s::uuid), (gen_random_uuid())) as source (id)
                on target.id = source.id
                when matched and %(place)s %% 2 = 0 then delete
                when matched then update set content = %(text)s
                when not matched then insert (id, user_id, label, content)
                  values (source.id, %(user)s, %(label)s || source.id, %(text)s)
            """,
            "in one statement": f"""
                with gone as (delete from public.context_blocks where id = %(block)s),
                changed as (
                  update public.context_blocks set content = %(text)s
                  where user_id = %(user)s and id <> %(block)s
                )
                insert into public.context_blocks {columns}
                values (%(user)s, %(label)s, %(text)s, %(locale)s)
            """,
            "undone": "delete from public.context_blocks",
            "derive": "update public.context_blocks set meta_derived_from = %(block)s",
        }
        # PostgreSQL refuses to delete a block and change one that derives from it in one statement.
        with (
            suppress(ForeignKeyViolation),
            self.connection.transaction(force_rollback=kind == "undone"),
        ):
            self._run(statements[kind], text, locale, place)

    def _run(self, statement: str, text: str, locale: str | None, place: int) -> None:
        self.number += 1
        self.connection.execute(
            statement,  # pyright: ignore[reportArgumentType]  composed in this class of literals
            {
                "user": self.users[place % 2],
                "block": self._block(place),
                "label": f"label {self.number} {text}",
                "text": text,
                "locale": locale,
                "place": place,
            },
        )

    def _block(self, place: int) -> UUID:
        """The block at a place, or an id that is not there yet."""
        blocks = self.connection.execute(
            "select id from public.context_blocks order by created_at, label"
        ).fetchall()
        return blocks[place % len(blocks)][0] if blocks else self.users[0]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(operations=_operations)
def test_after_any_changes_the_index_is_what_the_blocks_say(
    index: Connection[Any], operations: list[tuple[str, int, str, str | None]]
) -> None:
    with index.transaction(force_rollback=True):
        writer = Writer(index)

        for operation in operations:
            writer.do(*operation)

        assert stored_index(index) == fresh_index(index)
        assert stored_signs(index) == fresh_signs(index)


def test_when_every_block_is_purged_no_word_is_left(index: Connection[Any]) -> None:
    with index.transaction(force_rollback=True):
        writer = Writer(index)
        for place in range(4):
            writer.do("bulk insert", place, "wombat oak", "de")
        index.execute("update public.context_blocks set content = 'the other text'")

        index.execute("delete from public.context_blocks")

        left = stored_index(index)
        assert (left.documents, left.postings, left.totals) == ({}, {}, {})
        assert index.execute("select from briefsmith.search_postings").rowcount == 0


def test_a_table_emptied_by_truncate_leaves_no_word(index: Connection[Any]) -> None:
    with index.transaction(force_rollback=True):
        Writer(index).do("bulk insert", 0, "wombat oak", None)

        index.execute("truncate public.context_blocks cascade")

        assert index.execute("select from briefsmith.search_postings").rowcount == 0
        assert stored_index(index) == fresh_index(index)


def test_a_block_keeps_its_id(index: Connection[Any]) -> None:
    with index.transaction(force_rollback=True):
        Writer(index).do("insert", 0, "wombat", None)

        with pytest.raises(psycopg.Error), index.transaction():
            index.execute("update public.context_blocks set id = gen_random_uuid()")

        assert stored_index(index) == fresh_index(index)


def test_feedback_and_embeddings_do_not_touch_the_index(index: Connection[Any]) -> None:
    with index.transaction(force_rollback=True):
        Writer(index).do("bulk insert", 0, "wombat oak", None)
        rows = "select id, xmin::text, ctid::text from briefsmith.search_postings order by id"
        before = index.execute(rows).fetchall()

        index.execute(
            """
            update public.context_blocks set feedback_score = 0.4,
              last_used_successfully_at = now(), meta_embedding_model = 'm',
              meta_embedding = array_fill(0.5::real, array[256])::vector
            """
        )

        assert index.execute(rows).fetchall() == before


# ---- what waits, and what is packed


def _add_one_by_one(connection: Connection[Any], user: UUID, count: int, *, start: int = 0) -> None:
    for number in range(start, start + count):
        connection.execute(
            """
            insert into public.context_blocks
              (user_id, label, content, meta_embedding, meta_embedding_model)
            values (%s, %s, %s, array_fill(cos(%s)::real, array[256])::vector, 'm')
            """,
            [user, f"label {number}", f"wombat oak {number % 7}", number],
        )


def test_blocks_that_come_one_by_one_wait_and_are_posted_together(index: Connection[Any]) -> None:
    with index.transaction(force_rollback=True):
        [user, _] = Writer(index).users

        _add_one_by_one(index, user, 200)
        index.execute("delete from public.context_blocks where label like '%3'")

        row = index.execute(
            """
            select count(*) filter (where is_posted) >= 100, count(*) filter (where not is_posted) > 0
            from briefsmith.search_documents
            """
        ).fetchone()
        assert row == (True, True)
        assert stored_index(index) == fresh_index(index)
        assert stored_signs(index) == fresh_signs(index)


def test_many_rows_of_a_term_are_packed_into_few(index: Connection[Any]) -> None:
    with index.transaction(force_rollback=True):
        writer = Writer(index)
        for _ in range(40):
            writer.do("many", 0, "wombat oak", None)

        found = index.execute(
            """
            select
              (select count(*) from briefsmith.search_postings where term = 'wombat'),
              (select count(*) from briefsmith.search_totals where user_id = %s)
            """,
            [writer.users[0]],
        ).fetchone()

        assert found is not None
        assert max(found) <= 16
        assert stored_index(index) == fresh_index(index)


def test_who_posts_and_packs_leaves_no_word_that_another_purges(
    index_url: str, index: Connection[Any]
) -> None:
    [user, _] = Writer(index).users
    index.commit()

    def add() -> None:
        with psycopg.connect(index_url, autocommit=True) as connection:
            connection.execute("set search_path = public, extensions")
            _add_one_by_one(connection, user, 260)

    def purge() -> None:
        with psycopg.connect(index_url, autocommit=True) as connection:
            for _ in range(120):
                connection.execute(
                    """
                    delete from public.context_blocks
                    where id = (select id from public.context_blocks order by random() limit 1)
                    """
                )

    ends = [_start(add), _start(purge)]

    assert [end() for end in ends] == [None, None]
    assert stored_index(index) == fresh_index(index)
    assert stored_signs(index) == fresh_signs(index)
    index.rollback()
    index.execute("delete from public.context_blocks")
    index.commit()


def test_what_one_process_commits_another_finds_at_once(
    index_url: str, index: Connection[Any]
) -> None:
    [user, _] = Writer(index).users
    index.commit()
    writing = (
        "import psycopg, sys\n"
        "with psycopg.connect(sys.argv[1], autocommit=True) as connection:\n"
        "    for line in sys.stdin:\n"
        "        connection.execute(line)\n"
        "        print(flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", writing, index_url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        # Past the 64th they are posted; each third goes again.
        for number in range(90):
            print(
                "insert into public.context_blocks (user_id, label, content)"
                f" values ('{user}', 'n{number}', 'wombat');"
                f" delete from public.context_blocks where label = 'n{number - 3}'"
                f" and {number} % 3 = 0",
                file=writer.stdin,
                flush=True,
            )
            writer.stdout.readline()
            if number % 9 == 0 or number > 60:
                found = asyncio.run(_search(index_url, user, "wombat", SearchSettings()))
                held = index.execute("select id from public.context_blocks").fetchall()
                index.rollback()
                assert found.keys() == {row[0] for row in held}
        writer.stdin.close()
    index.execute("delete from public.context_blocks")
    index.commit()


# ---- plans


_MANY = """
  set local session_replication_role = replica;
  insert into auth.users (id) select md5('person ' || one)::uuid from generate_series(1, 20) as one;
  insert into public.context_blocks (id, user_id, label, content)
  select md5('block ' || one)::uuid, md5('person ' || 1 + one % 2)::uuid, 'label ' || one, 'oak'
  from generate_series(1, 100000) as one;
  insert into briefsmith.search_documents (block_id, user_id, length, words, is_posted)
  select id, user_id, 9, to_tsvector('oak wombat'), true from public.context_blocks;
  insert into briefsmith.search_postings (user_id, term, lowest, highest, entries)
  select md5('person ' || 1 + one % 2)::uuid, 'term ' || one / 2, 1, 100000, decode(repeat('00', 80), 'hex')
  from generate_series(1, 60000) as one;
  insert into briefsmith.search_vectors (user_id, model, lowest, highest, entries)
  select md5('person ' || 1 + one % 2)::uuid, 'm', 1, 100000, decode(repeat('00', 3600), 'hex')
  from generate_series(1, 1000) as one;
  insert into briefsmith.search_totals (user_id, documents, length)
  select md5('person ' || 1 + one % 20)::uuid, 1, 9 from generate_series(1, 2000) as one;
  insert into briefsmith.block_parts (block_id, model, place, user_id, embedding)
  select id, 'm', 1, user_id, array_fill(1::real, array[256])::vector
  from public.context_blocks limit 5000;
"""


@pytest.fixture(scope="module")
def many(server: Server) -> Generator[Connection[Any]]:
    """100,000 blocks of two people, and what search reads of them; nothing is known of the tables."""
    url = server.migrated_database()
    with psycopg.connect(url) as connection:
        connection.execute("alter table public.context_blocks set (autovacuum_enabled = off)")
        connection.execute("set search_path = public, extensions")
        connection.execute(_MANY)
        connection.commit()
        yield connection
    server.drop(url)


@pytest.mark.parametrize("plans", ["force_generic_plan", "force_custom_plan"])
@pytest.mark.parametrize("is_analyzed", [False, True])
def test_at_100_000_blocks_no_statement_of_a_search_reads_a_table_whole(
    many: Connection[Any], plans: str, *, is_analyzed: bool
) -> None:
    user = UUID(bytes=hashlib.md5(b"person 1", usedforsecurity=False).digest())
    params: dict[str, Any] = {
        **dict.fromkeys(("types", "importances", "sources", "tags", "scope", "block_locale")),
        "locale": None,
        "model": "m",
        "copied": None,
        "user_id": user,
        "words": "wombat oak",
        "numbers": list(range(1, 31)),
        "parts": [1.0] * 30,
        "known": ["oak"],
        "statuses": ["active"],
        "usable_only": False,
        "with_embedding": True,
        "documents": 50_000.0,
        "mean_length": 9.0,
        "k1": 1.5,
        "b": 0.75,
        "terms": 16,
        "weight": 1.0,
        "scores": [1.0] * 30,
        "bm25s": [1.0] * 30,
        "cosines": [1.0] * 30,
        "keys": ["1"],
        "versions": ["1 (0,1)"],
        "known_waiting": ["7 1"],
    }
    with many.transaction(force_rollback=True):
        if is_analyzed:
            many.execute("analyze")
        many.execute(
            "select set_config('plan_cache_mode', %s, true), set_config('role', 'authenticated', true),"
            " set_config('request.jwt.claims', %s, true)",
            [plans, Actor(user).claims],
        )
        for name in (
            "select_question",
            "select_signs",
            "expand_question",
            "select_vectors_of",
            "select_hits",
        ):
            text, names = numbered(load("search")[name].text)
            many.execute(f"prepare looked_at as {text}".encode())
            values = sql.SQL(", ").join(sql.Literal(params[one]) for one in names)
            rows = many.execute(sql.SQL("explain execute looked_at ({})").format(values)).fetchall()
            many.execute("deallocate looked_at")
            plan = "\n".join(row[0] for row in rows)

            assert "Index" in plan, name
            # Of search_vectors it wants every row of the person, who has half of all here.
            read_whole = (
                r"Seq Scan on (context_blocks|search_documents|search_postings|block_parts)"
            )
            assert not re.search(read_whole, plan), plan
            # All of a person's blocks are many as well.
            assert "context_blocks_user_id_idx" not in plan, plan


# ---- two at once


def _two_blocks(connection: Connection[Any]) -> list[UUID]:
    """Two blocks that share words, in one statement, so that they share rows of the index."""
    row = connection.execute("select id from auth.users limit 1").fetchone()
    assert row is not None
    found = connection.execute(
        """
        insert into public.context_blocks (user_id, label, content)
        select %s, 'label ' || n, 'wombat oak ' || n from generate_series(1, 2) as n returning id
        """,
        row,
    ).fetchall()
    connection.commit()
    return [row[0] for row in found]


@pytest.mark.parametrize("level", [IsolationLevel.READ_COMMITTED, IsolationLevel.REPEATABLE_READ])
@pytest.mark.parametrize(
    "statement",
    [
        "delete from public.context_blocks where id = %s",
        "update public.context_blocks set content = 'new' where id = %s",
    ],
)
def test_of_two_who_purge_at_once_no_word_is_left(
    database_url: str, level: IsolationLevel, statement: LiteralString
) -> None:
    with psycopg.connect(database_url) as first, psycopg.connect(database_url) as second:
        blocks = _two_blocks(first)
        second.isolation_level = level
        second.execute("select from public.context_blocks")
        first.execute(statement, [blocks[0]])
        failed = _start(lambda: second.execute(statement, [blocks[1]]))
        _until_it_waits(database_url, second)

        first.commit()

        error = failed()
        if error is None:
            second.commit()
        else:
            assert isinstance(error, psycopg.errors.SerializationFailure)
            second.rollback()
        assert stored_index(first) == fresh_index(first)


def _start(work: Callable[[], object]) -> Callable[[], BaseException | None]:
    """Runs in a thread; the answer waits for its end and gives its error."""
    caught: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  handed over
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()

    def end() -> BaseException | None:
        thread.join()
        return caught[0] if caught else None

    return end


def _until_it_waits(url: str, connection: Connection[Any]) -> None:
    pid = connection.info.backend_pid
    with psycopg.connect(url, autocommit=True) as watcher:
        while not watcher.execute(
            "select from pg_stat_activity where pid = %s and wait_event_type = 'Lock'", [pid]
        ).rowcount:
            watcher.execute("select pg_sleep(0.01)")


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(one=_operations, other=_operations)
def test_two_who_write_at_once_leave_an_index_that_fits(
    index_url: str,
    index: Connection[Any],
    one: list[tuple[str, int, str, str | None]],
    other: list[tuple[str, int, str, str | None]],
) -> None:
    def work(operations: list[tuple[str, int, str, str | None]]) -> None:
        with psycopg.connect(index_url) as connection:
            connection.execute("set search_path = public, extensions")
            writer = Writer(connection)
            connection.commit()
            for operation in operations:
                try:
                    writer.do(*operation)
                    connection.commit()
                except (DeadlockDetected, psycopg.errors.UniqueViolation):
                    connection.rollback()

    ends = [_start(lambda: work(one)), _start(lambda: work(other))]

    errors = [end() for end in ends]

    assert errors == [None, None]
    assert stored_index(index) == fresh_index(index)
    assert stored_signs(index) == fresh_signs(index)
    index.rollback()
    index.execute("delete from public.context_blocks")
    index.commit()


# ---- scores


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    operations=_operations,
    question=st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join),
    locale=_locales,
    k1=st.floats(0, 3),
    b=st.floats(0, 1),
)
def test_the_scores_are_those_of_plain_bm25(
    index_url: str,
    index: Connection[Any],
    operations: list[tuple[str, int, str, str | None]],
    question: str,
    locale: str | None,
    k1: float,
    b: float,
) -> None:
    writer = Writer(index)
    for operation in operations:
        writer.do(*operation)
    index.commit()
    user = writer.users[0]

    once = SearchSettings(k1=k1, b=b, locale=locale, expansion_terms=0, typo_weight=0)
    found = asyncio.run(_search(index_url, user, question, once))

    expected = bm25(fresh_index(index), user, terms(index, locale, question), k1=k1, b=b)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)
    index.execute("delete from public.context_blocks")
    index.commit()


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    operations=_operations,
    question=st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join),
    k1=st.floats(0.1, 3),
    b=st.floats(0, 1),
    share=st.floats(0.1, 2),
    floor=st.floats(0, 0.9),
)
def test_a_question_is_expanded_by_what_the_blocks_share_that_it_finds_first(
    index_url: str,
    index: Connection[Any],
    operations: list[tuple[str, int, str, str | None]],
    question: str,
    k1: float,
    b: float,
    share: float,
    floor: float,
) -> None:
    writer = Writer(index)
    for operation in operations:
        writer.do(*operation)
    index.commit()
    user, asked, held = writer.users[0], terms(index, None, question), fresh_index(index)
    every = SearchSettings(
        k1=k1,
        b=b,
        expansion_terms=1000,
        expansion_blocks=1000,
        expansion_floor=floor,
        expansion_share=share,
        typo_weight=0,
    )

    found = asyncio.run(_search(index_url, user, question, every))
    index.execute("delete from public.context_blocks")
    index.commit()

    first = bm25(held, user, asked, k1=k1, b=b)
    best = max(first.values(), default=1.0)
    # Blocks on the very floor may count or not, by the last bit.
    assume(all(abs(score / best - floor) > 1e-9 for score in first.values()))
    leading = {one: score / best for one, score in first.items() if score / best >= floor}
    more = expansion(held, user, asked, leading, k1=k1, b=b, share=share)
    weights = {term: asked[term] + more.get(term, 0.0) for term in asked.keys() | more.keys()}
    assert found == pytest.approx(bm25(held, user, weights, k1=k1, b=b), rel=1e-9, abs=1e-9)


async def _search(url: str, user: UUID, question: str, wanted: SearchSettings) -> dict[UUID, float]:
    async with (
        open_database(url, user=str(user), connections=1) as database,
        database.session(Actor(user)) as session,
    ):
        asked = Question(question, BlockFilter(statuses=tuple(BlockStatus)), wanted, "", None)
        rows = await find_blocks(session, asked, limit=1000)
    assert [row.score for row in rows] == sorted((row.score for row in rows), reverse=True)
    return {row.block.id: row.bm25 for row in rows}
