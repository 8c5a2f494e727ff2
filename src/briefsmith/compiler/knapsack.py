"""The best choice of at most one item from each group within a capacity, exactly.

A table of dynamic programming over the capacity finds it. Where that table would be large, bounds
first take out every item that is in no best choice, which leaves a small table with the same answer.

Among equally good choices those of the fewest tokens win, and among these the one that takes from
the first group where they differ, there its first item.

Source: Pisinger, A minimal algorithm for the multiple-choice knapsack problem (1995), for solving
a core; Dyer, Kayal and Walker, A branch and bound algorithm for it (1984), for reducing by bounds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SMALL_TABLE_CELLS = 500_000
"""Tables up to here are quicker filled than avoided: a few milliseconds."""

_HARDEST_GROUPS = 40  # have a choice in the trial whose answer is the lower bound
_MARGIN = 1e-7  # far above what rounding can do to a bound
_HALVINGS = 50


class Item(NamedTuple):
    """Something to take.

    Attributes:
        tokens: What it takes of the capacity, >= 0.
        worth: What it is good for, > 0, a multiple of a power of two so that sums are exact.
    """

    tokens: int
    worth: float


_NONE = Item(0, 0.0)

Group = Sequence[Item]  # at most one of them is taken; none is empty


@dataclass(frozen=True, slots=True)
class Table:
    """The best choices for every capacity from 0 on.

    Attributes:
        worths: Of the best choice, by capacity.
        picks: For each group, by capacity, the number of the item that the best choice of it and
            the groups after it takes, from 1 on; 0 for none. A pick stands for greater capacities
            than it has, as no more can be used.
    """

    groups: Sequence[Group]
    worths: NDArray[np.float64]
    picks: Sequence[NDArray[np.unsignedinteger]]

    def walk(self, capacities: NDArray[np.int64]) -> Iterator[NDArray[np.unsignedinteger]]:
        """For each group the numbers taken, one for each of several capacities."""
        # The least capacity of the same worth: so the fewest tokens of all the best are read.
        left = np.searchsorted(self.worths, self.worths)[capacities]
        for group, pick in zip(self.groups, self.picks, strict=True):
            numbers = pick[left]
            yield numbers
            tokens = np.array([0, *(item.tokens for item in group)], dtype=np.int64)
            left = left - tokens[numbers]


def best_choice(
    groups: Sequence[Group], capacity: int, *, small: int = SMALL_TABLE_CELLS
) -> list[int]:
    """For each group the number of the item taken, from 1 on; 0 for none.

    Args:
        groups: In the order that breaks ties.
        capacity: Tokens, >= 0.
        small: Cells up to which the table is filled without reducing the groups first.
    """
    wished = [_most_wished(group) for group in groups]
    if sum(group[at - 1].tokens for group, at in zip(groups, wished, strict=True)) <= capacity:
        return wished
    if len(groups) * capacity <= small:
        return _by_table(groups, capacity)
    return _by_core(groups, capacity)


def _most_wished(group: Group) -> int:
    numbers = range(1, len(group) + 1)
    return max(numbers, key=lambda at: (group[at - 1].worth, -group[at - 1].tokens))


def _by_table(groups: Sequence[Group], capacity: int) -> list[int]:
    table = fill_table(groups, capacity)
    return [int(numbers[0]) for numbers in table.walk(np.array([len(table.worths) - 1]))]


def fill_table(groups: Sequence[Group], capacity: int) -> Table:
    """The table up to this capacity; a byte or two for each group and token.

    Groups are added last to first, so that reading begins with the first, whose items win ties.
    """
    worths = np.zeros(capacity + 1, dtype=np.float64)
    picks: list[NDArray[np.unsignedinteger]] = []
    reach = 0  # beyond it more capacity changes nothing yet
    for group in reversed(groups):
        before, reach = reach, min(capacity, reach + max(item.tokens for item in group))
        worths[before + 1 : reach + 1] = worths[before]
        without = worths[: reach + 1].copy()
        pick = np.zeros(reach + 1, dtype=np.min_scalar_type(len(group)))
        for number, item in reversed(list(enumerate(group, start=1))):
            tokens = item.tokens
            if tokens > reach:
                continue
            taken = without[: reach + 1 - tokens] + item.worth
            better = taken >= worths[tokens : reach + 1]
            np.copyto(worths[tokens : reach + 1], taken, where=better)
            np.copyto(pick[tokens:], number, where=better, casting="unsafe")
        picks.append(pick)
    worths[reach + 1 :] = worths[reach]
    return Table(groups, worths, picks[::-1])


class _Bounded:
    """What each item, and taking none, loses against an upper bound.

    At a price for a token every group by itself takes what gains most. These gains and the price
    of the capacity are an upper bound of every choice; one that takes something else from a group
    stays below it by what that loses at least.

    Attributes:
        bound: Upper bound of the worth.
    """

    def __init__(self, groups: Sequence[Group], capacity: int) -> None:
        self._groups = groups
        flat = [item for group in groups for item in (_NONE, *group)]
        self._tokens = np.array([item.tokens for item in flat], dtype=np.float64)
        self._worths = np.array([item.worth for item in flat], dtype=np.float64)
        self._sizes = np.array([len(group) + 1 for group in groups])
        self._first = np.cumsum(self._sizes) - self._sizes
        price = self._least_price(capacity)
        gains, most = self._gains(price)
        self.bound = float(price * capacity + most[self._first].sum())
        self._losses = most - gains

    def _gains(self, price: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Of each item, and for each the most in its group."""
        gains = self._worths - price * self._tokens
        return gains, np.repeat(np.maximum.reduceat(gains, self._first), self._sizes)

    def _least_price(self, capacity: int) -> float:
        """The least at which what the groups take is within the capacity."""
        priced = self._tokens > 0
        low, high = 0.0, 1.0 + float((self._worths[priced] / self._tokens[priced]).max())
        for _ in range(_HALVINGS):
            price = (low + high) / 2
            gains, most = self._gains(price)
            taken = np.where(gains == most, self._tokens, np.inf)
            if np.minimum.reduceat(taken, self._first).sum() > capacity:
                low = price
            else:
                high = price
        return high

    def hardest_loss(self, count: int) -> float:
        """The loss up to which about so many groups have a choice."""
        is_zero = self._losses == 0
        zeros = np.add.reduceat(is_zero, self._first, dtype=np.int64)
        others = np.minimum.reduceat(np.where(is_zero, np.inf, self._losses), self._first)
        return float(np.sort(np.where(zeros > 1, 0.0, others))[: count + 1][-1])

    def kept(self, most_loss: float) -> list[list[int]]:
        """For each group the numbers of the items that lose no more; 0 is none, and comes last."""
        places = np.flatnonzero(self._losses <= most_loss)
        starts = np.searchsorted(places, self._first)
        counts = np.diff(starts, append=len(places))
        numbers = (places - np.repeat(self._first, counts)).tolist()
        ends = (starts + counts).tolist()
        kept = [numbers[start:end] for start, end in zip(starts.tolist(), ends, strict=True)]
        return [each if each[0] else [*each[1:], 0] for each in kept]


def _by_core(groups: Sequence[Group], capacity: int) -> list[int]:
    bounded = _Bounded(groups, capacity)
    trial = _among(groups, capacity, bounded.kept(bounded.hardest_loss(_HARDEST_GROUPS)))
    reached = sum(group[at - 1].worth for group, at in zip(groups, trial, strict=True) if at)
    return _among(groups, capacity, bounded.kept(bounded.bound - reached + _MARGIN))


def _among(groups: Sequence[Group], capacity: int, kept: Sequence[Sequence[int]]) -> list[int]:
    """The best choice where each group takes one of the numbers that it kept.

    Every group takes its smallest at least; the table is about what the others are beyond that.
    """
    taken = [each[0] for each in kept]
    left = capacity
    undecided: list[int] = []
    beyond: list[Group] = []
    for at, (group, numbers) in enumerate(zip(groups, kept, strict=True)):
        items = [group[number - 1] if number else _NONE for number in numbers]
        least = min(items, key=lambda item: (item.tokens, -item.worth))
        left -= least.tokens
        if len(items) > 1:
            undecided.append(at)
            beyond.append([Item(i.tokens - least.tokens, i.worth - least.worth) for i in items])
    for at, number in zip(undecided, _by_table(beyond, left), strict=True):
        # Each takes one, as the smallest, which is as good as none here, comes before none.
        taken[at] = kept[at][number - 1]
    return taken
