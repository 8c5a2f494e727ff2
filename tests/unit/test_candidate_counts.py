"""A large budget is chosen for from many blocks, a small one from few."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from briefsmith.operations.compose import candidates_for
from briefsmith.schemas.briefs import DEFAULT_BUDGET_TOKENS, MAX_BUDGET_TOKENS

QUOTED_TOKENS = 105  # of a text of a few words, with its fence and its row
OUTLINED_TOKENS = 60


@given(st.integers(1, 200_000))
def test_there_are_as_many_candidates_as_a_brief_holds_of_the_shortest_blocks(budget: int) -> None:
    assert candidates_for(budget) >= budget // QUOTED_TOKENS


@given(st.integers(1, 100_000))
def test_there_are_more_for_an_outline(budget: int) -> None:
    assert candidates_for(budget, "outline") >= budget // OUTLINED_TOKENS


def test_more_budget_never_means_fewer_candidates_and_there_is_a_most() -> None:
    counts = [candidates_for(budget) for budget in range(0, MAX_BUDGET_TOKENS + 1, 1_000)]

    assert all(less <= more for less, more in pairwise(counts))
    assert (counts[0], counts[-1]) == (60, 2_000)


def test_the_default_budget_and_all_below_it_choose_from_the_same_blocks() -> None:
    counts = {candidates_for(budget) for budget in range(DEFAULT_BUDGET_TOKENS + 1)}

    assert counts == {60}
    assert candidates_for(100_000) == 960
