"""Proposals: made once, applied whole, and only on blocks that are as they were."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from briefsmith import errors
from briefsmith.models.block_change_queue import BlockChange
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.models.enums import BlockSource, BlockStatus, ProposalAction, ProposalStatus
from briefsmith.operations.approvals import Applied, approve_proposal
from briefsmith.operations.blocks import (
    add_block,
    archive_block,
    block_history,
    edit_block,
    get_block,
    purge_block,
)
from briefsmith.operations.proposals import (
    Outcome,
    Proposed,
    propose,
    reject_proposal,
    touched,
    withdraw_outdated,
)
from briefsmith.operations.reviews import get_proposal, list_proposals
from briefsmith.postgres.database import Database
from briefsmith.postgres.session import Session
from briefsmith.schemas.blocks import BlockEdit, NewBlock
from briefsmith.schemas.proposals import NewProposal, ProposedData, finding_key, text_sha256
from tests.conftest import rolled_back
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

EMBEDDER = ScriptedEmbedder()


async def _add(
    session: Session, label: str, content: str = "Some text.", **others: Any
) -> ContextBlock:
    return await add_block(session, EMBEDDER, NewBlock(label=label, content=content, **others))


def _editing(block: ContextBlock, **changes: Any) -> NewProposal:
    data = ProposedData(
        rule="rename", blocks=(touched(block, "change"),), changes=BlockEdit(**changes)
    )
    key = finding_key("test", [(block.id, text_sha256(block.content))], str(changes))
    return NewProposal(ProposalAction.UPDATE, block.id, data, (key,), "A test.")


def _merging(*blocks: ContextBlock, content: str, label: str | None = None) -> NewProposal:
    new = NewBlock(label=label or blocks[0].label, content=content, meta_derived_from=blocks[0].id)
    data = ProposedData(
        rule="merge", blocks=tuple(touched(block, "merge") for block in blocks), new=new
    )
    key = finding_key("test", [(block.id, text_sha256(block.content)) for block in blocks])
    return NewProposal(ProposalAction.MERGE, blocks[0].id, data, (key,), "A test.")


def _archiving(block: ContextBlock, *kept: ContextBlock) -> NewProposal:
    blocks = (touched(block, "archive"), *(touched(one, "keep") for one in kept))
    key = finding_key("test", [(block.id, text_sha256(block.content))])
    data = ProposedData(rule="archive", blocks=blocks)
    return NewProposal(ProposalAction.DELETE, block.id, data, (key,), "A test.")


async def _proposed(session: Session, new: NewProposal) -> BlockChange:
    made = await propose(session, new)
    assert made.proposal is not None, made.outcome
    return made.proposal


async def _approve(session: Session, proposal: BlockChange) -> Applied:
    return await approve_proposal(session, EMBEDDER, proposal.id)


# ---- applying


async def test_an_applied_update_is_a_version_whose_revision_names_the_proposal(
    session: Session,
) -> None:
    block = await _add(session, "One")
    proposal = await _proposed(session, _editing(block, label="Another", content="Other text."))

    applied = await _approve(session, proposal)

    [changed] = applied.blocks
    assert (changed.label, changed.content, changed.version) == ("Another", "Other text.", 2)
    assert applied.proposal.status is ProposalStatus.APPLIED
    assert applied.proposal.decided_by == "user"
    assert applied.proposal.decided_at is not None
    [revision] = await block_history(session, block.id)
    assert (revision.proposal_id, revision.changed_by) == (proposal.id, "user")
    await edit_block(session, EMBEDDER, block.id, BlockEdit(label="By hand"))
    newest = (await block_history(session, block.id))[0]
    assert newest.proposal_id is None


async def test_an_applied_merge_is_one_block_that_derives_from_the_first_and_archives_all(
    session: Session,
) -> None:
    one = await _add(session, "One", "A. B.")
    other = await _add(session, "Other", "A. C.")
    proposal = await _proposed(session, _merging(one, other, content="A. B. C."))

    applied = await _approve(session, proposal)

    made, *sources = applied.blocks
    assert (made.label, made.content, made.status) == ("One", "A. B. C.", BlockStatus.ACTIVE)
    assert made.meta_derived_from == one.id
    assert [(block.id, block.status) for block in sources] == [
        (one.id, BlockStatus.ARCHIVED),
        (other.id, BlockStatus.ARCHIVED),
    ]
    for block in sources:
        assert (await block_history(session, block.id))[0].proposal_id == proposal.id
    assert applied.proposal.proposed_data["made"] == str(made.id)


async def test_a_merge_takes_the_files_of_its_sources_along(
    store: Database, store_url: str
) -> None:
    async with store.session() as session:
        one = await _add(session, "One")
        other = await _add(session, "Other")
        user = session.actor.user_id
    for number, block in enumerate((one, other, other)):
        tell(
            store_url,
            "insert into block_files (user_id, file_url, file_name, label, size_bytes, is_primary,"
            " associated_block_id) values (%s, 'file:///x', %s, 'x', 1, %s, %s)",
            user,
            str(number),
            number < 2,
            block.id,
        )
    tell(
        store_url,
        "update context_blocks set file_ids = (select array_agg(id) from block_files"
        " where associated_block_id = context_blocks.id)",
    )
    async with store.session() as session:
        one, other = await get_block(session, one.id), await get_block(session, other.id)
        proposal = await _proposed(session, _merging(one, other, content="Both."))

        made = (await _approve(session, proposal)).blocks[0]

    rows = ask(
        store_url,
        "select file_name, is_primary, associated_block_id from public.block_files order by 1",
    )
    assert rows == [("0", True, made.id), ("1", False, made.id), ("2", False, made.id)]
    [(file_ids,)] = ask(
        store_url, "select file_ids from public.context_blocks where id = %s", made.id
    )
    assert set(file_ids) == {*one.file_ids, *other.file_ids}
    assert len(file_ids) == 3


async def test_an_applied_delete_archives_and_never_erases(session: Session) -> None:
    block = await _add(session, "One")
    kept = await _add(session, "Two")
    proposal = await _proposed(session, _archiving(block, kept))

    await _approve(session, proposal)

    assert (await get_block(session, block.id)).status is BlockStatus.ARCHIVED
    assert (await get_block(session, kept.id)).version == 1


async def test_an_applied_create_makes_a_block_that_the_proposal_goes_with(
    store: Database, store_url: str
) -> None:
    new = NewBlock(label="Which?", content="Which holds?")
    data = ProposedData(rule="ask", new=new)
    wanted = NewProposal(ProposalAction.CREATE, None, data, ("0" * 64,), "A test.")
    async with store.session() as session:
        proposal = await _proposed(session, wanted)
        applied = await _approve(session, proposal)
    [block] = applied.blocks
    assert applied.proposal.block_id == block.id

    async with store.session() as session:
        await purge_block(session, block.id)

    assert ask(store_url, "select count(*) from public.block_change_queue") == [(0,)]


async def test_events_tell_of_proposals_and_hold_no_text(store: Database, store_url: str) -> None:
    async with store.session() as session:
        one = await _add(session, "xqlabel", "xqtext")
        other = await _add(session, "Two")
        first = await _proposed(session, _editing(one, content="xqother"))
        second = await _proposed(session, _archiving(other))
        await _approve(session, first)
        await reject_proposal(session, second.id, reason="xqreason")

    told = ask(store_url, "select topic, payload::text from public.events order by id")
    assert [topic for topic, _ in told][2:] == [
        "proposal.created",
        "proposal.created",
        "block.updated",
        "proposal.applied",
        "proposal.rejected",
    ]
    assert not any("xq" in payload for _, payload in told)
    assert str(first.id) in told[2][1]


async def test_a_failure_in_the_middle_leaves_everything_as_it_was(
    store: Database, store_url: str
) -> None:
    async with store.session() as session:
        one = await _add(session, "One", "A.")
        other = await _add(session, "Other", "B.")
        third = await _add(session, "Third", "C.")
        merge = _merging(one, other, content="A. B.", label="Third")
        proposal = await _proposed(session, merge)
    before = everything(store_url)

    with pytest.raises(errors.LabelTaken) as caught:
        async with store.session() as session:
            await _approve(session, proposal)

    assert caught.value.details["other"]["block_id"] == str(third.id)
    assert everything(store_url) == before


# ---- blocks that have moved on


async def test_a_proposal_whose_block_moved_on_is_a_conflict_that_shows_both(
    store: Database, store_url: str
) -> None:
    async with store.session() as session:
        block = await _add(session, "One", "Old text.")
        proposal = await _proposed(session, _editing(block, content="Proposed text."))
        await edit_block(session, EMBEDDER, block.id, BlockEdit(content="New text."))
    before = everything(store_url)

    with pytest.raises(errors.StaleProposal) as caught:
        async with store.session() as session:
            await _approve(session, proposal)

    [yours], [theirs] = caught.value.details["yours"], caught.value.details["theirs"]
    assert (yours["version"], yours["content"]) == (1, "Old text.")
    assert (theirs["version"], theirs["content"]) == (2, "New text.")
    assert everything(store_url) == before
    async with store.session() as session:
        shown = await get_proposal(session, proposal.id)
    assert not shown.blocks[0].is_as_proposed
    assert shown.blocks[0].then is not None
    assert shown.blocks[0].then.content == "Old text."


@pytest.mark.parametrize("part", ["archive", "keep"])
async def test_every_block_of_a_proposal_has_to_be_as_it_was(part: str, session: Session) -> None:
    gone, kept = await _add(session, "One"), await _add(session, "Two")
    proposal = await _proposed(session, _archiving(gone, kept))
    moved = gone if part == "archive" else kept
    await edit_block(session, EMBEDDER, moved.id, BlockEdit(meta_tags=["new"]))

    with pytest.raises(errors.StaleProposal):
        await _approve(session, proposal)


async def test_what_the_product_learns_by_itself_makes_no_proposal_stale(
    store: Database, store_url: str
) -> None:
    async with store.session() as session:
        block = await _add(session, "One")
        proposal = await _proposed(session, _editing(block, content="New."))
    tell(
        store_url,
        "update context_blocks set feedback_score = 0.5, last_used_successfully_at = now()",
    )

    async with store.session() as session:
        [changed] = (await _approve(session, proposal)).blocks

    assert changed.content == "New."


async def test_a_proposal_goes_with_its_purged_block(store: Database, store_url: str) -> None:
    async with store.session() as session:
        block = await _add(session, "One")
        proposal = await _proposed(session, _editing(block, content="New."))
        await purge_block(session, block.id)

    async with store.session() as session:
        with pytest.raises(errors.ProposalNotFound):
            await _approve(session, proposal)
    assert ask(store_url, "select count(*) from briefsmith.proposal_findings") == [(0,)]


@pytest.mark.parametrize("is_applied", [False, True])
async def test_a_purged_source_of_a_merge_leaves_no_text_in_the_proposal(
    is_applied: bool, store: Database, store_url: str
) -> None:
    async with store.session() as session:
        one = await _add(session, "One", "A.")
        other = await _add(session, "xqlabel", "xqtext")
        proposal = await _proposed(session, _merging(one, other, content="A. xqtext"))
        made = (await _approve(session, proposal)).blocks[0] if is_applied else None

    async with store.session() as session:
        await purge_block(session, other.id)
        if made is not None:
            await purge_block(session, made.id)

    assert not any("xq" in row for rows in everything(store_url).values() for row in rows)
    expected = errors.WrongState if is_applied else errors.StaleProposal
    async with store.session() as session:
        shown = await get_proposal(session, proposal.id)
        with pytest.raises(expected):
            await _approve(session, proposal)
    assert shown.data is not None
    assert shown.data.redacted
    assert [block.now is None for block in shown.blocks] == [False, True]


async def test_the_text_of_a_merge_goes_when_the_merged_block_is_purged(
    store: Database, store_url: str
) -> None:
    async with store.session() as session:
        one, other = await _add(session, "One", "A."), await _add(session, "Two", "B.")
        proposal = await _proposed(session, _merging(one, other, content="A. xqmerged B."))
        made = (await _approve(session, proposal)).blocks[0]

    async with store.session() as session:
        await purge_block(session, made.id)

    assert not any("xq" in row for rows in everything(store_url).values() for row in rows)


# ---- deciding once


async def test_what_is_decided_cannot_be_decided_again(session: Session) -> None:
    applied = await _proposed(session, _editing(await _add(session, "One"), content="New."))
    rejected = await _proposed(session, _editing(await _add(session, "Two"), content="New."))
    await _approve(session, applied)
    await reject_proposal(session, rejected.id)

    for proposal, status in ((applied, "applied"), (rejected, "rejected")):
        with pytest.raises(errors.WrongState) as caught:
            await _approve(session, proposal)
        assert caught.value.details["status"] == status
        with pytest.raises(errors.WrongState):
            await reject_proposal(session, proposal.id)


async def test_of_two_who_approve_at_once_exactly_one_does(store: Database, store_url: str) -> None:
    async with store.session() as session:
        block = await _add(session, "One", "A.")
        other = await _add(session, "Two", "B.")
        proposal = await _proposed(session, _merging(block, other, content="A. B."))

    async def second() -> None:
        async with store.session() as session:
            await _approve(session, proposal)

    async with store.session() as session:
        await _approve(session, proposal)
        waiting = asyncio.create_task(second())
        await asyncio.to_thread(wait_until_blocked, store_url)
    with pytest.raises(errors.WrongState):
        await waiting

    assert events(store_url).count("proposal.applied") == 1
    assert ask(
        store_url, "select status, count(*) from public.context_blocks group by 1 order by 1"
    ) == [
        ("active", 1),
        ("archived", 2),
    ]


async def test_a_person_who_edits_while_somebody_approves_is_not_overwritten(
    store: Database, store_url: str
) -> None:
    async with store.session() as session:
        block = await _add(session, "One", "A.")
        proposal = await _proposed(session, _editing(block, content="Proposed."))

    async def approve() -> None:
        async with store.session() as session:
            await _approve(session, proposal)

    async with store.session() as session:
        await edit_block(session, EMBEDDER, block.id, BlockEdit(content="Mine."))
        waiting = asyncio.create_task(approve())
        await asyncio.to_thread(wait_until_blocked, store_url)
    with pytest.raises(errors.StaleProposal):
        await waiting

    async with store.session() as session:
        assert (await get_block(session, block.id)).content == "Mine."


async def test_a_proposal_of_somebody_else_is_not_there(store: Database, store_url: str) -> None:
    async with store.session() as session:
        proposal = await _proposed(session, _editing(await _add(session, "One"), content="New."))
    other = new_person(store_url)

    async with rolled_back(store, other) as session:
        with pytest.raises(errors.ProposalNotFound):
            await _approve(session, proposal)
        with pytest.raises(errors.ProposalNotFound):
            await reject_proposal(session, proposal.id)
        with pytest.raises(errors.ProposalNotFound):
            await get_proposal(session, proposal.id)
        assert [one async for one in list_proposals(session)] == []


async def test_a_proposal_on_a_block_of_somebody_else_is_refused(
    store: Database, store_url: str
) -> None:
    async with store.session() as session:
        block = await _add(session, "One")
    other = new_person(store_url)

    async with rolled_back(store, other) as session:
        assert await propose(session, _editing(block, content="Theirs.")) == Proposed(Outcome.MOVED)


@pytest.mark.parametrize(
    "held",
    [
        "{}",
        "[]",
        '"text"',
        '{"rule": "merge", "blocks": []}',
        '{"rule": "archive", "blocks": [], "evil": 1}',
        '{"rule": "archive", "blocks": [{"block_id": "x"}]}',
    ],
)
async def test_a_row_that_was_not_written_here_is_shown_and_rejected_but_not_applied(
    held: str, store: Database, store_url: str
) -> None:
    async with store.session() as session:
        block = await _add(session, "One")
    tell(
        store_url,
        "insert into block_change_queue (user_id, action, block_id, proposed_data)"
        " values (%s, 'merge', %s, %s)",
        block.user_id,
        block.id,
        held,
    )
    async with store.session() as session:
        [shown] = [one async for one in list_proposals(session)]
        assert shown == await get_proposal(session, shown.proposal.id)
        with pytest.raises(errors.WrongState):
            await _approve(session, shown.proposal)
        rejected = await reject_proposal(session, shown.proposal.id, reason="No.")
        assert rejected.status is ProposalStatus.REJECTED


# ---- proposing once


async def test_the_same_finding_makes_one_proposal_also_when_it_was_rejected(
    session: Session,
) -> None:
    block = await _add(session, "One")
    new = _archiving(block)
    first = await propose(session, new)
    again = await propose(session, new)
    assert first.proposal is not None
    await reject_proposal(session, first.proposal.id)

    rejected = await propose(session, new)

    assert (first.outcome, again.outcome, rejected.outcome) == ("proposed", "known", "known")
    changed = await edit_block(session, EMBEDDER, block.id, BlockEdit(content="Other."))
    assert (await propose(session, _archiving(changed))).outcome is Outcome.PROPOSED


async def test_a_block_in_a_proposal_that_waits_is_in_no_other_one(session: Session) -> None:
    one, other = await _add(session, "One", "A."), await _add(session, "Two", "B.")
    merge = await _proposed(session, _merging(one, other, content="A. B."))

    busy = [
        (await propose(session, _archiving(one))).outcome,
        (await propose(session, _archiving(other))).outcome,
        (await propose(session, _editing(other, content="New."))).outcome,
    ]

    assert busy == [Outcome.BUSY] * 3
    await reject_proposal(session, merge.id)
    assert (await propose(session, _archiving(other))).outcome is Outcome.PROPOSED


async def test_a_proposal_on_what_is_no_more_is_not_made(session: Session) -> None:
    block = await _add(session, "One")
    new = _archiving(block)
    await archive_block(session, block.id)

    assert await propose(session, new) == Proposed(Outcome.MOVED)


async def test_two_who_find_the_same_at_once_make_one_proposal(
    store: Database, store_url: str
) -> None:
    async with store.session() as session:
        new = _archiving(await _add(session, "One"))

    async def second() -> Proposed:
        async with store.session() as session:
            return await propose(session, new)

    async with store.session() as session:
        await propose(session, new)
        waiting = asyncio.create_task(second())
        await asyncio.to_thread(wait_until_blocked, store_url)

    assert (await waiting).outcome is Outcome.KNOWN
    assert ask(store_url, "select count(*) from public.block_change_queue") == [(1,)]


async def test_two_who_find_the_same_in_no_block_at_once_make_one_proposal(
    store: Database, store_url: str
) -> None:
    data = ProposedData(rule="ask", new=NewBlock(label="Which?", content="Which?"))
    new = NewProposal(ProposalAction.CREATE, None, data, ("0" * 64, "1" * 64), "A test.")

    async def second() -> Proposed:
        async with store.session() as session:
            return await propose(session, new)

    async with store.session() as session:
        await propose(session, new)
        waiting = asyncio.create_task(second())
        await asyncio.to_thread(wait_until_blocked, store_url)

    assert (await waiting).outcome is Outcome.KNOWN
    assert ask(store_url, "select count(*) from public.block_change_queue") == [(1,)]
    assert events(store_url) == ["proposal.created"]


async def test_what_cannot_be_applied_any_more_is_withdrawn_and_may_be_found_again(
    session: Session,
) -> None:
    block = await _add(session, "One")
    good = await _proposed(session, _archiving(await _add(session, "Two", "Other.")))
    old = await _proposed(session, _archiving(block))
    changed = await edit_block(session, EMBEDDER, block.id, BlockEdit(meta_tags=["new"]))

    [withdrawn] = await withdraw_outdated(session, by="agent:test")

    assert (withdrawn.id, withdrawn.status) == (old.id, ProposalStatus.REJECTED)
    assert withdrawn.decided_by == "agent:test"
    assert (await propose(session, _archiving(changed))).outcome is Outcome.PROPOSED
    assert (await get_proposal(session, good.id)).proposal.status is ProposalStatus.PENDING


async def test_proposals_are_listed_by_status_the_oldest_first(session: Session) -> None:
    made: list[UUID] = []
    for number in range(5):
        block = await _add(session, f"Block {number}", f"Text {number}.")
        made.append((await _proposed(session, _archiving(block))).id)
    await reject_proposal(session, made[0])

    pending = [one.proposal.id async for one in list_proposals(session)]
    first = [one.proposal.id async for one in list_proposals(session, limit=2)]
    rejected = [one.proposal.id async for one in list_proposals(session, [ProposalStatus.REJECTED])]

    assert set(pending) == set(made[1:])
    assert first == pending[:2]
    assert rejected == [made[0]]


async def test_no_proposal_is_not_found(session: Session) -> None:
    with pytest.raises(errors.ProposalNotFound):
        await get_proposal(session, NO_ID)


async def test_a_rejection_keeps_its_reason_and_refuses_what_cannot_be_stored(
    session: Session,
) -> None:
    proposal = await _proposed(session, _archiving(await _add(session, "One")))

    with pytest.raises(errors.InvalidInput):
        await reject_proposal(session, proposal.id, reason="x" * 2_001)
    with pytest.raises(errors.InvalidInput):
        await reject_proposal(session, proposal.id, reason="a\x00b")
    await reject_proposal(session, proposal.id, reason=" Still needed. ")

    shown = await get_proposal(session, proposal.id)
    assert shown.data is not None
    assert shown.data.rejection == "Still needed."


async def test_a_refresh_makes_the_text_the_agents_own_and_the_block_fresh(
    session: Session,
) -> None:
    block = await _add(session, "One", "Old.", source=BlockSource.USER, meta_refreshable=True)
    data = ProposedData(
        rule="refresh",
        blocks=(touched(block, "change"),),
        changes=BlockEdit(content="New."),
        refreshed=True,
    )
    new = NewProposal(ProposalAction.UPDATE, block.id, data, ("2" * 64,), "A test.")

    [fresh] = (await _approve(session, await _proposed(session, new))).blocks

    assert (fresh.content, fresh.source, fresh.version) == ("New.", BlockSource.AGENT, 2)
    assert fresh.last_refreshed_at is not None
    assert fresh.meta_embedding_model == EMBEDDER.name
