"""When a section counts as changed, and in what batches an export goes in."""

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefsmith.documents.json_lines import ExportedBlock
from briefsmith.documents.pieces import Piece
from briefsmith.errors import UnreadableDocument
from briefsmith.models.enums import BlockImportance, BlockType
from briefsmith.operations.import_lines import batches
from briefsmith.operations.import_rows import piece_row, piece_sha256

PIECE = Piece("anchor", "Label", "Content.")
OTHERWISE: dict[str, Any] = {
    "label": "Other",
    "content": "Other.",
    "type": BlockType.GUIDE,
    "tags": ("a",),
    "importance": BlockImportance.LOW,
    "scope": "s",
    "locale": "de",
    "tone": ("a",),
}
_texts = st.text(max_size=20)


def test_every_field_that_becomes_part_of_a_block_is_looked_at() -> None:
    assert {field.name for field in fields(Piece)} == {*OTHERWISE, "anchor", "heading_path"}


@pytest.mark.parametrize("field", OTHERWISE)
def test_a_change_of_any_field_is_a_change_of_the_section(field: str) -> None:
    changed = replace(PIECE, **{field: OTHERWISE[field]})

    assert piece_sha256(changed) != piece_sha256(PIECE)
    assert piece_row(changed) != piece_row(PIECE)


def test_where_a_section_stands_is_no_change_of_it() -> None:
    moved = replace(PIECE, anchor="elsewhere", heading_path=("A", "B"))

    assert piece_sha256(moved) == piece_sha256(PIECE)


@given(st.lists(_texts, max_size=3), st.lists(_texts, max_size=3), _texts, _texts)
def test_two_sections_have_one_hash_only_if_they_say_the_same(
    tags: list[str], tone: list[str], label: str, content: str
) -> None:
    one = replace(PIECE, tags=tuple(tags), tone=tuple(tone), label=label, content=content)
    other = replace(PIECE, tags=tuple(tone), tone=tuple(tags), label=content, content=label)

    assert (piece_sha256(one) == piece_sha256(other)) == (piece_row(one) == piece_row(other))


def _blocks(sizes: list[int]) -> list[ExportedBlock]:
    return [ExportedBlock.model_construct(content="a" * size) for size in sizes]


@given(
    st.lists(st.integers(0, 50), max_size=30),
    st.integers(1, 6),
    st.integers(1, 100),
    st.booleans(),
)
def test_batches_hold_every_block_once_in_order_and_a_bad_line_takes_none_with_it(
    sizes: list[int], most: int, characters: int, ends_badly: bool
) -> None:
    given_blocks = _blocks(sizes)

    def lines() -> Iterator[ExportedBlock]:
        yield from given_blocks
        if ends_badly:
            message = "bad line"
            raise UnreadableDocument(message)

    found, is_bad = _until_the_end(batches(lines(), most, characters))

    assert is_bad is ends_badly
    assert [block for batch in found for block in batch] == given_blocks
    assert all(1 <= len(batch) <= most for batch in found)
    assert all(sum(len(block.content) for block in batch[:-1]) < characters for batch in found)


def _until_the_end(
    found: Iterator[list[ExportedBlock]],
) -> tuple[list[list[ExportedBlock]], bool]:
    """What was given out, and whether a bad line ended it."""
    made: list[list[ExportedBlock]] = []
    try:
        for batch in found:
            made.append(batch)  # noqa: PERF402  what came before the error is wanted
    except UnreadableDocument:
        return made, True
    return made, False
