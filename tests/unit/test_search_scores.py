"""What search adds up in this process: words, signs of vectors, and both together."""

import math
import struct
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefsmith.compiler.fusion import fused
from briefsmith.compiler.postings import WordScores
from briefsmith.compiler.signs import nearest_by_signs

_SIZE = 256

# Term to (document to (frequency, length)); numbers near to each other and far apart.
_numbers = st.one_of(st.integers(1, 40), st.integers(1, 2**31 - 1))
_postings = st.dictionaries(
    st.sampled_from("abcdef"),
    st.dictionaries(
        _numbers, st.tuples(st.integers(1, 256), st.integers(1, 200_000)), min_size=1, max_size=12
    ),
    max_size=6,
)
_weights = st.dictionaries(st.sampled_from("abcdef"), st.floats(0.1, 9), max_size=6)


def _packed(documents: Mapping[int, tuple[int, int]]) -> bytes:
    return b"".join(
        struct.pack(">ii", number, (frequency << 22) | length)
        for number, (frequency, length) in documents.items()
    )


@given(postings=_postings, first=_weights, more=_weights, k1=st.floats(0, 3), b=st.floats(0, 1))
def test_terms_added_in_two_goes_give_the_sum_of_plain_bm25(
    postings: dict[str, dict[int, tuple[int, int]]],
    first: dict[str, float],
    more: dict[str, float],
    k1: float,
    b: float,
) -> None:
    scores = WordScores(50, 70.0, k1=k1, b=b)

    scores.add(list(first), list(first.values()), [_packed(postings.get(t, {})) for t in first])
    # Of a term that is known, the database gives no postings again.
    scores.add(
        list(more),
        list(more.values()),
        [b"" if t in first else _packed(postings.get(t, {})) for t in more],
    )

    expected: dict[int, float] = {}
    for term in first.keys() | more.keys():
        held = postings.get(term, {})
        rarity = math.log(1 + (50 - len(held) + 0.5) / (len(held) + 0.5))
        for number, (frequency, length) in held.items():
            saturated = frequency * (k1 + 1) / (frequency + k1 * (1 - b + b * length / 70))
            weight = first.get(term, 0.0) + more.get(term, 0.0)
            expected[number] = expected.get(number, 0.0) + weight * rarity * saturated
    best = scores.best(1_000)
    got = dict(zip(best, scores.of(np.array(best, np.int64)).tolist(), strict=True))
    assert got == pytest.approx(expected, rel=1e-9)
    assert len(scores) == len(expected)
    assert list(got.values()) == sorted(got.values(), reverse=True)


@given(postings=_postings, count=st.integers(1, 8))
def test_the_best_few_are_the_first_of_the_best_many(
    postings: dict[str, dict[int, tuple[int, int]]], count: int
) -> None:
    scores = WordScores(50, 70.0, k1=1.5, b=0.75)

    scores.add(list(postings), [1.0] * len(postings), [_packed(one) for one in postings.values()])

    assert scores.best(count) == scores.best(1_000)[:count]


def test_documents_that_score_the_same_come_by_number() -> None:
    scores = WordScores(9, 5.0, k1=1.5, b=0.75)

    scores.add(["a"], [1.0], [_packed({7: (1, 5), 3: (1, 5), 5: (1, 5)})])

    assert scores.best(2) == [3, 5]


def test_a_document_without_a_term_scores_nothing() -> None:
    scores = WordScores(9, 5.0, k1=1.5, b=0.75)

    scores.add(["a"], [1.0], [_packed({3: (1, 5)})])

    assert scores.of(np.array([2, 3, 4], np.int64)).tolist()[::2] == [0.0, 0.0]


def _signs(vectors: np.ndarray) -> bytes:
    signs = np.packbits(vectors > 0, axis=1)
    return b"".join(
        struct.pack(">i", number) + row.tobytes() for number, row in enumerate(signs, start=1)
    )


def test_of_few_vectors_the_signs_choose_all() -> None:
    vectors = np.random.default_rng(1).normal(size=(20, _SIZE)).astype(np.float32)

    found = nearest_by_signs([_signs(vectors)], vectors[4], 100)

    assert sorted(found) == list(range(1, 21))
    assert found[0] == 5


def test_of_many_vectors_the_signs_miss_few_of_the_nearest() -> None:
    chance = np.random.default_rng(2)
    middles = chance.normal(size=(40, _SIZE))
    vectors = np.repeat(middles, 200, axis=0) + chance.normal(size=(8_000, _SIZE))
    packed = _signs(vectors)
    # In parts as the table has them.
    parts = [packed[: 36 * 3_000], packed[36 * 3_000 :]]
    vectors /= np.linalg.norm(vectors, axis=1)[:, None]
    recall: list[float] = []

    for middle in middles[:10]:
        question = (middle + chance.normal(size=_SIZE) / 2).astype(np.float32)
        found = nearest_by_signs(parts, question, 250)
        nearest = np.argsort(-(vectors @ question))[:50] + 1
        recall.append(len(set(found) & set(nearest.tolist())) / 50)

    assert min(recall) >= 0.95


def test_without_any_vector_nothing_is_near() -> None:
    assert nearest_by_signs([], np.ones(_SIZE, np.float32), 5) == []


@given(
    bm25s=st.lists(st.floats(0, 50), max_size=8),
    cosines=st.lists(st.one_of(st.none(), st.floats(-1, 1)), min_size=8, max_size=8),
    weight=st.floats(0, 1),
)
def test_a_fused_score_lies_between_nought_and_one(
    bm25s: list[float], cosines: list[float | None], weight: float
) -> None:
    few = np.array(cosines[: len(bm25s)], np.float64)

    scores = fused(np.array(bm25s, np.float64), few, weight)

    assert len(scores) == len(bm25s)
    assert all(0 <= score <= 1 + 1e-12 for score in scores)


def test_a_block_best_by_both_legs_scores_one_and_one_without_a_vector_its_words_alone() -> None:
    scores = fused(np.array([4.0, 2.0, 4.0]), np.array([0.9, 0.1, np.nan]), 0.3)

    assert scores.tolist() == pytest.approx([1.0, 0.35, 0.7])
