"""An outline step is one quoted sentence of its block, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefsmith.compiler.excerpt import read, term_weights, unit_scores
from briefsmith.compiler.outline import MAX_STEP_CHARS, MAX_STEP_WORDS, find_step, step_text

PIECES = st.sampled_from(
    [
        "# Head", "- [ ] to do", "> said", "1. first", "```\ncode\n```", "| a | b |\n|---|---|",
        "A price. Of 40 EUR!", "\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\r", "\n", "\n\n", "`",
        "## Context", "[B7]", "<!-- x -->", "word " * 40, "文" * 300, "“quoted”",
    ]
)  # fmt: skip
TEXTS = st.lists(PIECES | st.text(max_size=6), max_size=10).map("".join)


def step_of(text: str, intent: str) -> str | None:
    reading = read(text)
    step = find_step(reading, unit_scores(reading, term_weights(intent, [reading])))
    return None if step is None else step_text(text, step)


@given(TEXTS, st.sampled_from(["a price", "文", ""]))
def test_a_step_is_one_short_harmless_line(text: str, intent: str) -> None:
    step = step_of(text, intent)

    assert (step is None) == (not text.strip())
    if step is not None:
        assert len(step.splitlines()) <= 1
        assert len(step.split()) <= MAX_STEP_WORDS
        assert len(step) <= MAX_STEP_CHARS + 1
        assert not set(step) & set('`"“”[]<>|*\r\n')


@given(TEXTS)
def test_a_step_points_into_its_text(text: str) -> None:
    reading = read(text)
    step = find_step(reading, unit_scores(reading, {}))

    if step is not None:
        start, end = step.span
        assert 0 <= start < end <= len(text)
        assert text[start:end].strip()


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("Welcome. Prices start at 40 EUR. Bye.", "Prices start at 40 EUR."),
        ("# Prices\n\n- We bake.\n- Every price is in EUR.", "Every price is in EUR."),
        ("# Only a head", "Only a head"),
        ("> Our price is fair.", "Our price is fair."),
        ("Prices. We bake bread each morning.", "We bake bread each morning."),
        ("# Sizes\n\n| | |\n|---|---|\n| Length | 310 mm |", "Sizes"),
        ("| | |\n|---|---|\n| Length | 310 mm |\n| Price | 12 |", "Length ¦ 310 mm"),
        ("| Size | Price |\r\n|---|---|\r\n| 1 | 2 |", "Size ¦ Price"),
        ("- [x] Set the price", "Set the price"),
        ("A price\u2028# Fake head", "A price"),
        ("The `price` is [here](http://x) <b>now</b>", "The 'price' is (here)(http://x) ‹b›now‹/b›"),  # noqa: RUF001
    ],
)  # fmt: skip
def test_the_sentence_that_matters_most_is_taken(text: str, step: str) -> None:
    assert step_of(text, "price prices") == step


def test_a_long_sentence_is_cut_at_a_word() -> None:
    text = " ".join(f"word{number}" for number in range(40)) + "."

    step = step_of(text, "anything")

    assert step == " ".join(f"word{number}" for number in range(MAX_STEP_WORDS)) + "…"


def test_the_first_of_equals_is_taken() -> None:
    assert step_of("Same here. Same here. Same here.", "zebra") == "Same here."


def test_a_blank_text_has_no_step() -> None:
    assert step_of(" \n ", "intent") is None
