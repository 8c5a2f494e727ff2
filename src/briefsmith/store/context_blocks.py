"""Statements on `context_blocks`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from briefsmith.models.context_blocks import ContextBlock
from briefsmith.postgres.session import Session
from briefsmith.schemas.blocks import BlockFilter
from briefsmith.sql import load

_SQL = load("context_blocks")


class BlockRow(BaseModel):
    """A row that holds a block as one JSON value."""

    block: ContextBlock


@dataclass(frozen=True, slots=True)
class UnembeddedBlock:
    """A block that waits for its vector."""

    id: UUID
    label: str
    content: str


@dataclass(frozen=True, slots=True)
class PlacedId:
    """Which row of a batch went in, its id, and the version that it has now."""

    place: int
    id: UUID
    version: int


class LabelRow(BaseModel):
    """A label, and the block that is not archived and has it; case is ignored.

    Attributes:
        folded: The label in lower case, as the database folds it.
    """

    label: str
    folded: str
    block: ContextBlock | None


@dataclass(frozen=True, slots=True)
class ArchivedId:
    """A block that was archived."""

    id: UUID


@dataclass(frozen=True, slots=True)
class BlockCounts:
    """How many blocks a user has, how many are archived, how many lack a vector of the model."""

    blocks: int
    archived: int
    unembedded: int


async def insert_block(session: Session, values: dict[str, Any]) -> ContextBlock | None:
    """The new block, or None where its label is taken."""
    params = {**values, "user_id": session.actor.user_id}
    row = await session.maybe(_SQL["insert_block"], BlockRow, params)
    return row.block if row else None


async def select_block(session: Session, block_id: UUID) -> ContextBlock | None:
    """The block with this id, if it is the actor's."""
    row = await session.maybe(_SQL["select_block"], BlockRow, {"id": block_id})
    return row.block if row else None


async def select_block_by_label(session: Session, label: str) -> ContextBlock | None:
    """The block that is not archived and has this label; case is ignored."""
    params = {"user_id": session.actor.user_id, "label": label}
    row = await session.maybe(_SQL["select_block_by_label"], BlockRow, params)
    return row.block if row else None


async def select_blocks_by_id(session: Session, ids: Sequence[UUID]) -> list[ContextBlock]:
    """Those of the blocks that are the actor's, by id."""
    rows = await session.many(_SQL["select_blocks_by_id"], BlockRow, {"ids": list(ids)})
    return [row.block for row in rows]


async def select_blocks(
    session: Session, wanted: BlockFilter, *, after: ContextBlock | None, limit: int
) -> list[ContextBlock]:
    """A page of blocks, the oldest first, behind `after`."""
    params = {
        **wanted.as_params(),
        "user_id": session.actor.user_id,
        "locale": wanted.locale,
        "after_id": after.id if after else None,
        "after_time": after.created_at if after else None,
        "limit": limit,
    }
    return [row.block for row in await session.many(_SQL["select_blocks"], BlockRow, params)]


async def update_block(
    session: Session, block_id: UUID, expected_version: int, values: dict[str, Any]
) -> ContextBlock | None:
    """The changed block; None where it is gone or its version has moved on.

    Args:
        values: Columns by name; what is missing stays, and `clear` lists columns to set to null.
    """
    cleared: list[str] = []
    params: dict[str, Any] = {
        **dict.fromkeys(_UPDATABLE),
        "clear": cleared,
        **values,
        "id": block_id,
        "expected_version": expected_version,
    }
    row = await session.maybe(_SQL["update_block"], BlockRow, params)
    return row.block if row else None


_UPDATABLE = (
    "type",
    "label",
    "content",
    "status",
    "importance",
    "update_policy",
    "meta_tags",
    "meta_context_scope",
    "meta_agent_notes",
    "meta_locale",
    "meta_visibility",
    "meta_emotional_tone",
    "requires_user_review",
    "meta_embedding",
    "meta_embedding_model",
)


async def delete_block(session: Session, block_id: UUID) -> int:
    """1 if there was one."""
    return await session.execute(_SQL["delete_block"], {"id": block_id})


async def select_unembedded(
    session: Session, model: str, *, after: UUID | None, limit: int
) -> list[UnembeddedBlock]:
    """Blocks without a vector of this model, in the order of their ids."""
    params = {
        "user_id": session.actor.user_id,
        "model": model,
        "after": after,
        "limit": limit,
    }
    return await session.many(_SQL["select_unembedded"], UnembeddedBlock, params)


async def update_embeddings(
    session: Session,
    model: str,
    ids: Sequence[UUID],
    hashes: Sequence[str],
    vectors: Sequence[NDArray[np.float32]],
) -> int:
    """How many of the blocks took their vector; those that changed meanwhile did not."""
    if not ids:
        return 0
    params = {
        "model": model,
        "ids": list(ids),
        "hashes": list(hashes),
        "vectors": np.concatenate(vectors),
    }
    return await session.execute(_SQL["update_embeddings"], params)


async def insert_blocks(
    session: Session,
    rows: Sequence[dict[str, Any]],
    model: str,
    vectors: Sequence[NDArray[np.float32] | None],
) -> dict[int, PlacedId]:
    """The rows that went in by their place in the batch; the others met a taken label or id."""
    made = await session.many(
        _SQL["insert_blocks"], PlacedId, _batch(session, rows, model, vectors)
    )
    return {row.place: row for row in made}


async def update_imported(
    session: Session,
    rows: Sequence[dict[str, Any]],
    model: str,
    vectors: Sequence[NDArray[np.float32] | None],
) -> dict[int, PlacedId]:
    """The blocks that took their row by its place in the batch; the others are locked or archived."""
    made = await session.many(
        _SQL["update_imported"], PlacedId, _batch(session, rows, model, vectors)
    )
    return {row.place: row for row in made}


def _batch(
    session: Session,
    rows: Sequence[dict[str, Any]],
    model: str,
    vectors: Sequence[NDArray[np.float32] | None],
) -> dict[str, Any]:
    present: list[NDArray[np.float32]] = []
    payload: list[dict[str, Any]] = []
    for place, (row, vector) in enumerate(zip(rows, vectors, strict=True)):
        if vector is not None:
            present.append(vector)
        vector_place = len(present) if vector is not None else None
        payload.append({**row, "place": place, "vector_place": vector_place})
    return {
        "user_id": session.actor.user_id,
        "model": model,
        "rows": json.dumps(payload, ensure_ascii=False),
        "vectors": np.concatenate(present) if present else None,
    }


async def select_labels(session: Session, labels: Sequence[str]) -> list[LabelRow]:
    """Each of the labels once, with the block that has it."""
    params = {"user_id": session.actor.user_id, "labels": list(labels)}
    return await session.many(_SQL["select_labels"], LabelRow, params)


async def archive_blocks(session: Session, ids: Sequence[UUID]) -> set[UUID]:
    """Those that are archived now."""
    rows = await session.many(_SQL["archive_blocks"], ArchivedId, {"ids": list(ids)})
    return {row.id for row in rows}


async def link_derived(session: Session, ids: Sequence[UUID], origins: Sequence[UUID]) -> int:
    """Sets where blocks come from; an origin that is not there is passed over."""
    params = {"ids": list(ids), "origins": list(origins)}
    return await session.execute(_SQL["link_derived"], params)


async def count_blocks(session: Session, model: str) -> BlockCounts:
    """How many blocks the actor has."""
    params = {"user_id": session.actor.user_id, "model": model}
    return await session.one(_SQL["count_blocks"], BlockCounts, params)
