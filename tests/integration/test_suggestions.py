"""What an agent outside suggests: proposed as a rule, applied where both the person and the block's policy allow it."""

from typing import Any

import pytest

from briefsmith import errors
from briefsmith.agents.suggestions import (
    Suggested,
    Suggestion,
    SuggestionOutcome,
    suggest_change,
)
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.models.enums import (
    BlockSource,
    BlockStatus,
    BlockUpdatePolicy,
    ProposalStatus,
)
from briefsmith.operations.approvals import approve_proposal
from briefsmith.operations.blocks import (
    accept_block,
    add_block,
    archive_block,
    block_history,
    edit_block,
    get_block,
    purge_block,
)
from briefsmith.operations.proposals import reject_proposal
from briefsmith.operations.reviews import get_proposal
from briefsmith.postgres.session import Session
from briefsmith.schemas.blocks import BlockEdit, NewBlock
from tests.integration.stored import ScriptedEmbedder

EMBEDDER = ScriptedEmbedder()


async def _add(session: Session, **others: Any) -> ContextBlock:
    values: dict[str, Any] = {"label": "Price", "content": "45 EUR.", **others}
    return await add_block(session, EMBEDDER, NewBlock(**values))


async def _suggest(
    session: Session, block: ContextBlock, *, may_apply: bool = False, **changes: Any
) -> SuggestionOutcome:
    edit = BlockEdit(**changes) if changes else None
    wanted = Suggestion(block.id, block.version, edit, "The list says so.")
    return await suggest_change(session, EMBEDDER, wanted, may_apply=may_apply)


async def test_a_suggestion_waits_for_the_person_and_does_what_it_says_once_approved(
    session: Session,
) -> None:
    block = await _add(session)

    outcome = await _suggest(session, block, content="49 EUR.", label="Prices", meta_tags=["shop"])

    assert outcome.outcome is Suggested.PROPOSED
    assert outcome.proposal is not None
    assert await get_block(session, block.id) == block
    await approve_proposal(session, EMBEDDER, outcome.proposal.id)
    now = await get_block(session, block.id)
    assert (now.content, now.label, now.meta_tags) == ("49 EUR.", "Prices", ["shop"])
    # The person has read it, and stands for it.
    assert now.source is BlockSource.USER


async def test_archiving_can_be_suggested(session: Session) -> None:
    block = await _add(session)

    outcome = await _suggest(session, block, may_apply=True)

    assert outcome.outcome is Suggested.PROPOSED
    assert outcome.kept_from_agents == "only a person archives a block"
    assert outcome.proposal is not None
    await approve_proposal(session, EMBEDDER, outcome.proposal.id)
    assert (await get_block(session, block.id)).status is BlockStatus.ARCHIVED


async def test_where_the_person_allows_it_a_text_is_applied_and_becomes_the_agents(
    session: Session,
) -> None:
    block = await _add(session)

    outcome = await _suggest(session, block, may_apply=True, content="49 EUR.")

    assert outcome.outcome is Suggested.APPLIED
    assert (outcome.block.content, outcome.block.source) == ("49 EUR.", BlockSource.AGENT)
    assert outcome.proposal is not None
    assert outcome.proposal.status is ProposalStatus.APPLIED
    [before] = await block_history(session, block.id)
    assert before.proposal_id == outcome.proposal.id


async def test_tags_alone_are_applied_and_the_text_stays_whose_it_was(session: Session) -> None:
    block = await _add(session)

    outcome = await _suggest(session, block, may_apply=True, meta_tags=["shop"])

    assert outcome.outcome is Suggested.APPLIED
    assert (outcome.block.meta_tags, outcome.block.source) == (["shop"], BlockSource.USER)


@pytest.mark.parametrize(
    ("values", "changes"),
    [
        ({"update_policy": BlockUpdatePolicy.MANUAL}, {"content": "x"}),
        ({"requires_user_review": True}, {"content": "x"}),
        ({"meta_refreshable": True}, {"content": "x"}),
        ({}, {"label": "Prices"}),
        ({}, {"label": "Prices", "content": "x"}),
        ({}, {"content": "x" * 16_001}),
    ],
)
async def test_what_is_the_persons_to_decide_is_proposed_though_agents_may_change_blocks(
    session: Session, values: dict[str, Any], changes: dict[str, Any]
) -> None:
    block = await _add(session, **values)

    outcome = await _suggest(session, block, may_apply=True, **changes)

    assert outcome.outcome is Suggested.PROPOSED
    assert outcome.kept_from_agents is not None
    assert await get_block(session, block.id) == block


async def test_a_locked_block_is_only_ever_proposed_to_be_changed(session: Session) -> None:
    block = await _add(session)
    locked = await edit_block(session, EMBEDDER, block.id, BlockEdit(status=BlockStatus.LOCKED))

    outcome = await _suggest(session, locked, may_apply=True, content="49 EUR.")

    assert outcome.outcome is Suggested.PROPOSED
    assert outcome.kept_from_agents == "it is locked"


async def test_a_block_that_a_person_has_reviewed_is_only_ever_proposed_to_be_changed(
    session: Session,
) -> None:
    block = await _add(session, requires_user_review=True)
    reviewed = await accept_block(session, block.id)

    outcome = await _suggest(session, reviewed, may_apply=True, content="49 EUR.")

    assert outcome.outcome is Suggested.PROPOSED
    assert outcome.kept_from_agents == "the person has reviewed it"


async def test_the_same_suggestion_is_made_once_also_after_a_rejection(session: Session) -> None:
    block = await _add(session)
    first = await _suggest(session, block, content="49 EUR.")
    assert first.proposal is not None
    await reject_proposal(session, first.proposal.id)

    again = await _suggest(session, block, content="49 EUR.")
    other = await _suggest(session, block, content="50 EUR.")

    assert (again.outcome, again.proposal) == (Suggested.KNOWN, None)
    assert other.outcome is Suggested.PROPOSED


async def test_one_suggestion_waits_for_a_block_at_a_time(session: Session) -> None:
    block = await _add(session)
    await _suggest(session, block, content="49 EUR.")

    with pytest.raises(errors.WrongState, match="waits for the person"):
        await _suggest(session, block, content="50 EUR.")


async def test_a_suggestion_of_a_version_that_is_gone_is_refused(session: Session) -> None:
    block = await _add(session)
    await edit_block(session, EMBEDDER, block.id, BlockEdit(content="46 EUR."))

    with pytest.raises(errors.StaleVersion) as caught:
        await _suggest(session, block, content="49 EUR.")

    assert caught.value.details == {"expected_version": 1, "current_version": 2}


@pytest.mark.parametrize(
    "changes",
    [
        {"content": "45 EUR."},
        {"label": "Price", "meta_tags": []},
        {"status": BlockStatus.ARCHIVED},
    ],
)
async def test_what_changes_nothing_or_too_much_is_refused(
    session: Session, changes: dict[str, Any]
) -> None:
    block = await _add(session)

    with pytest.raises(errors.InvalidInput):
        await _suggest(session, block, **changes)


async def test_an_archived_block_is_not_changed_by_suggestions(session: Session) -> None:
    block = await _add(session)
    archived = await archive_block(session, block.id)

    with pytest.raises(errors.WrongState):
        await _suggest(session, archived, content="49 EUR.")


async def test_a_purge_takes_the_agents_reason_with_the_text(session: Session) -> None:
    block = await _add(session)
    outcome = await _suggest(session, block, content="49 EUR.")
    assert outcome.proposal is not None

    await purge_block(session, block.id)

    # It may repeat the text, and goes with the block that the proposal is about.
    with pytest.raises(errors.ProposalNotFound):
        await get_proposal(session, outcome.proposal.id)
