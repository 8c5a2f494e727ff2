"""What an export holds comes back as it was, and nothing else gets in."""

import json
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from briefsmith.documents.json_lines import (
    HEADER_LINE,
    LINE_BYTES,
    ExportedBlock,
    read_json_lines,
    to_line,
)
from briefsmith.errors import UnreadableDocument
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.models.enums import (
    BlockImportance,
    BlockSource,
    BlockStatus,
    BlockType,
    BlockUpdatePolicy,
)

ENDS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
TEXT = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"), st.sampled_from(ENDS)
    ),
    max_size=40,
)
OFFSETS = st.integers(-86_399, 86_399).map(lambda offset: timezone(timedelta(seconds=offset)))
TIMES = st.datetimes(timezones=OFFSETS)
BLOCKS = st.builds(
    ExportedBlock,
    id=st.uuids(),
    type=st.sampled_from(BlockType),
    label=TEXT.filter(lambda label: label.strip(" ")),
    content=TEXT,
    source=st.sampled_from(BlockSource),
    version=st.integers(1, 2**31 - 1),
    status=st.sampled_from(BlockStatus),
    importance=st.sampled_from(BlockImportance),
    file_ids=st.lists(st.uuids(), max_size=3).map(tuple),
    update_policy=st.sampled_from(BlockUpdatePolicy),
    feedback_score=st.none() | st.floats(0, 1),
    last_used_successfully_at=st.none() | TIMES,
    meta_tags=st.lists(TEXT, max_size=3).map(tuple),
    meta_context_scope=st.none() | TEXT,
    meta_agent_notes=st.none() | TEXT,
    meta_derived_from=st.none() | st.uuids(),
    meta_refreshable=st.booleans(),
    meta_embedding_model=st.none() | TEXT,
    meta_locale=st.none() | TEXT,
    meta_visibility=st.sampled_from(["visible", "hidden", "system", "shared"]),
    meta_emotional_tone=st.lists(TEXT, max_size=3).map(tuple),
    is_auto_generated=st.booleans(),
    requires_user_review=st.booleans(),
    last_refreshed_at=st.none() | TIMES,
    created_at=TIMES,
    updated_at=TIMES,
)
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
VALUES: dict[str, object] = {
    "id": "00000000-0000-0000-0000-000000000001",
    "type": "text",
    "label": "A label",
    "content": "Some content",
    "source": "user",
    "version": 1,
    "status": "active",
    "importance": "medium",
    "file_ids": [],
    "update_policy": "auto",
    "feedback_score": None,
    "last_used_successfully_at": None,
    "meta_tags": ["a"],
    "meta_context_scope": None,
    "meta_agent_notes": None,
    "meta_derived_from": None,
    "meta_refreshable": False,
    "meta_embedding_model": None,
    "meta_locale": None,
    "meta_visibility": "visible",
    "meta_emotional_tone": [],
    "is_auto_generated": False,
    "requires_user_review": False,
    "last_refreshed_at": None,
    "created_at": "2026-01-31T12:00:00.000000+00:00",
    "updated_at": "2026-01-31T12:00:00.000000+00:00",
}


def _line(**changes: object) -> str:
    return json.dumps({**VALUES, **changes})


def _read(*lines: str) -> list[ExportedBlock]:
    return list(read_json_lines([HEADER_LINE, *lines]))


@settings(deadline=None)
@given(st.lists(BLOCKS, max_size=4))
def test_what_is_exported_is_imported_without_a_difference(blocks: list[ExportedBlock]) -> None:
    lines = [HEADER_LINE, *(to_line(block) for block in blocks)]

    text = "\n".join(lines) + "\n"

    assert text.isascii()
    assert text.splitlines() == lines
    assert list(read_json_lines(text.splitlines(keepends=True))) == blocks


@settings(deadline=None)
@given(BLOCKS)
def test_an_exported_line_reads_the_same_after_another_round(block: ExportedBlock) -> None:
    (again,) = _read(to_line(block))

    assert to_line(again) == to_line(block)


def test_an_exported_block_has_the_columns_of_the_table_but_owner_and_embedding() -> None:
    assert set(ExportedBlock.model_fields) == set(ContextBlock.model_fields) - {"user_id"}


def test_a_line_is_written_with_labels_and_iso_8601_times() -> None:
    block = ExportedBlock.model_validate(
        {**VALUES, "created_at": "2026-01-31T13:00:00+01:00", "content": "é\u2028"}
    )

    written = json.loads(to_line(block))

    assert written == {**VALUES, "content": "é\u2028"}
    assert list(written) == list(VALUES)
    assert block.created_at == NOON
    assert block.id == UUID(int=1)


def test_blocks_come_while_later_lines_have_not_been_read() -> None:
    def lines():  # noqa: ANN202  a generator of lines
        yield HEADER_LINE
        yield _line()
        pytest.fail("the line after the first block was read")

    assert next(read_json_lines(lines())).label == "A label"


def test_blank_lines_and_line_ends_of_other_systems_are_passed_over() -> None:
    lines = ["\r\n", HEADER_LINE + "\r\n", " \t\n", _line() + "\r\n", "\n"]

    assert len(list(read_json_lines(lines))) == 1


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "line 2 is no valid JSON"),
        ("[]", "line 2 is no JSON object"),
        ("1", "line 2 is no JSON object"),
        ('{"id": 1, "id": 2}', "line 2 .*'id' is there twice"),
        (_line(feedback_score=float("nan")), "line 2 .*NaN"),
        (_line(feedback_score=float("-inf")), "line 2 .*Infinity"),
        (_line().replace('"feedback_score": null', '"feedback_score": 1e999'), "'feedback_score'"),
        (_line().replace('"version": 1', '"version": ' + "9" * 5_000), "number that is too long"),
        ("[" * 100_000, "nested too deeply"),
        (_line(user_id="x"), "wrong 'user_id'"),
        (_line(**{"\u202e": 1}), "do not print"),
        (_line(**{"\ud800": 1}), "do not print"),
        (_line(label=None), "wrong 'label'"),
        (_line(label=1), "wrong 'label'"),
        (_line(content="a\0"), "wrong 'content'.*NUL character"),
        (_line(content="\ud83d"), "wrong 'content'.*surrogate"),
        (_line(meta_tags=["a", "\0"]), r"wrong 'meta_tags\.1'.*NUL"),
        (_line(meta_tags="ab"), "wrong 'meta_tags'"),
        (_line(version=0), "wrong 'version'"),
        (_line(version=2**31), "wrong 'version'"),
        (_line(version=True), "wrong 'version'"),
        (_line(version="1"), "wrong 'version'"),
        (_line(is_auto_generated=1), "wrong 'is_auto_generated'"),
        (_line(type="poem"), "wrong 'type'"),
        (_line(meta_visibility="public"), "wrong 'meta_visibility'"),
        (_line(id="1"), "wrong 'id'"),
        (_line(created_at="2026-01-31T12:00:00"), "wrong 'created_at'"),
        (_line(created_at="2026-02-31T12:00:00Z"), "wrong 'created_at'"),
        (_line(created_at=1), "wrong 'created_at'"),
        (_line(label="  "), "wrong 'label'"),
        (_line(label="a" * 501), "wrong 'label'"),
        (_line(content="é" * 1_000_001), "wrong 'content'"),
        (_line(content="a" * LINE_BYTES), "line 2 is longer than 16 MB"),
    ],
)
def test_a_line_that_is_not_a_block_is_refused_with_its_number(line: str, told: str) -> None:
    with pytest.raises(UnreadableDocument, match=told) as caught:
        _read(line)

    assert caught.value.details["line"] == 2
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 400


@pytest.mark.parametrize("key", sorted(VALUES))
def test_no_column_may_be_missing(key: str) -> None:
    values = {name: value for name, value in VALUES.items() if name != key}

    with pytest.raises(UnreadableDocument, match=f"line 2 has a wrong '{key}'"):
        _read(json.dumps(values))


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([], "it is empty"),
        (["\n"], "it is empty"),
        ([_line()], "line 1 is no header"),
        (['{"format":"other","version":1}'], "line 1 is no header"),
        (['{"format":"briefsmith-blocks","version":true}'], "line 1 is no header"),
        (['{"format":"briefsmith-blocks","version":2}'], "version '2' of the format"),
        (['{"format":"briefsmith-blocks","version":1,"x":1}'], "other keys"),
    ],
)
def test_an_export_begins_with_its_header(lines: list[str], told: str) -> None:
    with pytest.raises(UnreadableDocument, match=told):
        list(read_json_lines(lines))


def test_a_block_that_could_not_be_read_again_is_not_written() -> None:
    block = ExportedBlock.model_validate({**VALUES, "content": "é" * 3_000_000})

    with pytest.raises(UnreadableDocument, match="up to 16 MB"):
        to_line(block)
