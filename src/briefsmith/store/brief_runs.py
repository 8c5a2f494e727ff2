"""Statements on what runs of a brief came to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from briefsmith.models.enums import OutputType
from briefsmith.models.task_brief_outputs import TaskBriefOutput
from briefsmith.postgres.session import Session
from briefsmith.postgres.statements import statement
from briefsmith.schemas.deployment import OutputListing
from briefsmith.schemas.pages import Placed


class _NewRun(TypedDict):
    task_brief_id: UUID
    config_id: UUID | None
    content: str
    output_type: OutputType


class _Listing(TypedDict):
    task_brief_id: UUID
    before_id: UUID | None
    before_time: datetime | None
    limit: int | None


class _Id(TypedDict):
    id: UUID


class _Ids(TypedDict):
    ids: list[UUID]


@dataclass(frozen=True, slots=True)
class ExistingBlock:
    """A block that is there."""

    id: UUID


_INSERT_RUN = statement("brief_runs.insert_run", _NewRun, TaskBriefOutput)
_SELECT_OUTPUTS = statement("brief_runs.select_outputs", _Listing, OutputListing)
_SELECT_OUTPUT = statement("brief_runs.select_output", _Id, TaskBriefOutput)
_SELECT_EXISTING_BLOCKS = statement("brief_runs.select_existing_blocks", _Ids, ExistingBlock)


async def insert_run(
    session: Session,
    brief_id: UUID,
    *,
    config_id: UUID | None,
    output_type: OutputType,
    content: str,
) -> TaskBriefOutput:
    """The stored output."""
    params: _NewRun = {
        "task_brief_id": brief_id,
        "config_id": config_id,
        "content": content,
        "output_type": output_type,
    }
    return await session.one(_INSERT_RUN, params)


async def select_outputs(
    session: Session, brief_id: UUID, *, before: Placed | None, limit: int | None
) -> list[OutputListing]:
    """What a brief came to, the newest first."""
    params: _Listing = {
        "task_brief_id": brief_id,
        "before_id": before.id if before else None,
        "before_time": before.created_at if before else None,
        "limit": limit,
    }
    return await session.many(_SELECT_OUTPUTS, params)


async def select_output(session: Session, output_id: UUID) -> TaskBriefOutput | None:
    """The output with this id, if it is of a brief of the actor's."""
    return await session.maybe(_SELECT_OUTPUT, {"id": output_id})


async def select_existing_blocks(session: Session, ids: Sequence[UUID]) -> set[UUID]:
    """Those of the ids that blocks have still."""
    found = await session.many(_SELECT_EXISTING_BLOCKS, {"ids": [*ids]})
    return {block.id for block in found}
