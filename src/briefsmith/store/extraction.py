"""Statements on the file that blocks are made of."""

from typing import TypedDict
from uuid import UUID

from briefsmith.models.block_files import BlockFile
from briefsmith.postgres.session import Session
from briefsmith.postgres.statements import statement


class _Id(TypedDict):
    id: UUID


_SELECT_SOURCE = statement("extraction.select_source", _Id, BlockFile)


async def select_source(session: Session, file_id: UUID) -> BlockFile | None:
    """The file with this id, if it is the actor's; nobody removes it until the transaction ends."""
    return await session.maybe(_SELECT_SOURCE, {"id": file_id})
