"""Two texts that are told apart by what is shown of them."""

from hypothesis import given
from hypothesis import strategies as st

from briefsmith.documents.both_sides import both_sides

TEXTS = st.text("ab ", max_size=30)
LONG = st.integers(0, 400).map("x".__mul__)


@given(LONG, TEXTS, TEXTS)
def test_what_differs_is_shown_as_different(same: str, one: str, other: str) -> None:
    yours, theirs = both_sides(same + one, same + other)

    assert (yours == theirs) == (one == other)
    assert max(len(yours), len(theirs)) <= 202


@given(TEXTS, TEXTS)
def test_short_texts_are_shown_whole(one: str, other: str) -> None:
    assert both_sides(one, other) == (one, other)
