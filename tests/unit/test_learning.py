"""What feedback teaches: shares, records, the likely rate, and that selection does better by it."""

import random
from collections.abc import Callable
from dataclasses import replace
from statistics import fmean
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from briefsmith.compiler.candidates import Candidate, Variant
from briefsmith.compiler.learning import (
    PRIOR_FAILURES,
    PRIOR_SUCCESSES,
    Record,
    base_rates,
    credit_shares,
    optimistic_rate,
    posterior_mean,
    record_of,
)
from briefsmith.compiler.select import select
from briefsmith.compiler.worth import DEFAULT_SETTINGS, SelectionSettings, rated_feedback
from briefsmith.models.enums import BlockImportance

WEIGHTS = st.floats(0, 500)
PARTS = st.floats(0, 1)
RATES = st.floats(0.01, 0.99)
OPTIMISM = st.floats(0, 4)
SHARES = st.floats(0.01, 1)
ROUNDING = 1e-9


@st.composite
def records(draw: st.DrawFn) -> Record:
    weight = draw(WEIGHTS)
    return Record(weight * draw(PARTS), weight)


def candidate(number: int, relevance: float, record: Record | None = None) -> Candidate:
    return Candidate(
        block_id=UUID(int=number),
        content=f"block{number}",
        relevance=relevance,
        importance=BlockImportance.MEDIUM,
        feedback_score=posterior_mean(record) if record else None,
        age_days=0.0,
        content_tokens=100,
        embedding=None,
        asked=False,
        variants=(Variant("used-as-is", ((0, 6),), 100, 1.0),),
        feedback_weight=record.weight if record else 0.0,
    )


def chosen(candidates: list[Candidate], budget: int) -> list[int]:
    return [one.candidate.block_id.int for one in select(candidates, budget).chosen]


# Shares


@given(st.dictionaries(st.integers(), st.integers(0, 10**6), min_size=1))
def test_shares_are_by_tokens_and_one_brief_together(tokens: dict[int, int]) -> None:
    shares = credit_shares(tokens)

    assert sum(shares.values()) == pytest.approx(1)
    assert all(0 < share <= 1 for share in shares.values())
    for one, share in shares.items():
        assert share == pytest.approx(
            tokens[one] / sum(tokens.values()) if any(tokens.values()) else 1 / len(tokens)
        )


def test_a_block_without_tokens_has_no_share_where_others_have_some() -> None:
    assert credit_shares({"a": 0, "b": 7}) == {"b": 1.0}
    assert credit_shares({"a": 0, "b": 0}) == {"a": 0.5, "b": 0.5}
    assert credit_shares({}) == {}


def test_tokens_beyond_all_floats_do_no_harm() -> None:
    assert credit_shares({"a": 10**4_000, "b": 1}) == {"a": 1.0}


# Records


def test_the_prior_says_that_nothing_is_known() -> None:
    assert posterior_mean(Record()) == 0.5
    assert PRIOR_SUCCESSES == PRIOR_FAILURES


@given(records())
def test_a_record_comes_back_out_of_its_score_and_weight(record: Record) -> None:
    again = record_of(posterior_mean(record), record.weight)

    assert again.weight == pytest.approx(record.weight)
    assert again.successes == pytest.approx(record.successes, abs=1e-6)


@given(st.floats(0, 1), WEIGHTS)
def test_whatever_the_database_says_a_record_makes_sense(score: float, weight: float) -> None:
    record = record_of(score, weight)

    assert 0 <= record.successes <= record.weight
    assert record.weight >= weight or record.weight >= 1e6
    assert posterior_mean(record) == pytest.approx(score, abs=1e-4)


def test_a_score_without_evidence_counts_as_the_least_that_explains_it() -> None:
    assert record_of(0.75, 0.0) == Record(8.0, 8.0)
    assert record_of(0.25, 0.0) == Record(0.0, 8.0)
    assert record_of(0.5, 0.0) == record_of(None, 3.0) == Record()


@given(st.lists(records(), max_size=6), st.floats(0.1, 50))
def test_the_base_of_a_block_is_a_rate_that_its_own_record_has_no_part_in(
    others: list[Record], doubt: float
) -> None:
    first = base_rates([Record(), *others], doubt)[0]
    again = base_rates([Record(5.0, 9.0), *others], doubt)[0]

    assert 0 < first < 1
    assert again == pytest.approx(first)


# The likely rate


@given(records(), RATES, OPTIMISM, SHARES)
def test_a_success_never_lowers_the_likely_rate_and_a_failure_never_raises_it(
    record: Record, base: float, optimism: float, share: float
) -> None:
    now = optimistic_rate(record, base, optimism)
    better = Record(record.successes + share, record.weight + share)
    worse = Record(record.successes, record.weight + share)

    assert optimistic_rate(better, base, optimism) >= now - ROUNDING
    assert optimistic_rate(worse, base, optimism) <= now + ROUNDING


@given(records(), RATES, OPTIMISM)
def test_the_likely_rate_is_a_rate_and_no_less_than_the_known_one(
    record: Record, base: float, optimism: float
) -> None:
    rate = optimistic_rate(record, base, optimism)

    assert optimistic_rate(record, base, 0.0) - ROUNDING <= rate <= 1 + ROUNDING


@given(RATES, PARTS, WEIGHTS, st.floats(0.1, 100))
def test_of_two_that_did_equally_well_the_less_known_is_the_likelier(
    base: float, rate: float, weight: float, more: float
) -> None:
    assume(abs(rate - base) < 1e-9 or rate < base)
    known = Record(rate * (weight + more), weight + more)
    less_known = Record(rate * weight, weight)

    assert optimistic_rate(less_known, base, 1.5) >= optimistic_rate(known, base, 1.5) - ROUNDING


# The factor


@given(records(), RATES)
def test_the_factor_is_one_without_a_record_and_bounded_with_any(
    record: Record, base: float
) -> None:
    least, most = DEFAULT_SETTINGS.feedback_least, DEFAULT_SETTINGS.feedback_most

    assert rated_feedback(Record(), base, DEFAULT_SETTINGS) == 1.0
    assert least <= rated_feedback(record, base, DEFAULT_SETTINGS) <= most


@given(RATES, SHARES)
def test_the_first_word_on_a_block_moves_it_the_way_it_says(base: float, share: float) -> None:
    praised = rated_feedback(Record(share, share), base, DEFAULT_SETTINGS)
    blamed = rated_feedback(Record(0.0, share), base, DEFAULT_SETTINGS)

    assert blamed < 1 < praised


@given(records(), records(), st.floats(0.3, 0.5))
def test_what_is_twice_as_relevant_comes_first_whatever_the_records_say(
    record: Record, other: Record, relevance: float
) -> None:
    relevant = candidate(2, min(2 * relevance, 1.0), record)
    praised = candidate(1, relevance, other)

    assert chosen([praised, relevant], 100) == [2]


def test_no_record_brings_in_what_is_not_relevant_enough() -> None:
    praised = candidate(1, 0.24, Record(400.0, 400.0))
    blamed = candidate(2, 1.0, Record(0.0, 400.0))

    assert chosen([praised, blamed], 1_000) == [2]


def test_what_is_unknown_comes_before_what_did_as_well_as_the_others() -> None:
    usual = [candidate(number, 1.0, Record(10.0, 20.0)) for number in range(1, 6)]

    assert chosen([*usual, candidate(9, 1.0)], 100) == [9]


def test_where_all_fails_a_failure_is_no_stain() -> None:
    """A person whose briefs all fail still gets the relevant ones."""
    failed = [candidate(number, 1.0, Record(0.0, 5.0)) for number in range(1, 30)]
    selection = select([*failed, candidate(99, 0.8)], 100)

    assert selection.chosen[0].candidate.relevance == 1.0
    assert selection.chosen[0].parts.feedback > 0.7


def test_the_parts_of_a_worth_show_score_and_weight() -> None:
    selection = select([candidate(1, 1.0, Record(3.0, 4.0)), candidate(2, 1.0)], 1_000)
    parts = {one.candidate.block_id.int: one.parts for one in selection.chosen}

    assert parts[1].feedback_score == pytest.approx(7 / 12)
    assert parts[1].feedback_weight == pytest.approx(4.0)
    assert (parts[2].feedback, parts[2].feedback_score, parts[2].feedback_weight) == (1, None, None)


# Rounds of it: benchmarks/feedback.py at large, here as small as still tells

NONE = replace(DEFAULT_SETTINGS, feedback_strength=0.0)
GOOD, BAD = 0.9, 0.1


def successes(
    settings: SelectionSettings,
    *,
    quality: Callable[[int, int], float | None],
    relevance: Callable[[int, float], float],
    seed: int,
    rounds: int = 120,
) -> tuple[list[float], list[list[int]]]:
    """The chance of success of each of some rounds with three of twelve blocks, and the blocks."""
    known = [Record() for _ in range(12)]
    chances: list[float] = []
    used: list[list[int]] = []
    for at in range(rounds):
        luck = random.Random(f"{seed}/{at}")  # noqa: S311  a simulation
        draws = [luck.random() for _ in known]
        there = [block for block in range(12) if quality(block, at) is not None]
        pool = [
            candidate(
                block, relevance(block, draws[block]), known[block] if known[block].weight else None
            )
            for block in there
        ]
        taken = [one.candidate.block_id.int for one in select(pool, 300, settings).chosen]
        chances.append(fmean(quality(block, at) or 0.0 for block in taken))
        worked = luck.random() < chances[-1]
        for block, share in credit_shares(dict.fromkeys(taken, 100)).items():
            old = known[block]
            known[block] = Record(old.successes + worked * share, old.weight + share)
        used.append(taken)
    return chances, used


def gain(
    quality: Callable[[int, int], float | None], relevance: Callable[[int, float], float]
) -> float:
    """Of feedback over none, mean over two seeds."""
    with_it, without = [
        fmean(
            fmean(successes(way, quality=quality, relevance=relevance, seed=seed)[0])
            for seed in range(2)
        )
        for way in (DEFAULT_SETTINGS, NONE)
    ]
    return with_it - without


def alike(_: int, draw: float) -> float:
    return 0.9 + 0.1 * draw


def half_good(block: int, _: int) -> float:
    return GOOD if block % 2 else BAD


def test_feedback_wins_clearly_where_blocks_are_alike_in_relevance() -> None:
    assert gain(half_good, alike) > 0.1


def test_feedback_wins_clearly_where_the_worse_are_the_more_relevant() -> None:
    def misleading(block: int, draw: float) -> float:
        return 0.7 + 0.1 * draw if block % 2 else 0.8 + 0.1 * draw

    assert gain(half_good, misleading) > 0.2


def test_feedback_does_not_lose_where_good_and_bad_change_places() -> None:
    def turning(block: int, at: int) -> float:
        return half_good(block + (at >= 60), at)

    assert gain(turning, alike) > 0.0


def test_a_new_block_is_tried_and_what_is_good_stays() -> None:
    def late(block: int, at: int) -> float | None:
        return GOOD if block < 3 and at >= 60 else None if block < 3 else 0.4

    _, used = successes(DEFAULT_SETTINGS, quality=late, relevance=lambda _, __: 1.0, seed=1)

    assert {0, 1, 2} <= {block for taken in used[60:75] for block in taken}
    assert fmean(block < 3 for taken in used[90:] for block in taken) > 0.6


def test_a_bad_block_that_has_become_good_comes_back() -> None:
    def mended(block: int, at: int) -> float:
        return (BAD if at < 40 else GOOD) if block < 3 else 0.4

    _, used = successes(
        DEFAULT_SETTINGS, quality=mended, relevance=lambda _, __: 1.0, seed=2, rounds=240
    )

    assert fmean(block < 3 for taken in used[160:] for block in taken) > 0.4
