"""The knapsack is solved exactly, the same way whether or not bounds have cut it down first."""

from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from briefsmith.compiler.knapsack import Group, Item, best_choice, fill_table

GRID = 2.0**38


def item(tokens: int, worth: float) -> Item:
    return Item(tokens, round(worth * GRID) / GRID)


WORTHS = st.sampled_from([0.25, 0.5, 1.0, 1.0, 2.0]) | st.floats(0.001, 3)
GROUPS = st.lists(
    st.lists(st.builds(item, st.integers(0, 9), WORTHS), min_size=1, max_size=3), max_size=9
)


def taken(groups: Sequence[Group], choice: Sequence[int]) -> list[Item]:
    return [group[at - 1] for group, at in zip(groups, choice, strict=True) if at]


@settings(max_examples=400, deadline=None)
@given(GROUPS, st.integers(0, 40))
def test_bounds_change_nothing_not_even_how_ties_are_broken(
    groups: list[Group], capacity: int
) -> None:
    assert best_choice(groups, capacity, small=-1) == best_choice(groups, capacity)


@pytest.mark.parametrize("seed", range(6))
def test_of_many_groups_the_reduced_table_finds_what_the_whole_one_does(seed: int) -> None:
    random = Random(seed)  # noqa: S311  no secret
    groups = [
        [
            item(size := random.randint(90, 500), worth := random.random() ** 2 + 0.01),
            *([item(size // 2, worth * 0.6), item(size // 4, worth * 0.3)] if size > 250 else []),
        ]
        for _ in range(150)
    ]

    reduced = best_choice(groups, 9_000, small=-1)

    assert reduced == best_choice(groups, 9_000, small=10**9)
    assert 8_900 < sum(one.tokens for one in taken(groups, reduced)) <= 9_000


def test_equal_items_by_the_hundred_are_shared_out_all_the_same() -> None:
    groups = [[item(7, 0.5)] for _ in range(300)]

    choice = best_choice(groups, 1_000, small=-1)

    assert choice == [1] * 142 + [0] * 158


@given(GROUPS, st.integers(0, 40))
def test_the_table_of_all_capacities_holds_the_choice_of_each(
    groups: list[Group], capacity: int
) -> None:
    table = fill_table(groups, capacity)

    walked = list(table.walk(np.arange(capacity + 1)))

    for each in range(capacity + 1):
        choice = [int(numbers[each]) for numbers in walked]
        items = taken(groups, choice)
        assert sum(one.tokens for one in items) <= each
        assert sum(one.worth for one in items) == table.worths[each]


def test_without_groups_nothing_is_taken() -> None:
    assert best_choice([], 10) == []
    assert best_choice([], 10, small=-1) == []


def test_items_of_no_tokens_need_no_capacity() -> None:
    groups = [[item(0, 1.0)], [item(1, 5.0), item(0, 1.0)]]

    assert best_choice(groups, 0) == best_choice(groups, 0, small=-1) == [1, 2]
