"""What the lexical index should hold and what BM25 should say, computed anew and in plain Python."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection

# The dictionaries that the tests use; any other language tag is English.
DICTIONARIES = {"de": "german", "fr": "french"}


@dataclass(frozen=True, slots=True)
class Index:
    """The words of everybody's blocks.

    Attributes:
        documents: Block to its owner and length.
        postings: (owner, term, block) to how often the term is there, and the length of the block.
        totals: Owner to the number and the length of all documents; owners without any are left out.
    """

    documents: dict[UUID, tuple[UUID, int]]
    postings: dict[tuple[UUID, str, UUID], tuple[int, int]]
    totals: dict[UUID, tuple[int, int]]


def terms(connection: Connection[Any], locale: str | None, text: str) -> Counter[str]:
    """The terms of a text as PostgreSQL's own `to_tsvector` gives them."""
    dictionary = DICTIONARIES.get((locale or "en").lower()[:2], "english")
    rows = connection.execute(
        "select lexeme, cardinality(positions) from unnest(to_tsvector(%s::regconfig, %s))",
        [dictionary, text],
    ).fetchall()
    return Counter(dict(rows))


def fresh_index(connection: Connection[Any]) -> Index:
    """What the index should be, from the blocks alone."""
    documents: dict[UUID, tuple[UUID, int]] = {}
    postings: dict[tuple[UUID, str, UUID], tuple[int, int]] = {}
    totals: dict[UUID, tuple[int, int]] = {}
    rows = connection.execute(
        "select id, user_id, label, content, meta_tags, meta_locale from public.context_blocks"
    ).fetchall()
    for block, user, label, content, tags, locale in rows:
        found = terms(connection, locale, f"{label}\n{content}\n{' '.join(tags)}")
        length = found.total()
        documents[block] = (user, length)
        for term, frequency in found.items():
            postings[user, term, block] = (frequency, length)
        number, sum_of_lengths = totals.get(user, (0, 0))
        totals[user] = (number + 1, sum_of_lengths + length)
    return Index(documents, postings, totals)


def stored_index(connection: Connection[Any]) -> Index:
    """What the index is; a posting that stands twice, or of no document, is an error."""
    rows = connection.execute(
        "select document_no, block_id, user_id, length from briefsmith.search_documents"
    ).fetchall()
    blocks = {number: block for number, block, _, _ in rows}
    documents = {block: (user, length) for _, block, user, length in rows}
    assert len(documents) == len(rows), "a block stands twice in the documents"

    postings: dict[tuple[UUID, str, UUID], tuple[int, int]] = {}
    for user, term, numbers, frequencies, lengths in connection.execute(
        "select user_id, term, documents, frequencies, lengths from briefsmith.search_postings"
    ).fetchall():
        assert numbers, f"an empty row is left of {term!r}"
        for number, frequency, length in zip(numbers, frequencies, lengths, strict=True):
            assert number in blocks, f"{term!r} is left of a block that is gone"
            key = (user, term, blocks[number])
            assert key not in postings, f"{term!r} stands twice for one block"
            postings[key] = (frequency, length)

    totals = connection.execute(
        """
        select user_id, sum(documents)::integer, sum(length)::integer
        from briefsmith.search_totals group by user_id
        having (sum(documents), sum(length)) <> (0, 0)
        """
    ).fetchall()
    return Index(documents, postings, {user: (number, length) for user, number, length in totals})


def bm25(
    index: Index, user: UUID, query: Mapping[str, float], *, k1: float, b: float
) -> dict[UUID, float]:
    """Scores of the user's blocks that hold a term of the query.

    Source: Robertson and Zaragoza (2009); idf as in Lucene; a term counts as often as the query has it.
    """
    scores: dict[UUID, float] = {}
    for term, repeated in query.items():
        holding, rarity = _holding(index, user, term)
        for block in holding:
            weight = (k1 + 1) * _saturated(index, user, term, block, k1=k1, b=b)
            scores[block] = scores.get(block, 0.0) + repeated * rarity * weight
    return scores


def expansion(
    index: Index,
    user: UUID,
    query: Counter[str],
    leading: Mapping[UUID, float],
    *,
    k1: float,
    b: float,
    share: float,
) -> dict[str, float]:
    """Every term that two leading blocks or more hold, with the weight that it adds to the query.

    Args:
        leading: Blocks, with how well each fits beside the best.
    """
    gains: dict[str, float] = {}
    words = {word for owner, word, block in index.postings if owner == user and block in leading}
    for word in words:
        holding, rarity = _holding(index, user, word)
        if len(telling := holding & leading.keys()) > 1:
            gain = sum(
                leading[one] * _saturated(index, user, word, one, k1=k1, b=b) for one in telling
            )
            gains[word] = rarity * gain
    everything = sum(gains.values())
    return {word: share * query.total() * gain / everything for word, gain in gains.items()}


def _holding(index: Index, user: UUID, term: str) -> tuple[set[UUID], float]:
    """The user's blocks with a term, and how rare that makes it."""
    number, _ = index.totals.get(user, (0, 0))
    found = {block for owner, word, block in index.postings if owner == user and word == term}
    return found, math.log(1 + (number - len(found) + 0.5) / (len(found) + 0.5))


def _saturated(index: Index, user: UUID, term: str, block: UUID, *, k1: float, b: float) -> float:
    number, total = index.totals[user]
    frequency, length = index.postings[user, term, block]
    return frequency / (frequency + k1 * (1 - b + b * length / (total / number)))
