"""What selection may take: the variants of each cluster, and the ways to show what was asked for."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from briefsmith.compiler.candidates import Variant
from briefsmith.compiler.knapsack import Item
from briefsmith.compiler.weighing import Weighed
from briefsmith.compiler.worth import ladder, variant_worth
from briefsmith.errors import AskedBlocksOverBudget


class Option(NamedTuple):
    """A variant of a block, and what it is worth."""

    owner: Weighed
    variant: Variant
    worth: float


Group = Sequence[Option]  # at most one of them is chosen
Stage = tuple[Option, ...]  # a way to show all asked-for blocks


def cluster_groups(weighed: Sequence[Weighed]) -> list[Group]:
    """The options of each cluster that are worth anything, by the lowest block_id of each."""
    by_cluster: dict[int, list[Option]] = {}
    for owner in weighed:
        if owner.cluster is None:
            continue
        for variant in owner.candidate.variants:
            if (worth := variant_worth(owner.parts, variant.share)) > 0:
                by_cluster.setdefault(owner.cluster, []).append(Option(owner, variant, worth))
    return list(by_cluster.values())


def as_items(groups: Sequence[Group]) -> list[list[Item]]:
    """The groups as the knapsack takes them."""
    return [[Item(option.variant.tokens, option.worth) for option in group] for group in groups]


def asked_stages(weighed: Sequence[Weighed]) -> list[Stage]:
    """The ways to show the asked-for blocks, from all in full to all at their smallest.

    The budget only decides how far to go along, so that more of it never shows a block less.
    """
    owners = [w for w in weighed if w.candidate.asked]
    ladders = [
        [Option(w, v, variant_worth(w.parts, v.share)) for v in ladder(w.candidate)] for w in owners
    ]
    rungs = [0] * len(owners)
    stages = [tuple(steps[0] for steps in ladders)]
    while shrinkable := [at for at, steps in enumerate(ladders) if rungs[at] + 1 < len(steps)]:
        largest = max(shrinkable, key=lambda at: ladders[at][rungs[at]].variant.tokens)
        rungs[largest] += 1
        stages.append(tuple(steps[rung] for steps, rung in zip(ladders, rungs, strict=True)))
    return stages


def fitting_stage(stages: Sequence[Stage], budget: int) -> Stage:
    """The fullest that fits.

    Raises:
        AskedBlocksOverBudget: None does.
    """
    for stage in stages:
        if tokens_of(stage) <= budget:
            return stage
    raise _over_budget(stages[-1], budget)


def _over_budget(smallest: Stage, budget: int) -> AskedBlocksOverBudget:
    needed = tokens_of(smallest)
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
            "fitting": fitting,
            "blocks": [
                {"id": str(option.owner.candidate.block_id), "tokens": option.variant.tokens}
                for option in smallest
            ],
        },
    )


def tokens_of(options: Iterable[Option]) -> int:
    """Tokens of all of them."""
    return sum(option.variant.tokens for option in options)
