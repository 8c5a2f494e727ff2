"""Runs agents: the effect, the row of the run and the end of the job are one transaction."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from briefsmith.agents.contract import AgentContext, AgentResult
from briefsmith.agents.registry import Agent
from briefsmith.agents.sessions import Sessions
from briefsmith.config import Settings
from briefsmith.errors import AlreadyThere, BriefsmithError, Bug
from briefsmith.operations.agent_sessions import is_job_done, record_run
from briefsmith.operations.clock import now
from briefsmith.providers.embeddings import Embedder
from briefsmith.providers.language_models.port import LanguageModel

SessionsOf = Callable[[str], Sessions]
"""The transactions of the person under the name of an agent, which revisions remember."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What agents work with."""

    embedder: Embedder
    model: LanguageModel | None
    settings: Settings


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a run.

    Attributes:
        status: `skipped` when the job has had its effect before.
        counts: What was done; empty unless it succeeded.
        notes: Sentences for the person.
        error: What stopped it; its effect is taken back.
    """

    agent: str
    status: Literal["succeeded", "failed", "skipped"]
    counts: Mapping[str, int] = field(default_factory=dict[str, int])
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    error: BriefsmithError | None = None


class _DoneMeanwhile(Exception):
    """Another worker had the job's effect first, so this one's is taken back."""


async def run_agent(
    sessions_of: SessionsOf,
    agent: Agent,
    tools: Tools,
    *,
    job: str | None = None,
    is_last: bool = False,
) -> Outcome:
    """Runs an agent once, and keeps that it ran, whatever came of it.

    Args:
        sessions_of: Opens transactions.
        agent: Who works.
        tools: With what.
        job: Names the job for good; one that has had its effect is skipped, also in another process.
        is_last: The queue does not try the job again, whatever becomes of it.

    Raises:
        Unavailable: The database is gone, so that nothing could be kept.
    """
    sessions = sessions_of(f"agent:{agent.name}")
    started = time.monotonic()
    try:
        result = await _worked(sessions, agent, tools, job, started)
    except _DoneMeanwhile:
        return Outcome(agent.name, "skipped", seconds=_since(started))
    except BriefsmithError as error:
        return await _failed(sessions, agent.name, job, error, started, is_last=is_last)
    except Exception as error:  # noqa: BLE001  it is told with its code, and the other agents go on
        fault = Bug(f"The agent {agent.name} failed ({type(error).__name__}).")
        fault.__cause__ = error
        return await _failed(sessions, agent.name, job, fault, started, is_last=is_last)
    if result is None:
        return Outcome(agent.name, "skipped", seconds=_since(started))
    return Outcome(agent.name, "succeeded", result.counts, result.notes, _since(started))


async def _worked(
    sessions: Sessions, agent: Agent, tools: Tools, job: str | None, started: float
) -> AgentResult | None:
    async with sessions(read_only=True) as session:
        if job is not None and await is_job_done(session, job):
            return None
        context = AgentContext(tools.embedder, tools.model, tools.settings, await now(session))
    effect = await agent.load()(sessions, context)
    async with sessions() as session:
        result = await effect(session)
        kept = {
            "counts": dict(result.counts),
            "notes": list(result.notes),
            "seconds": _since(started),
        }
        try:
            await record_run(session, agent.name, "succeeded", job=job, metadata=kept)
        except AlreadyThere as error:
            raise _DoneMeanwhile from error
    return result


async def give_up(sessions_of: SessionsOf, agent: str, job: str, error: BriefsmithError) -> Outcome:
    """Keeps that a job will not be tried again, where no run of its own could say so."""
    sessions = sessions_of(f"agent:{agent}")
    return await _failed(sessions, agent, job, error, time.monotonic(), is_last=True)


async def _failed(
    sessions: Sessions,
    agent: str,
    job: str | None,
    error: BriefsmithError,
    started: float,
    *,
    is_last: bool,
) -> Outcome:
    seconds = _since(started)
    is_given_up = job is not None and (is_last or not error.retryable)
    kept = {"error": error.code, "message": error.message, "seconds": seconds}
    if is_given_up:
        kept["given_up"] = True
    async with sessions() as session:
        await record_run(session, agent, "failed", job=job, metadata=kept)
    again = f"It is given up; `briefsmith agents defer {agent}` queues it again."
    notes = (again,) if is_given_up else ()
    return Outcome(agent, "failed", notes=notes, seconds=seconds, error=error)


def _since(started: float) -> float:
    return round(time.monotonic() - started, 3)
