"""Which blocks enter a brief, each in which variant: an exact multiple-choice knapsack.

The objective: maximise the sum of worth over the chosen variants, where

- the sum of their tokens is at most the budget,
- of a block at most one variant is chosen,
- of a cluster of near-duplicates at most one block,
- every block that was asked for is in.

Asked-for blocks come first. They are all shown in full if that fits; otherwise the one that takes
the most tokens is shrunk, again and again until they fit. The rest of the budget is shared out
exactly, by dynamic programming over tokens. Ties go to fewer tokens, then to the lower block_id.

Source: docs/decisions/0003-selection-is-an-exact-knapsack.md
"""

import math
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from briefsmith.compiler.candidates import Candidate, Variant
from briefsmith.compiler.worth import (
    DEFAULT_SETTINGS,
    SelectionSettings,
    Weighed,
    WorthParts,
    ladder,
    variant_worth,
    weigh,
)
from briefsmith.errors import AskedBlocksOverBudget

__all__ = [
    "Chosen",
    "LeftOut",
    "LeftOutReason",
    "Selection",
    "SelectionSettings",
    "WorthParts",
    "select",
]


class LeftOutReason(StrEnum):
    """Why a candidate is not in the brief."""

    NOT_RELEVANT_ENOUGH = "not-relevant-enough"
    DUPLICATE = "duplicate"
    OVER_BUDGET = "over-budget"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A block that enters the brief.

    Attributes:
        variant: How it is shown.
        worth: Of the variant: the block's worth times the variant's share.
    """

    candidate: Candidate
    variant: Variant
    worth: float
    parts: WorthParts


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A candidate that does not enter the brief.

    Attributes:
        duplicate_of: The block of its cluster that is chosen, or would be the first to be;
            None unless the reason is `duplicate`.
        enters_at_tokens: Smallest budget, from the present one on, at which `select` chooses it;
            None where no budget does, and where no explanation was asked for.
    """

    candidate: Candidate
    reason: LeftOutReason
    parts: WorthParts
    duplicate_of: UUID | None = None
    enters_at_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """Every candidate, once: chosen or left out.

    Attributes:
        chosen: By descending worth, then block_id; those that were asked for lead.
        left_out: By descending worth of the whole block, then block_id.
        objective: Sum of the chosen worths; more budget never lowers it.
        tokens: Sum of the chosen variants' tokens.
    """

    chosen: tuple[Chosen, ...]
    left_out: tuple[LeftOut, ...]
    objective: float
    tokens: int


class _Option(NamedTuple):
    owner: Weighed
    variant: Variant
    worth: float


_Group = Sequence[_Option]  # at most one of them is chosen
_Stage = tuple[_Option, ...]  # a way to show all asked-for blocks


def select(
    candidates: Iterable[Candidate],
    budget_tokens: int,
    settings: SelectionSettings = DEFAULT_SETTINGS,
    *,
    explain: bool = False,
) -> Selection:
    """The most worthwhile set of blocks that fits; the order of the candidates does not matter.

    Args:
        candidates: Each block once.
        budget_tokens: What the blocks may take together, >= 0.
        settings: What decides the worth.
        explain: Also find the budget at which each block left out would enter.

    Raises:
        AskedBlocksOverBudget: The blocks asked for do not fit, even in their smallest variants.
        ValueError: A candidate or a budget that breaks its contract: a programmer's error.
    """
    if budget_tokens < 0:
        message = f"A budget is at least 0 tokens, not {budget_tokens}."
        raise ValueError(message)
    budget = min(budget_tokens, settings.longest_brief_tokens)
    weighed = weigh(tuple(candidates), settings)
    groups = _groups(weighed)
    stages = _asked_stages(weighed)
    asked = next((stage for stage in stages if _tokens(stage) <= budget), None)
    if asked is None:
        raise _asked_over_budget(stages[-1], budget)
    chosen = [*asked, *_best(groups, budget - _tokens(asked))]
    enters = _entry_budgets(groups, stages, budget, settings) if explain else {}
    return _selection(weighed, groups, chosen, enters)


def _groups(weighed: Sequence[Weighed]) -> list[_Group]:
    """The options of each cluster that are worth anything, by the lowest block_id of each."""
    by_cluster: dict[int, list[_Option]] = {}
    for owner in weighed:
        if owner.cluster is None:
            continue
        for variant in owner.candidate.variants:
            if (worth := variant_worth(owner.parts, variant.share)) > 0:
                by_cluster.setdefault(owner.cluster, []).append(_Option(owner, variant, worth))
    return list(by_cluster.values())


def _asked_stages(weighed: Sequence[Weighed]) -> list[_Stage]:
    """The ways to show the asked-for blocks, from all in full to all at their smallest.

    The budget only decides how far to go along, so that more of it never shows a block less.
    """
    owners = [w for w in weighed if w.candidate.asked]
    ladders = [
        [_Option(w, v, variant_worth(w.parts, v.share)) for v in ladder(w.candidate)]
        for w in owners
    ]
    rungs = [0] * len(owners)
    stages = [tuple(steps[0] for steps in ladders)]
    while shrinkable := [at for at, steps in enumerate(ladders) if rungs[at] + 1 < len(steps)]:
        largest = max(shrinkable, key=lambda at: ladders[at][rungs[at]].variant.tokens)
        rungs[largest] += 1
        stages.append(tuple(steps[rung] for steps, rung in zip(ladders, rungs, strict=True)))
    return stages


def _asked_over_budget(smallest: _Stage, budget: int) -> AskedBlocksOverBudget:
    needed = _tokens(smallest)
    fitting: list[str] = []
    left = budget
    for option in sorted(smallest, key=lambda option: option.variant.tokens):
        left -= option.variant.tokens
        if left >= 0:
            fitting.append(str(option.owner.candidate.block_id))
    fewer = f"ask only for {', '.join(fitting)}" if fitting else "ask for shorter blocks"
    return AskedBlocksOverBudget(
        f"The blocks asked for take at least {needed} tokens; {budget} are left for blocks.",
        hint=f"Raise the budget by {needed - budget} tokens, or {fewer}.",
        details={
            "needed_tokens": needed,
            "budget_tokens": budget,
            "blocks": [
                {"id": str(option.owner.candidate.block_id), "tokens": option.variant.tokens}
                for option in smallest
            ],
        },
    )


def _best(groups: Sequence[_Group], capacity: int) -> list[_Option]:
    """The optimum for one capacity."""
    wished = [max(group, key=lambda o: (o.worth, -o.variant.tokens)) for group in groups]
    if _tokens(wished) <= capacity:
        return wished
    worths, picks = _fill(groups, capacity)
    tight = np.searchsorted(worths, worths[-1:])
    numbers = [int(number[0]) for number in _walk(groups, picks, tight)]
    return [group[number - 1] for group, number in zip(groups, numbers, strict=True) if number]


def _fill(
    groups: Sequence[_Group], capacity: int
) -> tuple[NDArray[np.float64], list[NDArray[np.unsignedinteger]]]:
    """The table of the dynamic programme.

    Returns:
        The best worth for each capacity from 0 on; and for each group and capacity the number of
        the option that the best takes, from 1 on, 0 for none. Groups are added last to first, so
        that reading begins with the first, whose options win ties.
    """
    worths = np.zeros(capacity + 1, dtype=np.float64)
    picks: list[NDArray[np.unsignedinteger]] = []
    reach = 0  # beyond it more capacity changes nothing yet
    for group in reversed(groups):
        before, reach = reach, min(capacity, reach + max(o.variant.tokens for o in group))
        worths[before + 1 : reach + 1] = worths[before]
        without = worths[: reach + 1].copy()
        pick = np.zeros(reach + 1, dtype=np.min_scalar_type(len(group)))
        for number, option in reversed(list(enumerate(group, start=1))):
            tokens = option.variant.tokens
            if tokens > reach:
                continue
            taken = without[: reach + 1 - tokens] + option.worth
            better = taken >= worths[tokens : reach + 1]
            np.copyto(worths[tokens : reach + 1], taken, where=better)
            np.copyto(pick[tokens:], number, where=better, casting="unsafe")
        picks.append(pick)
    worths[reach + 1 :] = worths[reach]
    return worths, picks[::-1]


def _walk(
    groups: Sequence[_Group],
    picks: Sequence[NDArray[np.unsignedinteger]],
    capacities: NDArray[np.int64],
) -> Iterator[NDArray[np.unsignedinteger]]:
    """For each group the numbers of the options taken, one for each of several capacities.

    The capacities are tight: no lesser one has the same worth. So the set that is read has the
    fewest tokens of all the best.
    """
    for group, pick in zip(groups, picks, strict=True):
        numbers = pick[capacities]
        yield numbers
        tokens = np.array([0, *(option.variant.tokens for option in group)], dtype=np.int64)
        capacities = capacities - tokens[numbers]


def _entry_budgets(
    groups: Sequence[_Group], stages: Sequence[_Stage], budget: int, settings: SelectionSettings
) -> dict[UUID, int]:
    """The first budget, from the present one on, that brings each block in."""
    most = sum(max(option.variant.tokens for option in group) for group in groups)
    horizon = min(_tokens(stages[0]) + most, settings.longest_brief_tokens)
    budgets = np.arange(budget, horizon + 1, dtype=np.int64)
    if not len(budgets):
        return {}
    asked = np.array([_tokens(stage) for stage in reversed(stages)], dtype=np.int64)
    left = budgets - asked[np.searchsorted(asked, budgets, side="right") - 1]
    worths, picks = _fill(groups, int(left.max()))
    tight = np.searchsorted(worths, worths)[left]
    enters: dict[UUID, int] = {}
    for group, numbers in zip(groups, _walk(groups, picks, tight), strict=True):
        for number, option in enumerate(group, start=1):
            hits = numbers == number
            if not hits.any():
                continue
            block_id = option.owner.candidate.block_id
            first = int(budgets[np.argmax(hits)])
            enters[block_id] = min(first, enters.get(block_id, first))
    return enters


def _selection(
    weighed: Sequence[Weighed],
    groups: Sequence[_Group],
    options: Sequence[_Option],
    enters: Mapping[UUID, int],
) -> Selection:
    chosen = [Chosen(o.owner.candidate, o.variant, o.worth, o.owner.parts) for o in options]
    chosen.sort(key=lambda one: (-one.worth, one.candidate.block_id))
    taken = {one.candidate.block_id for one in chosen}
    leaders = {_leader(group, taken).cluster: _leader(group, taken) for group in groups}
    left_out = [
        _left_out(w, leaders.get(w.cluster), enters.get(w.candidate.block_id))
        for w in weighed
        if w.candidate.block_id not in taken
    ]
    left_out.sort(key=lambda one: (-one.parts.worth, one.candidate.block_id))
    return Selection(
        chosen=tuple(chosen),
        left_out=tuple(left_out),
        objective=math.fsum(one.worth for one in chosen),
        tokens=_tokens(options),
    )


def _leader(group: _Group, taken: Container[UUID]) -> Weighed:
    """The block of a cluster that is chosen, else the one that is worth most."""
    owners = [option.owner for option in group]
    return max(owners, key=lambda w: (w.candidate.block_id in taken, w.parts.worth))


def _left_out(owner: Weighed, leader: Weighed | None, enters: int | None) -> LeftOut:
    if owner.duplicate_of is not None:
        reason, twin = LeftOutReason.DUPLICATE, owner.duplicate_of
    elif leader is None or owner.parts.worth <= 0:
        reason, twin = LeftOutReason.NOT_RELEVANT_ENOUGH, None
    elif leader is owner:
        reason, twin = LeftOutReason.OVER_BUDGET, None
    else:
        reason, twin = LeftOutReason.DUPLICATE, leader.candidate.block_id
    return LeftOut(owner.candidate, reason, owner.parts, twin, enters)


def _tokens(options: Iterable[_Option]) -> int:
    return sum(option.variant.tokens for option in options)
