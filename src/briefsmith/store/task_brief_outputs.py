"""Statements on `task_brief_outputs`."""

from typing import TypedDict
from uuid import UUID

from briefsmith.models.task_brief_outputs import TaskBriefOutput
from briefsmith.postgres.session import Session
from briefsmith.postgres.statements import statement


class _OfBrief(TypedDict):
    task_brief_id: UUID


class _NewText(_OfBrief):
    content: str


_SELECT_RENDERED = statement("task_brief_outputs.select_rendered", _OfBrief, TaskBriefOutput)
_UPDATE_RENDERED = statement("task_brief_outputs.update_rendered", _NewText, None)
_INSERT_COMPOSITION = statement("task_brief_outputs.insert_composition", _NewText, None)
_SELECT_COMPOSITION = statement("task_brief_outputs.select_composition", _OfBrief, TaskBriefOutput)
_DELETE_COMPOSITIONS = statement("task_brief_outputs.delete_compositions", _OfBrief, None)
_DELETE_OTHER_OUTPUTS = statement("task_brief_outputs.delete_other_outputs", _OfBrief, None)


async def select_rendered(session: Session, brief_id: UUID) -> TaskBriefOutput | None:
    """The text that the composer made of a brief."""
    return await session.maybe(_SELECT_RENDERED, {"task_brief_id": brief_id})


async def update_rendered(session: Session, brief_id: UUID, content: str) -> int:
    """Puts another text in its place."""
    return await session.execute(_UPDATE_RENDERED, {"task_brief_id": brief_id, "content": content})


async def delete_other_outputs(session: Session, brief_id: UUID) -> int:
    """Removes what models wrote from a brief."""
    return await session.execute(_DELETE_OTHER_OUTPUTS, {"task_brief_id": brief_id})


async def insert_composition(session: Session, brief_id: UUID, content: str) -> None:
    """How a brief's outline came about, as JSON text."""
    await session.execute(_INSERT_COMPOSITION, {"task_brief_id": brief_id, "content": content})


async def select_composition(session: Session, brief_id: UUID) -> str | None:
    """The same, as JSON text that somebody may have changed; None where no model was asked."""
    row = await session.maybe(_SELECT_COMPOSITION, {"task_brief_id": brief_id})
    return row.content if row else None


async def delete_compositions(session: Session, brief_id: UUID) -> int:
    """Removes what the composer's model answered."""
    return await session.execute(_DELETE_COMPOSITIONS, {"task_brief_id": brief_id})
