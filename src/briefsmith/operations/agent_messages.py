"""What was asked of language models: tokens and time of every call, and no text."""

from collections.abc import Mapping, Sequence
from typing import Any

from briefsmith.models.agent_messages import AgentMessage
from briefsmith.postgres.session import Session
from briefsmith.store import agent_messages

_KEPT = ("model", "problem", "input_tokens", "output_tokens", "seconds")


async def record_calls(
    session: Session,
    *,
    task_id: str,
    agent_type: str,
    calls: Sequence[Mapping[str, Any]],
    outcome: str,
) -> None:
    """Keeps what each call took.

    Args:
        task_id: What it was for: the id of a brief, or of an agent's session.
        agent_type: Which agent asked.
        calls: As `Call.as_dict()` or the details of an error have them.
        outcome: What came of it: a word, or the code of an error.
    """
    contents = [{**{name: call.get(name) for name in _KEPT}, "outcome": outcome} for call in calls]
    if contents:
        await agent_messages.insert_messages(
            session,
            task_id=task_id,
            agent_type=agent_type,
            message_type="model_call",
            contents=contents,
        )


async def list_messages(session: Session, task_id: str) -> list[AgentMessage]:
    """What agents said about a task, in time."""
    return await agent_messages.select_messages(session, task_id)
