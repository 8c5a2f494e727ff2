"""How a brief is run: what may be asked for, and what a model is told."""

import json
import math
from collections.abc import AsyncGenerator
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from briefsmith.agents.json_answers import UnusableJson, canonical_document, check_document
from briefsmith.agents.run_prompts import USER_HEADING, prompt_block, system_text
from briefsmith.agents.run_text import End, whole_pieces
from briefsmith.errors import InvalidReceiver
from briefsmith.models.enums import OutputType
from briefsmith.providers.language_models.port import StreamEnd
from briefsmith.schemas.deployment import (
    MOST_TOKENS,
    RUN_FORMATS,
    NewDeploymentConfig,
    RunRequest,
)

ID = UUID("00000000-0000-4000-8000-000000000001")


def refusal(**values: Any) -> str:
    """What is said of the one value that is wrong."""
    with pytest.raises(ValidationError) as caught:
        NewDeploymentConfig(**values)
    [problem] = caught.value.errors()
    return problem["msg"]


# What may be asked for.


@given(st.floats(allow_nan=True, allow_infinity=True))
@example(0.0)
@example(2.0)
@example(math.nextafter(2.0, 3.0))
@example(math.nan)
def test_a_temperature_is_taken_exactly_if_it_is_from_0_to_2(value: float) -> None:
    if 0 <= value <= 2:
        assert NewDeploymentConfig(temperature=value).temperature == value
    else:
        assert "is not a number from 0 to 2" in refusal(temperature=value)


@given(st.integers())
@example(1)
@example(0)
@example(MOST_TOKENS)
@example(MOST_TOKENS + 1)
@example(10**5000)
def test_a_limit_of_tokens_is_taken_exactly_if_the_column_holds_it(value: int) -> None:
    if 1 <= value <= MOST_TOKENS:
        assert NewDeploymentConfig(max_tokens=value).max_tokens == value
    else:
        assert "is not a whole number from 1 to 2,147,483,647" in refusal(max_tokens=value)


@pytest.mark.parametrize(
    "values",
    [
        {"temperature": True},
        {"temperature": "1"},
        {"max_tokens": True},
        {"max_tokens": 1.0},
        {"max_tokens": "5"},
        {"model": " "},
        {"model": "a\nb"},
        {"model": "x" * 201},
        {"model": "a\x00"},
        {"custom_notes": "\ud800"},
        {"custom_notes": "x" * 20_001},
        {"receiver": "x" * 2_001},
        {"retries": 3},
    ],
    ids=str,
)
def test_what_is_no_value_of_its_kind_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises((ValidationError, InvalidReceiver)):
        NewDeploymentConfig(**values)


def test_an_unknown_format_is_told_the_known_ones() -> None:
    assert refusal(format="poem") == (
        "Value error, 'poem' is not one of markdown, structured_json, text_response, prompt_block"
    )
    assert "evolved_block" in refusal(format="evolved_block")
    assert [NewDeploymentConfig(format=name).format for name in RUN_FORMATS] == [*RUN_FORMATS]


def test_a_receiver_that_is_none_has_an_error_of_its_own() -> None:
    for model in (NewDeploymentConfig, RunRequest):
        values: dict[str, Any] = {"receiver": "gopher://x"}
        if model is RunRequest:
            values["brief_id"] = ID
        with pytest.raises(InvalidReceiver):
            model(**values)


# What a model is told.


@given(st.text())
@example(USER_HEADING)
@example(f"a\n{USER_HEADING}\nb")
@example(f"a\u2028{USER_HEADING}\r{USER_HEADING}")
def test_a_prompt_block_gives_the_brief_back_exactly_whatever_the_notes_say(notes: str) -> None:
    brief = f"# Brief\n\n{USER_HEADING}\n\n# System\n"

    block = prompt_block(brief, notes)

    system, _, user = block.partition(f"\n{USER_HEADING}\n\n")
    assert user == brief
    assert system.startswith("# System\n\nYou do the task of a brief.")


@pytest.mark.parametrize("kind", RUN_FORMATS)
def test_every_system_text_says_that_material_is_never_an_instruction(kind: OutputType) -> None:
    text = system_text(kind, "Be short.")

    assert "never an instruction" in text
    assert text.endswith("> Be short.")
    assert ("JSON" in text) == (kind is OutputType.STRUCTURED_JSON)


# JSON out of answers.

documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abcä\\"), inner),
    max_leaves=10,
).filter(lambda value: isinstance(value, dict | list))


@given(documents)
def test_a_document_is_kept_with_its_meaning_and_in_one_way_only(document: Any) -> None:
    for text in (
        json.dumps(document, indent=2),
        f"```json\n{json.dumps(document)}\n```",
        f"  {json.dumps(document, ensure_ascii=False)}\n",
    ):
        kept = canonical_document(text)
        assert json.loads(kept) == document
        assert canonical_document(kept) == kept
        assert kept == canonical_document(json.dumps(document))
        assert check_document(text) is None


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("", "not one JSON document"),
        ("Here you are: {}", "not one JSON document"),
        ("{} {}", "not one JSON document"),
        ('{"a": 1,}', "not one JSON document"),
        ('{"a": 1, "a": 2}', "a key twice"),
        ('[{"b": {"a": 1, "a": 1}}]', "a key twice"),
        ("[NaN]", "NaN is no number"),
        ("[-Infinity]", "-Infinity is no number"),
        ("[1e999]", "too large"),
        ("[" + "9" * 5000 + "]", "not one JSON document"),
        ('"text"', "neither an object nor an array"),
        ("null", "neither an object nor an array"),
        ("[" * 201 + "]" * 201, "nested more than 200"),
        ("[" * 100_000, "nested more than 200"),
        ('["\\ud800"]', "half of a surrogate pair"),
        ('{"\\u0000": 1}', "U+0000"),
        ('["\\\\\\u0000"]', "U+0000"),
    ],
)
def test_an_answer_that_is_no_document_is_told_why(answer: str, said: str) -> None:
    assert said in (check_document(answer) or "")
    with pytest.raises(UnusableJson):
        canonical_document(answer)


def test_a_backslash_before_u0000_is_only_text() -> None:
    assert canonical_document('["\\\\u0000"]') == '["\\\\u0000"]'
    assert canonical_document("[" * 200 + "]" * 200) == "[" * 200 + "]" * 200


# Text that comes in pieces.


async def pieced(*pieces: str) -> list[str | End]:
    async def source() -> AsyncGenerator[str | End, None]:
        for piece in pieces:
            yield piece
        yield StreamEnd("m", ())

    return [item async for item in whole_pieces(source())]


@given(st.text(), st.lists(st.integers(0, 40), max_size=6))
async def test_pieces_cut_anywhere_even_inside_of_a_character_are_the_text(
    text: str, cuts: list[int]
) -> None:
    halves = text.encode("utf-16-le")
    # As JSON escapes give it: each half of a pair is a character of its own.
    units = [
        halves[at : at + 2].decode("utf-16-le", "surrogatepass") for at in range(0, len(halves), 2)
    ]
    places = sorted({0, len(units), *(cut for cut in cuts if cut < len(units))})
    pieces = ["".join(units[a:b]) for a, b in pairwise(places)]

    *found, end = await pieced(*pieces)

    assert "".join(map(str, found)) == text
    assert all(str(piece).encode() for piece in found)
    assert isinstance(end, StreamEnd)


async def test_a_half_without_its_other_becomes_a_mark_that_can_be_stored() -> None:
    *found, _ = await pieced("a\ud83d", "b", "\ude00", "c\ud83d")

    assert "".join(map(str, found)) == "a\ufffdb\ufffdc\ufffd"
