"""Which blocks enter a brief, each in which variant: an exact multiple-choice knapsack.

The objective: maximise the sum of worth over the chosen variants, where

- the sum of their tokens is at most the budget,
- of a block at most one variant is chosen,
- of a cluster of near-duplicates at most one block,
- every block that was asked for is in.

Asked-for blocks come first. They are all shown in full if that fits; otherwise the one that takes
the most tokens is shrunk, again and again until they fit. The rest of the budget is shared out
exactly (`knapsack`). Ties go to fewer tokens, then to the lower block_id.

Source: docs/decisions/0003-selection-is-an-exact-knapsack.md
"""

import math
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from briefsmith.compiler.candidates import Candidate, Variant
from briefsmith.compiler.entries import entry_budgets
from briefsmith.compiler.knapsack import best_choice
from briefsmith.compiler.options import (
    Group,
    Option,
    as_items,
    asked_stages,
    cluster_groups,
    fitting_stage,
    tokens_of,
)
from briefsmith.compiler.weighing import Weighed, weigh
from briefsmith.compiler.worth import DEFAULT_SETTINGS, SelectionSettings, WorthParts

__all__ = [
    "Chosen",
    "LeftOut",
    "LeftOutReason",
    "Selection",
    "SelectionSettings",
    "WorthParts",
    "select",
    "select_weighed",
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
        enters_at_tokens: A budget at which `select` chooses it: the smallest from the present one
            on, or with very many candidates one near it (`entry_budgets`); None where no budget
            does, and where no explanation was asked for.
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
    return select_weighed(
        weigh(tuple(candidates), settings), budget_tokens, settings, explain=explain
    )


def select_weighed(
    weighed: Sequence[Weighed], budget: int, settings: SelectionSettings, *, explain: bool = False
) -> Selection:
    """`select` of candidates that are weighed already.

    Raises:
        AskedBlocksOverBudget: The blocks asked for do not fit, even in their smallest variants.
    """
    budget = min(budget, settings.longest_brief_tokens)
    groups = cluster_groups(weighed)
    stages = asked_stages(weighed)
    asked = fitting_stage(stages, budget)
    numbers = best_choice(as_items(groups), budget - tokens_of(asked))
    best = [group[number - 1] for group, number in zip(groups, numbers, strict=True) if number]
    longest = settings.longest_brief_tokens
    enters = entry_budgets(groups, stages, budget, longest) if explain else {}
    return _selection(weighed, groups, [*asked, *best], enters)


def _selection(
    weighed: Sequence[Weighed],
    groups: Sequence[Group],
    options: Sequence[Option],
    enters: Mapping[UUID, int],
) -> Selection:
    chosen = [Chosen(o.owner.candidate, o.variant, o.worth, o.owner.parts) for o in options]
    chosen.sort(key=lambda one: (-one.worth, one.candidate.block_id))
    taken = {one.candidate.block_id for one in chosen}
    leaders = {leader.cluster: leader for leader in (_leader(group, taken) for group in groups)}
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
        tokens=tokens_of(options),
    )


def _leader(group: Group, taken: Container[UUID]) -> Weighed:
    """The block of a cluster that is chosen, else the one that is where nothing lacks room."""

    def rank(option: Option) -> tuple[bool, float, int]:
        is_taken = option.owner.candidate.block_id in taken
        return is_taken, option.worth, -option.variant.tokens

    return max(group, key=rank).owner


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
