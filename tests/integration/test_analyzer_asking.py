"""The analyzer while its model thinks: nothing is held, and whatever changes meanwhile is not reported wrongly."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
import pytest

from briefsmith.agents.contract import AgentContext
from briefsmith.agents.registry import AGENTS, agents_named
from briefsmith.agents.runs import Outcome, Tools, run_agent
from briefsmith.config import load_settings
from briefsmith.errors import ModelUnavailable
from briefsmith.operations.blocks import add_block, purge_block
from briefsmith.postgres.database import Database
from briefsmith.postgres.session import Actor
from briefsmith.providers.embeddings import Embedder
from briefsmith.providers.language_models.port import Answer, Call, Request
from briefsmith.schemas.blocks import NewBlock
from briefsmith.schemas.reports import AuditReport
from tests.integration.stored import ask, tell

PAIRS = (
    "Customers in the whole of Europe get free shipping for orders from {} EUR on.",
    "The warehouse in Leeds is open for visitors on {} days of every single week.",
)


class Busy:
    """A model that says of every pair that it contradicts; and does something while it thinks."""

    name = "busy"

    def __init__(self, meanwhile: Callable[[], object], *, fails: bool = False) -> None:
        self.meanwhile = meanwhile
        self.fails = fails
        self.asked = 0

    async def answer(self, request: Request[Any], *, check: Any = None) -> Answer[Any]:
        self.asked += 1
        self.meanwhile()
        if self.fails:
            message = "It went away."
            raise ModelUnavailable(message, details={"calls": [{"model": "busy"}]})
        pairs = request.user.count('<block cite="A')
        value = request.output(contradicting=tuple(range(1, pairs + 1)))
        assert check is None or check(value) is None
        return Answer(self.name, (Call(self.name, input_tokens=7),), value=value)

    def stream(self, request: Request[str]) -> Any:
        raise NotImplementedError


@pytest.fixture
async def blocks(store: Database, embedder: Embedder) -> list[UUID]:
    """Two pairs that nearly say the same, but for a number."""
    async with store.session() as session:
        made = [
            await add_block(
                session, embedder, NewBlock(label=f"{number} {place}", content=text.format(number))
            )
            for place, text in enumerate(PAIRS)
            for number in (4, 6)
        ]
    return [block.id for block in made]


async def analyze(store: Database, embedder: Embedder, model: Busy) -> Outcome:
    [analyzer] = agents_named(["analyzer"])
    tools = Tools(embedder, model, load_settings({}))
    return await run_agent(
        lambda name: partial(store.session, Actor(store.user_id, name)), analyzer, tools
    )


def report(url: str) -> AuditReport:
    [(payload,)] = ask(
        url, "select payload from public.events where topic = 'block.audit_report' order by id"
    )
    return AuditReport.model_validate(payload)


def named(told: AuditReport) -> set[UUID]:
    return {state.block_id for finding in told.findings for state in finding.blocks}


async def test_no_transaction_is_open_while_the_model_is_asked(
    store: Database, store_url: str, embedder: Embedder, blocks: list[UUID]
) -> None:
    seen: list[tuple[Any, ...]] = []

    def look() -> None:
        seen.extend(
            ask(
                store_url,
                "select count(*) filter (where xact_start is not null) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
                " and backend_type = 'client backend'",
            )
        )

    outcome = await analyze(store, embedder, Busy(look))

    assert set(seen) == {(0,)}
    assert outcome.counts == {"contradiction": 2}
    assert named(report(store_url)) == set(blocks)


def _edit(url: str, block: UUID) -> None:
    tell(url, "update context_blocks set content = 'Something else.' where id = %s", block)


def _retitle(url: str, block: UUID) -> None:
    tell(url, "update context_blocks set label = 'Another' where id = %s", block)


def _archive(url: str, block: UUID) -> None:
    tell(url, "update context_blocks set status = 'archived' where id = %s", block)


def _purge(url: str, block: UUID) -> None:
    with psycopg.connect(url, options="-c lock_timeout=2s") as connection:
        connection.execute("delete from public.context_blocks where id = %s", (block,))


@pytest.mark.parametrize("change", [_edit, _retitle, _archive, _purge])
async def test_what_changes_while_the_model_is_asked_is_left_out_and_the_rest_reported(
    change: Callable[[str, UUID], None],
    store: Database,
    store_url: str,
    embedder: Embedder,
    blocks: list[UUID],
) -> None:
    gone, partner, *others = blocks

    outcome = await analyze(store, embedder, Busy(lambda: change(store_url, gone)))

    told = report(store_url)
    assert outcome.status == "succeeded"
    assert named(told) == set(others)
    assert len(told.judged) == 1
    assert outcome.notes[0].startswith("Dropped findings: 1;")
    messages = ask(store_url, "select message_content ->> 'outcome' from public.agent_messages")
    assert messages == [("answered",)]
    assert partner not in named(told)


async def test_a_block_that_is_purged_by_the_person_while_the_model_is_asked_does_not_wait(
    store: Database, store_url: str, embedder: Embedder, blocks: list[UUID]
) -> None:
    class Purging(Busy):
        async def answer(self, request: Request[Any], *, check: Any = None) -> Answer[Any]:
            async with store.session() as session:
                await purge_block(session, blocks[0])
            return await super().answer(request, check=check)

    outcome = await analyze(store, embedder, Purging(lambda: None))

    assert outcome.status == "succeeded"
    assert named(report(store_url)) == set(blocks[2:])


async def test_a_pair_that_was_left_out_is_asked_about_again_and_the_other_is_not(
    store: Database, store_url: str, embedder: Embedder, blocks: list[UUID]
) -> None:
    again = PAIRS[0].format(5)

    def edit() -> None:
        tell(store_url, "update context_blocks set content = %s where id = %s", again, blocks[0])

    await analyze(store, embedder, Busy(edit))
    tell(
        store_url,
        "update context_blocks as block set meta_embedding = other.meta_embedding,"
        " meta_embedding_model = other.meta_embedding_model from context_blocks as other"
        " where block.id = %s and other.id = %s",
        blocks[0],
        blocks[1],
    )
    second = Busy(lambda: None)
    outcome = await analyze(store, embedder, second)

    assert second.asked == 1
    assert outcome.counts == {"contradiction": 2}


async def test_a_model_that_fails_while_a_block_goes_leaves_a_whole_report(
    store: Database, store_url: str, embedder: Embedder, blocks: list[UUID]
) -> None:
    model = Busy(lambda: _purge(store_url, blocks[0]), fails=True)

    outcome = await analyze(store, embedder, model)

    told = report(store_url)
    assert (outcome.status, told.contradictions, told.model_error) == (
        "succeeded",
        "model_failed",
        "B606",
    )
    assert named(told) == set()


@pytest.mark.parametrize("agent", AGENTS, ids=lambda agent: agent.name)
async def test_every_agent_writes_only_in_its_effect(
    agent: Any, store: Database, store_url: str, embedder: Embedder, blocks: list[UUID]
) -> None:
    """What an agent does before its effect is in transactions that cannot write."""
    opened: list[bool] = []

    def sessions(*, read_only: bool = False) -> Any:
        opened.append(read_only)
        return store.session(read_only=read_only)

    [(at,)] = ask(store_url, "select now()")
    context = AgentContext(embedder, Busy(lambda: None), load_settings({}), at)
    await agent.load()(sessions, context)

    assert all(opened)
    assert ask(store_url, "select id from public.events where topic not like 'block.created'") == []
