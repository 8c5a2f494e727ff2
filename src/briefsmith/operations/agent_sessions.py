"""Runs of agents: what each did, and that no job has its effect twice."""

from collections.abc import Mapping
from typing import Any, Literal

from briefsmith.errors import AlreadyThere
from briefsmith.models.agent_sessions import AgentSession
from briefsmith.postgres.session import Session
from briefsmith.schemas.pages import Placed
from briefsmith.store import agent_sessions

Status = Literal["succeeded", "failed"]


async def record_run(
    session: Session,
    agent: str,
    status: Status,
    *,
    job: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> AgentSession:
    """Keeps a run; that of a job that succeeded also keeps that the job is done.

    Args:
        agent: Its name.
        status: What came of it.
        job: Names the job for good, so that it has its effect once; None for a run that a person asked for.
        metadata: Counts, seconds, a code of an error; no text of blocks.

    Raises:
        AlreadyThere: The job was done meanwhile by another worker.
    """
    row = await agent_sessions.insert_session(
        session,
        agent_type=agent,
        status=status,
        job=job,
        inputs={"job": job} if job else {},
        metadata=metadata or {},
    )
    if job is None or status != "succeeded":
        return row
    if not await agent_sessions.insert_job(session, job, row.id):
        message = "This job has had its effect already."
        raise AlreadyThere(message)
    return row


async def is_job_done(session: Session, job: str) -> bool:
    """Whether a job has had its effect already."""
    return await agent_sessions.is_done(session, job)


async def list_runs(
    session: Session,
    *,
    agent: str | None = None,
    limit: int | None = None,
    before: Placed | None = None,
) -> list[AgentSession]:
    """Runs of agents, the newest first.

    Args:
        agent: Of this one only.
        limit: At most so many; None gives all.
        before: Those behind this place only; None begins with the newest.
    """
    return await agent_sessions.select_sessions(
        session, agent_type=agent, before=before, limit=limit
    )
