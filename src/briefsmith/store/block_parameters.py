"""Parameters of the statements on `context_blocks`."""

from datetime import datetime
from typing import TypedDict
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from briefsmith.models.enums import (
    BlockImportance,
    BlockSource,
    BlockStatus,
    BlockType,
    BlockUpdatePolicy,
)
from briefsmith.schemas.blocks import BlockFilter

Vector = NDArray[np.float32]


class IdParams(TypedDict):
    """A block."""

    id: UUID


class IdsParams(TypedDict):
    """Several blocks."""

    ids: list[UUID]


class OriginParams(IdsParams):
    """Blocks, and where each comes from."""

    origins: list[UUID]


class LabelParams(TypedDict):
    """A label of a person's block."""

    user_id: UUID
    label: str


class LabelsParams(TypedDict):
    """Labels of a person's blocks."""

    user_id: UUID
    labels: list[str]


class ModelParams(TypedDict):
    """The blocks of a person, an embedding model, and the characters from which a text has parts."""

    user_id: UUID
    model: str
    long: int


class ModelPageParams(ModelParams):
    """The same, a page behind an id."""

    after: UUID | None
    limit: int


class CandidateParams(IdsParams):
    """Blocks, with their vectors where those are of a model."""

    model: str


class EmbeddingParams(IdsParams):
    """Vectors of blocks, one behind the other, with the hashes of the texts that they are of."""

    model: str
    hashes: list[str]
    vectors: Vector


class NewBlockParams(TypedDict):
    """A block to insert, column for column."""

    user_id: UUID
    type: BlockType
    label: str
    content: str
    source: BlockSource
    importance: BlockImportance
    update_policy: BlockUpdatePolicy
    meta_tags: list[str]
    meta_context_scope: str | None
    meta_agent_notes: str | None
    meta_derived_from: UUID | None
    meta_refreshable: bool
    meta_locale: str | None
    meta_visibility: str
    meta_emotional_tone: list[str]
    requires_user_review: bool
    meta_embedding: Vector | None
    meta_embedding_model: str | None


class BlockEditParams(TypedDict):
    """A block to change; None leaves a column as it is, `clear` names those to set to null."""

    id: UUID
    expected_version: int
    clear: list[str]
    type: BlockType | None
    label: str | None
    content: str | None
    status: BlockStatus | None
    importance: BlockImportance | None
    update_policy: BlockUpdatePolicy | None
    meta_tags: list[str] | None
    meta_context_scope: str | None
    meta_agent_notes: str | None
    meta_refreshable: bool | None
    meta_locale: str | None
    meta_visibility: str | None
    meta_emotional_tone: list[str] | None
    requires_user_review: bool | None
    meta_embedding: Vector | None
    meta_embedding_model: str | None


class BatchParams(TypedDict):
    """Blocks as one JSON array, their vectors one behind the other."""

    model: str
    rows: str
    vectors: Vector | None


class NewBatchParams(BatchParams):
    """A batch of new blocks."""

    user_id: UUID


class FilterParams(TypedDict):
    """Which blocks; None is no condition."""

    types: list[BlockType] | None
    importances: list[BlockImportance] | None
    sources: list[BlockSource] | None
    statuses: list[BlockStatus]
    tags: list[str] | None
    scope: str | None


class PageParams(FilterParams):
    """A page of blocks."""

    user_id: UUID
    locale: str | None
    awaiting_review: bool
    after_id: UUID | None
    after_time: datetime | None
    limit: int


def filter_params(wanted: BlockFilter) -> FilterParams:
    """A filter as the statements take it; an empty condition is None."""
    return {
        "types": list(wanted.types) or None,
        "importances": list(wanted.importances) or None,
        "sources": list(wanted.sources) or None,
        "statuses": list(wanted.statuses),
        "tags": list(wanted.tags) or None,
        "scope": wanted.scope,
    }
