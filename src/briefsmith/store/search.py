"""The search statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from pydantic import BaseModel

from briefsmith.models.context_blocks import ContextBlock
from briefsmith.postgres.session import Session
from briefsmith.postgres.statements import statement
from briefsmith.postgres.vectors import vector_from_bytes
from briefsmith.schemas.blocks import BlockFilter
from briefsmith.schemas.search import SearchSettings
from briefsmith.store.block_parameters import (
    CandidateParams,
    ExpansionParams,
    SearchParams,
    Vector,
    filter_params,
)


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


@dataclass(frozen=True, slots=True)
class ExpansionTerm:
    """A term that a question is expanded by; its own terms weigh 1 each time that they are there."""

    term: str
    weight: float


_CHARACTERS_OF_A_BLOCK = 20_000  # that are looked through for terms

_SEARCH_BLOCKS = statement("search.search_blocks", SearchParams, SearchRow)
_EXPAND_QUESTION = statement("search.expand_question", ExpansionParams, ExpansionTerm)
_SELECT_CANDIDATES = statement("context_blocks.select_candidates", CandidateParams, SearchRow)


@dataclass(frozen=True, slots=True)
class Question:
    """What is searched for, and where.

    Attributes:
        embedding: None searches by words alone.
        model: Name of the model of `embedding`.
        usable_only: Leave out what may enter no brief: hidden, or awaiting review.
    """

    words: str
    wanted: BlockFilter
    settings: SearchSettings
    model: str
    embedding: Vector | None
    usable_only: bool = False

    @property
    def locale(self) -> str | None:
        """Language of its words (BCP 47); None is English."""
        return self.settings.locale or self.wanted.locale


async def search_blocks(
    session: Session,
    question: Question,
    *,
    limit: int,
    more: Sequence[ExpansionTerm] = (),
    with_embedding: bool = False,
) -> list[SearchRow]:
    """Hits by falling score; ties by id."""
    settings, embedding = question.settings, question.embedding
    params: SearchParams = {
        **filter_params(question.wanted),
        "user_id": session.actor.user_id,
        "words": question.words,
        "more_terms": [one.term for one in more],
        "more_weights": [one.weight for one in more],
        "locale": question.locale,
        "block_locale": question.wanted.locale,
        "k1": settings.k1,
        "b": settings.b,
        "depth": max(settings.depth, limit),
        "vector_weight": settings.vector_weight,
        "model": question.model if embedding is not None else None,
        "embedding": embedding,
        "limit": limit,
        "usable_only": question.usable_only,
        "with_embedding": with_embedding,
    }
    return await session.many(_SEARCH_BLOCKS, params)


async def expand_question(
    session: Session, question: Question, leading: Mapping[UUID, float]
) -> list[ExpansionTerm]:
    """Terms that blocks have in common, the weightiest first.

    Args:
        leading: What the question found first, with how well each fits beside the best, in (0, 1].
    """
    settings = question.settings
    params: ExpansionParams = {
        "user_id": session.actor.user_id,
        "words": question.words,
        "locale": question.locale,
        "ids": list(leading.keys()),
        "parts": list(leading.values()),
        "k1": settings.k1,
        "b": settings.b,
        "most_characters": _CHARACTERS_OF_A_BLOCK,
        "terms": settings.expansion_terms,
        "share": settings.expansion_share,
    }
    return await session.many(_EXPAND_QUESTION, params)


async def select_candidates(session: Session, ids: Sequence[UUID], model: str) -> list[SearchRow]:
    """Blocks by id, in the form of hits."""
    return await session.many(_SELECT_CANDIDATES, {"ids": list(ids), "model": model})
