"""What a brief says of tokens holds whatever random key it gets."""

import json
import re
from dataclasses import replace
from functools import cache
from importlib.resources import files
from random import Random
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from briefsmith.compiler.brief import (
    MODES,
    BriefRequest,
    CompiledBrief,
    Toolchain,
    compile_brief,
)
from briefsmith.compiler.document import MediaItem, SourceBlock
from briefsmith.compiler.fence import LONGEST_NONCE
from briefsmith.compiler.render import NO_CONTEXT, NO_ROOM
from briefsmith.errors import AskedBlocksOverBudget, FrameOverBudget, OverBudget
from briefsmith.models.enums import BlockImportance, BlockSource, BlockType
from briefsmith.providers.tokenizer import TokenCounter

NONCES = st.text("0123456789abcdef", min_size=32, max_size=32)
SHORT_IN_TOKENS = "deadbeef" * 4
ANY_MODE = st.sampled_from([None, *MODES])
COUNTER = TokenCounter()
TOOLS = Toolchain(COUNTER.count, COUNTER.name, "0.1.0", None, COUNTER.count_many)


def text(number: int, sentences: int) -> str:
    random = Random(number)  # noqa: S311  no secret
    words = ["bread", "oven", "flour", "newsletter", "Friday", "price", "40", "EUR", "harbour"]
    return " ".join(
        f"{' '.join(random.choices(words, k=9)).capitalize()} {number}." for _ in range(sentences)
    )


@cache
def blocks(asked: int = 0) -> tuple[SourceBlock, ...]:
    """Short and long ones of several types, `asked` of them asked for."""
    return tuple(
        SourceBlock(
            block_id=UUID(int=number),
            version=number,
            label=f"Label {number}",
            type=list(BlockType)[number % 9],
            source=BlockSource.USER,
            content=text(number, 2 + number * number % 37),
            importance=BlockImportance.MEDIUM,
            relevance=1 - number / 25,
            asked=number <= asked,
        )
        for number in range(1, 15)
    )


def compiled(
    budget: int, nonce: str = LONGEST_NONCE, mode: str | None = None, *, asked: int = 0
) -> CompiledBrief:
    media = (MediaItem("https://a.example/b.png", "A shop"),)
    task = BriefRequest("Write to bakers about bread", budget, nonce, "Be brief.", media, mode)
    return compile_brief(task, blocks(asked), TOOLS)


def outcome(
    budget: int, nonce: str = LONGEST_NONCE, mode: str | None = None, *, asked: int = 0
) -> CompiledBrief | OverBudget:
    try:
        return compiled(budget, nonce, mode, asked=asked)
    except OverBudget as refused:
        return refused


def refusal(
    budget: int, nonce: str = LONGEST_NONCE, mode: str | None = None, *, asked: int = 0
) -> OverBudget:
    refused = outcome(budget, nonce, mode, asked=asked)
    assert isinstance(refused, OverBudget)
    return refused


def test_the_vocabulary_joins_no_digit_to_anything() -> None:
    """Why a key of digits takes the most tokens: each is one, and none more than its digits."""
    path = files("wordllama") / "tokenizers" / "l2_supercat_tokenizer_config.json"
    vocabulary: dict[str, int] = json.loads(path.read_text("utf-8"))["model"]["vocab"]

    words = [word for word in vocabulary if not re.fullmatch(r"<0x[0-9A-F]{2}>", word)]

    assert set("0123456789abcdef") <= set(words)
    assert [word for word in words if re.search(r"\d", word) and len(word) > 1] == []
    assert [word for word in words if re.search(r"-[0-9a-f]|[0-9a-f][>.]", word)] == []


@given(NONCES, st.sampled_from(["</block-{}>", "is {}. No", "\n</intent-{}>\n\n"]))
@example(SHORT_IN_TOKENS, "</block-{}>")
def test_no_key_takes_more_tokens_than_the_one_that_is_counted_with(
    nonce: str, around: str
) -> None:
    assert COUNTER.count(around.format(nonce)) <= COUNTER.count(around.format(LONGEST_NONCE))


@settings(max_examples=60, deadline=None)
@given(NONCES, st.integers(330, 3_000), ANY_MODE, st.integers(0, 2))
@example(LONGEST_NONCE, 1_000, None, 0)
@example(SHORT_IN_TOKENS, 1_000, None, 0)
def test_the_key_decides_nothing_and_no_brief_exceeds_its_budget(
    nonce: str, budget: int, mode: str | None, asked: int
) -> None:
    one = outcome(budget, mode=mode, asked=asked)
    other = outcome(budget, nonce, mode, asked=asked)

    if isinstance(one, OverBudget):
        assert isinstance(other, OverBudget)
        assert other.as_dict() == one.as_dict()
        return
    assert isinstance(other, CompiledBrief)
    assert COUNTER.count(one.markdown) <= budget
    assert COUNTER.count(other.markdown) == other.snapshot.rendered_tokens <= budget
    assert other.snapshot.blocks == one.snapshot.blocks
    assert other.snapshot.left_out == one.snapshot.left_out


@settings(max_examples=40, deadline=None)
@given(NONCES, st.integers(0, 2_000), ANY_MODE, st.integers(0, 9), st.integers(0, 3_000))
@example(LONGEST_NONCE, 10, None, 0, 0)
@example(LONGEST_NONCE, 99, None, 9, 1)
@example(LONGEST_NONCE, 999, "excerpt", 9, 1)
@example(LONGEST_NONCE, 999, "verbatim", 9, 1)
@example(LONGEST_NONCE, 0, None, 7, 200)
def test_the_budget_that_a_refusal_names_is_enough_as_is_any_greater_and_one_token_less_is_not(
    nonce: str, budget: int, mode: str | None, asked: int, more: int
) -> None:
    refused = outcome(budget, nonce, mode, asked=asked)
    if isinstance(refused, CompiledBrief):
        return
    needed = refused.details["needed_tokens"]

    brief = compiled(needed, nonce, mode, asked=asked)
    wider = compiled(needed + more, nonce, mode, asked=asked)
    less = refusal(needed - 1, nonce, mode, asked=asked)

    named = {UUID(int=n) for n in range(1, asked + 1)}
    assert named <= {each.block_id for each in brief.snapshot.blocks}
    assert named <= {each.block_id for each in wider.snapshot.blocks}
    assert less.details["needed_tokens"] == needed
    assert f"Allow at least {needed} tokens" in refused.hint


@pytest.mark.parametrize("asked", [5, 7, 9])
def test_where_asked_for_blocks_fit_they_fit_in_every_greater_budget(asked: int) -> None:
    """With excerpts for a sixth of the room, 7 fit in 2,460 tokens, in 2,620 not, in 2,748 again."""
    needed = refusal(0, asked=asked).details["needed_tokens"]

    for budget in range(needed, needed + 2_000, 80):
        assert isinstance(outcome(budget, asked=asked), CompiledBrief), budget


def test_the_frame_is_refused_with_room_for_what_was_asked_for() -> None:
    refused = refusal(20, asked=3)

    assert isinstance(refused, FrameOverBudget)
    assert len(compiled(refused.details["needed_tokens"], asked=3).snapshot.blocks) >= 3


@pytest.mark.parametrize("mode", [None, *MODES])
def test_a_refusal_of_asked_for_blocks_says_which_of_them_would_fit(mode: str | None) -> None:
    refused = refusal(720, mode=mode, asked=9)
    assert isinstance(refused, AskedBlocksOverBudget)

    fitting = {UUID(each) for each in refused.details["fitting"]}
    fewer = [replace(block, asked=block.block_id in fitting) for block in blocks()]
    task = BriefRequest(
        "Write to bakers about bread",
        720,
        LONGEST_NONCE,
        "Be brief.",
        (MediaItem("https://a.example/b.png", "A shop"),),
        mode,
    )

    assert fitting
    assert fitting <= {b.block_id for b in compile_brief(task, fewer, TOOLS).snapshot.blocks}


@settings(max_examples=12, deadline=None)
@given(st.integers(400, 3_500), ANY_MODE, st.integers(0, 1), NONCES)
@example(400, None, 0, LONGEST_NONCE)
@example(1_600, "excerpt", 1, LONGEST_NONCE)
def test_a_left_out_block_comes_in_at_the_budget_that_is_named(
    budget: int, mode: str | None, asked: int, nonce: str
) -> None:
    task = BriefRequest("Write to bakers about bread", budget, nonce, mode=mode)
    try:
        first = compile_brief(task, blocks(asked), TOOLS, explain=True)
    except OverBudget:
        return

    for out in first.snapshot.left_out:
        if out.reason == "over-budget":
            assert out.enters_at_tokens is not None
        if out.enters_at_tokens is not None:
            assert out.enters_at_tokens > budget
            wider = replace(task, budget_tokens=out.enters_at_tokens)
            found = compile_brief(wider, blocks(asked), TOOLS).snapshot.blocks
            assert out.block_id in {each.block_id for each in found}


def test_an_explanation_changes_nothing_but_what_is_said_of_greater_budgets() -> None:
    task = BriefRequest("Write to bakers about bread", 1_200, LONGEST_NONCE)
    plain = compile_brief(task, blocks(), TOOLS)

    explained = compile_brief(task, blocks(), TOOLS, explain=True)

    stripped = tuple(
        each.model_copy(update={"enters_at_tokens": None}) for each in explained.snapshot.left_out
    )
    assert explained.snapshot.model_copy(update={"left_out": stripped}) == plain.snapshot
    assert explained.markdown == plain.markdown


def test_that_nothing_fits_takes_no_more_words_than_that_nothing_matches() -> None:
    """The frame is counted with the one and may be shown with the other."""
    assert COUNTER.count(f"\n{NO_ROOM}\n") <= COUNTER.count(f"\n{NO_CONTEXT}\n")


def test_more_than_ninety_nine_blocks_are_within_the_budget_too() -> None:
    found = [
        replace(blocks()[0], block_id=UUID(int=n), content=text(n, 2), relevance=1 - n / 1_000)
        for n in range(1, 221)
    ]
    task = BriefRequest("Write to bakers about bread", 22_000, SHORT_IN_TOKENS)

    brief = compile_brief(task, found, TOOLS)

    assert len(brief.snapshot.blocks) > 110
    assert 18_000 < COUNTER.count(brief.markdown) <= 22_000


def test_how_a_block_is_cut_does_not_depend_on_how_many_others_were_fetched() -> None:
    found = [replace(block, relevance=0.9) for block in blocks()]
    others = [
        replace(blocks()[0], block_id=UUID(int=n), content=text(n, 2), relevance=0.8 - n / 1_000)
        for n in range(100, 160)
    ]
    more = [
        replace(blocks()[0], block_id=UUID(int=n), content=f"bread {n}", relevance=0.3)
        for n in range(200, 260)
    ]
    task = BriefRequest("bread and price", 1_500, LONGEST_NONCE, mode="excerpt")

    few = compile_brief(task, [*found, *others], TOOLS).snapshot
    many = compile_brief(task, [*found, *others, *more], TOOLS).snapshot

    spans = {each.block_id: each.spans for each in few.blocks if each.transformation == "excerpted"}
    assert spans
    assert {each.block_id: each.spans for each in many.blocks}.items() >= spans.items()
