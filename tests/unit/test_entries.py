"""What is said of a greater budget is true of it."""

from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from briefsmith.compiler.candidates import Candidate, Variant
from briefsmith.compiler.entries import confirm, entry_budgets
from briefsmith.compiler.options import asked_stages, cluster_groups
from briefsmith.compiler.select import SelectionSettings, select
from briefsmith.compiler.weighing import weigh
from briefsmith.models.enums import BlockImportance

IDS = [UUID(int=n) for n in range(1, 9)]


def candidate(number: int, tokens: int, relevance: float, *, asked: bool) -> Candidate:
    variants = (
        Variant("used-as-is", (), tokens, 1.0),
        Variant("excerpted", (), tokens // 2, 0.6),
    )
    return Candidate(
        block_id=UUID(int=number),
        content=f"block{number}",
        relevance=relevance,
        importance=BlockImportance.MEDIUM,
        feedback_score=None,
        age_days=0.0,
        content_tokens=tokens,
        embedding=None,
        asked=asked,
        variants=variants,
    )


POOLS = st.lists(
    st.tuples(st.integers(2, 60), st.sampled_from([0.3, 0.6, 1.0]), st.sampled_from([0, 0, 0, 1])),
    max_size=7,
).map(lambda rows: [candidate(at, *row[:2], asked=bool(row[2])) for at, row in enumerate(rows, 1)])


@settings(deadline=None)
@given(POOLS, st.integers(210, 300))
def test_without_a_table_of_all_budgets_a_block_still_enters_at_the_one_named(
    pool: list[Candidate], budget: int
) -> None:
    weighed = weigh(pool, SelectionSettings())

    enters = entry_budgets(
        cluster_groups(weighed), asked_stages(weighed), budget, 1_000_000, most_cells=-1
    )

    for block_id, entry in enters.items():
        chosen = {one.candidate.block_id for one in select(pool, entry).chosen}
        assert entry >= budget
        assert block_id in chosen
    horizon = sum(one.variants[0].tokens for one in pool)
    if horizon > budget:
        assert {one.block_id for one in pool if not one.asked} == set(enters)


ENTRIES = st.dictionaries(st.sampled_from(IDS), st.integers(0, 200))


@given(ENTRIES, ENTRIES, st.integers(0, 200))
def test_a_guess_counts_only_where_it_is_confirmed(
    guesses: dict[UUID, int], true: dict[UUID, int], same_up_to: int
) -> None:
    tried: list[int] = []

    def chosen_at(budget: int) -> set[UUID]:
        tried.append(budget)
        return {block_id for block_id, entry in true.items() if entry <= budget}

    found = confirm(guesses, chosen_at, lambda budget: budget <= same_up_to, lambda: 500)

    for block_id, guess in guesses.items():
        if guess <= same_up_to:
            assert found[block_id] == guess
        elif block_id in true:
            later = [other for other in guesses.values() if other > same_up_to]
            reached = [budget for budget in (*later, 500) if budget >= max(guess, true[block_id])]
            assert found[block_id] == min(reached)
        else:
            assert block_id not in found
    assert len(set(tried)) == len(tried)


def test_of_very_many_guesses_only_some_are_tried_but_the_greatest_is() -> None:
    guesses = {UUID(int=n): n for n in range(1, 1_001)}
    tried: list[int] = []

    def chosen_at(budget: int) -> set[UUID]:
        tried.append(budget)
        return {block_id for block_id, guess in guesses.items() if guess <= budget}

    found = confirm(guesses, chosen_at, lambda _: False, lambda: 5_000)

    assert len(tried) < 50
    assert max(tried) == 1_000
    assert all(found[block_id] >= guess for block_id, guess in guesses.items())
