# ruff: noqa: RUF001  marks of many languages are what this is about
"""What a question has in quotation marks, and what that does to the order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefsmith.compiler.fusion import Field
from briefsmith.compiler.phrases import MOST_PHRASES, phrases_in

_plain = st.text("abc xyz", min_size=1, max_size=20).map(str.strip).filter(bool)


@given(phrase=_plain, marks=st.sampled_from(['""', "“”", "«»", "„“", "„”"]), around=_plain)
def test_what_stands_in_quotation_marks_is_a_phrase(phrase: str, marks: str, around: str) -> None:
    question = f"{around} {marks[0]}{phrase}{marks[1]}, {around}"

    assert phrases_in(question) == [phrase]


@given(question=st.text())
def test_any_question_has_few_phrases_and_each_once(question: str) -> None:
    found = phrases_in(question)

    assert len(found) == len(set(found)) <= MOST_PHRASES
    assert all(found)


@pytest.mark.parametrize(
    ("question", "phrases"),
    [
        ("no marks at all", []),
        ('pipes of 5" and 6" wide', []),
        ('an "open end', []),
        ('"" " " nothing', []),
        ('"deep water" and “shallow water”', ["deep water", "shallow water"]),
        ('"deep water" "deep water"', ["deep water"]),
        ('from "2026-05" on', ["2026 05"]),
        ("«東京都»", ["東京 京都"]),
        ("“ｆｕｌｌ　ｗｉｄｔｈ”", ["full width"]),
        ('it\'s "a "nested" mark"', ["nested"]),
    ],
)
def test_phrases_of_a_question(question: str, phrases: list[str]) -> None:
    assert phrases_in(question) == phrases


_legs = st.lists(
    st.tuples(st.floats(0, 30), st.one_of(st.just(float("nan")), st.floats(-1, 1)), st.booleans()),
    min_size=1,
    max_size=12,
)


@given(legs=_legs, weight=st.floats(0, 1))
def test_what_holds_the_phrases_comes_first_and_else_the_order_stays(
    legs: list[tuple[float, float, bool]], weight: float
) -> None:
    numbers = np.arange(len(legs), dtype=np.int64)
    bm25s, cosines = np.array([one[0] for one in legs]), np.array([one[1] for one in legs])
    holding = numbers[[one[2] for one in legs]]

    plain = Field(numbers, bm25s, cosines).ranked(weight)
    found = Field(numbers, bm25s, cosines, holding).ranked(weight)

    scores = {number: score for number, score, _ in plain}
    halves = {n: (score + (n in holding)) / 2 for n, score in scores.items()}
    assert {number: score for number, score, _ in found} == pytest.approx(halves)
    assert [score for _, score, _ in found] == sorted(halves.values(), reverse=True)
