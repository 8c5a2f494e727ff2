"""What search adds up in this process: words, signs of vectors, and both together."""

import math
import struct
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefsmith.compiler.fusion import Field, fused
from briefsmith.compiler.postings import WordScores
from briefsmith.compiler.signs import Signs, SignTable

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
    held = scores.best(1_000)
    got = dict(zip(held.tolist(), scores.of(held).tolist(), strict=True))
    assert got == pytest.approx(expected, rel=1e-9)
    assert list(got) == sorted(expected)


@given(
    postings=_postings,
    count=st.integers(1, 8),
    among=st.none() | st.sets(_numbers | st.integers(1, 12), max_size=30),
)
def test_the_best_few_are_those_that_score_most_and_of_equals_the_lower_numbers(
    postings: dict[str, dict[int, tuple[int, int]]], count: int, among: set[int] | None
) -> None:
    scores = WordScores(50, 70.0, k1=1.5, b=0.75)

    scores.add(list(postings), [1.0] * len(postings), [_packed(one) for one in postings.values()])

    held = scores.best(1_000)
    allowed = [
        (-score, number)
        for number, score in zip(held.tolist(), scores.of(held).tolist(), strict=True)
        if among is None or number in among
    ]
    chosen = None if among is None else np.array(sorted(among), np.int64)
    expected = sorted(number for _, number in sorted(allowed)[:count])
    assert scores.best(count, chosen).tolist() == expected


def test_a_document_without_a_term_scores_nothing() -> None:
    scores = WordScores(9, 5.0, k1=1.5, b=0.75)

    scores.add(["a"], [1.0], [_packed({3: (1, 5)})])

    assert scores.of(np.array([2, 3, 4], np.int64)).tolist()[::2] == [0.0, 0.0]


def _signs(vectors: np.ndarray) -> bytes:
    signs = np.packbits(vectors > 0, axis=1)
    return b"".join(
        struct.pack(">i", number) + row.tobytes() for number, row in enumerate(signs, start=1)
    )


def _unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def test_of_few_vectors_the_signs_choose_all() -> None:
    vectors = _unit(np.random.default_rng(1).normal(size=(20, _SIZE)))

    found = Signs([SignTable.unpacked(_signs(vectors))], vectors[4]).nearest(100)

    assert found.tolist() == list(range(1, 21))


def test_of_many_vectors_the_signs_miss_few_of_the_nearest() -> None:
    chance = np.random.default_rng(2)
    middles = chance.normal(size=(40, _SIZE))
    vectors = _unit(np.repeat(middles, 200, axis=0) + chance.normal(size=(8_000, _SIZE)))
    packed = _signs(vectors)
    # In parts as the table has them, which may come in any order.
    parts = [SignTable.unpacked(packed[36 * 3_000 :]), SignTable.unpacked(packed[: 36 * 3_000])]
    recall: list[float] = []
    errors: list[float] = []

    for middle in middles[:10]:
        question = _unit(middle + chance.normal(size=_SIZE) / 2)
        signs = Signs(parts, question)
        nearest = np.sort(np.argsort(-(vectors @ question))[:50] + 1)
        recall.append(len(set(signs.nearest(250).tolist()) & set(nearest.tolist())) / 50)
        told = np.corrcoef(signs.likely(np.arange(1, 8_001)), vectors @ question)[0, 1]
        errors.append(1 - told)

    assert min(recall) >= 0.95
    assert max(errors) < 0.1


def test_a_document_is_as_near_as_the_nearest_of_its_vectors() -> None:
    chance = np.random.default_rng(3)
    far, near, question = (_unit(chance.normal(size=_SIZE)) for _ in range(3))
    near = _unit(near + 3 * question)
    table = SignTable.of(np.array([7, 4, 7]), np.stack([far, far, near]).astype(np.float32))

    signs = Signs([table], question)

    of_far, of_both, of_none = signs.likely(np.array([4, 7, 9]))
    assert of_both > of_far
    assert np.isnan(of_none)
    assert signs.nearest(1).tolist() == [7]


@given(among=st.sets(st.integers(1, 3_000), max_size=400))
def test_those_that_are_chosen_are_of_those_allowed(among: set[int]) -> None:
    vectors = _unit(np.random.default_rng(4).normal(size=(2_000, _SIZE)))
    signs = Signs([SignTable.unpacked(_signs(vectors))], vectors[0])

    found = signs.nearest(30, np.array(sorted(among), np.int64))

    assert set(found.tolist()) <= among
    assert len(found) == min(30, len([one for one in among if one <= 2_000]))


def test_without_any_vector_nothing_is_near() -> None:
    signs = Signs([SignTable.unpacked(b"")], np.ones(_SIZE, np.float32))

    assert signs.nearest(5).tolist() == []
    assert np.isnan(signs.likely(np.array([1, 2]))).all()


@given(
    scores=st.lists(
        st.tuples(st.floats(0, 50), st.one_of(st.none(), st.floats(-1, 1)), st.booleans()),
        max_size=9,
    ),
    weight=st.floats(0, 1),
)
def test_documents_that_were_asked_about_compete_with_what_is_known_or_leave(
    scores: list[tuple[float, float | None, bool]], weight: float
) -> None:
    numbers = np.arange(3, 3 + len(scores))
    bm25s = np.array([bm25 for bm25, _, _ in scores], np.float64)
    passing = {n: cosine for n, (_, cosine, passes) in enumerate(scores, start=3) if passes}

    field = Field(numbers, bm25s, np.zeros(len(scores)))
    field.learn(passing)
    field.leave([number for number in numbers.tolist() if number not in passing])

    stays = np.array([passes for _, _, passes in scores], np.bool_)
    known = [np.nan if cosine is None else cosine for cosine in passing.values()]
    expected = fused(bm25s[stays], np.array(known, np.float64), weight)
    ranked = field.ranked(weight)
    assert {number for number, _, _ in ranked} == set(passing)
    assert [score for _, score, _ in ranked] == sorted(expected.tolist(), reverse=True)


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
