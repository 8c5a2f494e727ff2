"""Counting in batches, and not at all where it cannot matter, changes no brief."""

import re
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefsmith.compiler.brief import MODES, BriefRequest, Toolchain, compile_brief
from briefsmith.compiler.counting import Counts
from briefsmith.compiler.document import SourceBlock
from briefsmith.compiler.excerpt import rank, read, share_shown, unit_scores
from briefsmith.compiler.select import SelectionSettings
from briefsmith.models.enums import BlockImportance, BlockSource, BlockType

FLOOR = SelectionSettings().relevance_floor
TEXTS = st.lists(
    st.sampled_from(["Bakers read this. ", "# Head\n\n", "- item\n", "word " * 40, "\n\n", "字"]),
    max_size=30,
).map("".join)


def count(text: str) -> int:
    return len(re.findall(r"\w+|\S", text))


def block(number: int, content: str, relevance: float = 1.0, *, asked: bool = False) -> SourceBlock:
    return SourceBlock(
        block_id=UUID(int=number),
        version=1,
        label=f"Label {number}",
        type=BlockType.REFERENCE,
        source=BlockSource.USER,
        content=content,
        importance=BlockImportance.MEDIUM,
        relevance=relevance,
        asked=asked,
    )


TOOLS = Toolchain(count, "words", "0.1.0")
TASK = BriefRequest("Write to bakers", 900, "0123456789abcdef0123456789abcdef")


class Recorder:
    """A tokenizer that remembers what it was asked."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def count(self, text: str) -> int:
        return self.count_many([text])[0]

    def count_many(self, texts: Sequence[str]) -> list[int]:
        self.texts.extend(texts)
        return [count(text) for text in texts]


@given(
    st.lists(st.tuples(TEXTS, st.floats(0, 1)), max_size=6),
    st.sampled_from([None, *MODES]),
    st.integers(400, 2000),
)
def test_a_brief_is_the_same_whether_tokens_are_counted_singly_or_together(
    found: list[tuple[str, float]], mode: str | None, budget: int
) -> None:
    blocks = [block(number, *each) for number, each in enumerate(found)]
    task = replace(TASK, mode=mode, budget_tokens=budget)
    together = replace(TOOLS, count_many=Recorder().count_many)

    assert compile_brief(task, blocks, TOOLS) == compile_brief(task, blocks, together)


@pytest.mark.parametrize("mode", [None, *MODES])
def test_a_block_below_the_floor_is_not_counted_and_left_out_as_not_relevant(
    mode: str | None,
) -> None:
    recorder = Recorder()
    tools = replace(TOOLS, count_tokens=recorder.count, count_many=recorder.count_many)
    weak = block(2, "Something else entirely. " * 50, FLOOR / 2)

    compiled = compile_brief(
        replace(TASK, mode=mode), [block(1, "Bakers read this."), weak], tools, explain=True
    )

    assert not any("entirely" in text for text in recorder.texts)
    (left,) = compiled.snapshot.left_out
    assert (left.block_id, left.reason, left.score) == (weak.block_id, "not-relevant-enough", 0)
    assert left.enters_at_tokens is None


def test_an_asked_for_block_below_the_floor_is_counted_and_goes_in() -> None:
    asked = block(2, "Something else entirely.", FLOOR / 2, asked=True)

    compiled = compile_brief(TASK, [block(1, "Bakers read this."), asked], TOOLS)

    entry = next(e for e in compiled.snapshot.blocks if e.block_id == asked.block_id)
    assert entry.tokens > count(asked.content)


def test_a_text_that_was_read_ahead_is_not_counted_again() -> None:
    recorder = Recorder()
    counts = Counts(recorder.count, recorder.count_many)

    counts.read_ahead(["one two", "three", "one two"])

    assert [counts("three"), counts("one two"), counts("one two")] == [1, 2, 2]
    assert recorder.texts == ["one two", "three"]


@given(TEXTS, st.data())
def test_the_share_shown_counts_the_units_inside_the_spans(text: str, data: st.DataObject) -> None:
    reading = read(text)
    scores = unit_scores(reading, {"bakers": 1.0})
    units = [unit for unit in reading.units if data.draw(st.booleans())]
    spans = [(unit.start, unit.end) for unit in units]

    share = share_shown(reading, scores, spans)

    if spans == [(0, len(text))]:
        assert share == 1
        return
    inside = sum(
        score
        for unit, score in zip(reading.units, scores, strict=True)
        if any(start <= unit.start and unit.end <= end for start, end in spans)
    )
    length = sum(end - start for start, end in spans) / max(len(text), 1)
    wanted = (inside / (sum(scores) or 1.0) + length) / 2
    assert share == min(max(wanted, 0.02), 0.98)


@given(TEXTS)
def test_excerpts_try_no_unit_twice(text: str) -> None:
    reading = read(text)

    order = rank(reading, unit_scores(reading, {"bakers": 1.0})).order

    assert len(set(order)) == len(order)
    assert set(order) <= set(range(len(reading.units)))
