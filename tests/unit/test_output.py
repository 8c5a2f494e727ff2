"""What is printed: harmless on a terminal, valid JSON everywhere, tables that fit."""

import io
import json
import unicodedata
from contextlib import redirect_stdout
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefsmith.errors import BlockNotFound, StaleVersion
from briefsmith.faces.cli.folding import cell_width, fold
from briefsmith.faces.cli.output import (
    counted,
    describe_error,
    json_text,
    one_line,
    printable,
    write_json,
)
from briefsmith.faces.cli.table import Column, number, table, text

# Every character, control characters and halves of pairs more often than chance has them.
TEXTS = st.text(
    st.one_of(
        st.characters(),
        st.characters(categories=["Cc", "Cs", "Cf"]),
        st.sampled_from("\x1b\x9b\x07\r\b\u202e\u2066\u200f\u061c\ud800"),
    )
)
PLAIN = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\u2028\u2029"))


@given(TEXTS)
def test_printable_text_holds_nothing_that_steers(hostile: str) -> None:
    shown = printable(hostile)

    assert not {unicodedata.category(char) for char in shown if char not in "\n\t"} & {"Cc", "Cs"}
    turning = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    assert not {unicodedata.bidirectional(char) for char in shown} & turning
    assert not set(shown) & set("\u061c\u200e\u200f")


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]) | st.sampled_from("\n\t")))
def test_harmless_text_stays_as_it_is(harmless: str) -> None:
    assert printable(harmless) == harmless


@given(TEXTS, st.integers(1, 60))
def test_one_line_is_one_line_and_no_wider(hostile: str, width: int) -> None:
    line = one_line(hostile, width)

    assert len(line) <= width
    assert len(line.splitlines()) <= 1


def test_one_line_keeps_what_fits_and_marks_what_is_cut() -> None:
    assert one_line(" two \n\n words ", 9) == "two words"
    assert one_line("two words", 8) == "two wor…"
    assert one_line(" " * 1000 + "far away", 8) == "…"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=5,
)


@given(JSON, st.sampled_from(["utf-8", "ascii", "latin-1", "utf-16"]))
def test_json_is_exact_harmless_and_one_line_in_every_encoding(value: Any, encoding: str) -> None:
    buffer = io.BytesIO()
    stream = io.TextIOWrapper(buffer, encoding=encoding, errors="backslashreplace")

    line = json_text(value, stream)
    stream.write(line)
    stream.flush()

    shown = buffer.getvalue().decode(encoding)
    assert json.loads(shown) == value
    assert printable(shown) == shown
    assert len(shown.splitlines()) == 1


def test_times_and_ids_are_written_as_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    write_json({"at": datetime(2026, 1, 31, 9, 30, tzinfo=UTC), "id": UUID(int=1)})

    assert json.loads(capsys.readouterr().out) == {
        "at": "2026-01-31T09:30:00+00:00",
        "id": "00000000-0000-0000-0000-000000000001",
    }


def test_one_thing_is_no_several() -> None:
    assert [counted(many, "block") for many in (0, 1, 2)] == ["0 blocks", "1 block", "2 blocks"]


def test_an_error_is_described_with_its_code_its_sides_and_what_to_do() -> None:
    details = {"yours": {"content": "é"}, "theirs": {"content": "\x1b"}, "expected_version": 1}

    shown = describe_error(StaleVersion("It moved on.", hint="Look.", details=details))

    assert shown.splitlines() == [
        "B402 It moved on.",
        '  yours: {"content": "é"}',
        '  theirs: {"content": "\\u001b"}',
        "  Look.",
    ]
    assert describe_error(BlockNotFound("None.", hint="")) == "B301 None.\n"


@given(PLAIN)
def test_the_width_of_text_is_that_of_its_parts(line: str) -> None:
    middle = len(line) // 2

    assert cell_width(line) == cell_width(line[:middle]) + cell_width(line[middle:])
    assert cell_width(line) <= 2 * len(line)


@pytest.mark.parametrize(
    ("line", "width"), [("", 0), ("abc", 3), ("漢字", 4), ("e\u0301", 1), ("Größe", 5), ("😀", 2)]
)
def test_wide_characters_take_two_places_and_marks_none(line: str, width: int) -> None:
    assert cell_width(line) == width


@given(PLAIN, st.integers(2, 40))
def test_folded_text_fits_and_keeps_every_character_but_blanks(line: str, width: int) -> None:
    lines = fold(line, width)

    assert lines
    assert all(cell_width(part) <= width for part in lines)
    assert "".join(lines).replace(" ", "") == line.replace(" ", "")


def test_text_is_folded_between_words() -> None:
    assert fold("one two three", 7) == ["one two", "three"]
    assert fold("a verylongword b", 6) == ["a", "verylo", "ngword", "b"]


class _Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> _Screen:
    """A terminal of 80 places without colours."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    return _Screen()


def test_a_table_without_rows_is_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with table(Column("id"), title="Title"):
        pass

    assert capsys.readouterr().out == ""


def test_numbers_stand_right_and_no_line_ends_in_blanks(capsys: pytest.CaptureFixture[str]) -> None:
    with table(Column("id"), number("tokens"), text("label"), title="Title") as rows:
        rows.add("a", "7", "")
        rows.add("bcd", "1234567", "Label")

    assert capsys.readouterr().out.splitlines() == [
        "Title",
        "id    tokens  label",
        "a          7",
        "bcd  1234567  Label",
    ]


def test_in_a_pipe_a_row_is_one_line_whatever_its_length(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with table(Column("id"), text("label"), text("tags")) as rows:
        rows.add("a", "word " * 100, "x")

    assert len(capsys.readouterr().out.splitlines()) == 2


def test_on_a_terminal_text_folds_in_its_column(screen: _Screen) -> None:
    with redirect_stdout(screen), table(Column("id"), text("label"), text("reason")) as rows:
        rows.add("a" * 20, "word " * 12 + "end", "because")

    assert screen.getvalue().splitlines() == [
        "id                    label                                              reason",
        "aaaaaaaaaaaaaaaaaaaa  word word word word word word word word word word  because",
        "                      word word end",
    ]


def test_text_stands_below_where_there_is_no_room_beside(screen: _Screen) -> None:
    columns = (Column("id"), text("label"), text("tags"), number("version"))

    with redirect_stdout(screen), table(*columns) as rows:
        rows.add("a" * 60, "word " * 18 + "end", "", "7")

    assert screen.getvalue().splitlines() == [
        "id" + " " * 60 + "version",
        "  label, tags",
        "a" * 60 + "  " + "      7",
        "  " + ("word " * 15).rstrip(),
        "  word word word end",
    ]


def test_rows_are_written_as_they_come_once_the_widths_are_known(screen: _Screen) -> None:
    with redirect_stdout(screen), table(Column("id"), number("n")) as rows:
        for count in range(199):
            rows.add("id", str(count))
        assert screen.getvalue() == ""
        rows.add("id", "199")
        assert len(screen.getvalue().splitlines()) == 201
        rows.add("wider than all before", "200")
        assert screen.getvalue().splitlines()[-1] == "re"
    assert rows.count == 201


def test_the_columns_of_a_block_fit_in_80_places(screen: _Screen) -> None:
    columns = (*map(Column, ("id", "type", "importance", "status")), number("version"))

    with redirect_stdout(screen), table(*columns, *map(text, ("label", "tags"))) as rows:
        rows.add(str(UUID(int=0)), "reference", "medium", "archived", "1", "Label " * 10, "a, b")

    assert max(map(len, screen.getvalue().splitlines())) <= 80
