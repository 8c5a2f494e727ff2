"""The verb compose: all of a brief or nothing of it, and the same bytes again later."""

import asyncio
import json
import random
import subprocess
import sys
import textwrap
from collections.abc import Generator
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any
from uuid import UUID

import psycopg
import pytest

from briefsmith import errors
from briefsmith.compiler.brief import MODES
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.models.enums import BlockStatus, BlockType
from briefsmith.operations import briefs, compose
from briefsmith.operations.blocks import add_block, archive_block, edit_block, purge_block
from briefsmith.operations.briefs import get_brief, list_briefs, media_of, recompile_brief
from briefsmith.operations.compose import ComposedBrief, compose_brief
from briefsmith.postgres.database import Database
from briefsmith.postgres.session import Actor
from briefsmith.providers.embeddings import Embedder
from briefsmith.providers.tokenizer import TokenCounter
from briefsmith.schemas.blocks import BlockEdit, NewBlock
from briefsmith.schemas.briefs import Media, NewBrief
from briefsmith.schemas.snapshot import Snapshot
from tests.integration.stored import (
    NO_ID,
    SilentEmbedder,
    ask,
    everything,
    new_person,
    tell,
)

INTENT = "Announce the oak bench brush to bakers"
TEXTS = {
    "Bench brush": "The oak bench brush sweeps flour. It has horse hair and an oak handle.",
    "Bakers": "Bakers want a bench brush that lasts. They buy in spring.",
    "Voice": "Write to bakers in plain words. Announce without exclamation marks.",
    "Returns": "Brushes come back within thirty days.",
}
SENTENCES = " ".join(
    f"Sentence {number} says that bakers of town {number} sweep flour with brush {number}."
    for number in range(150)
)


async def _add(
    store: Database, embedder: Embedder, label: str, content: str, **fields: Any
) -> ContextBlock:
    async with store.session() as session:
        return await add_block(session, embedder, NewBlock(label=label, content=content, **fields))


async def _fill(store: Database, embedder: Embedder) -> dict[str, ContextBlock]:
    return {label: await _add(store, embedder, label, text) for label, text in TEXTS.items()}


async def _compose(
    store: Database,
    embedder: Embedder,
    tokens: TokenCounter,
    actor: Actor | None = None,
    **fields: Any,
) -> ComposedBrief:
    async with store.session(actor) as session:
        values: dict[str, Any] = {"intent": INTENT, **fields}
        return await compose_brief(session, embedder, tokens, NewBrief(**values))


def _used(composed: ComposedBrief) -> set[str]:
    return {composed.labels[part.block_id] for part in composed.compiled.snapshot.blocks}


# What is stored


async def test_a_brief_is_stored_with_links_usage_output_and_event(
    store: Database, store_url: str, embedder: Embedder, tokens: TokenCounter
) -> None:
    blocks = await _fill(store, embedder)

    composed = await _compose(
        store,
        embedder,
        tokens,
        sub_instructions="Keep it short.",
        media=[{"image_url": "https://example.com/brush.jpg", "description": "The brush"}],
        meta_emotional_tone=["warm"],
        meta_scope="launch",
        meta_audience="bakers",
    )

    brief = composed.brief
    used = sorted(part.block_id for part in composed.compiled.snapshot.blocks)
    assert {blocks["Bench brush"].id, blocks["Bakers"].id} <= set(used)
    assert (brief.intent, brief.sub_instructions) == (INTENT, "Keep it short.")
    assert (brief.is_draft, brief.is_published, brief.compilation_mode) == (True, False, None)
    assert (brief.meta_emotional_tone, brief.meta_scope) == (["warm"], "launch")
    assert brief.meta_audience == "bakers"
    assert media_of(brief) == [
        Media(image_url="https://example.com/brush.jpg", description="The brush")
    ]
    for table, column in (
        ("block_brief_link", "task_brief_id"),
        ("block_usage_history", "used_in_task_id"),
    ):
        rows = ask(
            store_url,
            f"select block_id from public.{table} where {column} = %s order by 1",
            brief.id,
        )
        assert [row[0] for row in rows] == used
    assert ask(
        store_url, "select content, output_type, agent_type from public.task_brief_outputs"
    ) == [(composed.compiled.markdown, "markdown", "composer")]
    [(topic, payload)] = ask(
        store_url, "select topic, payload from public.events where topic like 'brief%'"
    )
    assert topic == "brief.draft_created"
    assert payload == {"task_brief_id": str(brief.id), "blocks": len(used)}


async def test_a_brief_is_read_back_as_it_was_composed(
    store: Database, embedder: Embedder, tokens: TokenCounter
) -> None:
    await _fill(store, embedder)
    composed = await _compose(store, embedder, tokens)

    async with store.session(read_only=True) as session:
        stored = await get_brief(session, composed.brief.id)

    assert stored.brief == composed.brief
    assert stored.markdown == composed.compiled.markdown
    assert stored.snapshot == composed.compiled.snapshot
    assert stored.labels == composed.labels


async def test_the_snapshot_validates_and_holds_no_text_and_no_label(
    store: Database, embedder: Embedder, tokens: TokenCounter
) -> None:
    await _add(store, embedder, "Wombatish label", f"Numbatish bakers. {SENTENCES}")
    await _add(store, embedder, "Wombatish double", f"Numbatish bakers. {SENTENCES}")
    await _add(store, embedder, "Wombatish other", "Numbatish words for bakers and a bench brush.")

    composed = await _compose(store, embedder, tokens, budget_tokens=1_000)

    raw = json.dumps(composed.brief.core_context_snapshot).lower()
    assert Snapshot.model_validate(composed.brief.core_context_snapshot).blocks
    assert composed.compiled.snapshot.left_out
    assert not [word for word in ("wombatish", "numbatish", "sentence") if word in raw]


@pytest.mark.parametrize("budget", [700, 1_000, 2_000, 4_000])
async def test_a_brief_is_within_its_budget_by_the_named_tokenizer(
    budget: int, store: Database, embedder: Embedder, tokens: TokenCounter
) -> None:
    await _fill(store, embedder)
    await _add(store, embedder, "Long", SENTENCES)

    snapshot = (composed := await _compose(store, embedder, tokens, budget_tokens=budget)).compiled
    rendered = snapshot.snapshot.rendered_tokens

    assert rendered == tokens.count(composed.compiled.markdown) <= budget
    assert composed.compiled.snapshot.tokenizer == tokens.name
    assert composed.compiled.snapshot.embedding_model == embedder.name


@pytest.mark.parametrize("mode", [None, *MODES])
async def test_each_mode_makes_a_brief_that_names_it(
    mode: str | None, store: Database, embedder: Embedder, tokens: TokenCounter
) -> None:
    await _fill(store, embedder)
    await _add(store, embedder, "Long", SENTENCES)

    composed = await _compose(store, embedder, tokens, mode=mode, budget_tokens=3_000)

    how = {part.transformation for part in composed.compiled.snapshot.blocks}
    allowed = {
        None: {"used-as-is", "excerpted"},
        "verbatim": {"used-as-is"},
        "excerpt": {"used-as-is", "excerpted"},
        "outline": {"outlined"},
    }
    assert how
    assert how <= allowed[mode]
    assert composed.brief.compilation_mode == composed.compiled.snapshot.mode == mode
    async with store.session() as session:
        again = await recompile_brief(session, composed.brief)
    assert again is not None
    assert again.markdown == composed.compiled.markdown


async def test_the_same_task_chooses_the_same_blocks(
    store: Database, embedder: Embedder, tokens: TokenCounter
) -> None:
    await _fill(store, embedder)
    await _add(store, embedder, "Long", SENTENCES)

    first, second = [
        [
            (part.block_id, part.transformation, part.spans, part.cite)
            for part in (
                await _compose(store, embedder, tokens, budget_tokens=1_500)
            ).compiled.snapshot.blocks
        ]
        for _ in range(2)
    ]

    assert first == second


async def test_without_an_embedder_words_make_the_brief_and_it_says_so(
    store: Database, embedder: Embedder, tokens: TokenCounter
) -> None:
    await _fill(store, embedder)

    composed = await _compose(store, SilentEmbedder(), tokens)

    assert not composed.by_meaning
    assert composed.compiled.snapshot.embedding_model is None
    assert "Bench brush" in _used(composed)


async def test_an_empty_store_gives_a_brief_without_blocks(
    store: Database, store_url: str, embedder: Embedder, tokens: TokenCounter
) -> None:
    composed = await _compose(store, embedder, tokens)

    assert composed.compiled.snapshot.blocks == ()
    assert len(ask(store_url, "select id from public.task_brief_outputs")) == 1


async def test_tags_and_scope_narrow_what_may_go_in(
    store: Database, embedder: Embedder, tokens: TokenCounter
) -> None:
    await _add(store, embedder, "in", TEXTS["Bakers"], meta_tags=["t"], meta_context_scope="s")
    await _add(store, embedder, "tag only", TEXTS["Bench brush"], meta_tags=["t"])
    await _add(store, embedder, "scope only", TEXTS["Voice"], meta_context_scope="s")

    composed = await _compose(store, embedder, tokens, tags=("t",), scope="s")

    assert _used(composed) == {"in"}


async def test_what_is_archived_hidden_or_unreviewed_enters_no_brief(
    store: Database, embedder: Embedder, tokens: TokenCounter
) -> None:
    await _add(store, embedder, "review", TEXTS["Bakers"], requires_user_review=True)
    await _add(store, embedder, "hidden", TEXTS["Bench brush"], meta_visibility="hidden")
    archived = await _add(store, embedder, "archived", TEXTS["Voice"])
    locked = await _add(store, embedder, "locked", TEXTS["Returns"])
    async with store.session() as session:
        await archive_block(session, archived.id)
        await edit_block(session, embedder, locked.id, BlockEdit(status=BlockStatus.LOCKED))

    composed = await _compose(store, embedder, tokens, intent="bakers bench brush voice brushes")

    assert set(composed.labels.values()) == {"locked"}


# Blocks that were asked for


async def test_an_asked_block_is_in_the_brief_whatever_its_score(
    store: Database, embedder: Embedder, tokens: TokenCounter
) -> None:
    await _fill(store, embedder)
    asked = await _add(store, embedder, "Rota", "Ann opens on Monday. Bob closes.")

    composed = await _compose(store, embedder, tokens, blocks=(asked.id, asked.id))

    assert "Rota" in _used(composed)
    assert "Ann opens on Monday." in composed.compiled.markdown


async def test_an_asked_block_is_in_even_if_search_does_not_find_it(
    store: Database, embedder: Embedder, tokens: TokenCounter, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _fill(store, embedder)
    asked = await _add(store, SilentEmbedder(), "Rota", "Ann opens on Monday.", meta_tags=["no"])
    monkeypatch.setattr(compose, "CANDIDATES", 1)

    composed = await _compose(store, embedder, tokens, blocks=(asked.id,), scope="none")

    assert _used(composed) == {"Rota"}


async def test_asked_blocks_that_do_not_fit_are_refused_and_nothing_is_stored(
    store: Database, store_url: str, embedder: Embedder, tokens: TokenCounter
) -> None:
    asked = await _add(store, embedder, "Long", SENTENCES)
    before = everything(store_url)

    with pytest.raises(errors.AskedBlocksOverBudget) as caught:
        await _compose(
            store, embedder, tokens, blocks=(asked.id,), budget_tokens=1_000, mode="verbatim"
        )

    assert str(asked.id) in json.dumps(caught.value.as_dict())
    assert everything(store_url) == before


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ("status = 'archived'", "archived"),
        ("requires_user_review = true", "review"),
        ("meta_visibility = 'hidden'", "hidden"),
    ],
)
async def test_an_asked_block_that_may_not_be_used_is_refused(
    state: str, says: str, store: Database, store_url: str, embedder: Embedder, tokens: TokenCounter
) -> None:
    asked = await _add(store, embedder, "x", TEXTS["Bakers"])
    tell(store_url, f"update public.context_blocks set {state} where id = %s", asked.id)
    before = everything(store_url)

    with pytest.raises(errors.WrongState, match=says) as caught:
        await _compose(store, embedder, tokens, blocks=(asked.id,))

    assert caught.value.details == {"id": str(asked.id)}
    assert caught.value.hint
    assert everything(store_url) == before


async def test_an_asked_block_of_another_is_as_one_that_does_not_exist(
    store: Database, store_url: str, embedder: Embedder, tokens: TokenCounter
) -> None:
    theirs = await _add(store, embedder, "x", TEXTS["Bakers"])
    other = new_person(store_url)
    before = everything(store_url)

    said: list[str] = []
    for block_id in (theirs.id, NO_ID):
        with pytest.raises(errors.BlockNotFound) as caught:
            await _compose(store, embedder, tokens, other, blocks=(block_id,))
        said.append(str(caught.value.as_dict()).replace(str(block_id), "ID"))

    assert said[0] == said[1]
    assert everything(store_url) == before


async def test_blocks_of_another_enter_no_brief(
    store: Database, store_url: str, embedder: Embedder, tokens: TokenCounter
) -> None:
    await _fill(store, embedder)
    other = new_person(store_url)

    composed = await _compose(store, embedder, tokens, other)

    assert composed.labels == {}
    assert composed.brief.user_id == other.user_id


# What is refused


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"intent": ""}, errors.EmptyIntent),
        ({"intent": " \n\N{NO-BREAK SPACE}"}, errors.EmptyIntent),
        ({"mode": "haiku"}, errors.UnknownMode),
        ({"mode": ""}, errors.UnknownMode),
        ({"mode": "Outline"}, errors.UnknownMode),
        ({"budget_tokens": 0}, errors.FrameOverBudget),
        ({"budget_tokens": 50}, errors.FrameOverBudget),
        ({"blocks": (NO_ID,)}, errors.BlockNotFound),
    ],
)
async def test_what_makes_no_brief_is_refused_and_leaves_nothing(
    fields: dict[str, Any],
    error: type[errors.BriefsmithError],
    store: Database,
    store_url: str,
    embedder: Embedder,
    tokens: TokenCounter,
) -> None:
    await _fill(store, embedder)
    before = everything(store_url)

    with pytest.raises(error) as caught:
        await _compose(store, embedder, tokens, **fields)

    assert caught.value.hint
    assert everything(store_url) == before


async def test_an_unknown_mode_lists_the_known(
    store: Database, embedder: Embedder, tokens: TokenCounter
) -> None:
    with pytest.raises(errors.UnknownMode) as caught:
        await _compose(store, embedder, tokens, mode="haiku")

    assert all(mode in caught.value.hint for mode in MODES)


async def test_a_budget_that_is_too_small_says_what_would_do(
    store: Database, embedder: Embedder, tokens: TokenCounter
) -> None:
    await _fill(store, embedder)
    with pytest.raises(errors.FrameOverBudget) as caught:
        await _compose(store, embedder, tokens, budget_tokens=10)

    # The key of a brief is random, and so is how many tokens it takes.
    enough = caught.value.details["needed_tokens"] + 60
    composed = await _compose(store, embedder, tokens, budget_tokens=enough)

    assert composed.compiled.snapshot.rendered_tokens <= enough


# All or nothing


@pytest.mark.parametrize(
    "table",
    [
        "task_briefs",
        "block_brief_link",
        "block_usage_history",
        "task_brief_outputs",
        "events",
    ],
)
async def test_if_any_part_fails_nothing_is_stored(
    table: str, database: Database, database_url: str, embedder: Embedder, tokens: TokenCounter
) -> None:
    await _fill(database, embedder)
    before = everything(database_url)
    tell(
        database_url,
        "create function public.fail() returns trigger language plpgsql as"
        " $$begin raise exception 'no' using errcode = 'P0001'; end$$",
    )
    tell(
        database_url,
        f"create trigger zz_fail after insert on public.{table}"
        " for each row execute function public.fail()",
    )

    with pytest.raises(errors.Bug):
        await _compose(database, embedder, tokens)

    assert everything(database_url) == before
    tell(database_url, f"drop trigger zz_fail on public.{table}")
    assert (await _compose(database, embedder, tokens)).compiled.snapshot.blocks


async def test_an_error_after_composing_takes_the_brief_back(
    store: Database, store_url: str, embedder: Embedder, tokens: TokenCounter
) -> None:
    await _fill(store, embedder)
    before = everything(store_url)

    with pytest.raises(ZeroDivisionError):
        async with store.session() as session:
            await compose_brief(session, embedder, tokens, NewBrief(intent=INTENT))
            raise ZeroDivisionError

    assert everything(store_url) == before


async def test_a_block_that_is_purged_while_a_brief_is_made_is_a_clear_error(
    store: Database, store_url: str, embedder: Embedder, tokens: TokenCounter
) -> None:
    blocks = await _fill(store, embedder)

    with pytest.raises(errors.NotFound):
        async with store.session() as session:
            original = compose.compile_brief

            def purging(*args: Any, **options: Any) -> Any:
                compiled = original(*args, **options)
                tell(
                    store_url,
                    "delete from public.context_blocks where id = %s",
                    blocks["Bench brush"].id,
                )
                return compiled

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(compose, "compile_brief", purging)
                await compose_brief(session, embedder, tokens, NewBrief(intent=INTENT))

    assert ask(store_url, "select count(*) from public.task_briefs") == [(0,)]


async def test_a_cancelled_compose_leaves_nothing(
    store: Database, store_url: str, embedder: Embedder, tokens: TokenCounter
) -> None:
    await _fill(store, embedder)
    before = everything(store_url)

    with _held(store_url, "block_usage_history"):
        task = asyncio.create_task(_compose(store, embedder, tokens))
        await asyncio.to_thread(_wait_for_insert, store_url)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert everything(store_url) == before
    assert (await _compose(store, embedder, tokens)).compiled.snapshot.blocks


# Killed in the middle

COMPOSING = """
    import asyncio, sys
    from briefsmith.operations.compose import compose_brief
    from briefsmith.postgres.database import open_database
    from briefsmith.providers.tokenizer import TokenCounter
    from briefsmith.providers.wordllama import WordLlamaEmbedder
    from briefsmith.schemas.briefs import NewBrief

    async def main(url, intent):
        embedder, tokens = WordLlamaEmbedder(), TokenCounter()
        async with open_database(url, connections=1) as database:
            while True:
                print("next", flush=True)
                async with database.session() as session:
                    await compose_brief(session, embedder, tokens, NewBrief(intent=intent))

    asyncio.run(main(*sys.argv[1:]))
"""

UNEVEN = """
    select brief.id
    from public.task_briefs as brief
    where (select count(*) from public.block_brief_link where task_brief_id = brief.id)
        <> jsonb_array_length(brief.core_context_snapshot -> 'blocks')
      or (select count(*) from public.block_usage_history where used_in_task_id = brief.id)
        <> jsonb_array_length(brief.core_context_snapshot -> 'blocks')
      or (select count(*) from public.task_brief_outputs where task_brief_id = brief.id) <> 1
      or (
        select count(*) from public.events
        where topic = 'brief.draft_created' and payload ->> 'task_brief_id' = brief.id::text
      ) <> 1
    union all
    select (payload ->> 'task_brief_id')::uuid
    from public.events
    where topic = 'brief.draft_created'
      and not exists (
        select from public.task_briefs where id::text = payload ->> 'task_brief_id'
      )
"""


@contextmanager
def _composing(url: str) -> Generator[subprocess.Popen[str]]:
    """A process that composes without end, once it has stored a brief and begun another."""
    command = [sys.executable, "-c", textwrap.dedent(COMPOSING), url, INTENT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            for _ in range(2):
                assert process.stdout.readline() == "next\n"
            yield process
        finally:
            process.kill()


@contextmanager
def _held(url: str, table: str) -> Generator[None]:
    """Nobody writes to a table within, and who tries waits."""
    with psycopg.connect(url) as connection:
        connection.execute(f"lock table public.{table} in share mode".encode())
        yield


def _wait_for_insert(url: str) -> None:
    _wait_for(
        url, "wait_event_type = 'Lock' and query like '%%block_usage_history%%'", present=True
    )


def _wait_for(url: str, condition: str, *, present: bool) -> None:
    until = monotonic() + 20
    while monotonic() < until:
        found = ask(
            url,
            "select pid from pg_stat_activity where datname = current_database()"
            f" and backend_type = 'client backend' and pid <> pg_backend_pid() and {condition}",
        )
        if bool(found) is present:
            return
        sleep(0.01)
    message = f"{condition} did not become {present}"
    raise TimeoutError(message)


async def test_a_process_killed_between_the_parts_of_a_brief_leaves_none_of_them(
    database: Database, database_url: str, embedder: Embedder
) -> None:
    await _fill(database, embedder)

    with _composing(database_url) as process, _held(database_url, "block_usage_history"):
        await asyncio.to_thread(_wait_for_insert, database_url)
        before = everything(database_url)
        process.kill()
    _wait_for(database_url, "application_name = 'briefsmith' and state <> 'idle'", present=False)

    assert everything(database_url) == before
    assert ask(database_url, UNEVEN) == []


async def test_processes_killed_at_any_moment_leave_no_half_brief(
    database: Database, database_url: str, embedder: Embedder
) -> None:
    # Takes some ten seconds: ten processes have to start before they can be killed.
    await _fill(database, embedder)
    chance = random.Random(7)  # noqa: S311  moments, not secrets

    for _ in range(10):
        with _composing(database_url) as process:
            sleep(chance.uniform(0, 0.1))
            process.kill()
        condition = "application_name = 'briefsmith' and state <> 'idle'"
        _wait_for(database_url, condition, present=False)

    assert ask(database_url, UNEVEN) == []
    assert ask(database_url, "select count(*) > 0 from public.task_briefs") == [(True,)]


async def test_the_look_for_half_briefs_finds_one(
    store: Database, store_url: str, embedder: Embedder, tokens: TokenCounter
) -> None:
    await _fill(store, embedder)
    composed = await _compose(store, embedder, tokens)
    assert ask(store_url, UNEVEN) == []

    for table in ("block_brief_link", "block_usage_history", "task_brief_outputs", "events"):
        with psycopg.connect(store_url) as connection:
            connection.execute(f"delete from public.{table}".encode())
            found = connection.execute(UNEVEN.encode()).fetchall()
            connection.rollback()
        assert found == [(composed.brief.id,)], table


# Later


async def test_a_brief_stays_as_it_is_whatever_becomes_of_its_blocks(
    store: Database, store_url: str, embedder: Embedder, tokens: TokenCounter
) -> None:
    blocks = await _fill(store, embedder)
    composed = await _compose(store, embedder, tokens)
    outputs = ask(store_url, "select * from public.task_brief_outputs")

    async with store.session() as session:
        for number, block in enumerate(blocks.values()):
            edit = BlockEdit(content="Now other words.", label=f"n{number}", type=BlockType.GUIDE)
            await edit_block(session, embedder, block.id, edit)
            await archive_block(session, block.id)

    assert ask(store_url, "select * from public.task_brief_outputs") == outputs
    async with store.session(read_only=True) as session:
        stored = await get_brief(session, composed.brief.id)
        again = await recompile_brief(session, stored.brief)
    assert stored.markdown == composed.compiled.markdown
    assert again is not None
    assert (again.markdown, again.is_exact) == (composed.compiled.markdown, True)


async def test_of_a_purged_block_a_brief_says_only_that_it_was_there(
    store: Database, embedder: Embedder, tokens: TokenCounter
) -> None:
    blocks = await _fill(store, embedder)
    composed = await _compose(store, embedder, tokens)
    async with store.session() as session:
        await purge_block(session, blocks["Bench brush"].id)

    async with store.session(read_only=True) as session:
        stored = await get_brief(session, composed.brief.id)
        again = await recompile_brief(session, stored.brief)

    assert again is not None
    assert (again.is_exact, again.markdown) == (False, stored.markdown)
    assert TEXTS["Bench brush"] not in stored.markdown
    assert str(blocks["Bench brush"].id) in stored.markdown
    assert TEXTS["Bakers"] in stored.markdown


async def test_a_brief_of_another_is_as_one_that_does_not_exist(
    store: Database, store_url: str, embedder: Embedder, tokens: TokenCounter
) -> None:
    await _fill(store, embedder)
    composed = await _compose(store, embedder, tokens)
    other = new_person(store_url)

    said: list[str] = []
    for brief_id in (composed.brief.id, NO_ID):
        with pytest.raises(errors.BriefNotFound) as caught:
            async with store.session(other) as session:
                await get_brief(session, brief_id)
        said.append(str(caught.value.as_dict()).replace(str(brief_id), "ID"))
    async with store.session(other) as session:
        listed = [brief async for brief in list_briefs(session)]

    assert said[0] == said[1]
    assert listed == []


@pytest.mark.parametrize("snapshot", [None, "[]", "3", '{"blocks": 7}', '{"format": 1}', '"x"'])
async def test_a_brief_that_was_not_made_here_is_shown_and_listed(
    snapshot: str | None, store: Database, store_url: str
) -> None:
    [(brief_id,)] = _write_brief(store_url, store.user_id, snapshot)

    async with store.session(read_only=True) as session:
        stored = await get_brief(session, brief_id)
        listed = [brief async for brief in list_briefs(session)]
        again = await recompile_brief(session, stored.brief)

    assert (stored.markdown, stored.snapshot, again) == ("", None, None)
    assert [(brief.id, brief.blocks, brief.rendered_tokens) for brief in listed] == [
        (brief_id, 0, None)
    ]


def _write_brief(url: str, user_id: UUID, snapshot: str | None) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(
            "insert into public.task_briefs (user_id, intent, media, core_context_snapshot)"
            " values (%s, 'x', '{}', %s) returning id",
            (user_id, snapshot),
        ).fetchall()


async def test_a_list_has_every_brief_once_the_newest_first(
    store: Database, embedder: Embedder, tokens: TokenCounter, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [
        (await _compose(store, embedder, tokens, intent=f"Task {number}")).brief.id
        for number in range(5)
    ]

    for page in (1, 2, 5, 6):
        monkeypatch.setattr(briefs, "_PAGE", page)
        async with store.session(read_only=True) as session:
            everyone = [brief.id async for brief in list_briefs(session)]
            some = [brief.id async for brief in list_briefs(session, limit=3)]
            none = [brief.id async for brief in list_briefs(session, limit=0)]
        assert everyone == made[::-1]
        assert some == made[:1:-1]
        assert none == []
