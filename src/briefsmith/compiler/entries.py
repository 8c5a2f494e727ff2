"""At which budget a block that was left out comes in."""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from briefsmith.compiler.knapsack import Item, best_choice, fill_table
from briefsmith.compiler.options import Group, Stage, as_items, fitting_stage, tokens_of

_MOST_CELLS = 10_000_000  # of a table: a byte each, and some 50 ms
_PROBES = 16
_MOST_TRIALS = 48


def entry_budgets(
    groups: Sequence[Group],
    stages: Sequence[Stage],
    budget: int,
    longest: int,
    *,
    most_cells: int = _MOST_CELLS,
) -> dict[UUID, int]:
    """A budget that brings each block in, from the present one on.

    It is the least one where a table of all budgets is small enough to be made, else the least of
    some budgets that lie the closer together the nearer to the present one.

    Args:
        groups: At most one option of each is chosen.
        stages: The ways to show the asked-for blocks.
        budget: The present one, in which the asked-for blocks fit.
        longest: Greater budgets count as this.
        most_cells: Of the table.
    """
    items = as_items(groups)
    most = sum(max(item.tokens for item in group) for group in items)
    horizon = min(tokens_of(stages[0]) + most, longest)
    if horizon < budget:
        return {}
    if len(groups) * horizon <= most_cells:
        return _by_table(groups, items, stages, np.arange(budget, horizon + 1, dtype=np.int64))
    return _by_probes(groups, items, stages, _probes(budget, horizon))


def _by_table(
    groups: Sequence[Group],
    items: Sequence[Sequence[Item]],
    stages: Sequence[Stage],
    budgets: NDArray[np.int64],
) -> dict[UUID, int]:
    asked = np.array([tokens_of(stage) for stage in reversed(stages)], dtype=np.int64)
    left = budgets - asked[np.searchsorted(asked, budgets, side="right") - 1]
    table = fill_table(items, int(left.max()))
    enters: dict[UUID, int] = {}
    for group, numbers in zip(groups, table.walk(left), strict=True):
        for number, option in enumerate(group, start=1):
            hits = numbers == number
            if not hits.any():
                continue
            block_id = option.owner.candidate.block_id
            first = int(budgets[np.argmax(hits)])
            enters[block_id] = min(first, enters.get(block_id, first))
    return enters


def _probes(budget: int, horizon: int) -> list[int]:
    wide = horizon - budget
    return sorted({budget + wide * k * k // (_PROBES * _PROBES) for k in range(1, _PROBES + 1)})


def _by_probes(
    groups: Sequence[Group],
    items: Sequence[Sequence[Item]],
    stages: Sequence[Stage],
    budgets: Iterable[int],
) -> dict[UUID, int]:
    enters: dict[UUID, int] = {}
    for budget in budgets:
        numbers = best_choice(items, budget - tokens_of(fitting_stage(stages, budget)))
        for group, number in zip(groups, numbers, strict=True):
            if number:
                enters.setdefault(group[number - 1].owner.candidate.block_id, budget)
    return enters


def confirm(
    guesses: Mapping[UUID, int],
    chosen_at: Callable[[int], Container[UUID]],
    is_as_guessed: Callable[[int], bool],
    last: Callable[[], int],
) -> dict[UUID, int]:
    """For each block a budget at which it is chosen indeed.

    Guesses come from the variants of one budget; a greater one may have others. So all the guesses,
    or a part of them where they are many, are tried in their order, and then one that holds all.

    Args:
        guesses: A budget for each block.
        chosen_at: The blocks chosen at a budget.
        is_as_guessed: Whether a budget has the variants that the guesses are made with.
        last: Gives the budget tried for those that none of the guesses brings in.
    """
    found = {block_id: guess for block_id, guess in guesses.items() if is_as_guessed(guess)}
    due = {block_id: guess for block_id, guess in guesses.items() if block_id not in found}
    for budget in _thinned(sorted(set(due.values()))):
        _settle(found, due, budget, chosen_at)
    if due:
        _settle(found, due, last(), chosen_at)
    return found


def _settle(
    found: dict[UUID, int],
    due: dict[UUID, int],
    budget: int,
    chosen_at: Callable[[int], Container[UUID]],
) -> None:
    """Tries one budget, and moves those that it brings in from the due to the found."""
    if any(guess <= budget for guess in due.values()):
        chosen = chosen_at(budget)
        for block_id in [each for each, guess in due.items() if guess <= budget and each in chosen]:
            found[block_id] = budget
            del due[block_id]


def _thinned(budgets: Sequence[int]) -> Sequence[int]:
    """At most so many as are tried, the greatest among them."""
    step = -(-len(budgets) // _MOST_TRIALS)
    return budgets[::-1][:: max(step, 1)][::-1]
