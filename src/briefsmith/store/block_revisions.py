"""Statements on `block_revisions`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypedDict
from uuid import UUID

from briefsmith.models.block_revisions import BlockRevision
from briefsmith.postgres.session import Session
from briefsmith.postgres.statements import statement


class _OfBlock(TypedDict):
    block_id: UUID


class _OfVersions(TypedDict):
    ids: list[UUID]
    versions: list[int]


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A block as it was at a version; `snapshot` is the row without its embedding."""

    block_id: UUID
    version: int
    snapshot: dict[str, Any]


_SELECT_REVISIONS = statement("block_revisions.select_revisions", _OfBlock, BlockRevision)
_SELECT_VERSIONS = statement("block_revisions.select_versions", _OfVersions, VersionRow)


async def select_revisions(session: Session, block_id: UUID) -> list[BlockRevision]:
    """What a block was before each change, the newest first."""
    return await session.many(_SELECT_REVISIONS, {"block_id": block_id})


async def select_versions(session: Session, wanted: Sequence[tuple[UUID, int]]) -> list[VersionRow]:
    """Those of the versions that still exist."""
    return await session.many(
        _SELECT_VERSIONS,
        {"ids": [item[0] for item in wanted], "versions": [item[1] for item in wanted]},
    )
