"""A worker: takes jobs from the queue that all workers share, and plans the nightly ones."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

from briefsmith.agents.registry import AGENTS, Agent
from briefsmith.agents.runs import Outcome, SessionsOf, Tools, give_up, run_agent
from briefsmith.errors import Bug, Unavailable, UnknownAgent
from briefsmith.operations.events import last_unseen
from briefsmith.postgres.jobs import MOST_RETRIES, AgentJob, Effect, JobQueue, Pace
from briefsmith.postgres.listening import Wake

_NOT_HERE = "It opens files that rows name, which only a worker of that person alone may."

SessionsOfPerson = Callable[[UUID], SessionsOf]
People = Callable[[], Awaitable[Sequence[UUID]]]
Told = Callable[[AgentJob, Outcome], None]


async def work(
    queue: JobQueue,
    sessions_of: SessionsOfPerson,
    people: People,
    tools: Tools,
    pace: Pace,
    *,
    told: Told,
    agents: Sequence[Agent] = AGENTS,
    wakes: AsyncIterator[Wake] | None = None,
    with_researcher: bool = False,
) -> None:
    """Works until it is stopped, or until no job is left.

    Args:
        queue: Where jobs come from.
        sessions_of: Opens transactions as a person, under the name of an agent.
        people: Whose stores the nightly jobs are for.
        tools: What agents work with.
        pace: How it goes about it.
        told: Hears of every job that was done.
        agents: Which there are.
        wakes: When to look whether events wait for an agent of the person; None looks for none.
        with_researcher: Let agents that a person has to name run at night as well.
    """
    is_own = pace.person is not None

    async def plan(timestamp: int) -> list[AgentJob]:
        nightly = [
            agent
            for agent in agents
            if (is_own or not agent.reads_files) and (with_researcher or not agent.when_named)
        ]
        return nightly_jobs(await people(), timestamp, nightly)

    effect = effect_of(sessions_of, tools, agents, told, is_own=is_own)
    following: asyncio.Task[None] | None = None
    if wakes is not None and pace.person is not None:
        following = asyncio.create_task(
            _follow(queue, sessions_of(pace.person), pace.person, agents, wakes)
        )
    try:
        await queue.work(effect, plan, pace)
    finally:
        if following is not None:
            following.cancel()
            await asyncio.wait([following])


async def _follow(
    queue: JobQueue,
    sessions_of: SessionsOf,
    person: UUID,
    agents: Sequence[Agent],
    wakes: AsyncIterator[Wake],
) -> None:
    """Queues a run of each agent for which events wait; once for the same ones, as it may fail at them."""
    queued: dict[str, int] = {}
    async for _ in wakes:
        for agent in agents:
            with suppress(Unavailable):  # the next wake-up comes with the next connection
                async with sessions_of(f"agent:{agent.name}")(read_only=True) as session:
                    last = await last_unseen(session, agent.name, agent.topics)
                if last is not None and last != queued.get(agent.name):
                    await queue.put([AgentJob(person, agent.name, f"events {last} {agent.name}")])
                    queued[agent.name] = last


def effect_of(
    sessions_of: SessionsOfPerson,
    tools: Tools,
    agents: Sequence[Agent],
    told: Told,
    *,
    is_own: bool,
) -> Effect:
    """What a job does: an agent's run that has its effect once, however often the job is taken.

    Args:
        sessions_of: As `work`.
        tools: As `work`.
        agents: As `work`.
        told: As `work`.
        is_own: Whether this is the machine of the person whose jobs they are; no other may open their files.
    """
    by_name = {agent.name: agent for agent in agents}

    async def effect(job: AgentJob) -> None:
        sessions = sessions_of(job.user_id)
        if job.tries > MOST_RETRIES:
            told(job, await give_up(sessions, job.agent, job.name, _killed(job)))
            return
        is_last = job.tries == MOST_RETRIES
        agent = by_name.get(job.agent)
        if agent is None:
            # Queued by a package that has more agents than this one: another worker's business.
            message = f"There is no agent {job.agent!r} in this worker."
            if is_last:
                error = UnknownAgent(message)
                told(job, await give_up(sessions, job.agent, job.name, error))
                return
            raise LookupError(message)
        if agent.reads_files and not is_own:
            told(job, Outcome(agent.name, "skipped", notes=(_NOT_HERE,)))
            return
        outcome = await run_agent(sessions, agent, tools, job=job.name, is_last=is_last)
        told(job, outcome)
        if outcome.error is not None and outcome.error.retryable:
            raise outcome.error

    return effect


def _killed(job: AgentJob) -> Bug:
    message = f"The agent {job.agent} was begun {job.tries} times, and its worker ended each time."
    return Bug(message)


def nightly_jobs(
    people: Sequence[UUID], timestamp: int, agents: Sequence[Agent] = AGENTS
) -> list[AgentJob]:
    """A job for each person and agent, named by the night, so that two workers plan the same ones."""
    night = datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%dT%H:%M")
    return [
        AgentJob(person, agent.name, f"nightly {night} {agent.name}")
        for person in people
        for agent in agents
    ]
