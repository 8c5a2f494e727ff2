"""Vectors of documents beside that of a question."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefsmith.compiler.vectors import VectorTable


def _packed(vector: "np.ndarray[tuple[int], np.dtype[np.float32]]") -> bytes:
    return np.array([256, 0], ">u2").tobytes() + vector.astype(">f4").tobytes()


@given(
    documents=st.lists(st.integers(1, 9), max_size=20),
    wanted=st.lists(st.integers(1, 12), unique=True),
    seed=st.integers(0, 1000),
)
def test_a_document_is_as_near_as_the_nearest_of_its_vectors(
    documents: list[int], wanted: list[int], seed: int
) -> None:
    chance = np.random.default_rng(seed)
    vectors = chance.normal(size=(len(documents), 256)).astype(np.float32)
    question = chance.normal(size=256).astype(np.float32)
    numbers = sorted(documents)
    table = VectorTable.unpacked(
        np.array(numbers, ">i4").tobytes(), b"".join(_packed(one) for one in vectors)
    )

    found = table.cosines(wanted, question)

    assert set(found) == set(wanted)
    for number in wanted:
        cosines = [
            float(np.dot(one, question) / np.linalg.norm(one) / np.linalg.norm(question))
            for one, of in zip(vectors, numbers, strict=True)
            if of == number
        ]
        expected = pytest.approx(max(cosines), abs=1e-5) if cosines else None
        assert found[number] == expected
