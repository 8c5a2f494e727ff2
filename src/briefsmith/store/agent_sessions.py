"""Statements on `agent_sessions`, and on the jobs that have had their effect."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

from briefsmith.models.agent_sessions import AgentSession
from briefsmith.postgres.session import Session
from briefsmith.postgres.statements import statement
from briefsmith.schemas.pages import Placed


class _NewSession(TypedDict):
    user_id: UUID
    agent_type: str
    status: str
    task_type_id: str | None
    inputs: str
    metadata: str


class _Page(TypedDict):
    user_id: UUID
    agent_type: str | None
    before_id: UUID | None
    before_time: datetime | None
    limit: int | None


class _Job(TypedDict):
    user_id: UUID
    job: str


class _NewJob(_Job):
    agent_session_id: UUID


@dataclass(frozen=True, slots=True)
class _Done:
    agent_session_id: UUID


_INSERT_SESSION = statement("agent_sessions.insert_session", _NewSession, AgentSession)
_SELECT_SESSIONS = statement("agent_sessions.select_sessions", _Page, AgentSession)
_SELECT_JOB = statement("agent_sessions.select_job", _Job, _Done)
_INSERT_JOB = statement("agent_sessions.insert_job", _NewJob, _Done)


async def insert_session(
    session: Session,
    *,
    agent_type: str,
    status: str,
    job: str | None,
    inputs: Mapping[str, Any],
    metadata: Mapping[str, Any],
) -> AgentSession:
    """The row of a run."""
    params: _NewSession = {
        "user_id": session.actor.user_id,
        "agent_type": agent_type,
        "status": status,
        "task_type_id": job,
        "inputs": json.dumps(dict(inputs)),
        "metadata": json.dumps(dict(metadata)),
    }
    return await session.one(_INSERT_SESSION, params)


async def select_sessions(
    session: Session, *, agent_type: str | None, before: Placed | None, limit: int | None
) -> list[AgentSession]:
    """Runs, the newest first."""
    params: _Page = {
        "user_id": session.actor.user_id,
        "agent_type": agent_type,
        "before_id": before.id if before else None,
        "before_time": before.created_at if before else None,
        "limit": limit,
    }
    return await session.many(_SELECT_SESSIONS, params)


async def is_done(session: Session, job: str) -> bool:
    """Whether a job has had its effect."""
    params: _Job = {"user_id": session.actor.user_id, "job": job}
    return await session.maybe(_SELECT_JOB, params) is not None


async def insert_job(session: Session, job: str, agent_session_id: UUID) -> bool:
    """Marks a job as done; False where it was done meanwhile."""
    params: _NewJob = {
        "user_id": session.actor.user_id,
        "job": job,
        "agent_session_id": agent_session_id,
    }
    return await session.maybe(_INSERT_JOB, params) is not None
