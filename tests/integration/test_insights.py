"""The views against a plain reading of the same rows, on data as it comes: empty, one row, ties, nulls."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection

from briefsmith.models.enums import BlockType
from briefsmith.operations.insights import block_usage, brief_patterns, type_popularity
from briefsmith.postgres.database import Database
from briefsmith.schemas.insights import BriefPatterns
from tests.conftest import Server

TONES = ("warm", "Warm", "dry", "äther", "z")
WAYS = ("used-as-is", "excerpted", "Outlined", None)
START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Brief:
    """What the views read of a brief."""

    user: int
    tones: list[str | None]
    scope: str | None
    audience: str | None


@dataclass(frozen=True)
class Use:
    """A link; the numbers are places in the lists of blocks and briefs."""

    block: int
    brief: int
    way: str | None
    day: int


@dataclass(frozen=True)
class Story:
    """Rows of two people."""

    blocks: list[tuple[int, BlockType]]
    briefs: list[Brief]
    uses: list[Use]


_word = st.sampled_from([*TONES, None])
_brief = st.builds(Brief, st.integers(0, 1), st.lists(_word, max_size=4), _word, _word)
_block = st.tuples(st.integers(0, 1), st.sampled_from(list(BlockType)[:3]))


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Links are of a person's own blocks and briefs, as row level security has it."""
    blocks = draw(st.lists(_block, max_size=5))
    briefs = draw(st.lists(_brief, max_size=6))
    pairs = [
        (block, brief)
        for block, (user, _) in enumerate(blocks)
        for brief, held in enumerate(briefs)
        if held.user == user
    ]
    if not pairs:
        return Story(blocks, briefs, [])
    use = st.tuples(st.sampled_from(pairs), st.sampled_from(WAYS), st.integers(0, 3))
    drawn = draw(st.lists(use, max_size=8, unique_by=lambda use: use[:2]))
    return Story(blocks, briefs, [Use(*pair, way, day) for pair, way, day in drawn])


@dataclass(frozen=True)
class Told:
    """A story in a database."""

    people: list[UUID]
    blocks: list[UUID]
    briefs: list[UUID]


def tell(connection: Connection[Any], story: Story) -> Told:
    """Writes the rows."""
    people = [
        _one(
            connection, "insert into auth.users (email) values (%s) returning id", f"{n}@{uuid4()}"
        )
        for n in range(2)
    ]
    blocks = [
        _one(
            connection,
            "insert into public.context_blocks (user_id, type, label, content)"
            " values (%s, %s, %s, 'text') returning id",
            people[user],
            kind,
            f"block {place}",
        )
        for place, (user, kind) in enumerate(story.blocks)
    ]
    briefs = [
        _one(
            connection,
            "insert into public.task_briefs"
            " (user_id, intent, meta_emotional_tone, meta_scope, meta_audience)"
            " values (%s, 'a task', %s, %s, %s) returning id",
            people[brief.user],
            brief.tones,
            brief.scope,
            brief.audience,
        )
        for brief in story.briefs
    ]
    for use in story.uses:
        connection.execute(
            "insert into public.block_brief_link (block_id, task_brief_id, transformation, created_at)"
            " values (%s, %s, %s, %s)",
            (blocks[use.block], briefs[use.brief], use.way, START + timedelta(days=use.day)),
        )
        connection.execute(
            "insert into public.block_usage_history (block_id, used_in_task_id, used_at)"
            " values (%s, %s, %s)",
            (blocks[use.block], briefs[use.brief], START + timedelta(days=use.day)),
        )
    return Told(people, blocks, briefs)


def _one(connection: Connection[Any], statement: LiteralString, *values: object) -> UUID:
    row = connection.execute(statement, values).fetchone()
    assert row is not None
    return row[0]


def rows(connection: Connection[Any], statement: LiteralString) -> list[tuple[Any, ...]]:
    """All rows of a statement."""
    return connection.execute(statement).fetchall()


def most_frequent(words: Sequence[str | None]) -> str | None:
    """Of equals, the first by the bytes of its characters."""
    counts = Counter(word for word in words if word is not None)
    return min(counts, key=lambda word: (-counts[word], word.encode()), default=None)


@pytest.fixture(scope="module")
def connection(server: Server) -> Any:
    url = server.migrated_database()
    with psycopg.connect(url) as opened:
        yield opened
    server.drop(url)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(story=stories())
def test_every_view_says_what_the_rows_say(connection: Connection[Any], story: Story) -> None:
    with connection.transaction(force_rollback=True):
        told = tell(connection, story)

        usage = rows(
            connection,
            "select block_id, user_id, label, brief_count, last_used_at, usage_modes"
            " from public.view_block_usage_summary",
        )
        patterns = rows(
            connection,
            "select user_id, total_briefs, dominant_tone, dominant_scope, dominant_audience"
            " from public.view_user_brief_patterns",
        )
        popularity = rows(
            connection,
            "select type, total_briefs, total_usages from public.view_block_popularity_by_type",
        )
        history = rows(
            connection,
            "select block_id, last_used_at, total_usages, distinct_tasks"
            " from public.block_usage_summary",
        )

    assert sorted(usage) == sorted(_usage(story, told))
    assert sorted(patterns) == sorted(_patterns(story, told))
    assert sorted(popularity) == sorted(_popularity(story))
    assert sorted(history) == sorted(_history(story, told))


def _usage(story: Story, told: Told) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    for place, (user, _) in enumerate(story.blocks):
        uses = [use for use in story.uses if use.block == place]
        last = max((START + timedelta(days=use.day) for use in uses), default=None)
        ways = sorted({use.way for use in uses if use.way is not None}, key=str.encode)
        briefs = len({use.brief for use in uses})
        found.append((told.blocks[place], told.people[user], f"block {place}", briefs, last, ways))
    return found


def _patterns(story: Story, told: Told) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    for user in (0, 1):
        mine = [brief for brief in story.briefs if brief.user == user]
        if mine:
            tone = most_frequent([tone for brief in mine for tone in brief.tones])
            scope = most_frequent([brief.scope for brief in mine])
            audience = most_frequent([brief.audience for brief in mine])
            found.append((told.people[user], len(mine), tone, scope, audience))
    return found


def _popularity(story: Story) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    for kind in {kind for _, kind in story.blocks}:
        uses = [use for use in story.uses if story.blocks[use.block][1] is kind]
        found.append((kind.value, len({use.brief for use in uses}), len(uses)))
    return found


def _history(story: Story, told: Told) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    for place in {use.block for use in story.uses}:
        uses = [use for use in story.uses if use.block == place]
        last = max(START + timedelta(days=use.day) for use in uses)
        found.append((told.blocks[place], last, len(uses), len({use.brief for use in uses})))
    return found


# Through the operations, as the person


async def test_without_a_brief_or_a_block_there_is_nothing_and_no_error(store: Database) -> None:
    async with store.session(read_only=True) as session:
        assert await block_usage(session) == []
        assert await type_popularity(session) == []
        assert await brief_patterns(session) == BriefPatterns(0, None, None, None)


async def test_the_most_used_comes_first_and_another_person_s_never(
    store: Database, store_url: str
) -> None:
    kind = BlockType.GUIDE
    story = Story(
        blocks=[(0, kind), (0, kind), (1, BlockType.TOPIC)],
        briefs=[Brief(0, ["dry"], None, "all"), Brief(1, [], "x", None)],
        uses=[Use(1, 0, "excerpted", 1), Use(2, 1, None, 2)],
    )
    with psycopg.connect(store_url, autocommit=True) as connection:
        told = tell(connection, story)
        connection.execute(
            "update public.context_blocks set user_id = %s where user_id = %s",
            (store.user_id, told.people[0]),
        )
        connection.execute(
            "update public.task_briefs set user_id = %s where user_id = %s",
            (store.user_id, told.people[0]),
        )

    async with store.session(read_only=True) as session:
        used = await block_usage(session)
        unused = await block_usage(session, unused_only=True)
        first = await block_usage(session, limit=1)
        [popular] = await type_popularity(session)
        patterns = await brief_patterns(session)

    assert [(one.block_id, one.brief_count, one.usage_modes) for one in used] == [
        (told.blocks[1], 1, ["excerpted"]),
        (told.blocks[0], 0, []),
    ]
    assert [one.block_id for one in unused] == [told.blocks[0]]
    assert first == used[:1]
    assert (popular.type, popular.total_briefs, popular.total_usages) == (kind, 1, 1)
    assert patterns == BriefPatterns(1, "dry", None, "all")
