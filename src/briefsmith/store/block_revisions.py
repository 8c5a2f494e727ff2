"""Statements on `block_revisions`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from briefsmith.models.block_revisions import BlockRevision
from briefsmith.postgres.session import Session
from briefsmith.sql import load

_SQL = load("block_revisions")


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A block as it was at a version; `snapshot` is the row without its embedding."""

    block_id: UUID
    version: int
    snapshot: dict[str, Any]


async def select_revisions(session: Session, block_id: UUID) -> list[BlockRevision]:
    """What a block was before each change, the newest first."""
    return await session.many(_SQL["select_revisions"], BlockRevision, {"block_id": block_id})


async def select_versions(session: Session, wanted: Sequence[tuple[UUID, int]]) -> list[VersionRow]:
    """Those of the versions that still exist."""
    params = {"ids": [item[0] for item in wanted], "versions": [item[1] for item in wanted]}
    return await session.many(_SQL["select_versions"], VersionRow, params)
