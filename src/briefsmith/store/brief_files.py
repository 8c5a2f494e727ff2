"""Statements on files as briefs show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict
from uuid import UUID

from briefsmith.postgres.session import Session
from briefsmith.postgres.statements import statement


class _Ids(TypedDict):
    user_id: UUID
    ids: list[UUID]


class _FirstOfBlocks(_Ids):
    most: int


@dataclass(frozen=True, slots=True)
class FileOfBlock:
    """A file of a block.

    Attributes:
        of_block: How many files the block has.
    """

    id: UUID
    block_id: UUID
    label: str
    note: str | None
    file_name: str
    content_type: str | None
    size_bytes: int
    file_url: str
    is_primary: bool
    of_block: int


@dataclass(frozen=True, slots=True)
class FileThere:
    """A file that there is."""

    id: UUID


_SELECT_FILES_OF_BLOCKS = statement(
    "brief_files.select_files_of_blocks", _FirstOfBlocks, FileOfBlock
)
_SELECT_FILES_THERE = statement("brief_files.select_files_there", _Ids, FileThere)


async def select_files_of_blocks(
    session: Session, ids: Sequence[UUID], *, most: int
) -> list[FileOfBlock]:
    """The first files of each block, its primary one before all.

    Args:
        most: Of each.
    """
    params: _FirstOfBlocks = {"user_id": session.actor.user_id, "ids": list(ids), "most": most}
    return await session.many(_SELECT_FILES_OF_BLOCKS, params)


async def select_files_there(session: Session, ids: Sequence[UUID]) -> set[UUID]:
    """Which of these files there are."""
    rows = await session.many(
        _SELECT_FILES_THERE, {"user_id": session.actor.user_id, "ids": list(ids)}
    )
    return {row.id for row in rows}
