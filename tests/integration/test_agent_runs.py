"""A run of an agent: its effect, its row and the end of its job are one; what fails leaves a row and nothing else."""

from functools import partial
from typing import Any

import psycopg
import pytest

from briefsmith import errors
from briefsmith.agents.contract import AgentContext, AgentResult, at_once
from briefsmith.agents.registry import AGENTS, Agent, agents_named
from briefsmith.agents.runs import Tools, run_agent
from briefsmith.agents.sessions import Sessions
from briefsmith.config import load_settings
from briefsmith.operations.agent_sessions import list_runs
from briefsmith.postgres.database import Database
from briefsmith.postgres.session import Actor, Session
from briefsmith.providers.embeddings import Embedder
from briefsmith.store.events import insert_event
from tests.integration.stored import events


async def _write(session: Session, context: AgentContext) -> AgentResult:
    assert context.now.tzinfo is not None
    await insert_event(session, "test.effect", {})
    return AgentResult({"written": 1}, ("It is written.",))


async def _refuse(session: Session, context: AgentContext) -> AgentResult:
    await _write(session, context)
    message = "It is not to be."
    raise errors.WrongState(message)


async def _stumble(session: Session, context: AgentContext) -> AgentResult:
    await _write(session, context)
    return AgentResult({"secret text": 1 // 0})


def agent(work: Any) -> Agent:
    return Agent("tester", "Is tested.", lambda: at_once(work))


@pytest.fixture
def tools(embedder: Embedder) -> Tools:
    return Tools(embedder, None, load_settings({}))


@pytest.fixture
def sessions_of(store: Database) -> Any:
    def sessions(name: str) -> Sessions:
        return partial(store.session, Actor(store.user_id, name))

    return sessions


async def runs(store: Database) -> list[tuple[str, str, dict[str, Any]]]:
    async with store.session(read_only=True) as session:
        return [(run.agent_type, run.status, run.metadata) for run in await list_runs(session)]


async def test_a_run_keeps_what_it_did_with_its_effect(
    store: Database, store_url: str, sessions_of: Any, tools: Tools
) -> None:
    outcome = await run_agent(sessions_of, agent(_write), tools)

    [(name, status, metadata)] = await runs(store)
    assert (outcome.status, outcome.counts, outcome.notes) == (
        "succeeded",
        {"written": 1},
        ("It is written.",),
    )
    assert (name, status, metadata["counts"]) == ("tester", "succeeded", {"written": 1})
    assert events(store_url) == ["test.effect"]


@pytest.mark.parametrize(("work", "code"), [(_refuse, "B403"), (_stumble, "B900")])
async def test_a_run_that_fails_takes_its_effect_back_and_says_why(
    store: Database, store_url: str, sessions_of: Any, tools: Tools, work: Any, code: str
) -> None:
    outcome = await run_agent(sessions_of, agent(work), tools)

    [(_, status, metadata)] = await runs(store)
    assert outcome.status == status == "failed"
    assert outcome.error is not None
    assert outcome.error.code == metadata["error"] == code
    assert events(store_url) == []


async def test_a_job_has_its_effect_once_and_one_that_failed_may_be_tried_again(
    store: Database, store_url: str, sessions_of: Any, tools: Tools
) -> None:
    found = [
        await run_agent(sessions_of, agent(work), tools, job="the job")
        for work in (_refuse, _write, _write)
    ]

    assert [one.status for one in found] == ["failed", "succeeded", "skipped"]
    assert [status for _, status, _ in await runs(store)] == ["succeeded", "failed"]
    assert events(store_url) == ["test.effect"]


async def test_an_agent_that_finds_something_there_already_has_failed_and_not_been_forestalled(
    store: Database, store_url: str, sessions_of: Any, tools: Tools
) -> None:
    async def meet(session: Session, context: AgentContext) -> AgentResult:
        await _write(session, context)
        message = "Such a block exists."
        raise errors.AlreadyThere(message)

    outcome = await run_agent(sessions_of, agent(meet), tools, job="the job")

    assert outcome.status == "failed"
    assert [status for _, status, _ in await runs(store)] == ["failed"]
    assert events(store_url) == []


async def test_of_two_at_the_same_job_one_finds_that_it_is_done(
    store: Database, store_url: str, sessions_of: Any, tools: Tools
) -> None:
    async def first_another(session: Session, context: AgentContext) -> AgentResult:
        other = await run_agent(sessions_of, agent(_write), tools, job="the job")
        assert other.status == "succeeded"
        return await _write(session, context)

    outcome = await run_agent(sessions_of, agent(first_another), tools, job="the job")

    assert outcome.status == "skipped"
    assert len(await runs(store)) == 1
    assert events(store_url) == ["test.effect"]


async def test_revisions_remember_which_agent_made_a_change(
    store: Database, store_url: str, sessions_of: Any, tools: Tools
) -> None:
    with psycopg.connect(store_url, autocommit=True) as connection:
        connection.execute(
            "insert into public.context_blocks (user_id, label, content) values (%s, 'a', 'b')",
            (store.user_id,),
        )

    async def change(session: Session, context: AgentContext) -> AgentResult:
        del context
        await list_runs(session)  # a session begins with its first statement
        await session._connection.execute("update public.context_blocks set content = 'c'")  # pyright: ignore[reportPrivateUsage]
        return AgentResult()

    await run_agent(sessions_of, agent(change), tools)

    with psycopg.connect(store_url) as connection:
        row = connection.execute(
            "select changed_by from public.block_revisions as revision"
            " join public.context_blocks as block on block.id = block_id where user_id = %s",
            (store.user_id,),
        ).fetchone()
    assert row == ("agent:tester",)


def test_agents_are_named_in_any_order_and_run_in_theirs() -> None:
    every = [one.name for one in AGENTS]

    assert [one.name for one in agents_named([])] == [
        "analyzer",
        "observer",
        "block_manager",
    ]
    assert [one.name for one in agents_named(["Block-Manager", "analyzer"])] == [
        "analyzer",
        "block_manager",
    ]
    with pytest.raises(errors.UnknownAgent) as caught:
        agents_named(["analyzer", "nobody"])
    assert caught.value.details == {"agents": every}
    assert all(callable(one.load()) for one in AGENTS)
