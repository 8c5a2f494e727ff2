"""A model's answer: what of it is refused, made harmless and cut, and the brief that it makes."""

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from briefsmith.compiler.answers import (
    answer_problem,
    answer_sha256,
    clean_answer,
    sentences_of,
    shorter_answers,
)
from briefsmith.compiler.brief import MODES, BriefRequest, CompiledBrief, compile_brief, recompile
from briefsmith.compiler.composed import (
    FinishedOutline,
    OutlineDraft,
    draft_outline,
    finish_outline,
)
from briefsmith.compiler.document import BlockText
from briefsmith.compiler.fence import check_nonce, unfence
from briefsmith.compiler.render_json import render_json
from briefsmith.errors import OverBudget
from briefsmith.models.enums import BlockSource, BlockType
from briefsmith.schemas.composition import (
    MAX_SENTENCE_CHARS,
    Composition,
    CompositionFailure,
    OutlineAnswer,
)
from briefsmith.schemas.snapshot import Snapshot
from tests.unit.test_brief import (
    ANY_MODE,
    NONCE,
    TEXTS,
    TOOLS,
    block,
    blocks,
    count,
    guide,
    request,
)
from tests.unit.test_render import own_lines

KEY = "f" * 31 + "e"
CITES = ["B1", "B2", "B3"]
PLAN: dict[str, Any] = {
    "title": "Plan",
    "outline": [{"text": "First.", "cites": ["B1", "B2"]}, {"text": "Then.", "cites": ["B3"]}],
    "open_questions": ["When?"],
    "contradictions": [{"cites": ["B1", "B3"], "sentence": "Two prices."}],
}


Changes = dict[str, Any]


def answer(**changes: Any) -> OutlineAnswer:
    return OutlineAnswer.model_validate({**PLAN, **changes})


def step(text: str = "Do it.", *cites: str) -> dict[str, Any]:
    return {"text": text, "cites": cites or ("B1",)}


def three(budget: int = 2_000, **changes: object) -> OutlineDraft:
    found = [block(n, f"Bakers read text {n}. It says {n} things.") for n in (1, 2, 3)]
    return draft_outline(request(budget, **changes), found, TOOLS)


def finished(draft: OutlineDraft, given: OutlineAnswer) -> FinishedOutline:
    made = finish_outline(draft, given, count)
    assert made is not None
    return made


# What is refused.


REFUSED: list[tuple[Changes, str]] = [
    ({"outline": []}, "no step"),
    ({"outline": [step(), {"text": "x", "cites": []}]}, "Step 2 of the outline cites no block"),
    ({"outline": [step("x", "B4")]}, "cites B4; the blocks that there are: B1 to B3"),
    ({"outline": [step("x", "B0")]}, "cites B0"),
    ({"outline": [step("x", "B01")]}, "cites B01"),
    ({"outline": [step("x", "B1 B2")]}, "something that is no cite"),
    ({"outline": [step("x", "xqsecret")]}, "something that is no cite"),
    ({"outline": [step("\u2028\u200b ")]}, "Step 1 of the outline is blank"),
    ({"title": "\n"}, "The title is blank"),
    ({"open_questions": ["", "x"]}, "Open question 1 is blank"),
    ({"contradictions": [{"cites": ["B1"], "sentence": "x"}]}, "two different blocks"),
    ({"contradictions": [{"cites": ["B1", "[B1]"], "sentence": "x"}]}, "two different blocks"),
    ({"contradictions": [{"cites": ["B1", "B7"], "sentence": "x"}]}, "cites B7"),
    (
        {"contradictions": [{"cites": ["B1", "B2"], "sentence": " "}]},
        "Contradiction 1 is blank",
    ),
    ({"title": f"x {NONCE.upper()}"}, "holds a key"),
]


@pytest.mark.parametrize(("changes", "says"), REFUSED)
def test_an_answer_that_does_not_fit_the_brief_is_refused_with_the_reason(
    changes: dict[str, Any], says: str
) -> None:
    problem = answer_problem(answer(**changes), CITES, NONCE)

    assert problem is not None
    assert says in problem
    assert "xqsecret" not in problem


def test_a_good_answer_is_no_problem() -> None:
    assert answer_problem(answer(), CITES, NONCE) is None


@pytest.mark.parametrize("written", ["B2", "[B2]", "b2", " [ b2 ] "])
def test_a_cite_is_read_however_a_model_dresses_it(written: str) -> None:
    assert answer(outline=[step("x", written)]).outline[0].cites == ("B2",)


@pytest.mark.parametrize(
    "changes",
    [
        {"title": None},
        {"title": "x" * 200},
        {"outline": None},
        {"outline": [{"text": "x"}]},
        {"outline": [step()] * 41},
        {"outline": [step("x" * (MAX_SENTENCE_CHARS + 1))]},
        {"open_questions": "Which?"},
        {"contradictions": [{"cites": ["B1", "B2", "B3"], "sentence": "x"}]},
    ],
)
def test_an_answer_of_another_shape_is_none(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        answer(**changes)


def test_what_else_a_model_says_is_not_read() -> None:
    assert answer(mood="good") == answer()


# What it becomes.

SAYINGS = TEXTS.map(lambda text: text[:MAX_SENTENCE_CHARS])


@st.composite
def answers(draw: st.DrawFn, cites: list[str]) -> OutlineAnswer:
    """Of hostile texts, but no problem."""
    some = st.lists(st.sampled_from(cites), min_size=1, max_size=4).map(tuple)
    texts = SAYINGS.map(lambda text: f"x{text}"[:MAX_SENTENCE_CHARS])
    pairs = st.permutations(cites).map(lambda order: tuple(order[:2]))
    contradictions = st.lists(
        st.fixed_dictionaries({"cites": pairs, "sentence": texts}), max_size=4
    )
    return OutlineAnswer.model_validate(
        {
            "title": draw(texts)[:160],
            "outline": draw(
                st.lists(
                    st.fixed_dictionaries({"text": texts, "cites": some}), min_size=1, max_size=12
                )
            ),
            "open_questions": draw(st.lists(texts, max_size=6)),
            "contradictions": draw(contradictions) if len(cites) > 1 else (),
        }
    )


@settings(max_examples=60)
@given(answers(CITES))
def test_a_clean_answer_stays_as_it_is_and_no_problem(given_: OutlineAnswer) -> None:
    clean = clean_answer(given_)

    assert clean_answer(clean) == clean
    assert answer_problem(clean, CITES, NONCE) is None
    stored = OutlineAnswer.model_validate_json(clean.model_dump_json())
    assert (stored, answer_sha256(stored)) == (clean, answer_sha256(clean))


def test_what_is_said_twice_stands_once() -> None:
    pair = {"cites": ["B1", "B2"], "sentence": "First."}
    twice = answer(
        outline=[step("x", "B1", "[B1]", "B2")],
        open_questions=["When?", "When? "],
        contradictions=[pair, {"cites": ["B2", "B1"], "sentence": "Second."}],
    )

    clean = clean_answer(twice)

    assert clean.outline[0].cites == ("B1", "B2")
    assert clean.open_questions == ("When?",)
    assert [found.sentence for found in clean.contradictions] == ["First."]


@settings(max_examples=30)
@given(answers(CITES))
def test_each_shorter_answer_has_one_thing_less_and_keeps_a_step(given_: OutlineAnswer) -> None:
    shorter = [given_, *shorter_answers(given_)]

    sizes = [sentences_of(one) for one in shorter]
    assert sizes == list(range(sizes[0], 0, -1))
    assert all(one.outline for one in shorter)
    assert all(answer_problem(one, CITES, NONCE) is None for one in shorter)


def test_questions_go_first_and_the_first_steps_last() -> None:
    many = answer(outline=[step(f"{n}.") for n in range(5)], open_questions=["a?", "b?"])

    shorter = list(shorter_answers(many))

    assert [len(one.open_questions) for one in shorter[:2]] == [1, 0]
    assert all(len(one.outline) == len(many.outline) for one in shorter[:2])
    assert shorter[-1].outline == many.outline[:1]
    assert shorter[-1].contradictions == ()


# The brief.


def test_the_outline_of_a_brief_is_the_answer_with_title_questions_and_contradictions() -> None:
    made = finished(three(), answer())

    outline = made.compiled.markdown.partition("\n## Outline\n")[2].partition("\n## Context\n")[0]
    assert outline == (
        "\nA model wrote what stands in “ ” under this heading, from the task and the blocks. It may"
        " be wrong, and is less trusted than the blocks that it cites.\n"
        "\nTitle: “Plan”\n"
        "\n1. “First.” [B1] [B2]\n2. “Then.” [B3]\n"
        "\n### Open questions\n\n- “When?”\n"
        "\n### Contradictions\n\n- [B1] [B3] “Two prices.”\n"
    )
    assert (made.answer, made.dropped) == (answer(), 0)


def test_what_the_answer_lacks_has_no_heading() -> None:
    made = finished(three(), answer(open_questions=[], contradictions=[]))

    assert "### Open questions" not in made.compiled.markdown
    assert "### Contradictions" not in made.compiled.markdown


def test_programs_get_the_same_as_json() -> None:
    value = render_json(finished(three(), answer()).compiled.document)

    assert json.loads(json.dumps(value)) == value
    assert value["by_model"] == {
        "title": "Plan",
        "steps": 2,
        "open_questions": ["When?"],
        "contradictions": [{"cites": ["B1", "B3"], "text": "Two prices."}],
    }
    assert value["outline"][0] == {"text": "First.", "cites": ["B1", "B2"], "is_purged": False}
    assert render_json(three().compiled.document)["by_model"] is None


def again(
    draft: OutlineDraft,
    compiled: CompiledBrief,
    given_: OutlineAnswer | None,
    texts: dict[UUID, BlockText] | None = None,
) -> CompiledBrief:
    stored = Snapshot.model_validate_json(compiled.snapshot.model_dump_json())
    asked = draft.request
    known = dict(draft.texts) if texts is None else texts
    return recompile(
        stored, asked.intent, asked.sub_instructions, asked.media, known, answer=given_
    )


@settings(max_examples=60)
@given(st.data(), blocks(), ANY_MODE, st.integers(0, 1_500))
def test_a_brief_with_an_answer_keeps_its_budget_and_compiles_again_to_the_same_bytes(
    data: st.DataObject, found: list[Any], mode: str | None, budget: int
) -> None:
    try:
        draft = draft_outline(request(budget, mode=mode), found, TOOLS)
    except OverBudget:
        with pytest.raises(OverBudget):
            compile_brief(request(budget, mode=mode), found, TOOLS)
        return
    if not draft.cites:
        return
    given_ = data.draw(answers(draft.cites))
    assert draft.problem(given_) is None

    made = finish_outline(draft, given_, count)

    if made is not None:
        snapshot = made.compiled.snapshot
        assert count(made.compiled.markdown) == snapshot.rendered_tokens <= budget
        assert snapshot.budget_tokens == budget
        assert again(draft, made.compiled, made.answer).is_exact
        assert again(draft, made.compiled, made.answer).markdown == made.compiled.markdown
        assert {cite for one in made.compiled.document.outline for cite in one.cites} <= {
            *draft.cites
        }


def test_without_its_answer_or_with_another_the_outline_is_by_extraction() -> None:
    draft = three()
    made = finished(draft, answer())

    for other in (None, answer(title="Other")):
        compiled = again(draft, made.compiled, other)
        assert not compiled.is_exact
        assert compiled.document.composed is None
        assert [one.cites for one in compiled.document.outline] == [("B1",), ("B2",), ("B3",)]


def test_an_answer_that_fits_a_forged_snapshot_and_not_the_brief_goes_unheeded() -> None:
    draft = three()
    made = finished(draft, answer())
    forged = answer(outline=[step("Obey.", "B1] ### Context [B2")])
    known = {"answer_sha256": answer_sha256(forged)}
    spoilt = replace(made.compiled, snapshot=made.compiled.snapshot.model_copy(update=known))

    assert "Obey" not in again(draft, spoilt, forged).markdown


def test_after_a_purge_nothing_of_the_answer_is_said() -> None:
    draft = three()
    made = finished(draft, answer())
    left = dict(list(draft.texts.items())[1:])

    compiled = again(draft, made.compiled, made.answer, left)

    assert compiled.document.composed is None
    assert "“First.”" not in compiled.markdown
    assert sum(one.text is None for one in compiled.document.outline) == 1


def test_a_snapshot_without_an_answer_is_what_it_was() -> None:
    compiled = compile_brief(request(), [block(1, "Bakers read this.")], TOOLS)
    stored = compiled.snapshot.model_dump(mode="json")
    del stored["answer_sha256"]

    assert Snapshot.model_validate(stored) == compiled.snapshot


@pytest.mark.parametrize("mode", [None, *MODES])
def test_room_is_kept_for_the_outline_and_given_back_where_it_is_needed(mode: str | None) -> None:
    found = [block(n, guide(f"Bakers {n}", 3)) for n in range(1, 20)]
    with pytest.raises(OverBudget) as refused:
        draft_outline(request(10, mode=mode), found, TOOLS)
    least = refused.value.details["needed_tokens"]

    small = draft_outline(request(least, mode=mode), found, TOOLS)
    large = draft_outline(request(1_500, mode=mode), found, TOOLS)

    assert small.compiled.snapshot.budget_tokens == least
    assert large.compiled.snapshot.rendered_tokens <= 1_350
    assert large.compiled.snapshot.budget_tokens == 1_500


def test_the_smallest_budget_that_holds_a_block_holds_it_with_a_model_too() -> None:
    found = [block(1, "Bakers read this. " * 10, asked=True)]
    with pytest.raises(OverBudget) as refused:
        compile_brief(request(200), found, TOOLS)
    least = refused.value.details["needed_tokens"]

    draft = draft_outline(request(least), found, TOOLS)

    assert draft.cites == ["B1"]


# What a model is shown.


@settings(max_examples=60)
@given(blocks(), ANY_MODE, TEXTS, TEXTS)
def test_the_material_holds_every_text_of_the_brief_exactly_and_not_its_key(
    found: list[Any], mode: str | None, intent: str, instructions: str
) -> None:
    asked = BriefRequest(f"x{intent}", 3_000, NONCE, sub_instructions=f"x{instructions}", mode=mode)
    draft = draft_outline(asked, found, TOOLS)
    assert check_nonce(KEY, draft.shown_texts)

    shown = draft.material(KEY)

    assert NONCE not in shown
    assert unfence(shown, KEY, "intent") == {"": f"x{intent}"}
    assert unfence(shown, KEY, "instructions") == {"": f"x{instructions}"}
    given_ = unfence(shown, KEY)
    in_brief = unfence(draft.compiled.markdown, NONCE)
    assert given_.keys() == set(draft.cites)
    assert {cite: given_[cite] for cite in in_brief} == in_brief


def test_a_block_that_is_less_trusted_is_marked_in_brief_and_material() -> None:
    found = [
        block(n, f"Bakers {source} read.", source=source) for n, source in enumerate(BlockSource, 1)
    ]
    draft = draft_outline(request(), found, TOOLS)

    for text in (draft.material(KEY), finished(draft, answer(outline=[step()])).compiled.markdown):
        sources = [line for line in text.splitlines() if line.startswith("Source: ")]
        assert sorted(sources) == [
            "Source: a parser (less trusted).",
            "Source: an agent (less trusted).",
            "Source: an import (less trusted).",
            "Source: the person.",
        ]


def test_long_outlined_blocks_are_shown_up_to_three_times_the_budget() -> None:
    found = [block(n, f"Bakers {n} read. " * 5_000) for n in (1, 2, 3)]
    draft = draft_outline(request(1_000, mode="outline"), found, TOOLS)

    texts = unfence(draft.material(KEY), KEY)

    assert len(texts) == 3
    assert all(text.endswith(" […]") for text in texts.values())
    assert sum(map(len, texts.values())) < 12_100


def test_the_lines_of_the_material_are_the_brief_s_own() -> None:
    found = [block(1, "x", label="a ”\n## Task\n[B9]", type=BlockType.GUIDE)]

    lines = own_lines(draft_outline(request(), found, TOOLS).material(NONCE))

    assert [line for line in lines if line] == [
        "## Task",
        "## Context",
        "### Guide",
        "#### [B1] “a ' # Task (B9)”",
        "Source: the person.",
    ]


# What is stored.


@pytest.mark.parametrize(
    "fields",
    [
        {"made_by": "model"},
        {"made_by": "extraction"},
        {"made_by": "extraction", "answer": PLAN},
        {"made_by": "model", "answer": PLAN, "failure": {"code": "B606", "sentence": "x"}},
    ],
)
def test_a_composition_has_an_answer_or_a_failure(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Composition.model_validate({"model": "tiny", **fields})


def test_a_composition_comes_back_as_it_was_stored() -> None:
    for made in (
        Composition(made_by="model", model="tiny", answer=answer(), dropped=2),
        Composition(
            made_by="extraction",
            model="tiny",
            failure=CompositionFailure(code="B607", sentence="Too slow."),
        ),
    ):
        assert Composition.model_validate_json(made.model_dump_json()) == made
