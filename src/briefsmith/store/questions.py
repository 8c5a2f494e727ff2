"""A question's terms, and what is read for them whole: postings and signs, or those that changed since the last time."""

import asyncio
from collections.abc import Hashable, Iterable, Mapping, Sized
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import cast

import numpy as np

from briefsmith.compiler.inverted_index import InvertedIndex
from briefsmith.compiler.signs import SignTable
from briefsmith.compiler.vectors import VectorTable
from briefsmith.compiler.waiting_words import WaitingWords
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
        is_copied: Whether they are those of the copy that was named; then there are no postings.
        waiting, waiting_versions: Numbers of documents that are not posted.
        new_documents, new_lengths, new_terms, new_frequencies: Of those that stand beside the copy and were not
            known, each term; in step.
    """

    documents: int
    length: int
    changes: list[str]
    is_copied: bool
    waiting: list[int]
    waiting_versions: list[str]
    new_documents: list[int]
    new_lengths: list[int]
    new_terms: list[str]
    new_frequencies: list[int]

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
    keys: list[str]
    versions: list[str]
    numbers: bytes
    vectors: bytes


@dataclass(frozen=True, slots=True)
class SignsRow:
    """Packed signs of some vectors, or a vector of a document that waits.

    Attributes:
        key: What it has in all versions.
        entries: None where it is known.
        document_no: Of a document that waits.
    """

    key: str
    version: str
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
class Copy:
    """A copy of an index as it is, and what stands beside it."""

    index: InvertedIndex
    waiting: WaitingWords

    def entries_of(self, term: str) -> bytes:
        """Its packed postings."""
        return self.index.entries_of(term) + self.waiting.entries_of(term)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question is compared with.

    Attributes:
        row: Its terms with all their postings.
        tables: Signs of all vectors of its model; none where it has none.
        copy: None where there is none of the index as it is.
        vectors: Of its model, of documents that wait.
        posted: Of all the others; None where there is no copy of them as they are.
    """

    row: QuestionRow
    tables: list[SignTable]
    copy: Copy | None
    vectors: VectorTable
    posted: VectorTable | None


@dataclass(frozen=True, slots=True)
class _CopiedIndex:
    """A copy of an index, the rows of the ledger that it is of, and the documents that last stood beside it.

    Rows of the ledger are never changed, and whatever changes an index adds one in the same transaction: while
    those that there are are these, the index is this one. A document that waits has its number for one text alone.
    """

    changes: list[str]
    index: InvertedIndex
    waiting: WaitingWords


@dataclass(frozen=True, slots=True)
class _CopiedVectors:
    """A copy of vectors, and the versions of the rows of signs that it is of.

    Whatever changes a vector changes its signs in the same transaction.
    """

    versions: dict[str, str]
    table: VectorTable


@dataclass(frozen=True, slots=True)
class _Signs:
    """Rows of signs and vectors that wait, as they were last, by key.

    Attributes:
        versions, waiting_versions: Of the rows, and of the vectors.
        rows: Signs of each row.
        waiting: Document and vector.
        table: All rows.
        waiting_table: Signs of all that wait.
        vectors: Of all that wait.
    """

    versions: dict[str, str]
    rows: dict[str, SignTable]
    table: SignTable
    waiting_versions: dict[str, str]
    waiting: dict[str, tuple[int, Vector]]
    waiting_table: SignTable
    vectors: VectorTable

    @property
    def size(self) -> int:
        return 2 * self.table.size + 2 * self.waiting_table.size + self.vectors.size


_NO_SIGNS = SignTable.merged([])
_NO_VECTORS = VectorTable.unpacked(b"", b"")
_NOTHING = _Signs({}, {}, _NO_SIGNS, {}, {}, _NO_SIGNS, _NO_VECTORS)
_NO_WORDS = WaitingWords({}, {}, {})


async def select_question(session: Session, question: Question) -> Asked:
    """Its terms with their postings, and the signs of all vectors of its model.

    What this process has read before is not sent again while it is as it was: signs row by row; postings and
    vectors once they were copied whole, which is done aside when a few questions were asked of one state of them.
    """
    user, memory = session.actor.user_id, session.memory
    known = cast("_Signs | None", memory.get(("signs", user, question.model))) or _NOTHING
    copied = cast("_CopiedIndex | None", memory.get(("index", user)))
    words: QuestionParams = {
        "user_id": user,
        "words": question.words,
        "locale": question.locale,
        "copied": None if copied is None else copied.changes,
        "known_waiting": [] if copied is None else copied.waiting.known,
    }
    signs: SignsParams = {
        "user_id": user,
        "model": question.asked_model,
        "keys": [*known.versions.keys(), *known.waiting_versions.keys()],
        "versions": [*known.versions.values(), *known.waiting_versions.values()],
    }
    [row], rows = await session.both((_SELECT_QUESTION, words), (_SELECT_SIGNS, signs))
    copy: Copy | None = None
    if copied is not None and row.is_copied:
        copy = Copy(copied.index, _waiting_words(session, copied, row))
        row = replace(row, entries=[copy.entries_of(term) for term in row.terms])
    else:
        _copy_index_aside(session, row)
    if question.embedding is None:
        return Asked(row, [], copy, _NO_VECTORS, None)
    now = _now(known, rows)
    memory.keep(("signs", user, question.model), now, now.size)
    posted = cast("_CopiedVectors | None", memory.get(("vectors", user, question.model)))
    if posted is None or posted.versions != now.versions:
        posted = None
        _copy_vectors_aside(session, question.model, now)
    tables = [one for one in (now.table, now.waiting_table) if len(one.documents)]
    return Asked(row, tables, copy, now.vectors, None if posted is None else posted.table)


def _waiting_words(session: Session, copied: _CopiedIndex, row: QuestionRow) -> WaitingWords:
    new = zip(row.new_documents, row.new_lengths, row.new_terms, row.new_frequencies, strict=True)
    versions = dict(zip(row.waiting, row.waiting_versions, strict=True))
    waiting = copied.waiting.now(versions, new)
    if waiting is not copied.waiting:
        kept = replace(copied, waiting=waiting)
        session.memory.keep(("index", session.actor.user_id), kept, kept.index.size)
    return waiting


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
            session.memory.keep(key, _CopiedIndex(found.changes, index, _NO_WORDS), index.size)

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
            versions = dict(zip(found.keys, found.versions, strict=True))
            session.memory.keep(key, _CopiedVectors(versions, table), table.size)

    session.aside(key, copy)


def _now(known: _Signs, rows: Iterable[SignsRow]) -> _Signs:
    """What is known now: what is there, as it is there."""
    versions: dict[str, str] = {}
    waiting_versions: dict[str, str] = {}
    found: dict[str, SignsRow] = {}
    for row in rows:
        (versions if row.document_no is None else waiting_versions)[row.key] = row.version
        if row.entries is not None:
            found[row.key] = row
    if versions != known.versions:
        tables = {
            key: SignTable.unpacked(found[key].entries or b"") if key in found else known.rows[key]
            for key in versions
        }
        merged = SignTable.merged(list(tables.values()))
        known = replace(known, versions=versions, rows=tables, table=merged)
    if waiting_versions != known.waiting_versions:
        waiting = {
            key: (found[key].document_no or 0, vector_from_bytes(found[key].entries or b""))
            if key in found
            else known.waiting[key]
            for key in waiting_versions
        }
        signs, vectors = _NO_SIGNS, _NO_VECTORS
        if waiting:
            ordered = sorted(waiting.values(), key=itemgetter(0))
            documents = np.array([number for number, _ in ordered], np.int64)
            numbers = np.stack([vector for _, vector in ordered])
            signs, vectors = SignTable.of(documents, numbers), VectorTable(documents, numbers)
        known = replace(
            known,
            waiting_versions=waiting_versions,
            waiting=waiting,
            waiting_table=signs,
            vectors=vectors,
        )
    return known


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
    if asked.copy is None:
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
    shared = asked.copy.index.shared_terms(
        leading,
        asked.copy.waiting,
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
        [b"" if term in row.terms else asked.copy.entries_of(term) for term in shared],
    )
