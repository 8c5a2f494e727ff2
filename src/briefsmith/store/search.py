"""The search statements."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from briefsmith.compiler.signs import SignTable, packed_signs
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.postgres.session import Session
from briefsmith.postgres.statements import statement
from briefsmith.postgres.vectors import vector_from_bytes
from briefsmith.schemas.blocks import BlockFilter
from briefsmith.schemas.search import SearchSettings
from briefsmith.store.block_parameters import CandidateParams, Vector, filter_params
from briefsmith.store.search_parameters import (
    ExpansionParams,
    HitsParams,
    PassingParams,
    QuestionParams,
    SignsParams,
    UsableParams,
    WeighParams,
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
class TermRows:
    """Terms, what each weighs, and its packed postings; in step.

    Attributes:
        entries: Empty where nobody has the term, or where the postings are known.
    """

    terms: list[str]
    weights: list[float]
    entries: list[bytes]


@dataclass(frozen=True, slots=True)
class QuestionRow(TermRows):
    """The terms of a question, and what it is asked of.

    Attributes:
        documents: How many there are.
        length: Of them all together, in words.
        waiting: Numbers of those that are not posted.
    """

    documents: int
    length: int
    waiting: list[int]

    @property
    def mean_length(self) -> float:
        """Of a document, in words; at least 1."""
        return max(self.length / max(self.documents, 1), 1.0)


@dataclass(frozen=True, slots=True)
class SignsRow:
    """Packed signs of some vectors, or the vector of a document that waits.

    Attributes:
        id, version: Of the row; None of a document that waits.
        entries: None of a row that is known.
    """

    id: int | None
    version: str | None
    entries: bytes | None
    document_no: int | None


@dataclass(frozen=True, slots=True)
class PassingRow:
    """Numbers of documents, four bytes each."""

    numbers: bytes


@dataclass(frozen=True, slots=True)
class WeighedRow:
    """Documents that pass a filter, and the cosine of each, in step; None without a vector of the model."""

    numbers: list[int]
    cosines: list[float | None]


@dataclass(frozen=True, slots=True)
class Scored:
    """What a document got: `score` fused, the others of each leg."""

    number: int
    score: float
    bm25: float
    cosine: float | None


_SELECT_QUESTION = statement("search.select_question", QuestionParams, QuestionRow)
_EXPAND_QUESTION = statement("search.expand_question", ExpansionParams, TermRows)
_SELECT_SIGNS = statement("search.select_signs", SignsParams, SignsRow)
_WEIGH_DOCUMENTS = statement("search.weigh_documents", WeighParams, WeighedRow)
_SELECT_PASSING = statement("search.select_passing", PassingParams, PassingRow)
_SELECT_HITS = statement("search.select_hits", HitsParams, SearchRow)
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

    @property
    def asked_model(self) -> str | None:
        """None where vectors are not asked for."""
        return None if self.embedding is None else self.model


async def select_question(
    session: Session, question: Question
) -> tuple[QuestionRow, list[SignTable]]:
    """Its terms with their postings, and the signs of all vectors of its model; none where it has none.

    Signs that this process has read before are not sent again while their row is in the same version.
    """
    key = ("signs", session.actor.user_id, question.model)
    known: _Remembered = session.memory.get(key) or _Remembered({}, SignTable.merged([]))
    words: QuestionParams = {
        "user_id": session.actor.user_id,
        "words": question.words,
        "locale": question.locale,
    }
    signs: SignsParams = {
        "user_id": session.actor.user_id,
        "model": question.asked_model,
        "ids": list(known.rows),
        "versions": [version for version, _ in known.rows.values()],
    }
    [asked], rows = await session.both((_SELECT_QUESTION, words), (_SELECT_SIGNS, signs))
    if question.embedding is None:
        return asked, []
    now = _remembered(known, rows)
    session.memory.keep(key, now, now.size)
    waiting = b"".join(
        packed_signs(row.document_no, vector_from_bytes(row.entries))
        for row in rows
        if row.document_no is not None and row.entries is not None
    )
    return asked, [now.table, SignTable.unpacked(waiting)]


@dataclass(frozen=True, slots=True)
class _Remembered:
    """Rows of signs by id, each with its version, and all of them in one table."""

    rows: Mapping[int, tuple[str, SignTable]]
    table: SignTable

    @property
    def size(self) -> int:
        return 2 * self.table.size


def _remembered(known: _Remembered, rows: Iterable[SignsRow]) -> _Remembered:
    """What is known now: rows that are there, as they are there."""
    now = {
        row.id: (row.version, SignTable.unpacked(row.entries))
        if row.entries is not None
        else known.rows[row.id]
        for row in rows
        if row.id is not None and row.version is not None
    }
    if {i: version for i, (version, _) in now.items()} == {
        i: version for i, (version, _) in known.rows.items()
    }:
        return known
    return _Remembered(now, SignTable.merged([table for _, table in now.values()]))


async def expand_question(
    session: Session, question: Question, asked: QuestionRow, leading: Mapping[int, float]
) -> TermRows:
    """Terms that documents have in common, with the weight that each adds.

    Args:
        asked: The question's own terms; of those among the answer, postings are not given again.
        leading: Numbers of what the question found first, with how well each fits beside the best, in (0, 1].
    """
    settings = question.settings
    params: ExpansionParams = {
        "user_id": session.actor.user_id,
        "numbers": list(leading.keys()),
        "parts": list(leading.values()),
        "known": asked.terms,
        "documents": asked.documents,
        "mean_length": asked.mean_length,
        "k1": settings.k1,
        "b": settings.b,
        "terms": settings.expansion_terms,
        "weight": settings.expansion_share * sum(asked.weights),
    }
    return await session.one(_EXPAND_QUESTION, params)


async def weigh_documents(
    session: Session, question: Question, numbers: Sequence[int]
) -> dict[int, float | None]:
    """Those of the documents that pass the filter, with their cosines."""
    params: WeighParams = {
        **_filter(question),
        "model": question.asked_model,
        "embedding": question.embedding,
        "numbers": list(numbers),
    }
    row = await session.one(_WEIGH_DOCUMENTS, params)
    return dict(zip(row.numbers, row.cosines, strict=True))


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


async def select_hits(
    session: Session, question: Question, scored: Sequence[Scored], *, with_embedding: bool
) -> list[SearchRow]:
    """The blocks of documents, in the order given."""
    params: HitsParams = {
        "numbers": [one.number for one in scored],
        "scores": [one.score for one in scored],
        "bm25s": [one.bm25 for one in scored],
        "cosines": [one.cosine for one in scored],
        "model": question.model,
        "with_embedding": with_embedding,
    }
    return await session.many(_SELECT_HITS, params)


async def select_candidates(session: Session, ids: Sequence[UUID], model: str) -> list[SearchRow]:
    """Blocks by id, in the form of hits."""
    return await session.many(_SELECT_CANDIDATES, {"ids": list(ids), "model": model})
