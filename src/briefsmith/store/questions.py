"""A question's terms, and what is read for them whole: postings and signs, or those that changed since the last time."""

import asyncio
from collections.abc import Hashable, Iterable, Mapping, Sized
from dataclasses import dataclass, replace
from typing import cast

from briefsmith.compiler.inverted_index import InvertedIndex
from briefsmith.compiler.signs import SignTable, packed_signs
from briefsmith.compiler.vectors import VectorTable
from briefsmith.postgres.session import Session
from briefsmith.postgres.statements import statement
from briefsmith.postgres.vectors import vector_from_bytes
from briefsmith.schemas.blocks import BlockFilter
from briefsmith.schemas.search import SearchSettings
from briefsmith.store.block_parameters import Vector
from briefsmith.store.search_parameters import (
    ExpansionParams,
    IndexParams,
    QuestionParams,
    SignsParams,
    VectorsParams,
)

_ASKED_BEFORE = 3  # questions of one state of an index until it is copied whole
_PART_OF_MEMORY = 0.5  # of what a process may remember: the most that a copy takes


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
        changes: Rows of the ledger of the index.
        is_copied: Whether they are those of the copy that was named; then postings are of `waiting` alone.
        waiting: Numbers of documents that are not posted.
    """

    documents: int
    length: int
    changes: list[str]
    is_copied: bool
    waiting: list[int]

    @property
    def mean_length(self) -> float:
        """Of a document, in words; at least 1."""
        return max(self.length / max(self.documents, 1), 1.0)


@dataclass(frozen=True, slots=True)
class IndexRow:
    """Terms with the documents that hold each, and their packed postings, term by term; none if it is not wanted."""

    is_wanted: bool
    changes: list[str]
    terms: list[str]
    sizes: list[int]
    entries: bytes


@dataclass(frozen=True, slots=True)
class VectorsRow:
    """Documents and their vectors, in step, and the rows of signs that they are of; none if they are not wanted."""

    is_wanted: bool
    ids: list[int]
    versions: list[str]
    numbers: bytes
    vectors: bytes


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


_SELECT_QUESTION = statement("search.select_question", QuestionParams, QuestionRow)
_SELECT_INDEX = statement("search.select_index", IndexParams, IndexRow)
_SELECT_VECTORS = statement("search.select_vectors", VectorsParams, VectorsRow)
_EXPAND_QUESTION = statement("search.expand_question", ExpansionParams, TermRows)
_SELECT_SIGNS = statement("search.select_signs", SignsParams, SignsRow)


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


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question is compared with.

    Attributes:
        row: Its terms with all their postings.
        tables: Signs of all vectors of its model; none where it has none.
        index: A copy of the whole index as it is; None where there is none, or where documents wait beside it.
        vectors: A copy of all vectors of its model but those of documents that wait; None where there is none.
    """

    row: QuestionRow
    tables: list[SignTable]
    index: InvertedIndex | None
    vectors: VectorTable | None


@dataclass(frozen=True, slots=True)
class _CopiedIndex:
    """A copy of an index, and the rows of the ledger that it is of.

    Rows of the ledger are never changed, and whatever changes an index adds one in the same transaction: while
    those that there are are these, the index is this one.
    """

    changes: list[str]
    index: InvertedIndex


@dataclass(frozen=True, slots=True)
class _CopiedVectors:
    """A copy of vectors, and the versions of the rows of signs that it is of, by id.

    Whatever changes a vector changes its signs in the same transaction.
    """

    versions: dict[int, str]
    table: VectorTable


@dataclass(frozen=True, slots=True)
class _Signs:
    """Versions of rows of signs by id, the signs of each, and all of them in one table."""

    versions: dict[int, str]
    rows: dict[int, SignTable]
    table: SignTable

    @property
    def size(self) -> int:
        return 2 * self.table.size


_NO_SIGNS = _Signs({}, {}, SignTable.merged([]))


async def select_question(session: Session, question: Question) -> Asked:
    """Its terms with their postings, and the signs of all vectors of its model.

    What this process has read before is not sent again while it is as it was: signs row by row; postings and
    vectors once they were copied whole, which is done aside when a few questions were asked of one state of them.
    """
    user, memory = session.actor.user_id, session.memory
    known = cast("_Signs | None", memory.get(("signs", user, question.model))) or _NO_SIGNS
    copied = cast("_CopiedIndex | None", memory.get(("index", user)))
    words: QuestionParams = {
        "user_id": user,
        "words": question.words,
        "locale": question.locale,
        "copied": None if copied is None else copied.changes,
    }
    signs: SignsParams = {
        "user_id": user,
        "model": question.asked_model,
        "ids": list(known.versions.keys()),
        "versions": list(known.versions.values()),
    }
    [row], rows = await session.both((_SELECT_QUESTION, words), (_SELECT_SIGNS, signs))
    index: InvertedIndex | None = None
    if copied is not None and row.is_copied:
        index = None if row.waiting else copied.index
        entries = [
            copied.index.entries_of(term) + fresh
            for term, fresh in zip(row.terms, row.entries, strict=True)
        ]
        row = replace(row, entries=entries)
    else:
        _copy_index_aside(session, row)
    if question.embedding is None:
        return Asked(row, [], index, None)
    now = _now(known, rows)
    memory.keep(("signs", user, question.model), now, now.size)
    vectors = cast("_CopiedVectors | None", memory.get(("vectors", user, question.model)))
    if vectors is None or vectors.versions != now.versions:
        vectors = None
        _copy_vectors_aside(session, question.model, now)
    waiting = b"".join(
        packed_signs(one.document_no, vector_from_bytes(one.entries))
        for one in rows
        if one.document_no is not None and one.entries is not None
    )
    tables = [now.table, SignTable.unpacked(waiting)] if waiting else [now.table]
    return Asked(row, tables, index, None if vectors is None else vectors.table)


def _is_asked_often(session: Session, key: Hashable, state: Sized) -> bool:
    """Whether some questions were asked of one state of something."""
    before: tuple[Sized, int] = session.memory.get(("asked", key)) or ((), 0)
    asked = before[1] + 1 if before[0] == state else 1
    session.memory.keep(("asked", key), (state, asked), 100 * len(state))
    return asked >= _ASKED_BEFORE


def _copy_index_aside(session: Session, row: QuestionRow) -> None:
    user = session.actor.user_id
    key = ("index", user)
    most_words = InvertedIndex.most_words(int(_PART_OF_MEMORY * session.memory.limit))
    if row.length > most_words or not _is_asked_often(session, key, row.changes):
        return

    async def copy(session: Session) -> None:
        params: IndexParams = {"user_id": user, "most_words": most_words}
        found = await session.one(_SELECT_INDEX, params)
        if found.is_wanted:
            index = await asyncio.to_thread(InvertedIndex, found.terms, found.sizes, found.entries)
            session.memory.keep(key, _CopiedIndex(found.changes, index), index.size)

    session.aside(key, copy)


def _copy_vectors_aside(session: Session, model: str, now: _Signs) -> None:
    user = session.actor.user_id
    key = ("vectors", user, model)
    most_vectors = VectorTable.most_vectors(int(_PART_OF_MEMORY * session.memory.limit))
    if len(now.table.documents) > most_vectors or not _is_asked_often(session, key, now.versions):
        return

    async def copy(session: Session) -> None:
        params: VectorsParams = {"user_id": user, "model": model, "most_vectors": most_vectors}
        found = await session.one(_SELECT_VECTORS, params)
        if found.is_wanted:
            table = await asyncio.to_thread(VectorTable.unpacked, found.numbers, found.vectors)
            versions = dict(zip(found.ids, found.versions, strict=True))
            session.memory.keep(key, _CopiedVectors(versions, table), table.size)

    session.aside(key, copy)


def _now(known: _Signs, rows: Iterable[SignsRow]) -> _Signs:
    """What is known now: rows that are there, as they are there."""
    there = {row.id: row for row in rows if row.id is not None}
    versions = {number: row.version or "" for number, row in there.items()}
    if versions == known.versions:
        return known
    tables = {
        number: known.rows[number] if row.entries is None else SignTable.unpacked(row.entries)
        for number, row in there.items()
    }
    return _Signs(versions, tables, SignTable.merged(list(tables.values())))


async def expand_question(
    session: Session, question: Question, asked: Asked, leading: Mapping[int, float]
) -> TermRows:
    """Terms that documents have in common, with the weight that each adds.

    Args:
        asked: The question's own terms; of those among the answer, postings are not given again.
        leading: Numbers of what the question found first, with how well each fits beside the best, in (0, 1].
    """
    settings, row = question.settings, asked.row
    weight = settings.expansion_share * sum(row.weights)
    if asked.index is None:
        params: ExpansionParams = {
            "user_id": session.actor.user_id,
            "numbers": list(leading.keys()),
            "parts": list(leading.values()),
            "known": row.terms,
            "documents": row.documents,
            "mean_length": row.mean_length,
            "k1": settings.k1,
            "b": settings.b,
            "terms": settings.expansion_terms,
            "weight": weight,
        }
        return await session.one(_EXPAND_QUESTION, params)
    shared = asked.index.shared_terms(
        leading,
        documents=row.documents,
        mean_length=row.mean_length,
        k1=settings.k1,
        b=settings.b,
        count=settings.expansion_terms,
    )
    told = sum(shared.values())
    return TermRows(
        list(shared),
        [weight * gain / told for gain in shared.values()],
        [b"" if term in row.terms else asked.index.entries_of(term) for term in shared],
    )
