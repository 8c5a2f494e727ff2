"""Every change of a block is a version with a revision, whatever tool makes it; what is learned is none."""

from collections.abc import Generator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection
from psycopg.errors import CheckViolation, InsufficientPrivilege

from briefsmith.models.enums import BlockType
from tests.conftest import Server
from tests.contract import catalog as read

# Another value for each column that a person or an agent changes.
CHANGES = {
    "type": "'topic'",
    "label": "'another label'",
    "content": "'another content'",
    "source": "'agent'",
    "status": "'archived'",
    "importance": "'high'",
    "file_ids": "array[gen_random_uuid()]",
    "update_policy": "'manual'",
    "meta_tags": "array['tag']",
    "meta_context_scope": "'scope'",
    "meta_agent_notes": "'notes'",
    "meta_refreshable": "true",
    "meta_locale": "'de'",
    "meta_visibility": "'hidden'",
    "meta_emotional_tone": "array['warm']",
    "is_auto_generated": "true",
    "requires_user_review": "true",
    "last_refreshed_at": "now()",
}

# What the product learns, or keeps by itself.
NO_CHANGES = {
    "feedback_score": "0.7",
    "last_used_successfully_at": "now()",
    "meta_derived_from": "id",
    "meta_embedding": "array_fill(0.5::real, array[256])::vector, meta_embedding_model = 'm'",
    "meta_embedding_model": "'m', meta_embedding = array_fill(0.5::real, array[256])::vector",
    "created_at": "now() - interval '1 day'",
    "updated_at": "now() - interval '1 day'",
    "version": "99",
    "user_id": "user_id",
}

# Refused: see test_search_index.py.
FIXED = {"id"}


@pytest.fixture(scope="module")
def _versions_url(any_server: Server) -> Generator[str]:
    url = any_server.migrated_database()
    yield url
    any_server.drop(url)


@pytest.fixture
def tool(_versions_url: str) -> Generator[Connection[Any]]:
    """Any tool that speaks SQL; rolled back."""
    with psycopg.connect(_versions_url) as connection:
        connection.execute("set search_path = public, extensions")
        yield connection
        connection.rollback()


@pytest.fixture
def block(tool: Connection[Any]) -> UUID:
    """A block of the only user."""
    return _insert(tool, "a label", "a content")


def _insert(tool: Connection[Any], label: str, content: str) -> UUID:
    row = tool.execute(
        """
        insert into public.context_blocks (user_id, label, content, created_at, updated_at)
        select id, %s, %s, '2026-01-01', '2026-01-01' from auth.users limit 1
        returning id
        """,
        [label, content],
    ).fetchone()
    assert row is not None
    return row[0]


def _set(tool: Connection[Any], block: UUID, change: str) -> None:
    tool.execute(
        f"update public.context_blocks set {change} where id = %s",  # pyright: ignore[reportArgumentType]  from the tables above
        [block],
    )


def _row(tool: Connection[Any], block: UUID) -> dict[str, Any]:
    found = tool.execute(
        "select to_jsonb(b) - 'meta_embedding' from public.context_blocks as b where id = %s",
        [block],
    ).fetchone()
    assert found is not None
    return found[0]


def _revisions(tool: Connection[Any], block: UUID) -> list[tuple[int, dict[str, Any], str | None]]:
    return tool.execute(
        """
        select version, snapshot, changed_by from public.block_revisions
        where block_id = %s order by version
        """,
        [block],
    ).fetchall()


def test_every_column_is_either_a_change_or_none(tool: Connection[Any]) -> None:
    live = {item.name for item in read.columns(tool) if item.table == "context_blocks"}

    assert live == set(CHANGES) | set(NO_CHANGES) | FIXED
    assert not set(CHANGES) & set(NO_CHANGES)


@pytest.mark.parametrize("column", sorted(CHANGES))
def test_a_change_is_the_next_version_and_keeps_the_row_as_it_was(
    column: str, tool: Connection[Any], block: UUID
) -> None:
    before = _row(tool, block)

    _set(tool, block, f"{column} = {CHANGES[column]}")

    after = _row(tool, block)
    assert (before["version"], after["version"]) == (1, 2)
    assert after[column] != before[column]
    assert [revision[:2] for revision in _revisions(tool, block)] == [(1, before)]
    assert after["updated_at"] > before["updated_at"]


@pytest.mark.parametrize("column", sorted(NO_CHANGES))
def test_what_is_learned_is_no_new_version(column: str, tool: Connection[Any], block: UUID) -> None:
    _set(tool, block, f"{column} = {NO_CHANGES[column]}")

    assert _row(tool, block)["version"] == 1
    assert _revisions(tool, block) == []


def test_a_change_to_the_same_is_no_change(tool: Connection[Any], block: UUID) -> None:
    before = _row(tool, block)

    _set(tool, block, "label = label, content = content, meta_tags = '{}'")

    assert _row(tool, block) == before
    assert _revisions(tool, block) == []


def test_nobody_sets_the_version_by_hand(tool: Connection[Any], block: UUID) -> None:
    _set(tool, block, "content = 'new', version = 40")

    assert _row(tool, block)["version"] == 2


def test_a_statement_that_changes_many_writes_a_revision_of_each(tool: Connection[Any]) -> None:
    blocks = [_insert(tool, f"label {number}", "same") for number in range(3)]

    tool.execute("update public.context_blocks set content = 'other'")

    assert [_row(tool, block)["version"] for block in blocks] == [2, 2, 2]
    assert [len(_revisions(tool, block)) for block in blocks] == [1, 1, 1]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["label", "content", "type", "feedback"]), st.integers(0, 2)),
        max_size=10,
    )
)
def test_revisions_and_row_together_are_the_whole_history(
    tool: Connection[Any], steps: list[tuple[str, int]]
) -> None:
    with tool.transaction(force_rollback=True):
        block = _insert(tool, "0", "0")
        states = [_row(tool, block)]

        for column, value in steps:
            types = list(BlockType)
            change = {
                "label": f"label = '{value}'",
                "content": f"content = '{value}'",
                "type": f"type = '{types[value]}'",
                "feedback": f"feedback_score = 0.{value}",
            }
            _set(tool, block, change[column])
            now = _row(tool, block)
            if now["version"] != states[-1]["version"]:
                states.append(now)
            else:
                states[-1] = now

        history = [snapshot for _, snapshot, _ in _revisions(tool, block)]
        assert [*history, _row(tool, block)] == states
        assert [state["version"] for state in states] == list(range(1, len(states) + 1))


# ---- who, and through which proposal


def test_a_revision_names_who_changed_the_block(tool: Connection[Any], block: UUID) -> None:
    tool.execute("select set_config('briefsmith.changed_by', 'an editor', true)")
    _set(tool, block, "content = 'one'")
    tool.execute(
        """
        select set_config('briefsmith.changed_by', '', true),
          set_config('request.jwt.claims', '{"sub": "somebody"}', true)
        """
    )
    _set(tool, block, "content = 'two'")
    tool.execute("select set_config('request.jwt.claims', '', true)")
    _set(tool, block, "content = 'three'")

    names = [changed_by for _, _, changed_by in _revisions(tool, block)]

    assert names == ["an editor", "somebody", None]


def test_a_revision_names_the_proposal_that_it_comes_from(
    tool: Connection[Any], block: UUID
) -> None:
    row = tool.execute(
        """
        insert into public.block_change_queue (user_id, action, block_id)
        select user_id, 'update', id from public.context_blocks where id = %s returning id::text
        """,
        [block],
    ).fetchone()
    assert row is not None
    tool.execute("select set_config('briefsmith.proposal_id', %s, true)", row)

    _set(tool, block, "content = 'new'")

    found = tool.execute("select proposal_id::text from public.block_revisions").fetchone()
    assert found == row


# ---- locked


@pytest.mark.parametrize("column", sorted(set(CHANGES) - {"status"}))
def test_a_locked_block_cannot_be_changed(column: str, tool: Connection[Any], block: UUID) -> None:
    _set(tool, block, "status = 'locked'")
    before = _row(tool, block)

    with pytest.raises(CheckViolation) as caught, tool.transaction():
        _set(tool, block, f"{column} = {CHANGES[column]}")

    assert caught.value.diag.constraint_name == "context_blocks_locked"
    assert _row(tool, block) == before
    assert len(_revisions(tool, block)) == 1


@pytest.mark.parametrize("column", sorted(set(NO_CHANGES) - {"version"}))
def test_a_locked_block_still_learns(column: str, tool: Connection[Any], block: UUID) -> None:
    _set(tool, block, "status = 'locked'")

    _set(tool, block, f"{column} = {NO_CHANGES[column]}")

    assert _row(tool, block)["version"] == 2


@pytest.mark.parametrize("status", ["active", "archived"])
def test_a_locked_block_can_be_unlocked_and_archived(
    status: str, tool: Connection[Any], block: UUID
) -> None:
    _set(tool, block, "status = 'locked'")

    _set(tool, block, f"status = '{status}'")

    assert (_row(tool, block)["status"], _row(tool, block)["version"]) == (status, 3)


# ---- the embedding stands for the text it was made from


def _embed(tool: Connection[Any], block: UUID) -> None:
    _set(tool, block, f"meta_embedding = {NO_CHANGES['meta_embedding']}")


def _embedding(tool: Connection[Any], block: UUID) -> tuple[bool, str | None]:
    row = tool.execute(
        "select meta_embedding is null, meta_embedding_model from context_blocks where id = %s",
        [block],
    ).fetchone()
    assert row is not None
    return row[0], row[1]


@pytest.mark.parametrize("column", sorted(CHANGES))
def test_the_embedding_goes_with_its_text_and_with_nothing_else(
    column: str, tool: Connection[Any], block: UUID
) -> None:
    _embed(tool, block)

    _set(tool, block, f"{column} = {CHANGES[column]}")

    gone = column in {"label", "content"}
    assert _embedding(tool, block) == ((True, None) if gone else (False, "m"))


def test_an_embedding_that_comes_with_its_text_stays(tool: Connection[Any], block: UUID) -> None:
    _embed(tool, block)

    _set(
        tool,
        block,
        "content = 'new', meta_embedding = array_fill(0.1::real, array[256])::vector,"
        " meta_embedding_model = 'n'",
    )

    assert _embedding(tool, block) == (False, "n")


def test_a_revision_holds_no_embedding(tool: Connection[Any], block: UUID) -> None:
    _embed(tool, block)

    _set(tool, block, "type = 'guide'")

    [(_, snapshot, _)] = _revisions(tool, block)
    assert "meta_embedding" not in snapshot
    assert snapshot["meta_embedding_model"] == "m"


# ---- revisions are added and never changed


def test_a_person_can_neither_change_nor_delete_a_revision(
    tool: Connection[Any], block: UUID
) -> None:
    _set(tool, block, "content = 'new'")
    tool.execute(
        """
        select set_config('request.jwt.claims', jsonb_build_object('sub', user_id)::text, true)
        from public.context_blocks where id = %s
        """,
        [block],
    )
    tool.execute("set local role authenticated")

    assert len(_revisions(tool, block)) == 1
    for statement in (
        "update public.block_revisions set changed_by = 'nobody'",
        "delete from public.block_revisions",
    ):
        with pytest.raises(InsufficientPrivilege), tool.transaction():
            tool.execute(statement)


def test_a_purge_takes_the_revisions_along(tool: Connection[Any], block: UUID) -> None:
    _set(tool, block, "content = 'new'")

    tool.execute("delete from public.context_blocks where id = %s", [block])

    assert _revisions(tool, block) == []
