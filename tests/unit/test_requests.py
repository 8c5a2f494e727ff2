"""Requests: what no database can hold is refused before it gets there."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from briefsmith.documents.json_lines import LINE_BYTES
from briefsmith.schemas.blocks import (
    MAX_CONTENT_CHARS,
    MAX_LABEL_CHARS,
    MAX_NOTES_CHARS,
    MAX_SCOPE_CHARS,
    BlockEdit,
    BlockFilter,
    NewBlock,
)
from briefsmith.schemas.briefs import MAX_BUDGET_TOKENS, NewBrief

BLOCK = {"label": "x", "content": "y"}
BRIEF = {"intent": "x"}
UNSTORABLE = ["\x00", "a\x00b", "\ud800", "a\udfffb"]

_storable = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1)


def _fields(model: type[BaseModel], values: dict[str, Any]) -> list[object]:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(values)
    return [problem["loc"][0] for problem in caught.value.errors()]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("label", " \n\t\N{NO-BREAK SPACE}"),
        ("label", ""),
        ("label", "a" * (MAX_LABEL_CHARS + 1)),
        ("content", ""),
        ("content", "a" * (MAX_CONTENT_CHARS + 1)),
        ("meta_tags", ["a" * 101]),
        ("meta_tags", ["a"] * 101),
        ("meta_agent_notes", "a" * (MAX_NOTES_CHARS + 1)),
        ("meta_context_scope", "a" * (MAX_SCOPE_CHARS + 1)),
        ("meta_locale", "a" * 101),
        ("meta_visibility", "secret"),
        ("meta_visibility", "hidden\n"),
        ("type", "novel"),
        ("version", 7),
        ("user_id", "00000000-0000-4000-8000-000000000000"),
    ],
)
@pytest.mark.parametrize("model", [NewBlock, BlockEdit])
def test_what_a_block_cannot_be_is_refused_by_its_field(
    model: type[BaseModel], field: str, value: object
) -> None:
    assert _fields(model, {**BLOCK, field: value}) == [field]


@pytest.mark.parametrize("text", UNSTORABLE)
@pytest.mark.parametrize(
    ("model", "values", "field"),
    [
        *((NewBlock, BLOCK, name) for name in ("label", "content", "meta_agent_notes")),
        *((NewBlock, BLOCK, name) for name in ("meta_context_scope", "meta_locale")),
        *((BlockEdit, {}, name) for name in ("label", "content", "meta_agent_notes")),
        *((BlockEdit, {}, name) for name in ("meta_context_scope", "meta_locale")),
        *((BlockFilter, {}, name) for name in ("scope", "locale")),
        *((NewBrief, BRIEF, name) for name in ("intent", "sub_instructions", "mode", "scope")),
        *((NewBrief, BRIEF, name) for name in ("meta_scope", "meta_audience")),
    ],
)
def test_a_text_that_cannot_be_stored_is_refused_by_its_field(
    model: type[BaseModel], values: dict[str, Any], field: str, text: str
) -> None:
    assert _fields(model, {**values, field: text}) == [field]


@pytest.mark.parametrize("text", UNSTORABLE)
@pytest.mark.parametrize(
    ("model", "values", "field"),
    [
        (NewBlock, BLOCK, "meta_tags"),
        (NewBlock, BLOCK, "meta_emotional_tone"),
        (BlockEdit, {}, "meta_tags"),
        (BlockEdit, {}, "meta_emotional_tone"),
        (BlockFilter, {}, "tags"),
        (NewBrief, BRIEF, "tags"),
        (NewBrief, BRIEF, "meta_emotional_tone"),
    ],
)
def test_a_list_with_a_text_that_cannot_be_stored_is_refused_by_its_field(
    model: type[BaseModel], values: dict[str, Any], field: str, text: str
) -> None:
    assert _fields(model, {**values, field: ["fine", text]}) == [field]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("intent", "a" * 20_001),
        ("sub_instructions", "a" * 20_001),
        ("budget_tokens", -1),
        ("budget_tokens", MAX_BUDGET_TOKENS + 1),
        ("blocks", ["no id"]),
        ("media", [{"image_url": "x"}]),
        ("media", [{"image_url": "\x00", "description": "x"}]),
        ("user_id", "00000000-0000-4000-8000-000000000000"),
    ],
)
def test_what_a_brief_cannot_be_is_refused_by_its_field(field: str, value: object) -> None:
    assert _fields(NewBrief, {**BRIEF, field: value}) == [field]


@given(_storable, _storable)
def test_content_is_taken_as_it_is_and_a_label_as_one_line(label: str, content: str) -> None:
    values = {"label": f"x{label}", "content": content}

    block = NewBlock.model_validate(values)

    assert block.content == content
    assert block.label == " ".join(values["label"].split())
    assert len(block.label.splitlines()) == 1


CLEARABLE = {"meta_context_scope", "meta_agent_notes", "meta_locale"}


@given(st.sets(st.sampled_from(sorted(CLEARABLE))))
def test_an_edit_knows_a_field_that_is_cleared_from_one_that_is_left_alone(
    cleared: set[str],
) -> None:
    edit = BlockEdit.model_validate(dict.fromkeys(cleared))

    assert edit.model_dump(exclude_unset=True) == dict.fromkeys(cleared)


@pytest.mark.parametrize("field", sorted(BlockEdit.model_fields.keys() - CLEARABLE))
def test_an_edit_takes_away_nothing_that_a_block_needs(field: str) -> None:
    schema = BlockEdit.model_json_schema()["properties"][field]

    with pytest.raises(ValidationError, match=f"{field} cannot be empty"):
        BlockEdit.model_validate({field: None})

    assert {"type": "null"} not in schema["anyOf"]


def test_the_largest_block_fits_into_a_line_of_an_export() -> None:
    worst = "\U0010ffff"
    tags = [worst * 100] * 100
    block = NewBlock(
        label=worst * MAX_LABEL_CHARS,
        content=worst * MAX_CONTENT_CHARS,
        meta_tags=tags,
        meta_emotional_tone=tags,
        meta_context_scope=worst * MAX_SCOPE_CHARS,
        meta_agent_notes=worst * MAX_NOTES_CHARS,
        meta_locale=worst * 100,
    )

    escaped = json.dumps(block.model_dump(mode="json"))

    assert len(escaped) < LINE_BYTES - 10_000
