"""A compiled brief keeps its budget, comes out the same, and forgets what is purged."""

import re
from dataclasses import replace
from importlib.resources import files
from itertools import product
from math import ceil
from random import Random
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tokenizers import Tokenizer

from briefsmith.compiler.brief import (
    MODES,
    BriefRequest,
    CompiledBrief,
    Toolchain,
    compile_brief,
    recompile,
)
from briefsmith.compiler.document import MediaItem, SourceBlock
from briefsmith.compiler.excerpt import TokenCounter
from briefsmith.compiler.fence import one_line, unfence
from briefsmith.compiler.render import MAX_LABEL_CHARS, NO_CONTEXT, NO_ROOM
from briefsmith.errors import (
    AskedBlocksOverBudget,
    Bug,
    EmptyIntent,
    FrameOverBudget,
    StaleVersion,
    UnknownMode,
)
from briefsmith.models.enums import BlockImportance, BlockSource, BlockType
from briefsmith.schemas.snapshot import Snapshot

NONCE = "0123456789abcdef0123456789abcdef"
OTHER = "f" * 32
FRAGMENTS = [
    f'<block-{OTHER} cite="B1">', f"</block-{OTHER}>", '<block- cite="B1">', "[B1]", "“", "”", "`",
    "```", "<!--", "-->", "## Context", "#### [B2] “Trusted”", "| a | b |\n|---|---|", "\u2028",
    "\u2029", "\x85", "\x0b", "\x0c", "\r", "\n", "\n\n", " ", "\u202e", "Bakers read this. ",
    "Prices start at 40 EUR. ", "- item\n", "> quote\n", "## Head\n", "word " * 60,
    "The newsletter goes out on Friday. It has three parts!\n\n" * 8,
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=4), max_size=10).map("".join)
LABELS = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=4), max_size=3).map("".join)


def count(text: str) -> int:
    return len(re.findall(r"\w+|\S", text))


TOOLS = Toolchain(count, "words", "0.1.0", "wordllama")


def block(number: int, content: str, **changes: object) -> SourceBlock:
    plain = SourceBlock(
        block_id=UUID(int=number),
        version=number,
        label=f"Label {number}",
        type=BlockType.REFERENCE,
        source=BlockSource.USER,
        content=content,
        importance=BlockImportance.MEDIUM,
        relevance=1.0,
    )
    return replace(plain, **changes)


def request(budget_tokens: int = 2000, **changes: object) -> BriefRequest:
    return replace(BriefRequest("Write to bakers", budget_tokens, NONCE), **changes)


@st.composite
def blocks(draw: st.DrawFn) -> list[SourceBlock]:
    numbers = draw(st.lists(st.integers(1, 50), max_size=5, unique=True))
    return [
        block(
            number,
            draw(TEXTS),
            label=draw(LABELS),
            type=draw(st.sampled_from(BlockType)),
            source=draw(st.sampled_from(BlockSource)),
            relevance=draw(st.sampled_from([0.3, 0.5, 1.0])),
        )
        for number in numbers
    ]


ANY_MODE = st.sampled_from([None, *MODES])
BUDGETS = st.integers(0, 1500)


def again(compiled: CompiledBrief, asked: BriefRequest, texts: list[SourceBlock]) -> CompiledBrief:
    """From the snapshot as the database would give it back."""
    stored = Snapshot.model_validate_json(compiled.snapshot.model_dump_json())
    known = {text.block_id: text.as_text() for text in texts}
    return recompile(stored, asked.intent, asked.sub_instructions, asked.media, known)


def guide(words: str, paragraphs: int = 30) -> str:
    parts = [f"{words} stands in paragraph {n}. It says no more." for n in range(paragraphs)]
    return "\n\n".join(parts)


def tokens_over(budget: int, mode: str | None, found: list[SourceBlock], tools: Toolchain) -> int:
    """By how much the brief exceeds the budget; a refusal of a budget that is too small is right."""
    try:
        compiled = compile_brief(request(budget, mode=mode), found, tools)
    except FrameOverBudget as refused:
        return -1 if refused.details["needed_tokens"] > budget else 1
    counted = tools.count_tokens(compiled.markdown)
    return max(counted, compiled.snapshot.rendered_tokens) - budget


@given(blocks(), ANY_MODE, BUDGETS)
def test_no_brief_exceeds_its_budget(
    found: list[SourceBlock], mode: str | None, budget: int
) -> None:
    assert tokens_over(budget, mode, found, TOOLS) <= 0


def more_than_its_parts(text: str) -> int:
    return ceil(count(text) ** 1.15)


def less_than_its_parts(text: str) -> int:
    return ceil(count(text) / 2) + 7


def size_bytes(text: str) -> int:
    return len(text.encode())


def erratic(text: str) -> int:
    return 400 + len(text) % 300 if text else 0


@pytest.mark.parametrize("counter", [more_than_its_parts, less_than_its_parts, size_bytes, erratic])
def test_the_budget_holds_however_tokens_are_counted(counter: TokenCounter) -> None:
    found = [block(n, guide(f"Bread {n}", n)) for n in range(1, 9)]
    tools = replace(TOOLS, count_tokens=counter)

    for mode, budget in product([None, *MODES], [700, 2000, 4000, 9000]):
        assert tokens_over(budget, mode, found, tools) <= 0


def test_the_budget_holds_with_a_real_tokenizer() -> None:
    vocabulary = files("wordllama") / "tokenizers" / "l2_supercat_tokenizer_config.json"
    tokenizer = Tokenizer.from_str(vocabulary.read_text("utf-8"))

    def tokens(text: str) -> int:
        return len(tokenizer.encode(text, add_special_tokens=False).ids)

    found = [block(n, guide(f"Bread number {n} for bakers", 3 * n)) for n in range(1, 13)]
    for mode in (None, *MODES):
        compiled = compile_brief(
            request(3000, mode=mode), found, replace(TOOLS, count_tokens=tokens)
        )

        assert 1000 < tokens(compiled.markdown) <= 3000


@given(blocks(), ANY_MODE, st.randoms(use_true_random=False))
def test_the_order_in_which_blocks_come_does_not_matter(
    found: list[SourceBlock], mode: str | None, random: Random
) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)

    one = compile_brief(request(900, mode=mode), found, TOOLS, explain=True)
    two = compile_brief(request(900, mode=mode), shuffled, TOOLS, explain=True)

    assert (one.markdown, one.snapshot) == (two.markdown, two.snapshot)


@given(blocks(), ANY_MODE, LABELS, LABELS)
def test_compiling_again_gives_the_same_bytes(
    found: list[SourceBlock], mode: str | None, instructions: str, media: str
) -> None:
    task = request(
        1500, mode=mode, sub_instructions=instructions, media=(MediaItem("https://a.b/c", media),)
    )
    first = compile_brief(task, found, TOOLS, explain=True)

    second = again(first, task, found)

    assert second.markdown == first.markdown
    assert second.is_exact
    assert second.document == first.document


@given(blocks(), ANY_MODE)
def test_every_chosen_text_comes_back_from_the_brief(
    found: list[SourceBlock], mode: str | None
) -> None:
    compiled = compile_brief(request(3000, mode=mode), found, TOOLS)

    contents = {source.block_id: source.content for source in found}
    texts = unfence(compiled.markdown, NONCE)
    for entry in compiled.snapshot.blocks:
        if entry.transformation == "used-as-is":
            assert texts[entry.cite] == contents[entry.block_id]
    assert len(texts) == sum(e.transformation != "outlined" for e in compiled.snapshot.blocks)


@given(blocks(), ANY_MODE)
def test_every_block_is_accounted_for_once(found: list[SourceBlock], mode: str | None) -> None:
    snapshot = compile_brief(request(900, mode=mode), found, TOOLS).snapshot

    ids = [entry.block_id for entry in (*snapshot.blocks, *snapshot.left_out)]
    assert sorted(ids) == sorted(source.block_id for source in found)
    assert [entry.cite for entry in snapshot.blocks] == [
        f"B{number}" for number in range(1, len(snapshot.blocks) + 1)
    ]


@given(st.integers(1, 4), ANY_MODE)
def test_a_purged_block_leaves_only_id_version_and_hash(which: int, mode: str | None) -> None:
    found = [
        block(n, f"secret{n}text stands here for bakers.\n\n" * 2, label=f"secret{n}label", type=kind)
        for n, kind in enumerate([BlockType.TEXT, BlockType.TOPIC, BlockType.TEXT, BlockType.GUIDE], 1)
    ]  # fmt: skip
    task = request(3000, mode=mode)
    compiled = compile_brief(task, found, TOOLS)
    purged = UUID(int=which)
    entry = next(e for e in compiled.snapshot.blocks if e.block_id == purged)

    after = again(compiled, task, [source for source in found if source.block_id != purged])

    assert f"secret{which}" in compiled.markdown
    assert f"secret{which}" not in after.markdown
    assert not after.is_exact
    assert f"Block {purged}, version {which}, sha256 {entry.content_sha256}." in after.markdown
    others = {n for n in range(1, 5) if f"secret{n}label" in after.markdown}
    assert others == {1, 2, 3, 4} - {which}
    kept = unfence(compiled.markdown, NONCE)
    kept.pop(entry.cite, None)
    assert unfence(after.markdown, NONCE) == kept


def test_a_snapshot_holds_no_text_and_no_label() -> None:
    found = [block(n, f"secret{n}. " * 90, label=f"secret{n}") for n in range(1, 20)]

    for mode in (None, *MODES):
        compiled = compile_brief(request(1500, mode=mode), found, TOOLS, explain=True)

        assert compiled.snapshot.blocks
        assert "secret" not in compiled.snapshot.model_dump_json()


def test_a_text_of_another_version_is_refused() -> None:
    found = [block(1, "Bakers rise early.")]
    compiled = compile_brief(request(), found, TOOLS)

    with pytest.raises(StaleVersion) as version:
        again(compiled, request(), [replace(found[0], version=2)])
    with pytest.raises(StaleVersion) as text:
        again(compiled, request(), [replace(found[0], content="Bakers rise late.")])

    assert version.value.details["in_brief"]["version"] == 1
    assert version.value.details["given"]["version"] == 2
    assert text.value.details["given"]["version"] == 1


@pytest.mark.parametrize("intent", ["", " ", "\n\t\u2028"])
def test_a_blank_intent_is_refused(intent: str) -> None:
    with pytest.raises(EmptyIntent):
        compile_brief(request(intent=intent), [], TOOLS)


def test_an_unknown_mode_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownMode) as refused:
        compile_brief(request(mode="verbose"), [], TOOLS)

    assert refused.value.details == {"mode": "verbose", "known": ["verbatim", "excerpt", "outline"]}
    assert "verbatim, excerpt, outline" in refused.value.hint


def test_a_budget_below_the_frame_says_what_is_needed() -> None:
    with pytest.raises(FrameOverBudget) as refused:
        compile_brief(request(10), [block(1, "Bread.")], TOOLS)

    needed = refused.value.details["needed_tokens"]
    compiled = compile_brief(request(needed), [block(1, "Bread.")], TOOLS)
    assert compiled.snapshot.rendered_tokens <= needed
    with pytest.raises(FrameOverBudget) as again_refused:
        compile_brief(request(needed - 1), [block(1, "Bread.")], TOOLS)
    assert again_refused.value.details["needed_tokens"] == needed


def test_a_key_that_a_text_holds_is_a_fault_of_the_caller() -> None:
    places: list[tuple[BriefRequest, list[SourceBlock]]] = [
        (request(intent=NONCE), []),
        (request(sub_instructions=NONCE.upper()), []),
        (request(media=(MediaItem(NONCE, ""),)), []),
        (request(media=(MediaItem("", NONCE),)), []),
        (request(), [block(1, f"x{NONCE}")]),
        (request(), [block(1, "", label=NONCE)]),
        (request(nonce="short"), []),
    ]

    for task, found in places:
        with pytest.raises(Bug):
            compile_brief(task, found, TOOLS)


def test_nothing_found_is_said_plainly() -> None:
    compiled = compile_brief(request(), [], TOOLS)

    assert NO_CONTEXT in compiled.markdown
    assert compiled.snapshot.blocks == ()


def test_that_nothing_fits_is_not_called_that_nothing_matches() -> None:
    found = [block(1, guide("Bread"))]
    task = request(330, mode="verbatim")

    compiled = compile_brief(task, found, TOOLS)

    assert compiled.snapshot.blocks == ()
    assert NO_ROOM in compiled.markdown
    assert NO_CONTEXT not in compiled.markdown
    assert again(compiled, task, found).markdown == compiled.markdown


def test_a_brief_of_the_first_selector_says_of_both_what_it_said() -> None:
    task = request(330, mode="verbatim")
    snapshot = compile_brief(task, [block(1, guide("Bread"))], TOOLS).snapshot
    first = snapshot.selector.model_copy(update={"name": "knapsack-1"})

    markdown = recompile(
        snapshot.model_copy(update={"selector": first}), task.intent, None, (), {}
    ).markdown

    assert NO_CONTEXT in markdown
    assert NO_ROOM not in markdown


def test_by_default_short_blocks_come_whole_and_long_ones_excerpted() -> None:
    long = guide("Bread") + "\n\nBakers are who we write to.\n\n" + guide("Cake")
    found = [block(1, "Bakers rise early."), block(2, long)]

    compiled = compile_brief(request(800), found, TOOLS)

    shown = {entry.block_id: entry.transformation for entry in compiled.snapshot.blocks}
    assert shown == {UUID(int=1): "used-as-is", UUID(int=2): "excerpted"}
    assert "Bakers are who we write to." in compiled.markdown


@settings(max_examples=30)
@given(blocks(), st.integers(300, 1500))
def test_verbatim_never_changes_a_text(found: list[SourceBlock], budget: int) -> None:
    compiled = compile_brief(request(budget, mode="verbatim"), found, TOOLS)

    assert {entry.transformation for entry in compiled.snapshot.blocks} <= {"used-as-is"}


def test_excerpts_keep_what_matters_and_leave_short_texts_whole() -> None:
    long = guide("Bread") + "\n\nBakers are who we write to."
    found = [block(1, "Bakers rise early."), block(2, long)]

    compiled = compile_brief(request(5000, mode="excerpt"), found, TOOLS)

    texts = {entry.block_id: entry for entry in compiled.snapshot.blocks}
    assert texts[UUID(int=1)].transformation == "used-as-is"
    assert texts[UUID(int=2)].transformation == "excerpted"
    assert (
        "Bakers are who we write to." in unfence(compiled.markdown, NONCE)[texts[UUID(int=2)].cite]
    )


def test_a_text_that_cannot_be_cut_comes_whole() -> None:
    code = "```\n" + "x = 1\n" * 100 + "```"

    compiled = compile_brief(request(mode="excerpt"), [block(1, code)], TOOLS)

    assert [entry.transformation for entry in compiled.snapshot.blocks] == ["used-as-is"]


def test_an_outline_cites_blocks_without_their_text() -> None:
    found = [block(n, f"Bakers want tip {n}. The rest is filler{n}.") for n in range(1, 4)]

    compiled = compile_brief(request(mode="outline"), found, TOOLS)

    assert {entry.transformation for entry in compiled.snapshot.blocks} == {"outlined"}
    assert unfence(compiled.markdown, NONCE) == {}
    assert "filler" not in compiled.markdown
    for entry in compiled.snapshot.blocks:
        assert f"“Bakers want tip {entry.version}.” [{entry.cite}]" in compiled.markdown


def test_blocks_that_are_asked_for_come_in_or_the_call_is_refused() -> None:
    found = [block(1, guide("Cake"), asked=True, relevance=0.0), block(2, "Bakers rise early.")]

    compiled = compile_brief(request(3000), found, TOOLS)

    assert UUID(int=1) in {entry.block_id for entry in compiled.snapshot.blocks}
    with pytest.raises(AskedBlocksOverBudget):
        compile_brief(request(400, mode="verbatim"), found, TOOLS)


def test_each_block_says_why_and_each_left_out_one_why_not() -> None:
    found = [
        block(1, "Bakers rise early in the morning, long before the sun."),
        block(2, guide("Cake")),
        block(3, "Nothing.", relevance=0.01),
    ]

    snapshot = compile_brief(request(400, mode="verbatim"), found, TOOLS, explain=True).snapshot

    [chosen] = snapshot.blocks
    assert (chosen.block_id, chosen.transformation) == (UUID(int=1), "used-as-is")
    assert chosen.tokens > 0
    assert {"relevance", "importance"} <= chosen.parts.keys()
    reasons = {out.block_id: out.reason for out in snapshot.left_out}
    assert reasons == {UUID(int=2): "over-budget", UUID(int=3): "not-relevant-enough"}


def test_a_block_enters_at_the_budget_that_was_foretold() -> None:
    found = [block(1, "Bakers rise early."), block(2, guide("Bakers", 12))]
    tight = compile_brief(request(330, mode="verbatim"), found, TOOLS, explain=True).snapshot
    [out] = tight.left_out
    assert out.enters_at_tokens is not None

    before = compile_brief(request(out.enters_at_tokens - 1, mode="verbatim"), found, TOOLS)
    after = compile_brief(request(out.enters_at_tokens, mode="verbatim"), found, TOOLS)

    assert out.block_id not in {entry.block_id for entry in before.snapshot.blocks}
    assert out.block_id in {entry.block_id for entry in after.snapshot.blocks}


@given(blocks(), ANY_MODE, BUDGETS, st.integers(0, 2_000))
def test_blocks_that_are_asked_for_fit_in_the_budget_that_a_refusal_names_and_in_any_greater(
    found: list[SourceBlock], mode: str | None, budget: int, more: int
) -> None:
    asked = [replace(each, asked=each.block_id.int % 3 > 0) for each in found]
    try:
        compile_brief(request(budget, mode=mode), asked, TOOLS)
    except (FrameOverBudget, AskedBlocksOverBudget) as refused:
        needed: int = refused.details["needed_tokens"]
    else:
        needed = budget

    wider = compile_brief(request(needed + more, mode=mode), asked, TOOLS)

    named = {each.block_id for each in asked if each.asked}
    assert named <= {entry.block_id for entry in wider.snapshot.blocks}
    assert wider.snapshot.rendered_tokens <= needed + more


@given(blocks())
def test_labels_stand_in_the_brief_as_harmless_lines(found: list[SourceBlock]) -> None:
    compiled = compile_brief(request(3000), found, TOOLS)

    labels = {source.block_id: source.label for source in found}
    heads = [line for line in compiled.markdown.split("\n") if line.startswith("#### [B")]
    fenced = "\n".join(unfence(compiled.markdown, NONCE).values())
    for entry in compiled.snapshot.blocks:
        head = f"#### [{entry.cite}] “{one_line(labels[entry.block_id], MAX_LABEL_CHARS)}”"
        assert head in heads
    assert len(heads) - fenced.count("#### [B") <= len(compiled.snapshot.blocks)


def test_a_snapshot_of_another_format_or_with_more_in_it_is_refused() -> None:
    stored = compile_brief(request(), [block(1, "Bread.")], TOOLS).snapshot.model_dump()

    for change in ({"format": 2}, {"label": "x"}, {"nonce": "x"}, {"mode": "verbose"}):
        with pytest.raises(ValidationError):
            Snapshot.model_validate({**stored, **change})


@given(TEXTS.filter(str.strip), TEXTS)
def test_intent_and_instructions_stand_exactly_as_they_are(intent: str, more: str) -> None:
    task = request(9000, intent=intent, sub_instructions=f"x{more}")

    markdown = compile_brief(task, [block(1, "Bread.")], TOOLS).markdown

    assert unfence(markdown, NONCE, "intent") == {"": intent}
    assert unfence(markdown, NONCE, "instructions") == {"": f"x{more}"}
    assert unfence(markdown, NONCE) == {"B1": "Bread."}
