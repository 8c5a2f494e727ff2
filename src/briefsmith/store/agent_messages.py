"""Statements on `agent_messages`."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict
from uuid import UUID

from briefsmith.models.agent_messages import AgentMessage
from briefsmith.postgres.session import Session
from briefsmith.postgres.statements import statement


class _NewMessages(TypedDict):
    task_id: str
    user_id: UUID
    agent_type: str
    message_type: str
    contents: list[str]


class _OfTask(TypedDict):
    user_id: UUID
    task_id: str


_INSERT_MESSAGES = statement("agent_messages.insert_messages", _NewMessages, None)
_SELECT_MESSAGES = statement("agent_messages.select_messages", _OfTask, AgentMessage)


async def insert_messages(
    session: Session,
    *,
    task_id: str,
    agent_type: str,
    message_type: str,
    contents: Sequence[Mapping[str, Any]],
) -> None:
    """One row for each of the contents."""
    params: _NewMessages = {
        "task_id": task_id,
        "user_id": session.actor.user_id,
        "agent_type": agent_type,
        "message_type": message_type,
        "contents": [json.dumps(dict(one)) for one in contents],
    }
    await session.execute(_INSERT_MESSAGES, params)


async def select_messages(session: Session, task_id: str) -> list[AgentMessage]:
    """What was said about a task, in time."""
    params: _OfTask = {"user_id": session.actor.user_id, "task_id": task_id}
    return await session.many(_SELECT_MESSAGES, params)
