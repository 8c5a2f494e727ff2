"""The verbs on feedback: what is said of briefs is counted once, whatever happens to it afterwards."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from briefsmith import errors
from briefsmith.compiler.document import sha256_of
from briefsmith.compiler.learning import Record, credit_shares, posterior_mean
from briefsmith.models.enums import BlockStatus
from briefsmith.operations.blocks import add_block, edit_block, get_block, purge_block
from briefsmith.operations.compose import compose_brief
from briefsmith.operations.feedback import (
    count_feedback,
    give_feedback,
    recount_scores,
    withdraw_feedback,
)
from briefsmith.postgres.database import Database
from briefsmith.postgres.session import Session
from briefsmith.providers.embeddings import Embedder
from briefsmith.providers.tokenizer import TokenCounter
from briefsmith.schemas.blocks import BlockEdit, NewBlock
from briefsmith.schemas.briefs import NewBrief
from briefsmith.schemas.feedback import NewFeedback
from briefsmith.schemas.snapshot import Snapshot
from briefsmith.store import brief_feedback, task_briefs
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

SUCCESS, FAILURE = NewFeedback(success=True), NewFeedback(success=False)
NOBODY = ScriptedEmbedder()
TEXT = "Bakers sweep flour."


async def _blocks(session: Session, count: int) -> list[UUID]:
    new = [NewBlock(label=f"Block {at} {uuid4()}", content=TEXT) for at in range(count)]
    return [(await add_block(session, NOBODY, each)).id for each in new]


def _snapshot(tokens: Mapping[UUID, int]) -> dict[str, Any]:
    return {
        "nonce": "0" * 32,
        "mode": None,
        "budget_tokens": 4_000,
        "tokenizer": "words",
        "embedding_model": None,
        "selector": {"name": "knapsack-3", "settings": {}},
        "package_version": "0.1.0",
        "blocks": [
            {
                "block_id": str(block_id),
                "version": 1,
                "content_sha256": sha256_of(TEXT),
                "transformation": "used-as-is",
                "spans": [[0, 1]],
                "tokens": count,
                "score": 1.0,
                "parts": {},
                "cite": f"B{at}",
            }
            for at, (block_id, count) in enumerate(tokens.items(), start=1)
        ],
        "left_out": [],
        "outline": [],
        "objective": 1.0,
    }


async def _brief(session: Session, held: object, linked: Sequence[UUID] = ()) -> UUID:
    """A brief that holds such a snapshot."""
    brief = await task_briefs.insert_brief(
        session,
        {
            "intent": "A task",
            "sub_instructions": None,
            "media": None,
            "compilation_mode": None,
            "core_context_snapshot": json.dumps(held),
            "meta_emotional_tone": [],
            "meta_scope": None,
            "meta_audience": None,
            "task_brief_type_id": None,
        },
    )
    await task_briefs.insert_parts(
        session, brief.id, "text", [(each, "used-as-is") for each in linked]
    )
    return brief.id


async def _brief_of(session: Session, tokens: Mapping[UUID, int]) -> UUID:
    return await _brief(session, _snapshot(tokens), list(tokens))


async def _scores(session: Session, ids: Sequence[UUID]) -> list[float | None]:
    return [(await get_block(session, block_id)).feedback_score for block_id in ids]


def _mean(*judged: tuple[bool, float]) -> float:
    """The score after feedback on briefs of which a block was such shares."""
    successes = sum(share for success, share in judged if success)
    return posterior_mean(Record(successes, sum(share for _, share in judged)))


# What is given


async def test_a_success_is_shared_out_by_tokens(store: Database, store_url: str) -> None:
    async with store.session() as session:
        one, other = await _blocks(session, 2)
        brief_id = await _brief_of(session, {one: 300, other: 100})

    async with store.session() as session:
        outcome = await give_feedback(
            session, brief_id, NewFeedback(success=True, comment="It sold.")
        )
    async with store.session() as session:
        blocks = [await get_block(session, each) for each in (one, other)]

    assert (outcome.change, outcome.feedback.comment) == ("given", "It sold.")
    assert [(each.block_id, each.share) for each in outcome.blocks] == [(one, 0.75), (other, 0.25)]
    assert [each.feedback_score for each in outcome.blocks] == [4.75 / 8.75, 4.25 / 8.25]
    assert [each.feedback_score for each in blocks] == [4.75 / 8.75, 4.25 / 8.25]
    assert {each.last_used_successfully_at for each in blocks} == {outcome.feedback.created_at}
    assert events(store_url)[-1] == "brief.feedback_given"


async def test_feedback_makes_no_version_of_a_block_and_does_not_make_it_fresher(
    store: Database, store_url: str
) -> None:
    async with store.session() as session:
        [block_id] = await _blocks(session, 1)
        brief_id = await _brief_of(session, {block_id: 100})
        before = await get_block(session, block_id)

    async with store.session() as session:
        await give_feedback(session, brief_id, SUCCESS)
        after = await get_block(session, block_id)

    changed = {"feedback_score", "last_used_successfully_at"}
    assert after.model_dump(exclude=changed) == before.model_dump(exclude=changed)
    assert ask(store_url, "select count(*) from public.block_revisions") == [(0,)]


async def test_the_same_given_twice_changes_nothing_and_says_so(
    store: Database, store_url: str
) -> None:
    async with store.session() as session:
        one, other = await _blocks(session, 2)
        brief_id = await _brief_of(session, {one: 1, other: 2})
        await give_feedback(session, brief_id, NewFeedback(success=True, comment="Fine"))
    before = everything(store_url)

    for again in (SUCCESS, NewFeedback(success=True, comment="Fine")):
        async with store.session() as session:
            outcome = await give_feedback(session, brief_id, again)
        assert outcome.change == "unchanged"
        assert [each.share for each in outcome.blocks] == [2 / 3, 1 / 3]

    assert everything(store_url) == before


async def test_another_verdict_takes_the_place_of_the_first(session: Session) -> None:
    [block_id] = await _blocks(session, 1)
    brief_id = await _brief_of(session, {block_id: 5})
    await give_feedback(session, brief_id, NewFeedback(success=True, comment="Good"))

    outcome = await give_feedback(session, brief_id, FAILURE)

    block = await get_block(session, block_id)
    assert (outcome.change, outcome.feedback.success, outcome.feedback.comment) == (
        "replaced",
        False,
        None,
    )
    assert block.feedback_score == _mean((False, 1.0))
    assert block.last_used_successfully_at is None


async def test_another_comment_leaves_the_score_and_the_time_alone(session: Session) -> None:
    [block_id] = await _blocks(session, 1)
    brief_id = await _brief_of(session, {block_id: 5})
    first = await give_feedback(session, brief_id, SUCCESS)

    outcome = await give_feedback(session, brief_id, NewFeedback(success=True, comment="Why not"))

    assert (outcome.change, outcome.feedback.comment) == ("replaced", "Why not")
    assert outcome.feedback.created_at == first.feedback.created_at
    assert await _scores(session, [block_id]) == [_mean((True, 1.0))]


async def test_what_is_withdrawn_was_never_said(store: Database, store_url: str) -> None:
    async with store.session() as session:
        one, other = await _blocks(session, 2)
        brief_id = await _brief_of(session, {one: 3, other: 4})
        second = await _brief_of(session, {one: 1})
        await give_feedback(session, second, FAILURE)
    before = everything(store_url)

    async with store.session() as session:
        await give_feedback(session, brief_id, SUCCESS)
        outcome = await withdraw_feedback(session, brief_id)

    after = everything(store_url)
    told = "public.events"
    assert outcome.change == "withdrawn"
    assert [each.feedback_score for each in outcome.blocks] == [None, _mean((False, 1.0))]
    assert {**after, told: []} == {**before, told: []}
    assert events(store_url)[-2:] == ["brief.feedback_given", "brief.feedback_withdrawn"]


async def test_there_is_nothing_to_withdraw_twice(session: Session) -> None:
    brief_id = await _brief_of(session, {})
    await give_feedback(session, brief_id, SUCCESS)
    await withdraw_feedback(session, brief_id)

    with pytest.raises(errors.FeedbackNotFound, match="no feedback"):
        await withdraw_feedback(session, brief_id)


async def test_a_brief_that_is_not_there_or_somebody_elses_has_no_feedback(
    store: Database, store_url: str
) -> None:
    async with store.session() as session:
        brief_id = await _brief_of(session, {})
    other = new_person(store_url)

    for actor, wanted in ((None, NO_ID), (other, brief_id)):
        with pytest.raises(errors.BriefNotFound):
            async with store.session(actor) as session:
                await give_feedback(session, wanted, SUCCESS)
        with pytest.raises(errors.BriefNotFound):
            async with store.session(actor) as session:
                await withdraw_feedback(session, wanted)
    assert ask(store_url, "select count(*) from public.brief_feedback") == [(0,)]


async def test_an_output_can_be_named_if_it_is_the_briefs(store: Database, store_url: str) -> None:
    async with store.session() as session:
        brief_id, other_id = [await _brief_of(session, {}) for _ in range(2)]
    query = "select id from public.task_brief_outputs where task_brief_id = %s"
    [(mine,)], [(others,)] = ask(store_url, query, brief_id), ask(store_url, query, other_id)

    async with store.session() as session:
        outcome = await give_feedback(session, brief_id, NewFeedback(success=True, output_id=mine))
    with pytest.raises(errors.InvalidInput, match="no output"):
        async with store.session() as session:
            await give_feedback(session, brief_id, NewFeedback(success=True, output_id=others))

    assert outcome.feedback.output_id == mine


@pytest.mark.parametrize("flags", [(False, True, False), (False, True, True)])
async def test_a_published_or_locked_brief_takes_feedback_on_locked_and_archived_blocks(
    flags: tuple[bool, bool, bool], store: Database, store_url: str
) -> None:
    async with store.session() as session:
        locked, archived = await _blocks(session, 2)
        brief_id = await _brief_of(session, {locked: 1, archived: 1})
        for block_id, status in ((locked, BlockStatus.LOCKED), (archived, BlockStatus.ARCHIVED)):
            await edit_block(session, NOBODY, block_id, BlockEdit(status=status))
    tell(
        store_url,
        "update task_briefs set is_draft = %s, is_published = %s, is_locked = %s where id = %s",
        *flags,
        brief_id,
    )

    async with store.session() as session:
        await give_feedback(session, brief_id, SUCCESS)

        assert await _scores(session, [locked, archived]) == [_mean((True, 0.5))] * 2


# What is purged


async def test_a_purge_takes_its_share_along_and_leaves_the_others_theirs(
    store: Database, store_url: str
) -> None:
    async with store.session() as session:
        gone, kept = await _blocks(session, 2)
        brief_id = await _brief_of(session, {gone: 300, kept: 100})
        await give_feedback(session, brief_id, SUCCESS)

    async with store.session() as session:
        await purge_block(session, gone)
    async with store.session() as session:
        scores = await _scores(session, [kept])
        again = await give_feedback(session, brief_id, FAILURE)

    assert scores == [_mean((True, 0.25))]
    assert [(each.block_id, each.share) for each in again.blocks] == [(kept, 0.25)]
    assert again.blocks[0].feedback_score == _mean((False, 0.25))
    assert ask(store_url, "select block_id from briefsmith.feedback_shares") == [(kept,)]


async def test_feedback_on_a_brief_whose_blocks_are_all_gone_is_kept_and_teaches_nothing(
    session: Session,
) -> None:
    [block_id] = await _blocks(session, 1)
    brief_id = await _brief_of(session, {block_id: 100})
    await purge_block(session, block_id)

    outcome = await give_feedback(session, brief_id, SUCCESS)

    assert (outcome.change, outcome.blocks) == ("given", ())
    assert await count_feedback(session) == 0


async def test_a_purge_that_is_under_way_is_waited_for(store: Database, store_url: str) -> None:
    async with store.session() as session:
        gone, kept = await _blocks(session, 2)
        brief_id = await _brief_of(session, {gone: 1, kept: 1})

    async def give() -> list[UUID]:
        async with store.session() as session:
            outcome = await give_feedback(session, brief_id, SUCCESS)
            return [each.block_id for each in outcome.blocks]

    async with store.session() as session:
        await purge_block(session, gone)
        giving = asyncio.create_task(give())
        await asyncio.to_thread(wait_until_blocked, store_url)

    assert await giving == [kept]


# Who counts at the same time


async def test_two_who_judge_briefs_of_one_block_at_once_are_both_counted(
    store: Database, store_url: str
) -> None:
    async with store.session() as session:
        [block_id] = await _blocks(session, 1)
        briefs = [await _brief_of(session, {block_id: 1}) for _ in range(2)]

    async def give() -> None:
        async with store.session() as session:
            await give_feedback(session, briefs[1], FAILURE)

    async with store.session() as session:
        await give_feedback(session, briefs[0], SUCCESS)
        giving = asyncio.create_task(give())
        await asyncio.to_thread(wait_until_blocked, store_url)
    await giving

    async with store.session() as session:
        assert await _scores(session, [block_id]) == [_mean((True, 1.0), (False, 1.0))]


# What other programs wrote


async def _written(session: Session, url: str, brief_id: UUID, at: str, *, success: bool) -> None:
    user_id = session.actor.user_id
    values = (brief_id, user_id, success, datetime.fromisoformat(at))
    tell(
        url,
        "insert into brief_feedback (task_brief_id, user_id, success, created_at)"
        " values (%s, %s, %s, %s)",
        *values,
    )


async def test_what_other_programs_wrote_is_counted_with_the_next_feedback(
    store: Database, store_url: str
) -> None:
    async with store.session() as session:
        one, other = await _blocks(session, 2)
        theirs = await _brief_of(session, {one: 3, other: 1})
        ours = await _brief_of(session, {other: 1})
    await _written(session, store_url, theirs, "2025-03-01T12:00Z", success=True)

    async with store.session() as session:
        outcome = await give_feedback(session, ours, SUCCESS)
        scores = await _scores(session, [one, other])
        last = (await get_block(session, one)).last_used_successfully_at
        again = await count_feedback(session)

    assert (outcome.also_counted, again) == (1, 0)
    assert scores == [_mean((True, 0.75)), _mean((True, 0.25), (True, 1.0))]
    assert last == datetime.fromisoformat("2025-03-01T12:00Z")


async def test_of_several_rows_on_a_brief_the_newest_counts_and_once(
    store: Database, store_url: str
) -> None:
    async with store.session() as session:
        [block_id] = await _blocks(session, 1)
        brief_id = await _brief_of(session, {block_id: 1})
        await give_feedback(session, brief_id, SUCCESS)
    for at, success in (("2024-01-01T00:00Z", True), ("2999-01-01T00:00Z", False)):
        await _written(session, store_url, brief_id, at, success=success)

    async with store.session() as session:
        counted = await count_feedback(session)
        scores = await _scores(session, [block_id])
        withdrawn = await withdraw_feedback(session, brief_id)

        assert (counted, scores) == (1, [_mean((False, 1.0))])
        assert withdrawn.feedback.success is False
        assert await _scores(session, [block_id]) == [None]
        assert await brief_feedback.select_feedback(session, brief_id) is None


async def test_after_several_rows_the_word_that_is_given_is_the_only_one(
    store: Database, store_url: str
) -> None:
    async with store.session() as session:
        [block_id] = await _blocks(session, 1)
        brief_id = await _brief_of(session, {block_id: 1})
    for at, success in (("2024-01-01T00:00Z", False), ("2999-01-01T00:00Z", False)):
        await _written(session, store_url, brief_id, at, success=success)

    async with store.session() as session:
        outcome = await give_feedback(session, brief_id, SUCCESS)

    rows = ask(store_url, "select success from public.brief_feedback")
    assert (outcome.change, rows) == ("replaced", [(True,)])
    assert outcome.blocks[0].feedback_score == _mean((True, 1.0))


@pytest.mark.parametrize(
    "held",
    [
        None,
        [],
        "text",
        {"legacy_core_context_snapshot": {"blocks": [{"block_id": 1}]}},
        {"blocks": [{"block_id": "nonsense", "tokens": "many"}]},
        _snapshot({NO_ID: 400}),
        _snapshot({}),
    ],
    ids=["none", "list", "text", "legacy", "nonsense", "other block", "no block"],
)
async def test_where_no_snapshot_tells_the_linked_blocks_share_evenly(
    held: object, session: Session
) -> None:
    ids = await _blocks(session, 4)
    brief_id = await _brief(session, held, ids)

    outcome = await give_feedback(session, brief_id, SUCCESS)

    assert sorted(each.block_id for each in outcome.blocks) == sorted(ids)
    assert {each.share for each in outcome.blocks} == {0.25}


async def test_a_snapshot_that_names_a_block_twice_or_somebody_elses_gives_each_its_own(
    store: Database, store_url: str
) -> None:
    other = new_person(store_url)
    async with store.session(other) as session:
        [theirs] = await _blocks(session, 1)
    async with store.session() as session:
        [mine] = await _blocks(session, 1)
        held = _snapshot({mine: 1, theirs: 2})
        held["blocks"].append({**held["blocks"][0], "cite": "B3"})
        outcome = await give_feedback(session, await _brief(session, held, [mine]), SUCCESS)

    assert [(each.block_id, each.share) for each in outcome.blocks] == [(mine, 0.5)]
    async with store.session(other) as session:
        assert await _scores(session, [theirs]) == [None]


async def test_more_than_a_page_of_others_feedback_is_counted(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("briefsmith.operations.feedback._PAGE", 2)
    [block_id] = await _blocks(session, 1)
    briefs = [await _brief_of(session, {block_id: 1}) for _ in range(5)]
    columns: brief_feedback.FeedbackColumns = {
        "success": True,
        "comment": None,
        "output_id": None,
    }
    for brief_id in briefs:
        await brief_feedback.insert_feedback(session, brief_id, columns)

    assert await count_feedback(session) == 5
    assert await _scores(session, [block_id]) == [_mean(*[(True, 1.0)] * 5)]


async def test_what_other_programs_changed_and_deleted_shows_after_a_recount(
    store: Database, store_url: str
) -> None:
    async with store.session() as session:
        changed, deleted, both = await _blocks(session, 3)
        first = await _brief_of(session, {changed: 1, both: 1})
        second = await _brief_of(session, {deleted: 1, both: 1})
        third = await _brief_of(session, {deleted: 1})
        for brief_id in (first, second, third):
            await give_feedback(session, brief_id, SUCCESS)
    tell(store_url, "update brief_feedback set success = false where task_brief_id = %s", first)
    tell(store_url, "delete from brief_feedback where task_brief_id = %s", second)

    async with store.session() as session:
        count = await recount_scores(session)
        scores = await _scores(session, [changed, deleted, both])
        again = await recount_scores(session)

    assert (count, again) == (3, 0)
    assert scores == [_mean((False, 0.5)), _mean((True, 1.0)), _mean((False, 0.5))]


# The law


_DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("give"), st.integers(0, 3), st.booleans()),
        st.tuples(st.just("withdraw"), st.integers(0, 3), st.booleans()),
        st.tuples(st.just("elsewhere"), st.integers(0, 3), st.booleans()),
        st.tuples(st.just("purge"), st.integers(0, 2), st.booleans()),
    ),
    min_size=2,
    max_size=9,
)
_TOKENS = st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=4, max_size=4)


@given(deeds=_DEEDS, tokens=_TOKENS)
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_whatever_was_done_scores_are_what_is_left_says(
    deeds: list[tuple[str, int, bool]], tokens: list[list[int]], session: Session
) -> None:
    blocks = await _blocks(session, 3)
    used = [
        {block: count for block, count in zip(blocks, each, strict=True) if count}
        for each in tokens
    ]
    briefs = [await _brief_of(session, each) for each in used]
    said: dict[int, bool] = {}
    gone: set[UUID] = set()
    for deed, which, verdict in deeds:
        if deed == "purge":
            if blocks[which] not in gone:
                await purge_block(session, blocks[which])
            gone.add(blocks[which])
        elif deed == "withdraw":
            if which in said:
                await withdraw_feedback(session, briefs[which])
                del said[which]
        else:
            if deed == "elsewhere" and which not in said:
                await brief_feedback.insert_feedback(
                    session,
                    briefs[which],
                    {"success": verdict, "comment": None, "output_id": None},
                )
            else:
                await give_feedback(session, briefs[which], NewFeedback(success=verdict))
            said[which] = verdict

    await count_feedback(session)

    left = [block for block in blocks if block not in gone]
    shares = [credit_shares(each) for each in used]
    weights = await brief_feedback.select_weights(session, left)
    for block in left:
        judged = [
            (said[at], each[block])
            for at, each in enumerate(shares)
            if at in said and block in each
        ]
        [score] = await _scores(session, [block])
        if not judged:
            assert score is None
            assert block not in weights
        else:
            assert score == pytest.approx(_mean(*judged))
            assert weights[block] == pytest.approx(sum(share for _, share in judged))


# What selection makes of it


async def test_of_two_texts_alike_the_one_whose_briefs_fail_gives_way(
    store: Database, embedder: Embedder, tokens: TokenCounter
) -> None:
    text = "Bakers want a bench brush that lasts, and they buy it in {} before the fairs."
    async with store.session() as session:
        for when in ("spring", "autumn"):
            new = NewBlock(label=f"Bakers in {when}", content=text.format(when))
            await add_block(session, embedder, new)
        await add_block(session, embedder, NewBlock(label="Tea", content="A brush for tea cups."))

    async def composed() -> Snapshot:
        new = NewBrief(intent="What bakers want of a bench brush")
        async with store.session() as session:
            return (await compose_brief(session, embedder, tokens, new)).compiled.snapshot

    first = max((await composed()).blocks, key=lambda part: part.score)
    async with store.session() as session:
        for _ in range(8):
            brief_id = await _brief_of(session, {first.block_id: 1})
            await give_feedback(session, brief_id, FAILURE)
    snapshot = await composed()

    parts = {part.block_id: part.parts for part in snapshot.blocks}
    other = max(snapshot.blocks, key=lambda part: part.score)
    assert other.block_id != first.block_id
    assert "feedback_score" not in other.parts
    assert other.parts["feedback"] == 1 > parts[first.block_id]["feedback"]
    assert parts[first.block_id]["feedback_score"] == pytest.approx(4 / 16)
    assert parts[first.block_id]["feedback_weight"] == pytest.approx(8.0)
    assert "feedback_optimism" in snapshot.selector.settings
