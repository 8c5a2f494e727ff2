"""What constraints, foreign keys, views and triggers of the schema do, on both versions."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID

import psycopg
import pytest
from psycopg import Connection, errors

from tests.conftest import Server


@dataclass(frozen=True, slots=True)
class Store:
    """A migrated database with two blocks, a brief and its user; rolled back."""

    connection: Connection[Any]
    user: UUID
    block: UUID
    other_block: UUID
    brief: UUID

    def run(self, statement: LiteralString, **params: object) -> list[tuple[Any, ...]]:
        given: dict[str, object] = {
            "user": self.user,
            "block": self.block,
            "other_block": self.other_block,
            "brief": self.brief,
            **params,
        }
        cursor = self.connection.execute(statement, given)
        return cursor.fetchall() if cursor.description else []

    def refuses(self, statement: LiteralString, constraint: str) -> bool:
        """Whether the constraint of this name, and no other, refuses the statement."""
        try:
            with self.connection.transaction():
                self.run(statement)
        except (errors.CheckViolation, errors.UniqueViolation) as error:
            return error.diag.constraint_name == constraint
        return False


@pytest.fixture(scope="module")
def _schema_url(any_server: Server) -> Generator[str]:
    url = any_server.migrated_database()
    yield url
    any_server.drop(url)


def _id(connection: Connection[Any], statement: LiteralString, *params: object) -> UUID:
    row = connection.execute(statement, params).fetchone()
    assert row is not None
    return row[0]


_BLOCK: LiteralString = """
insert into public.context_blocks (user_id, label, content) values (%s, %s, 'content') returning id
"""


@pytest.fixture
def store(_schema_url: str) -> Generator[Store]:
    with psycopg.connect(_schema_url) as connection:
        connection.execute("set search_path = public, extensions")
        user = _id(connection, "select id from auth.users")
        yield Store(
            connection,
            user,
            _id(connection, _BLOCK, user, "a block"),
            _id(connection, _BLOCK, user, "b block"),
            _id(
                connection,
                "insert into public.task_briefs (user_id, intent) values (%s, 'i') returning id",
                user,
            ),
        )
        connection.rollback()


# ---- constraints


@pytest.mark.parametrize("label", ["a block", "A BLOCK", "a Block"])
def test_a_label_is_taken_whatever_its_case(label: str, store: Store) -> None:
    with pytest.raises(errors.UniqueViolation) as caught:
        store.run(
            "insert into context_blocks (user_id, label, content) values (%(user)s, %(label)s, 'c')",
            label=label,
        )

    assert caught.value.diag.constraint_name == "context_blocks_label_key"


def test_the_label_of_an_archived_block_is_free_and_that_of_a_locked_one_is_not(
    store: Store,
) -> None:
    again: LiteralString = (
        "insert into context_blocks (user_id, label, content) values (%(user)s, 'a block', 'c')"
    )
    store.run("update context_blocks set status = 'locked' where id = %(block)s")
    assert store.refuses(again, "context_blocks_label_key")

    store.run("update context_blocks set status = 'archived' where id = %(block)s")

    store.run(again)
    assert len(store.run("select id from context_blocks where label = 'a block'")) == 2


def test_two_people_may_use_one_label(store: Store) -> None:
    store.run(
        """
        with other as (insert into auth.users (email) values ('b@example.org') returning id)
        select id from other
        """
    )

    store.run(
        """
        insert into context_blocks (user_id, label, content)
        select id, 'a block', 'c' from auth.users where email = 'b@example.org'
        """
    )

    assert len(store.run("select id from context_blocks where label = 'a block'")) == 2


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("label = ''", "context_blocks_label_check"),
        ("label = '   '", "context_blocks_label_check"),
        ("label = repeat('x', 501)", "context_blocks_label_check"),
        ("feedback_score = 1.01", "context_blocks_feedback_score_check"),
        ("feedback_score = -0.01", "context_blocks_feedback_score_check"),
        ("feedback_score = 'nan'", "context_blocks_feedback_score_check"),
        ("meta_visibility = 'secret'", "context_blocks_meta_visibility_check"),
        ("meta_embedding_model = 'm'", "context_blocks_meta_embedding_check"),
        (
            "meta_embedding = array_fill(1::real, array[256])::vector",
            "context_blocks_meta_embedding_check",
        ),
    ],
)
def test_a_block_refuses_what_makes_no_sense(
    change: LiteralString, constraint: str, store: Store
) -> None:
    assert store.refuses(
        "update context_blocks set " + change + " where id = %(block)s", constraint
    )


@pytest.mark.parametrize(
    "change",
    [
        "label = repeat('\U0001f9f9', 500)",
        "feedback_score = 0",
        "feedback_score = 1",
        "meta_visibility = 'shared'",
        "meta_visibility = 'system'",
        "content = ''",
    ],
)
def test_a_block_takes_what_is_at_the_edge(change: LiteralString, store: Store) -> None:
    store.run("update context_blocks set " + change + " where id = %(block)s")

    assert len(store.run("select id from context_blocks where id = %(block)s")) == 1


@pytest.mark.parametrize("width", [255, 257])
def test_a_vector_of_another_width_is_refused(width: int, store: Store) -> None:
    with pytest.raises(errors.DataException):
        store.run(
            """
            update context_blocks set meta_embedding_model = 'm',
              meta_embedding = array_fill(1::real, array[%(width)s])::vector
            """,
            width=width,
        )


@pytest.mark.parametrize(
    ("columns", "values", "constraint"),
    [
        ("temperature", "2.01", "deployment_configs_temperature_check"),
        ("temperature", "-0.1", "deployment_configs_temperature_check"),
        ("temperature", "'nan'", "deployment_configs_temperature_check"),
        ("max_tokens", "0", "deployment_configs_max_tokens_check"),
    ],
)
def test_a_config_refuses_what_makes_no_sense(
    columns: LiteralString, values: LiteralString, constraint: str, store: Store
) -> None:
    statement: LiteralString = (
        "insert into deployment_configs (task_brief_id, "
        + columns
        + ") values (%(brief)s, "
        + values
        + ")"
    )
    assert store.refuses(statement, constraint)


_FILE: LiteralString = """
insert into block_files (
  user_id, file_url, file_name, label, size_bytes, is_primary, associated_block_id
)
values (%(user)s, 'file://x', 'x', 'x', 0, true, %(block)s)
"""


def test_a_block_has_at_most_one_primary_file_and_sizes_are_not_negative(store: Store) -> None:
    store.run(_FILE)
    store.run(_FILE.replace("%(block)s", "%(other_block)s"))
    store.run(_FILE.replace("%(block)s", "null"))
    store.run(_FILE.replace("%(block)s", "null"))
    store.run(_FILE.replace("true", "false"))

    assert store.refuses(_FILE, "block_files_primary_key")
    assert store.refuses(_FILE.replace("0, true", "-1, false"), "block_files_size_bytes_check")


def test_a_use_of_a_block_in_a_brief_stands_once(store: Store) -> None:
    link: LiteralString = (
        "insert into block_brief_link (block_id, task_brief_id, transformation) "
        "values (%(block)s, %(brief)s, 'excerpted')"
    )
    store.run(link)

    assert store.refuses(link, "block_brief_link_use_key")
    store.run(link.replace("excerpted", "used-as-is"))
    assert len(store.run("select id from block_brief_link")) == 2


# ---- what goes with what


def _hang_everything_on_the_block(store: Store) -> None:
    store.run(_FILE)
    store.run("update context_blocks set meta_derived_from = %(block)s where id = %(other_block)s")
    store.run("update context_blocks set content = 'new' where id = %(block)s")
    store.run(
        """
        with proposal as (
          insert into block_change_queue (user_id, action, block_id)
          values (%(user)s, 'update', %(block)s) returning id
        ),
        link as (
          insert into block_brief_link (block_id, task_brief_id) values (%(block)s, %(brief)s)
        ),
        use as (
          insert into block_usage_history (block_id, used_in_task_id) values (%(block)s, %(brief)s)
        )
        insert into briefsmith.import_entries values (%(user)s, 'c', 'p', 'a', %(block)s, 'h')
        """
    )


def test_with_a_purged_block_goes_what_tells_of_it_and_the_rest_lets_go(store: Store) -> None:
    _hang_everything_on_the_block(store)

    store.run("delete from context_blocks where id = %(block)s")

    for table in (
        "block_change_queue",
        "block_revisions",
        "block_brief_link",
        "block_usage_history",
        "briefsmith.import_entries",
    ):
        assert store.connection.execute(f"select from {table}").rowcount == 0, table
    assert store.run("select associated_block_id from block_files") == [(None,)]
    assert store.run("select meta_derived_from, version from context_blocks") == [(None, 1)]
    assert len(store.run("select id from task_briefs")) == 1


def test_with_a_brief_goes_what_hangs_on_it_and_its_blocks_stay(store: Store) -> None:
    _hang_everything_on_the_block(store)
    store.run(
        """
        with config as (
          insert into deployment_configs (task_brief_id) values (%(brief)s) returning id
        ),
        output as (
          insert into task_brief_outputs (task_brief_id, config_id, content)
          select %(brief)s, id, 'c' from config returning id
        )
        insert into brief_feedback (task_brief_id, output_id, user_id, success)
        select %(brief)s, id, %(user)s, true from output
        """
    )
    store.run("delete from deployment_configs")
    assert store.run("select config_id from task_brief_outputs") == [(None,)]

    store.run("delete from task_briefs where id = %(brief)s")

    for table in ("task_brief_outputs", "brief_feedback", "block_brief_link"):
        assert store.connection.execute(f"select from {table}").rowcount == 0, table
    assert len(store.run("select id from context_blocks")) == 2


def test_a_proposal_that_goes_leaves_the_revision(store: Store) -> None:
    _hang_everything_on_the_block(store)
    store.run(
        "update block_revisions set proposal_id = (select id from block_change_queue limit 1)"
    )

    store.run("delete from block_change_queue")

    assert store.run("select proposal_id from block_revisions") == [(None,)]


def test_an_output_that_goes_leaves_its_feedback(store: Store) -> None:
    store.run(
        """
        with output as (
          insert into task_brief_outputs (task_brief_id, content)
          values (%(brief)s, 'c') returning id
        )
        insert into brief_feedback (task_brief_id, output_id, user_id, success)
        select %(brief)s, id, %(user)s, false from output
        """
    )

    store.run("delete from task_brief_outputs")

    assert store.run("select output_id from brief_feedback") == [(None,)]


# ---- order, views, events


def test_high_comes_first_in_the_order_of_importance(store: Store) -> None:
    store.run("update context_blocks set importance = 'low' where id = %(block)s")
    store.run("update context_blocks set importance = 'high' where id = %(other_block)s")

    ordered = store.run("select label from context_blocks order by importance")

    assert ordered == [("b block",), ("a block",)]


def test_every_block_is_in_the_summary_of_uses_also_one_that_was_never_used(
    store: Store,
) -> None:
    store.run(
        """
        insert into block_brief_link (block_id, task_brief_id, transformation, created_at)
        values (%(block)s, %(brief)s, 'used-as-is', '2026-02-01'),
          (%(block)s, %(brief)s, 'excerpted', '2026-01-01'),
          (%(block)s, %(brief)s, null, '2026-01-02')
        """
    )

    found = store.run(
        """
        select label, brief_count, last_used_at at time zone 'utc' = '2026-02-01', usage_modes
        from view_block_usage_summary where user_id = %(user)s order by label
        """
    )

    assert found == [
        ("a block", 1, True, ["excerpted", "used-as-is"]),
        ("b block", 0, None, []),
    ]


def test_what_a_person_s_briefs_have_in_common_breaks_ties_by_the_alphabet(store: Store) -> None:
    store.run(
        """
        insert into task_briefs (user_id, intent, meta_emotional_tone, meta_scope, meta_audience)
        values (%(user)s, 'i', '{warm,dry}', 'web', 'bakers'),
          (%(user)s, 'i', '{warm}', 'email', 'bakers'),
          (%(user)s, 'i', '{dry,Zany}', null, 'artists')
        """
    )

    found = store.run(
        """
        select total_briefs, dominant_tone, dominant_scope, dominant_audience
        from view_user_brief_patterns where user_id = %(user)s
        """
    )

    assert found == [(4, "dry", "email", "bakers")]


def test_uses_are_counted_by_type_and_by_block(store: Store) -> None:
    store.run("update context_blocks set type = 'guide' where id = %(other_block)s")
    store.run(
        """
        with second as (
          insert into task_briefs (user_id, intent) values (%(user)s, 'j') returning id
        ),
        links as (
          insert into block_brief_link (block_id, task_brief_id, transformation)
          select %(block)s, id, 'excerpted' from second
        ),
        uses as (
          insert into block_usage_history (block_id, used_in_task_id)
          select %(block)s, id from second
        )
        insert into block_usage_history (block_id, used_in_task_id)
        values (%(block)s, %(brief)s), (%(block)s, %(brief)s)
        """
    )
    store.run(
        """
        insert into block_brief_link (block_id, task_brief_id, transformation)
        values (%(block)s, %(brief)s, 'a'), (%(block)s, %(brief)s, 'b')
        """
    )

    popular = store.run(
        "select type::text, total_briefs, total_usages from view_block_popularity_by_type order by 1"
    )
    summary = store.run("select block_id, total_usages, distinct_tasks from block_usage_summary")

    assert popular == [("guide", 0, 0), ("text", 2, 3)]
    assert summary == [(store.block, 3, 2)]


def test_an_event_is_announced_by_its_id_alone_and_only_when_it_is_committed(
    database_url: str,
) -> None:
    with (
        psycopg.connect(database_url, autocommit=True) as listener,
        psycopg.connect(database_url) as writer,
    ):
        listener.execute("listen briefsmith_events")
        writer.execute("insert into events (topic, payload) values ('lost', '{}')")
        writer.rollback()
        row = writer.execute(
            "insert into events (topic, payload) values ('kept', '{\"a\": 1}') returning id"
        ).fetchone()
        assert row is not None
        writer.commit()

        heard = [notice.payload for notice in listener.notifies(timeout=10, stop_after=1)]

    assert heard == [str(row[0])]
