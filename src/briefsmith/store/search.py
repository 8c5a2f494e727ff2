"""The search statement."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import BaseModel

from briefsmith.models.context_blocks import ContextBlock
from briefsmith.postgres.session import Session
from briefsmith.postgres.statements import statement
from briefsmith.postgres.vectors import vector_from_bytes
from briefsmith.schemas.blocks import BlockFilter
from briefsmith.schemas.search import SearchSettings
from briefsmith.store.block_parameters import CandidateParams, SearchParams, Vector, filter_params


class SearchRow(BaseModel):
    """One hit, as the statement gives it."""

    score: float
    bm25: float
    cosine: float | None
    embedding: bytes | None
    block: ContextBlock

    @property
    def vector(self) -> Vector | None:
        """The block's vector, where it was asked for and is of the model asked with."""
        return None if self.embedding is None else vector_from_bytes(self.embedding)


_SEARCH_BLOCKS = statement("search.search_blocks", SearchParams, SearchRow)
_SELECT_CANDIDATES = statement("context_blocks.select_candidates", CandidateParams, SearchRow)


async def search_blocks(
    session: Session,
    words: str,
    wanted: BlockFilter,
    settings: SearchSettings,
    *,
    model: str | None,
    embedding: Vector | None,
    limit: int,
    usable_only: bool,
    with_embedding: bool,
) -> list[SearchRow]:
    """Hits by falling score; ties by id.

    Args:
        model: Name of the model of `embedding`; None searches by words alone.
        usable_only: Leave out what may enter no brief: hidden, or awaiting review.
    """
    params: SearchParams = {
        **filter_params(wanted),
        "user_id": session.actor.user_id,
        "words": words,
        "locale": settings.locale or wanted.locale,
        "block_locale": wanted.locale,
        "k1": settings.k1,
        "b": settings.b,
        "depth": max(settings.depth, limit),
        "vector_weight": settings.vector_weight,
        "model": model if embedding is not None else None,
        "embedding": embedding,
        "limit": limit,
        "usable_only": usable_only,
        "with_embedding": with_embedding,
    }
    return await session.many(_SEARCH_BLOCKS, params)


async def select_candidates(session: Session, ids: Sequence[UUID], model: str) -> list[SearchRow]:
    """Blocks by id, in the form of hits."""
    return await session.many(_SELECT_CANDIDATES, {"ids": list(ids), "model": model})
