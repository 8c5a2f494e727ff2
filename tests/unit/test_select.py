"""The selection is optimal, never over budget, and says truly why a block stayed out."""

from dataclasses import replace
from itertools import combinations, product
from random import Random
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from briefsmith.compiler.candidates import Candidate, Variant
from briefsmith.compiler.select import (
    LeftOut,
    LeftOutReason,
    Selection,
    SelectionSettings,
    select,
)
from briefsmith.compiler.weighing import Weighed, weigh
from briefsmith.compiler.worth import variant_worth
from briefsmith.errors import AskedBlocksOverBudget
from briefsmith.models.enums import BlockImportance

GREETING = "we greet every reader by name and close with the name of the person who wrote it"
CALENDAR = "the campaign runs through the summer and ends with the fair in the old harbour"
RULE = "headlines promise only what the page beneath them keeps and carry one thought each"


def variants(*tokens_and_shares: tuple[int, float]) -> tuple[Variant, ...]:
    kinds = ("used-as-is", "excerpted", "outlined")
    return tuple(
        Variant(kind, (), tokens, share)
        for kind, (tokens, share) in zip(kinds, tokens_and_shares, strict=False)
    )


def block(
    number: int,
    tokens: int = 10,
    relevance: float = 1.0,
    *,
    content: str | None = None,
    shown: tuple[Variant, ...] | None = None,
    asked: bool = False,
) -> Candidate:
    """A candidate with a text of its own, as long as its fullest variant."""
    return Candidate(
        block_id=UUID(int=number),
        content=f"block{number}" if content is None else content,
        relevance=relevance,
        importance=BlockImportance.MEDIUM,
        feedback_score=None,
        age_days=0.0,
        content_tokens=tokens,
        embedding=None,
        asked=asked,
        variants=shown or variants((tokens, 1.0)),
    )


def numbers(selection: Selection) -> set[int]:
    return {one.candidate.block_id.int for one in selection.chosen}


def left_out(selection: Selection, number: int) -> LeftOut:
    return next(one for one in selection.left_out if one.candidate.block_id.int == number)


@st.composite
def shown_ways(draw: st.DrawFn) -> tuple[Variant, ...]:
    count = draw(st.integers(1, 3))
    tokens = draw(st.lists(st.integers(0, 14), min_size=count, max_size=count))
    shares = draw(st.permutations([1.0, 0.6, 0.35]))[:count]
    return variants(*zip(tokens, shares, strict=True))


@st.composite
def pools(draw: st.DrawFn, *, asked: bool = True, most: int = 6) -> list[Candidate]:
    """Few blocks, some of them duplicates, many with equal scores, so that ties are common."""
    return [
        Candidate(
            block_id=UUID(int=number + 1),
            content=draw(st.sampled_from([GREETING, CALENDAR, RULE, f"block{number}", ""])),
            relevance=draw(st.sampled_from([0.0, 0.2, 0.5, 0.5, 0.8, 1.0])),
            importance=draw(st.sampled_from(BlockImportance)),
            feedback_score=draw(st.sampled_from([None, None, 0.0, 0.9])),
            age_days=draw(st.sampled_from([0.0, 0.0, 400.0])),
            content_tokens=draw(st.sampled_from([0, 20, 200, 200])),
            embedding=None,
            asked=asked and draw(st.integers(0, 4)) == 0,
            variants=draw(shown_ways()),
        )
        for number in range(draw(st.integers(0, most)))
    ]


BUDGETS = st.integers(0, 60)


def select_where_asked_fit(
    pool: list[Candidate], budget: int, *, explain: bool = False
) -> Selection:
    try:
        return select(pool, budget, explain=explain)
    except AskedBlocksOverBudget:
        reject()


def best_by_trying_all(weighed: list[Weighed], budget: int) -> float:
    """The greatest sum of worth over every admissible set of unasked blocks."""
    ways = [
        [(0, 0.0), *((v.tokens, variant_worth(w.parts, v.share)) for v in w.candidate.variants)]
        for w in weighed
    ]
    best = 0.0
    for taken in product(*(range(len(way)) for way in ways)):
        clusters = [w.cluster for w, at in zip(weighed, taken, strict=True) if at]
        picked = [way[at] for way, at in zip(ways, taken, strict=True)]
        if len(set(clusters)) == len(clusters) and sum(tokens for tokens, _ in picked) <= budget:
            best = max(best, sum(worth for _, worth in picked))
    return best


@settings(deadline=None)
@given(pools(), BUDGETS)
def test_a_selection_is_never_over_budget_and_adds_up(pool: list[Candidate], budget: int) -> None:
    selection = select_where_asked_fit(pool, budget)

    assert selection.tokens <= budget
    assert selection.tokens == sum(one.variant.tokens for one in selection.chosen)
    assert selection.objective == pytest.approx(sum(one.worth for one in selection.chosen))
    for one in selection.chosen:
        assert one.variant in one.candidate.variants
        assert one.worth == pytest.approx(one.parts.worth * one.variant.share)


@settings(deadline=None)
@given(pools(), BUDGETS)
def test_every_candidate_is_chosen_or_left_out_once(pool: list[Candidate], budget: int) -> None:
    selection = select_where_asked_fit(pool, budget)

    seen = [one.candidate.block_id for one in (*selection.chosen, *selection.left_out)]

    assert sorted(seen) == sorted(candidate.block_id for candidate in pool)


@settings(deadline=None)
@given(pools(), BUDGETS, st.randoms(use_true_random=False))
def test_the_order_of_the_candidates_does_not_matter(
    pool: list[Candidate], budget: int, random: Random
) -> None:
    shuffled = random.sample(pool, len(pool))

    one = select_where_asked_fit(pool, budget, explain=True)
    other = select(shuffled, budget, explain=True)

    assert one == other


@settings(deadline=None)
@given(st.lists(st.integers(0, 2**32), min_size=2, max_size=12, unique=True), st.randoms())
def test_the_order_does_not_matter_with_embeddings_either(seeds: list[int], random: Random) -> None:
    vectors = [np.random.default_rng(seed).normal(size=256) for seed in seeds]
    scored = [(float((v[0] + 9) / 20), (v / np.linalg.norm(v)).astype(np.float32)) for v in vectors]
    pool = {
        at: replace(block(at, 20, max(0.0, min(1.0, score))), embedding=vector)
        for at, (score, vector) in enumerate(scored)
    }
    order = random.sample(sorted(pool), len(pool))

    one = select(pool.values(), 100)
    other = select([pool[at] for at in order], 100)

    assert [(c.candidate.block_id, c.worth) for c in one.chosen] == [
        (c.candidate.block_id, c.worth) for c in other.chosen
    ]


@settings(deadline=None)
@given(pools(), BUDGETS, BUDGETS)
def test_more_budget_never_lowers_the_objective(
    pool: list[Candidate], one: int, other: int
) -> None:
    less = select_where_asked_fit(pool, min(one, other))
    more = select(pool, max(one, other))

    assert more.objective >= less.objective - 1e-9


@settings(deadline=None)
@given(pools(), BUDGETS, BUDGETS)
def test_more_budget_never_shows_less_of_an_asked_for_block(
    pool: list[Candidate], one: int, other: int
) -> None:
    less = select_where_asked_fit(pool, min(one, other))
    more = select(pool, max(one, other))

    shares = {c.candidate.block_id: c.variant.share for c in more.chosen}

    assert all(
        c.variant.share <= shares[c.candidate.block_id] for c in less.chosen if c.candidate.asked
    )


@settings(deadline=None)
@given(pools(), BUDGETS)
def test_no_two_unasked_blocks_of_a_cluster_are_chosen(pool: list[Candidate], budget: int) -> None:
    selection = select_where_asked_fit(pool, budget)

    unasked = [c.candidate.content for c in selection.chosen if not c.candidate.asked]
    asked = {c.candidate.content for c in selection.chosen if c.candidate.asked} - {""}
    repeatable = [content for content in unasked if content]  # nothing is like an empty text

    assert len(set(repeatable)) == len(repeatable)
    assert not asked & set(repeatable)


@settings(max_examples=150, deadline=None)
@given(pools(asked=False, most=5), BUDGETS)
def test_the_selection_is_as_good_as_the_best_found_by_trying_all(
    pool: list[Candidate], budget: int
) -> None:
    rivals = [w for w in weigh(pool, SelectionSettings()) if w.parts.worth > 0]

    selection = select(pool, budget)

    assert selection.objective == pytest.approx(best_by_trying_all(rivals, budget), abs=1e-9)


@settings(max_examples=150, deadline=None)
@given(pools(most=5), BUDGETS)
def test_what_asked_for_blocks_leave_is_shared_out_as_well_as_can_be(
    pool: list[Candidate], budget: int
) -> None:
    selection = select_where_asked_fit(pool, budget)
    rivals = [w for w in weigh(pool, SelectionSettings()) if w.cluster is not None]
    asked_tokens = sum(c.variant.tokens for c in selection.chosen if c.candidate.asked)

    reached = sum(c.worth for c in selection.chosen if not c.candidate.asked)

    assert reached == pytest.approx(best_by_trying_all(rivals, budget - asked_tokens), abs=1e-9)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 6), st.sampled_from([0.5, 1.0])), min_size=1, max_size=7),
    st.integers(0, 30),
    st.randoms(use_true_random=False),
)
def test_ties_go_to_fewer_tokens_and_then_to_the_lower_ids(
    sizes: list[tuple[int, float]], budget: int, random: Random
) -> None:
    pool = [
        replace(block(at, tokens, relevance), content_tokens=200)
        for at, (tokens, relevance) in enumerate(sizes)
    ]
    sets = [ids for n in range(len(pool) + 1) for ids in combinations(range(len(pool)), n)]
    fitting = [
        (-sum(sizes[at][1] ** 2 for at in ids), tokens, ids)
        for ids in sets
        if (tokens := sum(sizes[at][0] for at in ids)) <= budget
    ]

    selection = select(random.sample(pool, len(pool)), budget)

    assert sorted(numbers(selection)) == list(min(fitting)[2])


def test_of_equally_good_duplicates_the_one_with_fewer_tokens_enters_then_the_lower_id() -> None:
    long, short, twin = (
        block(at, 10, content=RULE, shown=variants((tokens, 1.0)))
        for at, tokens in ((1, 30), (2, 20), (3, 20))
    )

    assert numbers(select([long, twin, short], 100)) == {2}


@settings(deadline=None)
@given(pools(), BUDGETS)
def test_asked_for_blocks_are_always_in(pool: list[Candidate], budget: int) -> None:
    asked = [c for c in pool if c.asked]
    least = sum(min(v.tokens for v in c.variants) for c in asked)

    if least > budget:
        with pytest.raises(AskedBlocksOverBudget):
            select(pool, budget)
    else:
        assert {c.block_id.int for c in asked} <= numbers(select(pool, budget))


@settings(max_examples=120, deadline=None)
@given(pools(most=5), st.integers(0, 40))
def test_a_block_enters_at_the_budget_that_is_named_and_not_before(
    pool: list[Candidate], budget: int
) -> None:
    selection = select_where_asked_fit(pool, budget, explain=True)
    largest = sum(max(v.tokens for v in c.variants) for c in pool)

    chosen_at = {b: numbers(select(pool, b)) for b in range(budget, max(budget, largest) + 3)}

    for one in selection.left_out:
        admitting = [b for b, ids in chosen_at.items() if one.candidate.block_id.int in ids]
        assert one.enters_at_tokens == (min(admitting) if admitting else None)


@settings(deadline=None)
@given(pools(), BUDGETS)
def test_what_is_over_the_budget_comes_in_at_some_budget(
    pool: list[Candidate], budget: int
) -> None:
    selection = select_where_asked_fit(pool, budget, explain=True)

    for one in selection.left_out:
        if one.reason == LeftOutReason.OVER_BUDGET:
            assert one.enters_at_tokens is not None


@settings(deadline=None)
@given(pools(), BUDGETS)
def test_an_explanation_changes_nothing_but_the_entry_budgets(
    pool: list[Candidate], budget: int
) -> None:
    plain = select_where_asked_fit(pool, budget)
    explained = select(pool, budget, explain=True)

    stripped = tuple(replace(one, enters_at_tokens=None) for one in explained.left_out)

    assert replace(explained, left_out=stripped) == plain


@settings(deadline=None)
@given(pools(), BUDGETS)
def test_chosen_blocks_are_ordered_by_worth_and_then_by_id(
    pool: list[Candidate], budget: int
) -> None:
    selection = select_where_asked_fit(pool, budget)

    keys = [(-c.worth, c.candidate.block_id) for c in selection.chosen]
    asked = [c.candidate.asked for c in selection.chosen]

    assert keys == sorted(keys)
    assert asked == sorted(asked, reverse=True)


def test_no_candidates_make_an_empty_selection() -> None:
    assert select([], 100, explain=True) == Selection((), (), 0.0, 0)


def test_a_budget_of_nothing_takes_only_what_takes_nothing() -> None:
    selection = select([block(1, 5), block(2, 0)], 0, explain=True)

    assert numbers(selection) == {2}
    assert left_out(selection, 1).enters_at_tokens == 5


def test_a_huge_budget_takes_everything_relevant_in_full() -> None:
    pool = [block(at, 900, shown=variants((900, 1.0), (300, 0.9))) for at in range(20)]

    selection = select(pool, 10**12, explain=True)

    assert selection.tokens == 18_000


def test_budgets_above_the_longest_brief_count_as_that() -> None:
    limits = SelectionSettings(longest_brief_tokens=50)
    pool = [block(1, 40), block(2, 30)]

    selection = select(pool, 1000, limits, explain=True)

    assert selection.tokens == 40
    assert left_out(selection, 2).reason == LeftOutReason.OVER_BUDGET
    assert left_out(selection, 2).enters_at_tokens is None


@pytest.mark.parametrize(
    "broken",
    [
        {"relevance": float("nan")},
        {"relevance": -0.1},
        {"relevance": 1.1},
        {"feedback_score": float("nan")},
        {"feedback_score": 2.0},
        {"age_days": float("nan")},
        {"age_days": float("inf")},
        {"variants": ()},
        {"variants": variants((-1, 1.0))},
        {"variants": variants((1, 0.0))},
        {"variants": variants((1, float("nan")))},
        {"variants": variants((1, 1.5))},
    ],
)
def test_a_candidate_that_breaks_its_contract_is_refused(broken: dict[str, object]) -> None:
    candidate = replace(block(1), **broken)

    with pytest.raises(ValueError, match="out of its range"):
        select([candidate], 100)


def test_a_negative_budget_and_a_block_given_twice_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 0"):
        select([], -1)
    with pytest.raises(ValueError, match="twice"):
        select([block(1), block(1)], 10)


def test_what_is_far_less_relevant_than_the_best_stays_out_however_important() -> None:
    weak = replace(block(2, 1, 0.24), importance=BlockImportance.HIGH)

    selection = select([block(1, 10, 1.0), weak], 1000, explain=True)

    assert numbers(selection) == {1}
    out = left_out(selection, 2)
    assert (out.reason, out.enters_at_tokens) == (LeftOutReason.NOT_RELEVANT_ENOUGH, None)


def test_nothing_enters_when_nothing_is_relevant() -> None:
    selection = select([block(1, 0, 0.0), block(2, 5, 0.0)], 100)

    assert not selection.chosen
    assert {one.reason for one in selection.left_out} == {LeftOutReason.NOT_RELEVANT_ENOUGH}


def test_many_fragments_do_not_crowd_out_the_page_that_answers() -> None:
    page = block(1, 1000, 1.0)
    fragments = [block(at, 50, 0.5) for at in range(2, 22)]

    assert numbers(select([page, *fragments], 1000)) == {1}


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"importance": BlockImportance.HIGH}, {"importance": BlockImportance.MEDIUM}),
        ({"importance": BlockImportance.MEDIUM}, {"importance": BlockImportance.LOW}),
        ({"feedback_score": 0.9}, {"feedback_score": None}),
        ({"feedback_score": None}, {"feedback_score": 0.1}),
        ({"age_days": 3.0}, {"age_days": 700.0}),
        ({"relevance": 1.0}, {"relevance": 0.9}),
        ({"content_tokens": 400}, {"content_tokens": 100}),
    ],
)
def test_of_two_that_differ_in_one_factor_the_better_is_chosen(
    better: dict[str, object], worse: dict[str, object]
) -> None:
    low_id = replace(block(1), **worse)
    high_id = replace(block(2), **better)

    assert numbers(select([low_id, high_id], 10)) == {2}


def test_feedback_in_the_middle_weighs_as_none_and_the_future_as_today() -> None:
    neutral = replace(block(2), feedback_score=0.5, age_days=-1.0)

    selection = select([block(1), neutral], 100)

    assert len({one.worth for one in selection.chosen}) == 1


def test_a_block_that_repeats_part_of_a_higher_ranked_one_is_discounted() -> None:
    page = block(1, 30, 1.0, content=f"{GREETING} {CALENDAR} {RULE}")
    part = block(2, 10, 0.8, content=CALENDAR)
    fresh = block(3, 10, 0.8)

    selection = select([page, part, fresh], 100)
    parts = {one.candidate.block_id.int: one.parts for one in selection.chosen}

    assert parts[1].novelty == parts[3].novelty == 1.0
    assert parts[2].novelty == pytest.approx(0.4)
    assert parts[2].worth < parts[3].worth


def test_both_sides_of_a_contradiction_can_enter() -> None:
    one = block(1, content="free shipping from 40 EUR")
    other = block(2, content="free shipping from 60 EUR")

    assert numbers(select([one, other], 100)) == {1, 2}


def test_of_duplicates_the_best_enters_and_is_named() -> None:
    pool = [block(1, content=RULE, relevance=0.9), block(2, content=RULE, relevance=1.0)]

    selection = select(pool, 100, explain=True)

    assert numbers(selection) == {2}
    out = left_out(selection, 1)
    assert (out.reason, out.duplicate_of) == (LeftOutReason.DUPLICATE, UUID(int=2))
    assert out.enters_at_tokens is None


def test_a_shorter_duplicate_stands_in_until_the_better_one_fits() -> None:
    better, shorter = block(1, 30, content=RULE), block(2, 10, 0.8, content=RULE)

    selection = select([better, shorter], 20, explain=True)

    assert numbers(selection) == {2}
    out = left_out(selection, 1)
    assert (out.reason, out.duplicate_of) == (LeftOutReason.DUPLICATE, UUID(int=2))
    assert out.enters_at_tokens == 30


def test_where_no_duplicate_fits_the_best_is_over_budget_and_the_others_are_its_duplicates() -> (
    None
):
    pool = [block(1, 30, content=RULE), block(2, 25, 0.8, content=RULE)]

    selection = select(pool, 20, explain=True)

    assert left_out(selection, 1).reason == LeftOutReason.OVER_BUDGET
    assert left_out(selection, 1).enters_at_tokens == 30
    assert left_out(selection, 2).duplicate_of == UUID(int=1)
    assert left_out(selection, 2).enters_at_tokens == 25


def test_of_equally_good_duplicates_that_do_not_fit_the_one_with_fewer_tokens_is_over_budget() -> (
    None
):
    dear, cheap = (
        block(at, 10, content=RULE, shown=variants((tokens, 1.0)))
        for at, tokens in ((1, 30), (2, 25))
    )

    selection = select([dear, cheap], 20, explain=True)

    assert left_out(selection, 1).duplicate_of == UUID(int=2)
    assert left_out(selection, 1).enters_at_tokens is None
    assert left_out(selection, 2).reason == LeftOutReason.OVER_BUDGET
    assert left_out(selection, 2).enters_at_tokens == 25


def test_asked_for_duplicates_all_enter_and_keep_the_unasked_out() -> None:
    pool = [
        block(1, content=RULE, relevance=0.0, asked=True),
        block(2, content=RULE, relevance=0.1, asked=True),
        block(3, content=RULE, relevance=1.0),
    ]

    selection = select(pool, 100)

    assert numbers(selection) == {1, 2}
    assert left_out(selection, 3).duplicate_of == UUID(int=1)


def test_an_asked_for_block_is_shown_in_full_where_that_fits_though_others_yield() -> None:
    asked = block(1, 90, 0.0, shown=variants((90, 1.0), (20, 0.95)), asked=True)

    assert select([asked, block(2, 80)], 100).tokens == 90
    assert numbers(select([asked, block(2, 80)], 100)) == {1}
    assert numbers(select([asked, block(2, 60)], 85)) == {1, 2}


def test_of_asked_for_blocks_the_largest_is_shrunk_first() -> None:
    large = block(1, 100, shown=variants((100, 1.0), (40, 0.5), (10, 0.2)), asked=True)
    small = block(2, 30, shown=variants((30, 1.0), (10, 0.5)), asked=True)

    def shown(budget: int) -> list[int]:
        chosen = select([large, small], budget).chosen
        return [c.variant.tokens for c in sorted(chosen, key=lambda c: c.candidate.block_id)]

    assert shown(130) == [100, 30]
    assert shown(129) == [40, 30]
    assert shown(69) == [10, 30]
    assert shown(39) == [10, 10]


def test_asked_for_blocks_that_cannot_fit_are_refused_with_what_would() -> None:
    pool = [
        block(1, 50, shown=variants((50, 1.0), (30, 0.4)), asked=True),
        block(2, 12, asked=True),
        block(3, 5),
    ]

    with pytest.raises(AskedBlocksOverBudget) as caught:
        select(pool, 20)

    assert caught.value.details == {
        "needed_tokens": 42,
        "budget_tokens": 20,
        "blocks": [
            {"id": str(UUID(int=1)), "tokens": 30},
            {"id": str(UUID(int=2)), "tokens": 12},
        ],
        "fitting": [str(UUID(int=2))],
    }
    assert "by 22 tokens" in caught.value.hint
    assert str(UUID(int=2)) in caught.value.hint
    assert str(UUID(int=1)) not in caught.value.hint


def test_settings_and_parts_show_every_number() -> None:
    shown = SelectionSettings().as_dict()
    parts = select([block(1)], 10).chosen[0].parts

    assert SelectionSettings(**shown) == SelectionSettings()  # pyright: ignore[reportArgumentType]
    assert parts.as_dict()["worth"] == parts.worth
    assert set(parts.as_dict()) >= {"relevance", "importance", "feedback", "freshness", "size"}
