"""Statements on `task_brief_types`."""

from typing import TypedDict
from uuid import UUID

from briefsmith.models.task_brief_types import TaskBriefType
from briefsmith.postgres.session import Session
from briefsmith.postgres.statements import NoParameters, statement


class _Id(TypedDict):
    id: UUID


_SELECT_TYPES = statement("task_brief_types.select_types", NoParameters, TaskBriefType)
_SELECT_TYPE = statement("task_brief_types.select_type", _Id, TaskBriefType)


async def select_types(session: Session) -> list[TaskBriefType]:
    """The newest version of each title, by title."""
    return await session.many(_SELECT_TYPES, {})


async def select_type(session: Session, type_id: UUID) -> TaskBriefType | None:
    """The type with this id."""
    return await session.maybe(_SELECT_TYPE, {"id": type_id})
