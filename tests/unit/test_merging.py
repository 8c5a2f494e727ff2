"""Merging keeps every sentence of every text, and says it once."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from briefsmith.compiler.merging import lost_sentences, merge_texts, said_in

WORDS = st.sampled_from(
    "ship returns free Leeds Friday 40 EUR never orders 60 we it costs US us".split()  # noqa: SIM905  easier to read
)
SENTENCE = st.lists(WORDS, min_size=1, max_size=5).map(" ".join)
LINE = st.one_of(
    SENTENCE.map(lambda text: f"{text.capitalize()}."),
    SENTENCE.map(lambda text: f"{text.capitalize()}?"),
    SENTENCE,
    SENTENCE.map(lambda text: f"- {text}"),
    SENTENCE.map(lambda text: f"  - {text}"),
    SENTENCE.map(lambda text: f"# {text}"),
    SENTENCE.map(lambda text: f"## {text}"),
    SENTENCE.map(lambda text: f"> {text}"),
    SENTENCE.map(lambda text: f"    {text}"),
    st.just("```"),
    st.just("---"),
    st.just("| a | b |\n|---|---|"),
    st.just(""),
)
STRUCTURED = st.lists(LINE, min_size=1, max_size=12).flatmap(
    lambda lines: st.sampled_from(["\n", "\n\n", " "]).map(lambda gap: gap.join(lines))
)
PROSE = st.lists(SENTENCE.map(lambda text: f"So {text}."), min_size=1, max_size=8).map(" ".join)


@given(st.lists(PROSE, min_size=2, max_size=4))
def test_every_sentence_of_prose_is_in_the_result_once(texts: list[str]) -> None:
    merged = merge_texts(texts)

    assert lost_sentences(merged, texts) == frozenset()
    own = [one for one in re.split(r"(?<=\.)\s", texts[0]) if one]
    added = [one for one in re.split(r"(?<=\.)\s+", merged) if one][len(own) :]
    assert len(added) <= len(said_in(merged))


@given(STRUCTURED, STRUCTURED)
@settings(max_examples=150)
def test_every_part_of_documents_is_in_the_result_unless_a_fence_is_left_open(
    one: str, other: str
) -> None:
    merged = merge_texts([one, other])

    open_fences = one.count("```") % 2 and other.count("```") % 2
    assert open_fences or lost_sentences(merged, (one, other)) == frozenset()
    assert len(merged) <= len(one) + len(other) + 2 * len(re.findall(r"\S+", one + other)) + 2


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_two_texts_merge_and_what_is_lost_is_told(one: str, other: str) -> None:
    merged = merge_texts([one, other])

    assert lost_sentences(merged, (one, other)) == (said_in(one) | said_in(other)) - said_in(merged)


@given(STRUCTURED, STRUCTURED)
def test_what_the_first_text_says_keeps_its_order(one: str, other: str) -> None:
    merged = merge_texts([one, other])

    at = 0
    if lost_sentences(merged, (one, other)) or merged.startswith(other + "\n\n"):
        return
    for word in one.split():
        at = merged.index(word, at) + len(word)


@given(STRUCTURED)
@settings(max_examples=50)
def test_a_text_merged_with_itself_is_itself(text: str) -> None:
    assert merge_texts([text, text]) == text


@given(PROSE, PROSE)
@settings(max_examples=50)
def test_merging_again_adds_nothing(one: str, other: str) -> None:
    merged = merge_texts([one, other])

    assert merge_texts([merged, other]) == merged
    assert merge_texts([merged, one]) == merged


def test_what_differs_in_case_space_and_marks_is_folded() -> None:
    merged = merge_texts(
        ["We ship in 2 days. Returns are free.", "* we  ship in 2 days!\n* “Returns are free”"]
    )

    assert merged == "We ship in 2 days. Returns are free."


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Shipping is free from 40 EUR.", "Shipping is free from 60 EUR."),
        ("We ship to Norway.", "We do not ship to Norway."),
        ("We ship to Norway.", "We ship to Norway?"),
        ("The code is `a < b`.", "The code is `a > b`."),
        ("We use C.", "We use C++."),
        ("Area in m².", "Area in m2."),
    ],
)
def test_what_only_looks_alike_is_kept_on_both_sides(one: str, other: str) -> None:
    merged = merge_texts([one, other])

    assert one in merged
    assert other in merged


def test_a_new_sentence_goes_behind_the_one_that_it_follows() -> None:
    merged = merge_texts(["A is one. C is three.", "A is one. B is two. C is three."])

    assert merged == "A is one. B is two. C is three."


def test_a_new_item_goes_under_its_own_heading() -> None:
    merged = merge_texts(
        [
            "# Prices\n- A 5 EUR\n\n# Discounts\n- B 10 %\n",
            "Intro.\n# Prices\n- A 5 EUR.\n- C 6 EUR\n\n# New\nOne more.\n",
        ]
    )

    assert merged == (
        "Intro.\n\n# Prices\n- A 5 EUR\n- C 6 EUR\n\n# New\nOne more.\n\n# Discounts\n- B 10 %\n"
    )


def test_the_same_words_under_another_heading_or_item_are_another_fact() -> None:
    headings = merge_texts(["# Red\nCosts 5.\n\n# Blue\nCosts 6.", "# Blue\nCosts 5."])
    items = merge_texts(
        ["- Red:\n  - costs 5\n  - costs 6\n- Green", "- Red:\n- Blue:\n  - costs 5"]
    )

    assert headings.count("Costs 5.") == 2
    assert items == "- Red:\n  - costs 5\n  - costs 6\n- Blue:\n  - costs 5\n- Green"


def test_a_section_keeps_what_stands_in_it() -> None:
    merged = merge_texts(["# A\nOne. Two.\n", "# A\nOne.\n# B\nThree.\n"])

    assert merged == "# A\nOne. Two.\n\n# B\nThree.\n"


def test_nine_copies_are_as_long_as_one() -> None:
    text = "Orders leave the warehouse in Leeds on the next day. " * 20

    assert merge_texts([text] * 9) == text
