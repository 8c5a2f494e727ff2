"""What the lexical index should hold and what BM25 should say, computed anew and in plain Python."""

import math
import struct
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from psycopg import Connection


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
    """The terms of a text, with how often it has each."""
    rows = connection.execute(
        "select term, frequency from briefsmith.terms_of(%s, %s)", [locale, text]
    ).fetchall()
    return Counter(dict(rows))


def fresh_index(connection: Connection[Any]) -> Index:
    """What the index should be, from the blocks alone."""
    documents: dict[UUID, tuple[UUID, int]] = {}
    postings: dict[tuple[UUID, str, UUID], tuple[int, int]] = {}
    totals: dict[UUID, tuple[int, int]] = {}
    rows = connection.execute(
        """
        select one.id, one.user_id, one.label, one.content, one.meta_tags, one.meta_locale,
          previous.meta_locale, coalesce(previous.content, '')
        from public.context_blocks as one
        left join briefsmith.block_surroundings as surroundings
          on surroundings.block_id = one.id and surroundings.user_id = one.user_id
        left join public.context_blocks as previous
          on previous.id = surroundings.previous_id and previous.user_id = one.user_id
        """
    ).fetchall()
    for block, user, label, content, tags, locale, locale_before, before in rows:
        found = terms(connection, locale, f"{label}\n{content}\n{' '.join(tags)}")
        found += terms(connection, locale_before, before[-500:])
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
        """
        select document_no, block_id, user_id, length, is_posted from briefsmith.search_documents
        """
    ).fetchall()
    blocks = {number: block for number, block, *_ in rows}
    documents = {block: (user, length) for _, block, user, length, _ in rows}
    assert len(documents) == len(rows), "a block stands twice in the documents"

    postings: dict[tuple[UUID, str, UUID], tuple[int, int]] = {}
    for user, term, number, frequency, length in (*_posted(connection), *_waiting(connection)):
        assert number in blocks, f"{term!r} is left of a block that is gone"
        key = (user, term, blocks[number])
        assert key not in postings, f"{term!r} stands twice for one block"
        postings[key] = (frequency, length)

    totals = connection.execute(
        """
        select user_id, sum(documents)::integer, sum(length)::integer
        from (
          select user_id, documents, length from briefsmith.search_totals
          union all
          select user_id, 1, length from briefsmith.search_documents where not is_posted
        ) as part
        group by user_id
        having (sum(documents), sum(length)) <> (0, 0)
        """
    ).fetchall()
    return Index(documents, postings, {user: (number, length) for user, number, length in totals})


def _posted(connection: Connection[Any]) -> Iterator[tuple[UUID, str, int, int, int]]:
    """Owner, term, document, frequency and length, out of the packed rows."""
    for user, term, lowest, highest, entries in connection.execute(
        "select user_id, term, lowest, highest, entries from briefsmith.search_postings"
    ).fetchall():
        assert entries, f"an empty row is left of {term!r}"
        for number, counts in struct.iter_unpack(">ii", entries):
            assert lowest <= number <= highest, f"{term!r} has a number out of its range"
            yield user, term, number, counts >> 22, counts & (2**22 - 1)


def _waiting(connection: Connection[Any]) -> list[tuple[UUID, str, int, int, int]]:
    return connection.execute(
        """
        select user_id, word.lexeme, document_no, cardinality(word.positions), length
        from briefsmith.search_documents cross join lateral unnest(words) as word
        where not is_posted
        """
    ).fetchall()


Signs = dict[tuple[str, UUID], list[bytes]]
"""(Model, block) to the signs of its vectors, of the whole and of its parts, in order."""


def stored_signs(connection: Connection[Any]) -> Signs:
    """Those of posted documents."""
    blocks = dict(
        connection.execute(
            "select document_no, block_id from briefsmith.search_documents where is_posted"
        ).fetchall()
    )
    found: Signs = {}
    for model, entries in connection.execute(
        "select model, entries from briefsmith.search_vectors"
    ).fetchall():
        assert entries, "an empty row is left"
        for number, signs in struct.iter_unpack(">i32s", entries):
            assert number in blocks, "a vector is left of a block that is gone"
            found.setdefault((model, blocks[number]), []).append(signs)
    return {name: sorted(signs) for name, signs in found.items()}


def fresh_signs(connection: Connection[Any]) -> Signs:
    """What they should be, from the blocks and their parts alone."""
    rows = connection.execute(
        """
        select block.meta_embedding_model, block.id, block.meta_embedding::real[]
        from public.context_blocks as block
        join briefsmith.search_documents as document on document.block_id = block.id
        where document.is_posted and block.meta_embedding is not null
        union all
        select part.model, part.block_id, part.embedding::real[]
        from briefsmith.block_parts as part
        join briefsmith.search_documents as document
          on document.block_id = part.block_id and document.user_id = part.user_id
        where document.is_posted
        """
    ).fetchall()
    found: Signs = {}
    for model, block, vector in rows:
        signs = np.packbits(np.array(vector) > 0).tobytes()
        found.setdefault((model, block), []).append(signs)
    return {name: sorted(signs) for name, signs in found.items()}


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
