"""Statements on a brief's state, its texts and its validations."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from briefsmith.models.enums import OutputType
from briefsmith.models.task_brief_outputs import TaskBriefOutput
from briefsmith.models.task_briefs import TaskBrief
from briefsmith.postgres.session import Session
from briefsmith.postgres.statements import statement


class _Id(TypedDict):
    id: UUID


class _NewOutput(_Id):
    content: str
    output_type: OutputType
    agent_type: str


class _OfUser(_Id):
    user_id: UUID


class _Flags(_Id):
    is_published: bool
    is_locked: bool


@dataclass(frozen=True, slots=True)
class Content:
    """What an output holds."""

    content: str


@dataclass(frozen=True, slots=True)
class BriefText:
    """A text that a brief had.

    Attributes:
        by: Who edited it, `person` or `editor`; None for the composer's, and where nothing tells.
    """

    id: UUID
    content: str
    agent_type: str | None
    created_at: datetime
    by: str | None


_LOCK_BRIEF = statement("brief_life.lock_brief", _Id, TaskBrief)
_SELECT_TEXT = statement("brief_life.select_text", _Id, TaskBriefOutput)
_SELECT_VALIDATION = statement("brief_life.select_validation", _Id, Content)
_INSERT_OUTPUT = statement("brief_life.insert_output", _NewOutput, TaskBriefOutput)
_SELECT_TEXTS = statement("brief_life.select_texts", _OfUser, BriefText)
_UPDATE_FLAGS = statement("brief_life.update_flags", _Flags, None)


async def lock_brief(session: Session, brief_id: UUID) -> TaskBrief | None:
    """The brief, which nobody else changes until the transaction ends."""
    return await session.maybe(_LOCK_BRIEF, {"id": brief_id})


async def select_text(session: Session, brief_id: UUID) -> TaskBriefOutput | None:
    """The present text; None for a brief that was not compiled here and never edited."""
    return await session.maybe(_SELECT_TEXT, {"id": brief_id})


async def select_validation(session: Session, brief_id: UUID) -> str | None:
    """The newest validation, as JSON text."""
    row = await session.maybe(_SELECT_VALIDATION, {"id": brief_id})
    return row.content if row else None


async def insert_edit(session: Session, brief_id: UUID, content: str) -> TaskBriefOutput:
    """A text that takes the place of the present one."""
    return await _insert(session, brief_id, content, OutputType.MARKDOWN, "editor")


async def insert_validation(session: Session, brief_id: UUID, content: str) -> TaskBriefOutput:
    """What a validation found, as JSON text."""
    return await _insert(session, brief_id, content, OutputType.STRUCTURED_JSON, "validator")


async def _insert(
    session: Session, brief_id: UUID, content: str, output_type: OutputType, agent_type: str
) -> TaskBriefOutput:
    params: _NewOutput = {
        "id": brief_id,
        "content": content,
        "output_type": output_type,
        "agent_type": agent_type,
    }
    return await session.one(_INSERT_OUTPUT, params)


async def select_texts(session: Session, brief_id: UUID) -> list[BriefText]:
    """The composer's text and every edit, the first one first."""
    return await session.many(_SELECT_TEXTS, {"id": brief_id, "user_id": session.actor.user_id})


async def update_flags(
    session: Session, brief_id: UUID, *, is_published: bool, is_locked: bool
) -> int:
    """1 if there is such a brief."""
    params: _Flags = {"id": brief_id, "is_published": is_published, "is_locked": is_locked}
    return await session.execute(_UPDATE_FLAGS, params)
