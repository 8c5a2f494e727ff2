"""Statements on `task_brief_outputs`."""

from uuid import UUID

from briefsmith.models.task_brief_outputs import TaskBriefOutput
from briefsmith.postgres.session import Session
from briefsmith.sql import load

_SQL = load("task_brief_outputs")


async def select_rendered(session: Session, brief_id: UUID) -> TaskBriefOutput | None:
    """The text that the composer made of a brief."""
    return await session.maybe(
        _SQL["select_rendered"], TaskBriefOutput, {"task_brief_id": brief_id}
    )


async def update_rendered(session: Session, brief_id: UUID, content: str) -> int:
    """Puts another text in its place."""
    params = {"task_brief_id": brief_id, "content": content}
    return await session.execute(_SQL["update_rendered"], params)


async def delete_other_outputs(session: Session, brief_id: UUID) -> int:
    """Removes what models wrote from a brief."""
    return await session.execute(_SQL["delete_other_outputs"], {"task_brief_id": brief_id})
