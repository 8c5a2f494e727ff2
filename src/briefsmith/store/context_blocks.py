"""Statements on `context_blocks`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from pydantic import BaseModel

from briefsmith.models.context_blocks import ContextBlock
from briefsmith.postgres.session import Session
from briefsmith.postgres.statements import statement
from briefsmith.schemas.blocks import BlockEdit, BlockFilter, NewBlock
from briefsmith.schemas.pages import Placed
from briefsmith.store.block_parameters import (
    BatchParams,
    BlockEditParams,
    EmbeddingParams,
    IdParams,
    IdsParams,
    LabelParams,
    LabelsParams,
    ModelPageParams,
    ModelParams,
    NewBatchParams,
    NewBlockParams,
    OriginParams,
    PageParams,
    Vector,
    filter_params,
)


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


_INSERT_BLOCK = statement("context_blocks.insert_block", NewBlockParams, BlockRow)
_SELECT_BLOCK = statement("context_blocks.select_block", IdParams, BlockRow)
_SELECT_BLOCK_BY_LABEL = statement("context_blocks.select_block_by_label", LabelParams, BlockRow)
_SELECT_BLOCKS_BY_ID = statement("context_blocks.select_blocks_by_id", IdsParams, BlockRow)
_SELECT_BLOCKS = statement("context_blocks.select_blocks", PageParams, BlockRow)
_UPDATE_BLOCK = statement("context_blocks.update_block", BlockEditParams, BlockRow)
_DELETE_BLOCK = statement("context_blocks.delete_block", IdParams, None)
_SELECT_UNEMBEDDED = statement("context_blocks.select_unembedded", ModelPageParams, UnembeddedBlock)
_UPDATE_EMBEDDINGS = statement("context_blocks.update_embeddings", EmbeddingParams, None)
_INSERT_BLOCKS = statement("context_blocks.insert_blocks", NewBatchParams, PlacedId)
_UPDATE_IMPORTED = statement("context_blocks.update_imported", BatchParams, PlacedId)
_SELECT_LABELS = statement("context_blocks.select_labels", LabelsParams, LabelRow)
_ARCHIVE_BLOCKS = statement("context_blocks.archive_blocks", IdsParams, ArchivedId)
_LINK_DERIVED = statement("context_blocks.link_derived", OriginParams, None)
_COUNT_BLOCKS = statement("context_blocks.count_blocks", ModelParams, BlockCounts)


async def insert_block(
    session: Session, new: NewBlock, *, model: str | None, embedding: Vector | None
) -> ContextBlock | None:
    """The new block, or None where its label is taken.

    Args:
        model: Name of the model of `embedding`; None without one.
    """
    params: NewBlockParams = {
        "user_id": session.actor.user_id,
        "type": new.type,
        "label": new.label,
        "content": new.content,
        "source": new.source,
        "importance": new.importance,
        "update_policy": new.update_policy,
        "meta_tags": new.meta_tags,
        "meta_context_scope": new.meta_context_scope,
        "meta_agent_notes": new.meta_agent_notes,
        "meta_derived_from": new.meta_derived_from,
        "meta_refreshable": new.meta_refreshable,
        "meta_locale": new.meta_locale,
        "meta_visibility": new.meta_visibility,
        "meta_emotional_tone": new.meta_emotional_tone,
        "requires_user_review": new.requires_user_review,
        "meta_embedding": embedding,
        "meta_embedding_model": model,
    }
    row = await session.maybe(_INSERT_BLOCK, params)
    return row.block if row else None


async def select_block(session: Session, block_id: UUID) -> ContextBlock | None:
    """The block with this id, if it is the actor's."""
    row = await session.maybe(_SELECT_BLOCK, {"id": block_id})
    return row.block if row else None


async def select_block_by_label(session: Session, label: str) -> ContextBlock | None:
    """The block that is not archived and has this label; case is ignored."""
    params: LabelParams = {"user_id": session.actor.user_id, "label": label}
    row = await session.maybe(_SELECT_BLOCK_BY_LABEL, params)
    return row.block if row else None


async def select_blocks_by_id(session: Session, ids: Sequence[UUID]) -> list[ContextBlock]:
    """Those of the blocks that are the actor's, by id."""
    rows = await session.many(_SELECT_BLOCKS_BY_ID, {"ids": list(ids)})
    return [row.block for row in rows]


async def select_blocks(
    session: Session,
    wanted: BlockFilter,
    *,
    after: Placed | None,
    limit: int,
    awaiting_review: bool = False,
) -> list[ContextBlock]:
    """A page of blocks, the oldest first, behind `after`; where it is wished, of those that await review."""
    params: PageParams = {
        **filter_params(wanted),
        "user_id": session.actor.user_id,
        "locale": wanted.locale,
        "awaiting_review": awaiting_review,
        "after_id": after.id if after else None,
        "after_time": after.created_at if after else None,
        "limit": limit,
    }
    return [row.block for row in await session.many(_SELECT_BLOCKS, params)]


async def update_block(
    session: Session,
    block_id: UUID,
    expected_version: int,
    edit: BlockEdit,
    *,
    clear: Sequence[str] = (),
    model: str | None = None,
    embedding: Vector | None = None,
) -> ContextBlock | None:
    """The changed block; None where it is gone or its version has moved on.

    Args:
        edit: What is None stays as it is.
        clear: Columns to set to null.
        model: Name of the model of `embedding`; None leaves the vector to the trigger.
    """
    params: BlockEditParams = {
        "id": block_id,
        "expected_version": expected_version,
        "clear": list(clear),
        "type": edit.type,
        "label": edit.label,
        "content": edit.content,
        "status": edit.status,
        "importance": edit.importance,
        "update_policy": edit.update_policy,
        "meta_tags": edit.meta_tags,
        "meta_context_scope": edit.meta_context_scope,
        "meta_agent_notes": edit.meta_agent_notes,
        "meta_refreshable": edit.meta_refreshable,
        "meta_locale": edit.meta_locale,
        "meta_visibility": edit.meta_visibility,
        "meta_emotional_tone": edit.meta_emotional_tone,
        "requires_user_review": edit.requires_user_review,
        "meta_embedding": embedding,
        "meta_embedding_model": model,
    }
    row = await session.maybe(_UPDATE_BLOCK, params)
    return row.block if row else None


async def delete_block(session: Session, block_id: UUID) -> int:
    """1 if there was one."""
    return await session.execute(_DELETE_BLOCK, {"id": block_id})


async def select_unembedded(
    session: Session, model: str, long: int, *, after: UUID | None, limit: int
) -> list[UnembeddedBlock]:
    """Blocks without a vector of this model, or longer and without parts of it, in the order of their ids."""
    params: ModelPageParams = {
        "user_id": session.actor.user_id,
        "model": model,
        "long": long,
        "after": after,
        "limit": limit,
    }
    return await session.many(_SELECT_UNEMBEDDED, params)


async def update_embeddings(
    session: Session,
    model: str,
    ids: Sequence[UUID],
    hashes: Sequence[str],
    vectors: Sequence[Vector],
) -> int:
    """How many of the blocks took their vector; those that changed meanwhile did not."""
    if not ids:
        return 0
    params: EmbeddingParams = {
        "model": model,
        "ids": list(ids),
        "hashes": list(hashes),
        "vectors": np.concatenate(vectors),
    }
    return await session.execute(_UPDATE_EMBEDDINGS, params)


async def insert_blocks(
    session: Session,
    rows: Sequence[dict[str, Any]],
    model: str,
    vectors: Sequence[Vector | None],
) -> dict[int, PlacedId]:
    """The rows that went in by their place in the batch; the others met a taken label or id."""
    params: NewBatchParams = {
        **_batch(rows, model, vectors),
        "user_id": session.actor.user_id,
    }
    made = await session.many(_INSERT_BLOCKS, params)
    return {row.place: row for row in made}


async def update_imported(
    session: Session,
    rows: Sequence[dict[str, Any]],
    model: str,
    vectors: Sequence[Vector | None],
) -> dict[int, PlacedId]:
    """The blocks that took their row by its place in the batch; the others are locked or archived."""
    made = await session.many(_UPDATE_IMPORTED, _batch(rows, model, vectors))
    return {row.place: row for row in made}


def _batch(
    rows: Sequence[dict[str, Any]],
    model: str,
    vectors: Sequence[Vector | None],
) -> BatchParams:
    present: list[Vector] = []
    payload: list[dict[str, Any]] = []
    for place, (row, vector) in enumerate(zip(rows, vectors, strict=True)):
        if vector is not None:
            present.append(vector)
        vector_place = len(present) if vector is not None else None
        payload.append({**row, "place": place, "vector_place": vector_place})
    return {
        "model": model,
        "rows": json.dumps(payload, ensure_ascii=False),
        "vectors": np.concatenate(present) if present else None,
    }


async def select_labels(session: Session, labels: Sequence[str]) -> list[LabelRow]:
    """Each of the labels once, with the block that has it."""
    params: LabelsParams = {"user_id": session.actor.user_id, "labels": list(labels)}
    return await session.many(_SELECT_LABELS, params)


async def archive_blocks(session: Session, ids: Sequence[UUID]) -> set[UUID]:
    """Those that are archived now."""
    rows = await session.many(_ARCHIVE_BLOCKS, {"ids": list(ids)})
    return {row.id for row in rows}


async def link_derived(session: Session, ids: Sequence[UUID], origins: Sequence[UUID]) -> int:
    """Sets where blocks come from; an origin that is not there is passed over."""
    params: OriginParams = {"ids": list(ids), "origins": list(origins)}
    return await session.execute(_LINK_DERIVED, params)


async def count_blocks(session: Session, model: str, long: int) -> BlockCounts:
    """How many blocks the actor has; `unembedded` are those that `select_unembedded` gives."""
    params: ModelParams = {"user_id": session.actor.user_id, "model": model, "long": long}
    return await session.one(_COUNT_BLOCKS, params)
