"""Every vector that gets past the check has 256 finite numbers and length 1."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from briefsmith.errors import WrongEmbedding
from briefsmith.providers.embeddings import EMBEDDING_WIDTH, check_vectors

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
ROWS = hnp.arrays(np.float64, (3, EMBEDDING_WIDTH), elements=NUMBERS, fill=st.just(0.0))


@settings(deadline=None)
@given(ROWS)
def test_every_vector_has_length_one_and_none_stands_for_zeros(rows: np.ndarray) -> None:
    vectors = check_vectors(rows, source="m")

    assert [vector is None for vector in vectors] == [not row.any() for row in rows]
    for vector in vectors:
        if vector is not None:
            assert vector.dtype == np.float32
            assert vector.shape == (EMBEDDING_WIDTH,)
            assert math.isclose(float(np.linalg.norm(vector)), 1.0, rel_tol=1e-5)


@settings(deadline=None)
@given(ROWS)
def test_a_checked_vector_keeps_its_direction(rows: np.ndarray) -> None:
    for row, vector in zip(rows, check_vectors(rows, source="m"), strict=True):
        if vector is not None:
            largest = int(np.abs(row).argmax())
            np.testing.assert_allclose(
                vector / vector[largest], row / row[largest], rtol=1e-5, atol=1e-6
            )


@settings(deadline=None)
@given(st.integers(0, 2000))
def test_another_width_is_refused_and_told(width: int) -> None:
    assume(width != EMBEDDING_WIDTH)

    with pytest.raises(WrongEmbedding, match=rf"\b{width} numbers") as caught:
        check_vectors([[1.0] * EMBEDDING_WIDTH, [1.0] * width], source="m")

    assert caught.value.details == {"width": width, "expected": EMBEDDING_WIDTH}


@settings(deadline=None)
@given(
    st.sampled_from([math.nan, math.inf, -math.inf]),
    st.integers(0, EMBEDDING_WIDTH - 1),
)
def test_one_value_that_is_no_number_refuses_the_answer(value: float, place: int) -> None:
    rows = np.ones((2, EMBEDDING_WIDTH))
    rows[1, place] = value

    with pytest.raises(WrongEmbedding, match="no finite numbers"):
        check_vectors(rows, source="m")


def test_no_rows_give_no_vectors() -> None:
    assert check_vectors([], source="m") == []
