"""A brief goes through its life step by step, keeps every edit, and comes out the same years later."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from briefsmith import errors
from briefsmith.compiler.document import sha256_of
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.models.enums import BlockStatus, BlockType
from briefsmith.operations.blocks import (
    add_block,
    archive_block,
    edit_block,
    get_block,
    purge_block,
    restore_block,
)
from briefsmith.operations.brief_differences import compare_briefs
from briefsmith.operations.brief_edits import adapted_text, decoded_text, edit_brief, list_edits
from briefsmith.operations.brief_life import read_life
from briefsmith.operations.brief_replay import replay_brief
from briefsmith.operations.brief_types import find_brief_type
from briefsmith.operations.brief_validation import (
    lock_brief,
    publish_brief,
    unpublish_brief,
    validate_brief,
)
from briefsmith.operations.briefs import get_brief
from briefsmith.operations.compose import compose_brief
from briefsmith.postgres.database import Database, open_database
from briefsmith.postgres.session import Session
from briefsmith.providers.tokenizer import TokenCounter
from briefsmith.schemas.blocks import BlockEdit, NewBlock
from briefsmith.schemas.brief_life import MAX_TEXT_BYTES, BriefState
from briefsmith.schemas.briefs import NewBrief
from briefsmith.store import brief_life
from tests.integration.stored import (
    NO_ID,
    ScriptedEmbedder,
    ask,
    events,
    everything,
    new_person,
    tell,
    wait_until_blocked,
)

INTENT = "Announce the oak bench brush to bakers"
TEXTS = {
    "Bench brush": "The oak bench brush sweeps flour. It has horse hair and an oak handle.",
    "Bakers": "Bakers want a bench brush that lasts. They buy in spring.",
    "Voice": "Write to bakers in plain words. Announce without exclamation marks.",
}
EMBEDDER = ScriptedEmbedder()


@dataclass(frozen=True)
class Story:
    """A brief with every block in it."""

    brief_id: UUID
    text: str
    blocks: dict[str, ContextBlock]


async def begin(session: Session, tokens: TokenCounter, **fields: Any) -> Story:
    blocks = {
        label: await add_block(session, EMBEDDER, NewBlock(label=label, content=content))
        for label, content in TEXTS.items()
    }
    asked = tuple(block.id for block in blocks.values())
    new = NewBrief(intent=INTENT, blocks=asked, **fields)
    composed = await compose_brief(session, EMBEDDER, tokens, new)
    return Story(composed.brief.id, composed.compiled.markdown, blocks)


async def begun(store: Database, tokens: TokenCounter, **fields: Any) -> Story:
    async with store.session() as session:
        return await begin(session, tokens, **fields)


async def state(session: Session, story: Story) -> BriefState:
    return (await read_life(session, story.brief_id)).state


async def edited(session: Session, story: Story, text: str) -> str:
    """Adds a line to what there is; the hash of the whole."""
    life = await read_life(session, story.brief_id)
    done = await edit_brief(
        session, story.brief_id, f"{life.text}{text}\n", expected_sha256=life.text_sha256
    )
    return done.text_sha256


# The life


async def test_a_brief_goes_from_draft_to_locked_and_each_step_is_told(
    store: Database, store_url: str, tokens: TokenCounter
) -> None:
    story = await begun(store, tokens)
    seen: list[BriefState] = []

    async def step(work: Callable[[Session], Awaitable[Any]]) -> None:
        async with store.session() as session:
            await work(session)
            seen.append(await state(session, story))

    await step(lambda session: edited(session, story, "More words."))
    await step(lambda session: validate_brief(session, tokens, story.brief_id))
    await step(lambda session: publish_brief(session, tokens, story.brief_id))
    await step(lambda session: unpublish_brief(session, story.brief_id))
    await step(lambda session: edited(session, story, "And more."))
    await step(lambda session: publish_brief(session, tokens, story.brief_id))
    await step(lambda session: lock_brief(session, story.brief_id))

    assert [one.value for one in seen] == [
        "edited", "validated", "published", "validated", "edited", "published", "locked",
    ]  # fmt: skip
    assert [topic for topic in events(store_url) if topic.startswith("brief.")] == [
        "brief.draft_created", "brief.edited", "brief.validated", "brief.validated", "brief.published",
        "brief.unpublished", "brief.edited", "brief.validated", "brief.published", "brief.locked",
    ]  # fmt: skip
    flags = ask(store_url, "select is_draft, is_published, is_locked from public.task_briefs")
    assert flags == [(False, True, True)]


@pytest.mark.parametrize(
    ("before", "step"),
    [
        ("draft", "lock"), ("draft", "unpublish"), ("edited", "lock"), ("edited", "unpublish"),
        ("validated", "lock"), ("validated", "unpublish"), ("published", "edit"), ("published", "publish"),
        ("locked", "edit"), ("locked", "publish"), ("locked", "unpublish"), ("locked", "lock"),
    ],
)  # fmt: skip
async def test_a_wrong_step_is_refused_with_the_state_and_leaves_nothing(
    before: str, step: str, session: Session, tokens: TokenCounter
) -> None:
    story = await begin(session, tokens)
    if before == "edited":
        await edited(session, story, "More.")
    if before == "validated":
        await validate_brief(session, tokens, story.brief_id)
    if before in {"published", "locked"}:
        await publish_brief(session, tokens, story.brief_id)
    if before == "locked":
        await lock_brief(session, story.brief_id)
    life = await read_life(session, story.brief_id)

    with pytest.raises(errors.WrongState) as caught:
        if step == "edit":
            await edited(session, story, "More.")
        elif step == "publish":
            await publish_brief(session, tokens, story.brief_id)
        else:
            await (lock_brief if step == "lock" else unpublish_brief)(session, story.brief_id)

    assert caught.value.details["state"] == before == life.state
    assert before in caught.value.message
    assert caught.value.hint
    assert await read_life(session, story.brief_id) == life


async def test_everything_about_another_person_s_brief_is_as_if_there_were_none(
    store: Database, store_url: str, tokens: TokenCounter
) -> None:
    story = await begun(store, tokens)
    other = new_person(store_url)
    before = everything(store_url)
    works: list[Callable[[Session, UUID], Awaitable[Any]]] = [
        lambda session, one: edit_brief(session, one, "x", expected_sha256=None),
        list_edits,
        lambda session, one: validate_brief(session, tokens, one),
        lambda session, one: publish_brief(session, tokens, one),
        unpublish_brief,
        lock_brief,
        replay_brief,
        compare_briefs,
    ]

    for work in works:
        said: list[str] = []
        for brief_id in (story.brief_id, NO_ID):
            with pytest.raises(errors.BriefNotFound) as caught:
                async with store.session(other) as session:
                    await work(session, brief_id)
            said.append(str(caught.value.as_dict()).replace(str(brief_id), "ID"))
        assert said[0] == said[1]

    assert everything(store_url) == before


# Edits


async def test_an_edit_keeps_every_text_and_its_event_holds_none_of_it(
    store: Database, store_url: str, tokens: TokenCounter
) -> None:
    story = await begun(store, tokens)
    async with store.session() as session:
        first = await edited(session, story, "Zanzibar.")
    async with store.session() as session:
        second = await edit_brief(
            session,
            story.brief_id,
            f"{story.text}Quito.\nLima.\n",
            expected_sha256=first,
            by="editor",
        )

    async with store.session(read_only=True) as session:
        log = await list_edits(session, story.brief_id)
        stored = await get_brief(session, story.brief_id)
    assert [(one.by, one.lines_added, one.lines_removed, one.is_current) for one in log] == [
        ("person", 1, 0, False),
        ("editor", 2, 1, True),
    ]
    assert [one.sha256 for one in log] == [first, second.text_sha256]
    assert stored.markdown == f"{story.text}Quito.\nLima.\n"
    assert (stored.state, stored.text_sha256) == (BriefState.EDITED, second.text_sha256)
    told = ask(store_url, "select payload from public.events where topic = 'brief.edited'")
    assert [sorted(payload) for (payload,) in told] == [
        ["by", "output_id", "sha256", "task_brief_id"]
    ] * 2
    assert not any(word in str(told) for word in ("Zanzibar", "Quito"))
    kept = ask(store_url, "select content from public.task_brief_outputs order by created_at")
    assert [content for (content,) in kept] == [
        story.text, f"{story.text}Zanzibar.\n", stored.markdown,
    ]  # fmt: skip


async def test_the_same_text_again_is_no_edit(session: Session, tokens: TokenCounter) -> None:
    story = await begin(session, tokens)

    done = await edit_brief(session, story.brief_id, story.text, expected_sha256=None)

    assert (done.is_changed, done.state) == (False, BriefState.DRAFT)
    assert await list_edits(session, story.brief_id) == []


async def test_an_edit_of_a_text_that_has_moved_on_is_a_conflict_that_shows_both(
    session: Session, tokens: TokenCounter
) -> None:
    story = await begin(session, tokens)
    seen = sha256_of(story.text)
    theirs = await edited(session, story, "Theirs.")

    with pytest.raises(errors.StaleVersion) as caught:
        await edit_brief(session, story.brief_id, f"{story.text}Mine.\n", expected_sha256=seen)

    details = caught.value.details
    assert (details["expected_sha256"], details["current_sha256"]) == (seen, theirs)
    assert details["yours"]["first_difference"] == "Mine."
    assert details["theirs"]["first_difference"] == "Theirs."
    assert len(await list_edits(session, story.brief_id)) == 1


@pytest.mark.parametrize("expected", ["", "abc", "0" * 64, "no hash at all"])
async def test_a_hash_that_is_none_of_the_present_text_is_stale(
    expected: str, session: Session, tokens: TokenCounter
) -> None:
    story = await begin(session, tokens)

    with pytest.raises(errors.StaleVersion):
        await edit_brief(session, story.brief_id, "x", expected_sha256=expected)
    done = await edit_brief(
        session, story.brief_id, "x", expected_sha256=sha256_of(story.text)[:12].upper()
    )

    assert done.is_changed


@pytest.mark.parametrize(
    "text", ["", " \n\t", "a\0b", "a\ud800b", "x" * (MAX_TEXT_BYTES + 1)], ids=range(5)
)
async def test_a_text_that_cannot_be_a_brief_s_is_refused(
    text: str, session: Session, tokens: TokenCounter
) -> None:
    story = await begin(session, tokens)

    with pytest.raises(errors.InvalidEdit):
        await edit_brief(session, story.brief_id, text, expected_sha256=None)

    assert await state(session, story) is BriefState.DRAFT


def test_bytes_become_a_text_or_are_refused() -> None:
    assert decoded_text(b"\xef\xbb\xbf# A\r\n") == "# A\r\n"
    assert adapted_text("# A\r\nb\r\n", "# B\nc\n") == "# A\nb\n"
    assert (
        adapted_text("# A\r\nb\n", "# B\nc\n") == "# A\r\nb\n"
    )  # the line end is a part of the text
    assert adapted_text("# A\r\n", "# B\r\n") == "# A\r\n"
    for raw in (b"\xff\xfe", b"a" * (MAX_TEXT_BYTES + 1)):
        with pytest.raises(errors.InvalidEdit):
            decoded_text(raw)


async def test_the_newest_edit_is_the_present_text_though_a_clock_was_set_back(
    store: Database, store_url: str, tokens: TokenCounter
) -> None:
    story = await begun(store, tokens)
    async with store.session() as session:
        await edited(session, story, "First.")
    tell(
        store_url,
        "update public.task_brief_outputs set created_at = now() + interval '1 year' where agent_type = 'editor'",
    )

    async with store.session() as session:
        second = await edited(session, story, "Second.")
        validated = await validate_brief(session, tokens, story.brief_id)
        life = await read_life(session, story.brief_id)

    assert life.text.endswith("First.\nSecond.\n")
    assert validated.validation.text_sha256 == second == life.text_sha256
    assert life.state is BriefState.VALIDATED


async def test_outputs_of_runs_are_no_text_of_the_brief(
    store: Database, store_url: str, tokens: TokenCounter
) -> None:
    story = await begun(store, tokens)
    tell(
        store_url,
        "insert into public.task_brief_outputs (task_brief_id, content, agent_type, output_type)"
        " values (%(id)s, 'x', 'runner', 'markdown'), (%(id)s, 'y', 'editor', 'text_response')".replace(
            "%(id)s", f"'{story.brief_id}'"
        ),
    )

    async with store.session(read_only=True) as session:
        assert (await get_brief(session, story.brief_id)).markdown == story.text


# Two at once


async def test_of_two_edits_at_once_one_is_stored_and_one_is_stale(
    store: Database, store_url: str, tokens: TokenCounter
) -> None:
    story = await begun(store, tokens)
    seen = sha256_of(story.text)

    async def edit(word: str) -> str:
        async with store.session() as session:
            text = f"{story.text}{word}\n"
            await edit_brief(session, story.brief_id, text, expected_sha256=seen)
        return word

    async with store.session() as session:
        await brief_life.lock_brief(session, story.brief_id)
        both = asyncio.gather(edit("One."), edit("Two."), return_exceptions=True)
        await asyncio.to_thread(wait_until_blocked, store_url, 2)
    found = await both

    [stored] = [one for one in found if isinstance(one, str)]
    [refused] = [one for one in found if isinstance(one, errors.StaleVersion)]
    assert refused.details["theirs"]["first_difference"] == stored
    async with store.session(read_only=True) as session:
        assert (await get_brief(session, story.brief_id)).markdown.endswith(f"{stored}\n")


async def test_of_two_who_publish_at_once_the_second_sees_the_first(
    store: Database, store_url: str, tokens: TokenCounter
) -> None:
    story = await begun(store, tokens)

    async def publish() -> None:
        async with store.session() as session:
            await publish_brief(session, tokens, story.brief_id)

    async with store.session() as session:
        await brief_life.lock_brief(session, story.brief_id)
        both = asyncio.gather(publish(), publish(), return_exceptions=True)
        await asyncio.to_thread(wait_until_blocked, store_url, 2)
    found = await both

    assert sorted(type(one).__name__ for one in found) == ["NoneType", "WrongState"]
    assert events(store_url).count("brief.published") == 1


async def test_an_edit_under_way_does_not_bring_purged_words_back(
    store: Database, store_url: str, tokens: TokenCounter
) -> None:
    story = await begun(store, tokens)
    block = story.blocks["Bench brush"]

    async def purge() -> None:
        async with store.session() as session:
            await purge_block(session, block.id)

    async with store.session() as session:
        await edited(session, story, "It has horse hair.")
        purging = asyncio.create_task(purge())
        await asyncio.to_thread(wait_until_blocked, store_url)
    await purging
    with pytest.raises(errors.StaleVersion):
        async with store.session() as session:
            text = f"{story.text}It has horse hair.\n"
            await edit_brief(session, story.brief_id, text, expected_sha256=sha256_of(story.text))

    assert "horse hair" not in str(everything(store_url))
    async with store.session(read_only=True) as session:
        assert await list_edits(session, story.brief_id) == []
        assert await state(session, story) is BriefState.DRAFT


# Validation


async def test_a_brief_with_an_error_is_not_published_and_nothing_is_stored_of_the_try(
    store: Database, store_url: str, tokens: TokenCounter
) -> None:
    story = await begun(store, tokens)
    async with store.session() as session:
        assert (await validate_brief(session, tokens, story.brief_id)).validation.ok
        await archive_block(session, story.blocks["Voice"].id)
    before = everything(store_url)

    with pytest.raises(errors.WrongState) as caught:
        async with store.session() as session:
            await publish_brief(session, tokens, story.brief_id)

    assert everything(store_url) == before
    [found] = caught.value.details["findings"]
    assert (found["name"], found["severity"]) == ("block-archived", "error")
    async with store.session() as session:
        await restore_block(session, story.blocks["Voice"].id)
        published = await publish_brief(session, tokens, story.brief_id)
    assert published.state is BriefState.PUBLISHED
    assert published.validation.findings == ()


async def test_a_validation_with_errors_is_kept_and_makes_no_validated_brief(
    session: Session, tokens: TokenCounter
) -> None:
    story = await begin(session, tokens)
    await edited(session, story, "As [B77] says.")

    validated = await validate_brief(session, tokens, story.brief_id)
    life = await read_life(session, story.brief_id)

    assert validated.state is life.state is BriefState.EDITED
    assert life.validation == validated.validation
    assert [one.name for one in validated.validation.findings] == ["unknown-citation"]


async def test_a_validation_counts_for_the_text_that_it_looked_at_only(
    session: Session, tokens: TokenCounter
) -> None:
    story = await begin(session, tokens)
    await validate_brief(session, tokens, story.brief_id)
    assert await state(session, story) is BriefState.VALIDATED

    await edited(session, story, "More.")

    assert await state(session, story) is BriefState.EDITED
    assert (await read_life(session, story.brief_id)).validation is None


async def test_what_became_of_the_blocks_is_told_block_by_block(
    session: Session, tokens: TokenCounter
) -> None:
    story = await begin(session, tokens)
    changed, archived, retagged = story.blocks.values()
    await edit_block(session, EMBEDDER, changed.id, BlockEdit(content="Other words."))
    await archive_block(session, archived.id)
    await edit_block(session, EMBEDDER, retagged.id, BlockEdit(meta_tags=["new"]))

    found = (await validate_brief(session, tokens, story.brief_id)).validation

    told = {(one.name, one.details["block_id"]) for one in found.findings}
    assert told == {("block-changed", str(changed.id)), ("block-archived", str(archived.id))}
    assert found.block_versions == {changed.id: 2, archived.id: 2, retagged.id: 2}


async def test_a_purged_block_is_an_error_of_the_brief(
    session: Session, tokens: TokenCounter
) -> None:
    story = await begin(session, tokens)
    await purge_block(session, story.blocks["Voice"].id)

    found = (await validate_brief(session, tokens, story.brief_id)).validation

    assert [one.name for one in found.findings] == ["block-purged"]
    assert found.block_versions[story.blocks["Voice"].id] is None


async def test_the_type_of_a_brief_asks_for_types_of_blocks(
    store: Database, store_url: str, tokens: TokenCounter
) -> None:
    story = await begun(store, tokens)
    async with store.session() as session:
        kind = await find_brief_type(session, "Support answer")
        voice = story.blocks["Voice"].id
        await edit_block(session, EMBEDDER, voice, BlockEdit(type=BlockType.STYLE_GUIDE))
    tell(store_url, "update public.task_briefs set task_brief_type_id = %s", kind.id)

    async with store.session() as session:
        found = (await validate_brief(session, tokens, story.brief_id)).validation

    missing = [one.details["type"] for one in found.findings if one.name == "type-missing"]
    assert missing == [one.value for one in kind.required_context_types]
    assert len(missing) == 2  # the block was no style guide when it went in


async def test_a_locked_brief_is_looked_at_and_nothing_is_written(
    store: Database, store_url: str, tokens: TokenCounter
) -> None:
    story = await begun(store, tokens)
    async with store.session() as session:
        await publish_brief(session, tokens, story.brief_id)
        await lock_brief(session, story.brief_id)
        await archive_block(session, story.blocks["Voice"].id)
    before = everything(store_url)

    async with store.session() as session:
        looked = await validate_brief(session, tokens, story.brief_id)

    assert (looked.is_recorded, looked.validation.ok) == (False, False)
    assert everything(store_url) == before


async def test_a_validation_that_somebody_wrote_by_hand_validates_nothing(
    store: Database, store_url: str, tokens: TokenCounter
) -> None:
    story = await begun(store, tokens)
    async with store.session() as session:
        await edited(session, story, "As [B77] says.")
        true = (await validate_brief(session, tokens, story.brief_id)).validation
    lying = json.dumps({**true.model_dump(mode="json"), "ok": True})
    forgeries = [
        "",
        "nonsense",
        "[]",
        "{}",
        '{"ok": true}',
        '{"format": 2}',
        "1e999",
        '"\\ud800"',
        lying,
    ]
    for days, forged in enumerate(forgeries, start=1):
        tell(
            store_url,
            "insert into public.task_brief_outputs (task_brief_id, content, output_type, agent_type, created_at)"
            " values (%s, %s, 'structured_json', 'validator', now() + make_interval(days => %s))",
            story.brief_id,
            forged,
            days,
        )

        async with store.session(read_only=True) as session:
            assert await state(session, story) is BriefState.EDITED, forged


async def test_a_brief_that_was_not_compiled_here_has_a_life_as_well(
    store: Database, store_url: str, tokens: TokenCounter
) -> None:
    for snapshot in (None, "[]", '{"blocks": 7}', '{"format": 1}', '"x"'):
        [(brief_id,)] = _written(store_url, store.user_id, snapshot)
        async with store.session() as session:
            empty = await validate_brief(session, tokens, brief_id)
            await edit_brief(session, brief_id, "New words.\n", expected_sha256=sha256_of(""))
            published = await publish_brief(session, tokens, brief_id)
            replayed = await replay_brief(session, brief_id)
            compared = await compare_briefs(session, brief_id)

        assert [one.name for one in empty.validation.findings] == [
            "empty-text",
            "not-compiled-here",
        ]
        assert [one.name for one in published.validation.findings] == ["not-compiled-here"]
        assert (replayed.outcome, replayed.is_same) == ("not-compiled-here", False)
        assert compared.text[-1] == "+New words."


def _written(url: str, user_id: UUID, snapshot: str | None) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(
            "insert into public.task_briefs (user_id, intent, core_context_snapshot)"
            " values (%s, 'An old task', %s) returning id",
            (user_id, snapshot),
        ).fetchall()


# Differences


async def test_a_brief_is_compared_with_another_and_with_itself_as_composed(
    session: Session, tokens: TokenCounter
) -> None:
    story = await begin(session, tokens)
    blocks = tuple(block.id for block in story.blocks.values())
    same = await compose_brief(session, EMBEDDER, tokens, NewBrief(intent=INTENT, blocks=blocks))
    less = NewBrief(intent=INTENT, blocks=blocks, budget_tokens=3000, mode="outline")
    other = await compose_brief(session, EMBEDDER, tokens, less)

    untouched = await compare_briefs(session, story.brief_id)
    with_same = await compare_briefs(session, story.brief_id, same.brief.id)
    with_other = await compare_briefs(session, story.brief_id, other.brief.id)
    await edited(session, story, "More.")
    with_itself = await compare_briefs(session, story.brief_id)
    as_composed = await compare_briefs(session, story.brief_id, same.brief.id, composed=True)

    assert untouched.is_same
    assert with_same.is_same
    assert {one.name for one in with_other.settings} == {"budget_tokens", "mode"}
    assert {one.block_id for one in with_other.blocks} == set(blocks)
    assert all("transformation" in one.changed for one in with_other.blocks)
    assert with_itself.text[-1] == "+More."
    assert with_itself.blocks == with_itself.settings == ()
    assert as_composed.is_same


# Replay


async def test_two_years_and_fifty_versions_later_the_bytes_are_the_same(
    store: Database, store_url: str, tokens: TokenCounter
) -> None:
    story = await begun(
        store,
        tokens,
        sub_instructions="Be brief.",
        media=({"image_url": "https://a.example/b c.png", "description": "x"},),
    )
    for number in range(50):
        async with store.session() as session:
            for label, block in story.blocks.items():
                now = await get_block(session, block.id)
                if now.status is BlockStatus.ARCHIVED:
                    await restore_block(session, block.id)
                words = BlockEdit(content=f"{label} {number}", label=f"{label} {number}")
                await edit_block(session, EMBEDDER, block.id, words)
                if number % 10 == 3:
                    await archive_block(session, block.id)
    for table, column in (
        ("task_briefs", "created_at"),
        ("task_brief_outputs", "created_at"),
        ("block_revisions", "created_at"),
        ("context_blocks", "created_at"),
        ("context_blocks", "updated_at"),
    ):
        tell(store_url, f"update public.{table} set {column} = {column} - interval '2 years'")

    async with store.session(read_only=True) as session:
        replayed = await replay_brief(session, story.brief_id)
        versions = [(await get_block(session, one.id)).version for one in story.blocks.values()]

    assert min(versions) > 50
    assert replayed.is_same
    assert replayed.markdown == story.text
    assert replayed.sha256 == replayed.expected_sha256 == sha256_of(story.text)
    assert replayed.body_bytes == len(story.text.encode())


async def test_what_is_gone_is_named_with_the_reason(
    store: Database, store_url: str, tokens: TokenCounter
) -> None:
    story = await begun(store, tokens)
    purged, lost, altered = story.blocks.values()
    async with store.session() as session:
        for block in (lost, altered):
            await edit_block(session, EMBEDDER, block.id, BlockEdit(content="Other words."))
        await purge_block(session, purged.id)
    tell(store_url, "delete from public.block_revisions where block_id = %s", lost.id)
    tell(
        store_url,
        "update public.block_revisions set snapshot = jsonb_set(snapshot, '{content}', '\"forged\"')"
        " where block_id = %s",
        altered.id,
    )

    async with store.session(read_only=True) as session:
        replayed = await replay_brief(session, story.brief_id)

    assert (replayed.outcome, replayed.is_same) == ("blocks-gone", False)
    assert {(one.block_id, one.version, one.why) for one in replayed.gone} == {
        (purged.id, 1, "purged"),
        (lost.id, 1, "revision-missing"),
        (altered.id, 1, "revision-altered"),
    }
    assert "forged" not in (replayed.markdown or "")


async def test_after_a_purge_the_rest_is_proven_against_what_is_stored(
    session: Session, tokens: TokenCounter
) -> None:
    story = await begin(session, tokens)
    await purge_block(session, story.blocks["Voice"].id)

    replayed = await replay_brief(session, story.brief_id)

    assert (replayed.outcome, replayed.is_stored) == ("blocks-gone", True)
    assert replayed.expected_sha256 == sha256_of(story.text) != replayed.sha256


_SNAPSHOT = "update public.task_briefs set core_context_snapshot = {} where id = %s"
_CHANGES = (
    ("update public.task_briefs set intent = 'Another task' where id = %s", "other-bytes"),
    ("update public.task_briefs set sub_instructions = 'More' where id = %s", "other-bytes"),
    (
        "update public.task_brief_outputs set content = 'x' where task_brief_id = %s",
        "stored-text-differs",
    ),
    ("delete from public.task_brief_outputs where task_brief_id = %s", "stored-text-differs"),
    (_SNAPSHOT.format("core_context_snapshot || '{\"format\": 2}'"), "other-format"),
    (_SNAPSHOT.format("core_context_snapshot - 'blocks'"), "snapshot-unreadable"),
    (
        _SNAPSHOT.format(
            "jsonb_set(core_context_snapshot, '{outline,0,block_id}', to_jsonb(gen_random_uuid()))"
        ),
        "snapshot-unreadable",
    ),
    (_SNAPSHOT.format("null"), "not-compiled-here"),
)


async def test_whatever_was_changed_in_the_database_is_told_and_proves_nothing(
    store: Database, store_url: str, tokens: TokenCounter
) -> None:
    story = await begun(store, tokens)
    new = NewBrief(intent=INTENT, blocks=tuple(block.id for block in story.blocks.values()))
    for change, outcome in _CHANGES:
        async with store.session() as session:
            brief_id = (await compose_brief(session, EMBEDDER, tokens, new)).brief.id
            assert (await replay_brief(session, brief_id)).is_same
        tell(store_url, change, brief_id)

        async with store.session(read_only=True) as session:
            replayed = await replay_brief(session, brief_id)

        assert (replayed.outcome, replayed.is_same) == (outcome, False), change
        assert replayed.sentence


async def test_an_edit_does_not_change_what_is_compiled_again(
    session: Session, tokens: TokenCounter
) -> None:
    story = await begin(session, tokens)
    await edited(session, story, "More.")

    assert (await replay_brief(session, story.brief_id)).is_same


@given(random=st.randoms(use_true_random=False))
@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_becomes_of_the_blocks_a_brief_comes_out_the_same_but_for_what_is_purged(
    random: Random, database_url: str, tokens: TokenCounter
) -> None:
    async def work() -> None:
        async with open_database(database_url) as database, database.session() as session:
            await _live_and_replay(session, tokens, random)

    asyncio.run(work())


@dataclass
class _Town:
    """Blocks that live, and the briefs that were made of them on the way."""

    session: Session
    tokens: TokenCounter
    random: Random
    name: str
    alive: list[UUID]
    made: list[tuple[UUID, str, set[UUID]]]
    purged: set[UUID]

    async def turn(self) -> None:
        one = self.random.choice(self.alive)
        block = await get_block(self.session, one)
        words = f"{self.name} {self.random.getrandbits(32)}"
        match self.random.choice(
            ["compose", "edit", "edit", "retype", "status", "status", "purge"]
        ):
            case "compose":
                await self.compose(words)
            case "edit" if block.status is BlockStatus.ACTIVE:
                change = BlockEdit(content=f"{words}. " * self.random.randrange(1, 60))
                await edit_block(self.session, EMBEDDER, one, change)
            case "retype" if block.status is BlockStatus.ACTIVE:
                change = BlockEdit(label=words, type=self.random.choice(list(BlockType)))
                await edit_block(self.session, EMBEDDER, one, change)
            case "status":
                is_active = block.status is BlockStatus.ACTIVE
                await (archive_block if is_active else restore_block)(self.session, one)
            case "purge" if len(self.alive) > 2:
                await purge_block(self.session, one)
                self.alive.remove(one)
                self.purged.add(one)
            case _:
                pass

    async def compose(self, intent: str) -> None:
        blocks = [await get_block(self.session, one) for one in self.alive]
        usable = tuple(block.id for block in blocks if block.status is BlockStatus.ACTIVE)
        mode = self.random.choice([None, "verbatim", "excerpt", "outline"])
        new = NewBrief(intent=intent, blocks=usable, mode=mode)
        composed = await compose_brief(self.session, EMBEDDER, self.tokens, new)
        inside = {part.block_id for part in composed.compiled.snapshot.blocks}
        self.made.append((composed.brief.id, composed.compiled.markdown, inside))


async def _live_and_replay(session: Session, tokens: TokenCounter, random: Random) -> None:
    name = f"{random.getrandbits(64):x}"
    news = [NewBlock(label=f"{name} {n}", content=f"{name} says {n}. " * 5) for n in range(4)]
    blocks = [await add_block(session, EMBEDDER, new) for new in news]
    town = _Town(session, tokens, random, name, [block.id for block in blocks], [], set())
    await town.compose(name)
    for _ in range(14):
        await town.turn()

    for brief_id, markdown, inside in town.made:
        replayed = await replay_brief(session, brief_id)
        gone = inside & town.purged
        assert {(one.block_id, one.why) for one in replayed.gone} == {(o, "purged") for o in gone}
        assert (replayed.is_same, replayed.is_stored) == (not gone, True)
        assert replayed.expected_sha256 == sha256_of(markdown)
        assert (replayed.markdown == markdown) == (not gone)
