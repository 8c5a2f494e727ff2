"""The search statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from briefsmith.compiler.vectors import VectorTable
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.postgres.session import Session
from briefsmith.postgres.statements import statement
from briefsmith.postgres.vectors import vector_from_bytes
from briefsmith.store.block_parameters import CandidateParams, Vector, filter_params
from briefsmith.store.questions import Question
from briefsmith.store.search_parameters import (
    HitsParams,
    PassingParams,
    UsableParams,
    VectorsOfParams,
)


class SearchRow(BaseModel):
    """One hit."""

    score: float
    bm25: float
    cosine: float | None
    embedding: bytes | None
    block: ContextBlock

    @property
    def vector(self) -> Vector | None:
        """The block's vector, where it was asked for and is of the model asked with."""
        return None if self.embedding is None else vector_from_bytes(self.embedding)


class HitRow(BaseModel):
    """The block of a document, with its vector where that was asked for."""

    document_no: int
    embedding: bytes | None
    block: ContextBlock


@dataclass(frozen=True, slots=True)
class PassingRow:
    """Numbers of documents, four bytes each."""

    numbers: bytes


@dataclass(frozen=True, slots=True)
class VectorsOfRow:
    """Documents that are there, and the vectors of documents with the number of each, in step."""

    there: list[int]
    numbers: bytes
    vectors: bytes


_SELECT_VECTORS_OF = statement("search.select_vectors_of", VectorsOfParams, VectorsOfRow)
_SELECT_PASSING = statement("search.select_passing", PassingParams, PassingRow)
_SELECT_HITS = statement("search.select_hits", HitsParams, HitRow)
_SELECT_CANDIDATES = statement("context_blocks.select_candidates", CandidateParams, SearchRow)


async def look_at(
    session: Session,
    question: Question,
    *,
    weigh: Sequence[int],
    show: Sequence[int] = (),
    with_embedding: bool = False,
) -> tuple[dict[int, float | None], list[HitRow]]:
    """Documents looked at in one round trip: the cosines of some, the blocks of others that pass the filter.

    A session that only reads has ended its transaction with what it shows.

    Args:
        weigh: Documents, of which those that are gone are not in the answer; none without a vector.
        show: Documents, in the order of the answer.
    """
    weighing: VectorsOfParams | None = None
    showing: HitsParams | None = None
    if weigh and question.embedding is not None:
        weighing = {
            "model": question.model,
            "numbers": list(weigh),
        }
    if show:
        showing = {
            **_filter(question),
            "numbers": list(show),
            "model": question.model,
            "with_embedding": with_embedding,
        }
    weighed, hits = await session.both(
        (_SELECT_VECTORS_OF, weighing), (_SELECT_HITS, showing), is_last=bool(show)
    )
    cosines: dict[int, float | None] = {}
    for row in weighed:
        table = VectorTable.unpacked(row.numbers, row.vectors)
        if question.embedding is not None:
            cosines |= table.cosines(row.there, question.embedding)
    return cosines, hits


async def select_passing(session: Session, question: Question) -> NDArray[np.int64]:
    """Numbers of all documents that pass the filter, in order."""
    params: PassingParams = {**_filter(question), "user_id": session.actor.user_id}
    row = await session.one(_SELECT_PASSING, params)
    return np.sort(np.frombuffer(row.numbers, ">i4").astype(np.int64))


def _filter(question: Question) -> UsableParams:
    return {
        **filter_params(question.wanted),
        "block_locale": question.wanted.locale,
        "usable_only": question.usable_only,
    }


async def select_candidates(session: Session, ids: Sequence[UUID], model: str) -> list[SearchRow]:
    """Blocks by id, in the form of hits."""
    return await session.many(_SELECT_CANDIDATES, {"ids": list(ids), "model": model})
