"""An excerpt shows of a block what the block is there for, or there is none."""

import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefsmith.compiler.brief import BriefRequest, Toolchain, compile_brief
from briefsmith.compiler.document import SourceBlock
from briefsmith.compiler.excerpt import is_telling, read, term_weights, unit_overlaps
from briefsmith.compiler.sentences import split_units
from briefsmith.models.enums import BlockImportance, BlockSource, BlockType

INTENT = "delivery prices for bakers"
TABLE = "\n".join(["| bakers | delivery price |", "|---|---|", "| one | 4 EUR |" * 60])
SENTENCES = st.sampled_from(
    ["Bakers order flour. ", "The sea is blue. ", "Prices rise. ", "- item\n"]
)


def count(text: str) -> int:
    return len(re.findall(r"\w+|\S", text))


def shown_of(content: str, budget: int) -> list[tuple[str, str]]:
    """Each block's transformation and text."""
    source = SourceBlock(
        UUID(int=1),
        1,
        "Label",
        BlockType.REFERENCE,
        BlockSource.USER,
        content,
        BlockImportance.MEDIUM,
        1.0,
    )
    task = BriefRequest(INTENT, budget, "0123456789abcdef" * 2, mode="excerpt")
    compiled = compile_brief(task, [source], Toolchain(count, "words", "0.1.0"))
    return [(s.transformation, s.text or "") for s in compiled.document.sections]


def test_a_lead_before_a_table_that_does_not_fit_is_no_excerpt() -> None:
    lead = "One line each. Longer ones have a file of their own, and the file has a name."

    assert shown_of(f"{lead}\n\n{TABLE}", 420) == []


def test_of_the_same_length_a_sentence_that_tells_is_an_excerpt() -> None:
    lead = "The delivery prices for bakers stand in this list, and each of them has a name."

    assert [kind for kind, _ in shown_of(f"{lead}\n\n{TABLE}", 420)] == ["excerpted"]


@given(st.lists(SENTENCES, min_size=1, max_size=12).map("".join))
def test_the_whole_text_tells_as_much_as_it_does(text: str) -> None:
    reading = read(text)

    overlaps = unit_overlaps(reading, term_weights(INTENT, [reading]))

    assert is_telling(reading, overlaps, ((0, len(text)),))


def test_where_nothing_has_to_do_with_the_intent_any_part_tells_as_much() -> None:
    reading = read("The sea is blue. The sky is blue.")

    overlaps = unit_overlaps(reading, {"bakers": 1.0})

    assert is_telling(reading, overlaps, ((0, 16),))


@pytest.mark.parametrize("word", ["incl", "excl"])
def test_a_price_is_not_cut_behind_what_it_includes(word: str) -> None:
    text = f"Retail {word}. 20 % VAT. Trade on request."

    assert [text[unit.start : unit.end] for unit in split_units(text)] == [
        f"Retail {word}. 20 % VAT.",
        "Trade on request.",
    ]
