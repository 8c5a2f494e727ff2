"""The verb search."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from briefsmith import errors
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.operations.candidates import Candidates
from briefsmith.operations.phrases import holding_phrases
from briefsmith.operations.spelling import corrected
from briefsmith.postgres.session import Session
from briefsmith.providers.embeddings import Embedder
from briefsmith.schemas.blocks import BlockFilter
from briefsmith.schemas.search import SearchSettings
from briefsmith.store import questions
from briefsmith.store.questions import Question
from briefsmith.store.search import SearchRow

MAX_QUERY_CHARS = 20_000
MAX_LIMIT = 1_000
_LEAST_TELLING = 2  # blocks: a term of one alone tells nothing


@dataclass(frozen=True, slots=True)
class Hit:
    """A block that search found.

    Attributes:
        score: Fused, in [0, 1]; comparable within one search only.
        bm25: Of the words, >= 0.
        cosine: Of the vectors, in [-1, 1]; None without one.
    """

    block: ContextBlock
    score: float
    bm25: float
    cosine: float | None


@dataclass(frozen=True, slots=True)
class Found:
    """Hits by falling score, and whether meaning was searched as well as words."""

    hits: list[Hit]
    by_meaning: bool


async def search_blocks(
    session: Session,
    embedder: Embedder,
    words: str,
    *,
    wanted: BlockFilter | None = None,
    settings: SearchSettings | None = None,
    limit: int = 10,
    usable_only: bool = False,
) -> Found:
    """Blocks that fit a question, by BM25 of their words and cosine of their vectors.

    Any word may match; what holds the phrases in quotation marks comes first. Where the embedding service does not answer, words alone decide.

    Args:
        limit: 1 to 1,000.
        usable_only: Those alone that may enter briefs: reviewed, and not hidden.

    Raises:
        InvalidInput: A blank or endless question, or a limit out of range.
    """
    question = checked_question(words)
    if not 1 <= limit <= MAX_LIMIT:
        message = f"The limit is {limit}; 1 to {MAX_LIMIT} make sense."
        raise errors.InvalidInput(message)
    embedding = await embed_question(embedder, question)
    asked = Question(
        words=question,
        wanted=wanted or BlockFilter(),
        settings=settings or SearchSettings(),
        model=embedder.name,
        embedding=embedding,
        usable_only=usable_only,
    )
    rows = await find_blocks(session, asked, limit=limit)
    hits = [Hit(row.block, row.score, row.bm25, row.cosine) for row in rows]
    return Found(hits, by_meaning=embedding is not None)


async def find_blocks(
    session: Session, question: Question, *, limit: int, with_embedding: bool = False
) -> list[SearchRow]:
    """Hits by falling score: of the question, expanded by what those have in common that it finds as it is."""
    settings = question.settings
    asked = await questions.select_question(session, question)
    row = await corrected(session, asked.row, settings.typo_weight)
    asked = replace(asked, row=row)
    found = Candidates(session, question, asked, limit)
    found.words.add(row.terms, row.weights, row.entries)
    found.holding = await holding_phrases(session, question, found.words)
    if settings.expansion_terms > 0:
        first = await found.leading(settings.expansion_blocks)
        leading = _leading(first, settings.expansion_floor)
        if len(leading) >= _LEAST_TELLING:
            more = await questions.expand_question(session, question, asked, leading)
            found.words.add(more.terms, more.weights, more.entries)
    return await found.best(with_embedding=with_embedding)


def _leading(first: Sequence[tuple[int, float]], floor: float) -> dict[int, float]:
    """Those that tell what else to look for, with how well each fits beside the best."""
    best = first[0][1] if first else 0.0
    return {number: score / best for number, score in first if best > 0 and score >= floor * best}


def checked_question(words: str) -> str:
    """The question without what no database stores.

    Raises:
        InvalidInput: Blank, or over 20,000 characters.
    """
    question = words.replace("\x00", " ").encode(errors="replace").decode().strip()
    if not question:
        message = "There is nothing to search for."
        raise errors.InvalidInput(message, hint="Give some words.")
    if len(question) > MAX_QUERY_CHARS:
        message = f"A question has at most {MAX_QUERY_CHARS:,} characters."
        raise errors.InvalidInput(message)
    return question


async def embed_question(embedder: Embedder, question: str) -> NDArray[np.float32] | None:
    """The question's vector; None where the service does not answer, or nothing has a meaning."""
    try:
        return (await embedder.embed([question]))[0]
    except errors.EmbedderUnavailable:
        return None
