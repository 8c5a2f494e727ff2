"""Statements that look for what is the matter with a store."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict
from uuid import UUID

from pydantic import BaseModel

from briefsmith.models.block_files import BlockFile
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.postgres.session import Session
from briefsmith.postgres.statements import statement


class _Of(TypedDict):
    user_id: UUID


class _SimilarParams(_Of):
    model: str
    after: UUID | None
    batch: int
    longest_bytes: int
    most_distance: float
    neighbours: int


class _SameTextParams(_Of):
    longest_bytes: int
    most_blocks: int
    limit: int


class _SameLabelParams(_Of):
    most_blocks: int
    limit: int


class _ModelParams(_Of):
    model: str


class _JudgedParams(_Of):
    pairs: list[str]


class _AgeParams(_Of):
    days: int
    limit: int


class _Limited(_Of):
    limit: int


class _RefreshableParams(_AgeParams):
    after: UUID | None


class _Ids(_Of):
    ids: list[UUID]


@dataclass(frozen=True, slots=True)
class SimilarPair:
    """A block of the batch and one of its nearest; None where it has none, or no more."""

    one_id: UUID
    other_id: UUID | None


@dataclass(frozen=True, slots=True)
class SameBlocks:
    """Blocks that are equal in what was compared, by id."""

    ids: list[UUID]


@dataclass(frozen=True, slots=True)
class Unembedded:
    """How many blocks have no vector."""

    blocks: int


@dataclass(frozen=True, slots=True)
class JudgedRow:
    """What a model said of a pair."""

    pair: str
    contradicts: bool


@dataclass(frozen=True, slots=True)
class StateRow:
    """What tells two states of a block apart."""

    block_id: UUID
    version: int
    content_sha256: str


@dataclass(frozen=True, slots=True)
class AgedRow:
    """A block that is stale or unused; `total` counts those beyond the limit as well."""

    block_id: UUID
    version: int
    content_sha256: str
    days: int
    total: int


@dataclass(frozen=True, slots=True)
class DeadFileRow:
    """A file that leads nowhere."""

    kind: Literal["no_such_file", "file_of_archived_block"]
    file_id: UUID
    block_id: UUID
    total: int


@dataclass(frozen=True, slots=True)
class MovedRow:
    """A block that is not what it was in a brief."""

    task_brief_id: UUID
    block_id: UUID
    version: int
    now_version: int | None
    change: Literal["changed", "archived", "purged"]
    total: int


@dataclass(frozen=True, slots=True)
class OriginRow:
    """A section of a file that a block was imported from."""

    block_id: UUID
    collection: str
    path: str
    anchor: str
    content_sha256: str


class RefreshableRow(BaseModel):
    """A block that may be refreshed, and whether it is time."""

    block: ContextBlock
    is_stale: bool


_SIMILAR_PAIRS = statement("block_reports.select_similar_pairs", _SimilarParams, SimilarPair)
_SAME_TEXTS = statement("block_reports.select_same_texts", _SameTextParams, SameBlocks)
_SAME_LABELS = statement("block_reports.select_same_labels", _SameLabelParams, SameBlocks)
_COUNT_UNEMBEDDED = statement("block_reports.count_unembedded", _ModelParams, Unembedded)
_SELECT_JUDGED = statement("block_reports.select_judged", _JudgedParams, JudgedRow)
_SELECT_STATES = statement("block_reports.select_states", _Ids, StateRow)
_STALE_BLOCKS = statement("block_reports.select_stale_blocks", _AgeParams, AgedRow)
_UNUSED_BLOCKS = statement("block_reports.select_unused_blocks", _AgeParams, AgedRow)
_DEAD_FILES = statement("block_reports.select_dead_files", _Limited, DeadFileRow)
_MOVED_BLOCKS = statement("block_reports.select_moved_blocks", _Limited, MovedRow)
_REFRESHABLE = statement("block_reports.select_refreshable", _RefreshableParams, RefreshableRow)
_ENTRIES_OF_BLOCKS = statement("block_reports.select_entries_of_blocks", _Ids, OriginRow)
_FILES_OF_BLOCKS = statement("block_reports.select_files_of_blocks", _Ids, BlockFile)


async def select_similar_pairs(
    session: Session,
    model: str,
    *,
    after: UUID | None,
    batch: int,
    longest_bytes: int,
    least_cosine: float,
    neighbours: int,
) -> list[SimilarPair]:
    """Every block of a batch behind `after`, with its nearest ones of a greater id."""
    params: _SimilarParams = {
        "user_id": session.actor.user_id,
        "model": model,
        "after": after,
        "batch": batch,
        "longest_bytes": longest_bytes,
        "most_distance": 1 - least_cosine,
        "neighbours": neighbours,
    }
    return await session.many(_SIMILAR_PAIRS, params)


async def select_same_texts(
    session: Session, *, longest_bytes: int, most_blocks: int, limit: int
) -> list[list[UUID]]:
    """Groups of blocks whose texts are equal but for case and white space."""
    params: _SameTextParams = {
        "user_id": session.actor.user_id,
        "longest_bytes": longest_bytes,
        "most_blocks": most_blocks,
        "limit": limit,
    }
    return [row.ids for row in await session.many(_SAME_TEXTS, params)]


async def select_same_labels(session: Session, *, most_blocks: int, limit: int) -> list[list[UUID]]:
    """Groups of blocks whose labels are equal but for case, white space and punctuation."""
    params: _SameLabelParams = {
        "user_id": session.actor.user_id,
        "most_blocks": most_blocks,
        "limit": limit,
    }
    return [row.ids for row in await session.many(_SAME_LABELS, params)]


async def count_unembedded(session: Session, model: str) -> int:
    """How many blocks in use have no vector of the model."""
    params: _ModelParams = {"user_id": session.actor.user_id, "model": model}
    return (await session.one(_COUNT_UNEMBEDDED, params)).blocks


async def select_judged(session: Session, pairs: Sequence[str]) -> dict[str, bool]:
    """Whether pairs contradict, by the newest report that says so; pairs never judged are missing."""
    params: _JudgedParams = {"user_id": session.actor.user_id, "pairs": list(pairs)}
    return {row.pair: row.contradicts for row in await session.many(_SELECT_JUDGED, params)}


async def select_states(session: Session, ids: Sequence[UUID]) -> list[StateRow]:
    """Version and hash of those of the blocks that are in use."""
    params: _Ids = {"user_id": session.actor.user_id, "ids": list(ids)}
    return await session.many(_SELECT_STATES, params)


async def select_stale_blocks(session: Session, *, days: int, limit: int) -> list[AgedRow]:
    """Blocks that nobody refreshed or changed for so many days."""
    params: _AgeParams = {"user_id": session.actor.user_id, "days": days, "limit": limit}
    return await session.many(_STALE_BLOCKS, params)


async def select_unused_blocks(session: Session, *, days: int, limit: int) -> list[AgedRow]:
    """Blocks that went into no brief for so many days."""
    params: _AgeParams = {"user_id": session.actor.user_id, "days": days, "limit": limit}
    return await session.many(_UNUSED_BLOCKS, params)


async def select_dead_files(session: Session, *, limit: int) -> list[DeadFileRow]:
    """Files that lead nowhere."""
    params: _Limited = {"user_id": session.actor.user_id, "limit": limit}
    return await session.many(_DEAD_FILES, params)


async def select_moved_blocks(session: Session, *, limit: int) -> list[MovedRow]:
    """Blocks that are not what they were in a brief, brief by brief."""
    params: _Limited = {"user_id": session.actor.user_id, "limit": limit}
    return await session.many(_MOVED_BLOCKS, params)


async def select_refreshable(
    session: Session, *, stale_days: int, after: UUID | None, limit: int
) -> list[RefreshableRow]:
    """A page of blocks that may be refreshed, behind an id."""
    params: _RefreshableParams = {
        "user_id": session.actor.user_id,
        "days": stale_days,
        "after": after,
        "limit": limit,
    }
    return await session.many(_REFRESHABLE, params)


async def select_files_of_blocks(session: Session, ids: Sequence[UUID]) -> list[BlockFile]:
    """Files that belong to any of the blocks, by association or by `file_ids`."""
    params: _Ids = {"user_id": session.actor.user_id, "ids": list(ids)}
    return await session.many(_FILES_OF_BLOCKS, params)


async def select_entries_of_blocks(session: Session, ids: Sequence[UUID]) -> list[OriginRow]:
    """Where blocks were imported from."""
    params: _Ids = {"user_id": session.actor.user_id, "ids": list(ids)}
    return await session.many(_ENTRIES_OF_BLOCKS, params)
