"""An excerpt keeps what matters, in order, and never more than it may."""

import re
from itertools import groupby, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefsmith.compiler.excerpt import (
    apply_spans,
    excerpt_spans,
    read,
    share_shown,
    term_weights,
    unit_scores,
)
from briefsmith.compiler.sentences import split_units

LINES = st.sampled_from(
    [
        "# Prices", "## Shipping", "The price is 40 EUR. We ship on Friday.", "- one item",
        "- shipping is free", "```\ncode about price\n```", "| a | b |\n|---|---|\n| 1 | 2 |",
        "Nothing of note here.", "", "", "> a quote on shipping", "これは文です。次の文です。",
    ]
)  # fmt: skip
TEXTS = st.lists(LINES, max_size=14).map("\n".join) | st.text(max_size=60)
INTENTS = st.sampled_from(["the price", "shipping on Friday", "文です", "unrelated", ""])


def count(text: str) -> int:
    return len(re.findall(r"\w+|\S", text))


def excerpt(text: str, intent: str, max_tokens: int) -> str:
    spans = excerpt_spans(text, term_weights(intent, [read(text)]), max_tokens, count)
    return apply_spans(text, spans)


@given(TEXTS, INTENTS, st.integers(0, 60))
def test_an_excerpt_never_exceeds_its_tokens(text: str, intent: str, max_tokens: int) -> None:
    assert count(excerpt(text, intent, max_tokens)) <= max_tokens


@given(TEXTS, INTENTS, st.integers(0, 60))
def test_units_are_kept_whole_and_in_order(text: str, intent: str, max_tokens: int) -> None:
    weights = term_weights(intent, [read(text)])
    spans = excerpt_spans(text, weights, max_tokens, count)

    if spans != ((0, len(text)),):
        units = split_units(text)
        assert {start for start, _ in spans} <= {unit.start for unit in units}
        assert {end for _, end in spans} <= {unit.end for unit in units}
    assert all(start <= end for start, end in spans)
    assert all(one[1] <= two[0] for one, two in pairwise(spans))


@given(TEXTS, INTENTS, st.integers(0, 60))
def test_the_heading_above_a_kept_unit_is_kept(text: str, intent: str, max_tokens: int) -> None:
    weights = term_weights(intent, [read(text)])
    spans = excerpt_spans(text, weights, max_tokens, count)

    heading = None
    for unit in split_units(text):
        if unit.kind == "heading":
            heading = unit
        elif heading and any(s <= unit.start and unit.end <= e for s, e in spans):
            assert any(s <= heading.start and heading.end <= e for s, e in spans)


@given(TEXTS, INTENTS)
def test_a_text_that_fits_is_used_byte_for_byte(text: str, intent: str) -> None:
    assert excerpt(text, intent, count(text)) == text


@given(TEXTS, st.data())
def test_what_is_shown_is_the_kept_parts_with_marks_between(text: str, data: st.DataObject) -> None:
    units = split_units(text)
    kept = [unit for unit in units if data.draw(st.booleans())]
    spans = [(unit.start, unit.end) for unit in kept]

    result = apply_spans(text, spans)

    rest = result
    for start, end in spans:
        before, found, rest = rest.partition(text[start:end])
        assert found == text[start:end]
        assert before.replace("[…]", "").strip() == ""
    assert rest.replace("[…]", "").strip() == ""
    missing_runs = [run for run, _ in groupby(unit in kept for unit in units) if not run]
    own = sum(text[start:end].count("[…]") for start, end in spans)
    assert result.count("[…]") - own == (len(missing_runs) if kept else 0)


@pytest.mark.parametrize(
    ("text", "spans", "expected"),
    [
        ("One. Two. Three.", [(0, 4), (10, 16)], "One. […] Three."),
        ("One. Two. Three.", [(5, 9)], "[…] Two. […]"),
        ("One.\n\nTwo.\n\nThree.\n", [(0, 4), (12, 18)], "One.\n\n[…]\n\nThree."),
        ("- a\n- b\n- c", [(0, 3), (8, 11)], "- a\n[…]\n- c"),
        ("- a\n- b\n- c", [(4, 7)], "[…]\n- b\n[…]"),
        ("One.  Two.", [(0, 4), (6, 10)], "One.  Two."),
        (" One. ", [(0, 6)], " One. "),
        ("One.", [], ""),
    ],
)
def test_marks_stand_where_something_is_missing(
    text: str, spans: list[tuple[int, int]], expected: str
) -> None:
    assert apply_spans(text, spans) == expected


def test_units_that_matter_to_the_intent_are_preferred() -> None:
    filler = "\n\n".join(f"Paragraph {word} talks about other things." for word in "abcdefgh")
    text = f"{filler}\n\n## Delivery\n\nParcels leave the bakery on Friday.\n\n{filler}"

    result = excerpt(text, "When do parcels leave?", 16)

    assert result == "[…]\n\n## Delivery\n\nParcels leave the bakery on Friday.\n\n[…]"


def test_without_any_match_the_lead_is_kept() -> None:
    text = "First things first. Second come others. Third is the rest."

    assert excerpt(text, "zebra", 10) == "First things first. […]"


def test_a_rare_word_of_the_intent_tells_more_than_a_common_one() -> None:
    readings = [read("the cat. The dog. The sourdough.")]

    weights = term_weights("the sourdough", readings)

    assert weights["sourdough"] > weights["the"] > 0


@given(TEXTS, INTENTS, st.integers(0, 60))
def test_the_share_is_one_for_the_whole_text_only(text: str, intent: str, max_tokens: int) -> None:
    reading = read(text)
    weights = term_weights(intent, [reading])
    spans = excerpt_spans(text, weights, max_tokens, count)

    share = share_shown(reading, unit_scores(reading, weights), spans)

    assert 0 < share <= 1
    assert (share == 1) == (spans == ((0, len(text)),))
