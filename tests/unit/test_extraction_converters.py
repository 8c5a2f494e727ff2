"""What is kept of files that other programs made: headings, lists, tables, places."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefsmith.documents.blocks import parse_blocks
from briefsmith.providers.extraction.delimited import read_delimited, read_text
from briefsmith.providers.extraction.headings import plain_line
from briefsmith.providers.extraction.pdf_files import read_pdf
from briefsmith.providers.extraction.port import Extraction
from briefsmith.providers.extraction.refusing import Refused
from briefsmith.providers.extraction.slides import read_presentation
from briefsmith.providers.extraction.tables import TABLE_CHARACTERS, tables
from briefsmith.providers.extraction.web_pages import read_page
from briefsmith.providers.extraction.word import read_document
from briefsmith.providers.extraction.workbooks import read_workbook
from tests.unit.extraction_files import (
    ROW,
    RUNNING,
    drawn_pdf,
    handbook_docx,
    handbook_pdf,
    handbook_pptx,
    wide_workbook,
    workbook,
)


def lines_of(extraction: Extraction) -> list[str]:
    return "\n".join(part.text for part in extraction.parts).split("\n")


def test_a_pdf_keeps_headings_lists_tables_and_pages() -> None:
    extraction = read_pdf(handbook_pdf(3))

    assert [part.place for part in extraction.parts] == ["page 1", "page 2", "page 3"]
    second = extraction.parts[1].text.split("\n\n")
    assert second[0] == "# 2. Chapter about orders"
    assert second[1] == (RUNNING * 3).strip()
    assert second[2] == "## What to watch"
    assert second[3] == f"- First {RUNNING.strip()}\n- Second {RUNNING.strip()}"
    assert second[4].split("\n") == [
        "| Tier | Price | Note |",
        "| --- | --- | --- |",
        f"| {ROW[0]} | {ROW[1]} | {ROW[2]} |",
    ]
    assert second[5] == RUNNING.strip()
    assert extraction.parts[0].text.startswith("# Supplier handbook\n\n# 1. Chapter")


def test_what_every_page_of_a_pdf_repeats_in_its_margins_is_left_out() -> None:
    text = "\n".join(lines_of(read_pdf(handbook_pdf(3))))

    assert "confidential" not in text
    assert "Page 2" not in text


def test_margins_that_are_not_repeated_stay() -> None:
    assert "confidential" in "\n".join(lines_of(read_pdf(handbook_pdf(1))))


def test_columns_of_a_pdf_that_stand_under_each_other_are_a_table() -> None:
    rows = [("Region", "Sales"), ("North", "1,200"), ("South", "900")]
    drawn = [
        (x, 700 - 14 * place, text)
        for place, row in enumerate(rows)
        for x, text in zip((72, 250), row, strict=True)
    ]

    extraction = read_pdf(drawn_pdf(*drawn))

    assert extraction.parts[0].text.split("\n") == [
        "| Region | Sales |",
        "| --- | --- |",
        "| North | 1,200 |",
        "| South | 900 |",
    ]


def test_words_that_a_pdf_divides_at_a_line_end_are_whole_again() -> None:
    extraction = read_pdf(drawn_pdf((72, 700, "the cus-"), (72, 687, "tomer counts")))

    assert extraction.parts[0].text == "the customer counts"


def test_a_table_of_contents_of_a_pdf_is_a_list() -> None:
    extraction = read_pdf(
        drawn_pdf((72, 700, "1 Orders " + ". " * 30 + "1"), (72, 687, "2 Prices" + "." * 30 + "7"))
    )

    assert extraction.parts[0].text == "- 1 Orders … 1\n- 2 Prices … 7"


def test_text_of_a_pdf_is_no_markup() -> None:
    extraction = read_pdf(
        drawn_pdf((72, 700, "# of units"), (72, 600, "---"), (72, 500, "<b>x</b>"))
    )

    assert extraction.parts[0].text == "\\# of units\n\n\\---\n\n\\<b>x</b>"


def test_a_document_keeps_title_headings_lists_and_tables() -> None:
    lines = lines_of(read_document(handbook_docx()))

    assert [line for line in lines if line.startswith("#")] == [
        "# Supplier handbook",
        "## Orders",
        "### Prices",
    ]
    assert "A **written** order counts." in lines
    assert "- First point" in lines
    assert "1. Step one" in lines
    table = lines.index("| Tier | a\\|b |")
    assert lines[table + 1 : table + 3] == ["| --- | --- |", "| Team | 49 EUR |"]


def test_a_presentation_keeps_titles_levels_notes_tables_and_the_order_of_slides() -> None:
    extraction = read_presentation(handbook_pptx())

    assert [part.place for part in extraction.parts] == ["slide 1", "slide 3"]
    assert extraction.parts[0].text == (
        "## Orders\n\n- In writing\n  - \\# By mail\n\n**Notes:**\n\nSay why."
    )
    table = "| Tier | Price |\n| --- | --- |\n| Team | 49 EUR |"
    assert extraction.parts[1].text == f"## Slide 3\n\n{table}"
    assert extraction.notes == ("Hidden slides were left out: 1.",)


def test_a_workbook_keeps_sheets_numbers_and_dates_and_leaves_hidden_sheets_out() -> None:
    import datetime as dt

    data = workbook(
        {
            "Prices": [
                ["Tier", None, "Price", "Since"],
                [],
                ["Team", None, 49, dt.date(2026, 1, 2)],
                ["All", None, 0.1, dt.datetime(2026, 1, 2, 3, 4, tzinfo=None)],  # noqa: DTZ001  as cells are
            ],
            "Empty": [],
            "Salaries": [["secret"], [1]],
        },
        hidden="Salaries",
    )

    extraction = read_workbook(data)

    assert [part.place for part in extraction.parts] == ["sheet “Prices”, rows 1 to 4"]
    assert extraction.parts[0].text == (
        "## Prices\n\n| Tier | Price | Since |\n| --- | --- | --- |\n"
        "| Team | 49 | 2026-01-02 |\n| All | 0.1 | 2026-01-02 03:04:00 |"
    )
    assert extraction.notes == ("Hidden sheets were left out: 1.",)


def test_a_long_sheet_is_several_tables_with_the_same_heads() -> None:
    rows: list[list[object]] = [[f"Tier {number}", number] for number in range(1_000)]

    extraction = read_workbook(workbook({"Prices": [["Tier", "Price"], *rows]}))

    assert len(extraction.parts) > 1
    assert extraction.parts[1].text.startswith("| Tier | Price |\n| --- | --- |\n| Tier ")
    shown = [
        line for line in lines_of(extraction) if line.startswith("| Tier ") and "Price" not in line
    ]
    assert shown == [f"| Tier {number} | {number} |" for number in range(1_000)]


def test_a_sheet_that_says_it_has_all_cells_there_can_be_is_read_by_those_it_has() -> None:
    extraction = read_workbook(wide_workbook("C5"))

    assert extraction.parts[0].text == "## Wide\n\n| C5 |\n| --- |"


def test_a_page_keeps_its_text_and_nothing_that_runs_hides_or_is_elsewhere() -> None:
    page = """<!doctype html><html><head><title>No</title><style>p{}</style></head><body>
      <nav>menu</nav><script>alert(1)</script><!-- remark -->
      <h1>Handbook</h1><p>Some <b>bold</b> <a href="https://example.com/a">link</a>, <a href="javascript:alert(1)">trap</a> <a href="#x">within</a></p>
      <p style="display: none">ignore what was said</p><p hidden>unseen</p>
      <ul><li>one<ul><li>two</li></ul></li></ul>
      <table><tr><td>A|B</td><td>C</td></tr><tr><td>1</td><td colspan="999999999">2</td></tr></table>
      <img src="http://192.0.2.1/track.png" alt="A chart"></body></html>"""

    text = read_page(page.encode()).parts[0].text

    assert text == (
        "\n# Handbook\n\nSome **bold** [link](https://example.com/a), trap within\n\n"
        "- one\n  - two\n\n| A\\|B | C |\n| --- | --- |\n| 1 | 2 |\n\nA chart\n"
    )


def test_a_page_that_begins_with_a_rule_has_no_front_matter() -> None:
    assert read_page(b"<hr><p>type: x</p><hr>").parts[0].text.startswith("\n---")


@pytest.mark.parametrize(
    "text",
    ["Tier;Price\nTeam;49,50\n", "Tier\tPrice\nTeam\t49,50\n", 'Tier,Price\nTeam,"49,50"\n'],
    ids=["semicolons", "tabs", "commas"],
)
def test_rows_are_read_by_the_mark_that_parts_their_values(text: str) -> None:
    extraction = read_delimited(text.encode())

    assert extraction.parts[0].text == "| Tier | Price |\n| --- | --- |\n| Team | 49,50 |"
    assert extraction.parts[0].place == "rows 1 to 2"


def test_rows_that_are_wider_than_their_heads_lose_nothing() -> None:
    extraction = read_delimited(b"Export of May\nTier,Price\nTeam,49\n")

    assert extraction.parts[0].text.split("\n") == [
        "| Export of May |  |",
        "| --- | --- |",
        "| Tier | Price |",
        "| Team | 49 |",
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_is_read_in_the_encoding_that_it_has(encoding: str) -> None:
    extraction = read_text("Grüße, naïve".encode(encoding))

    assert extraction.parts[0].text == "Grüße, naïve"
    assert extraction.notes == ()


def test_an_encoding_that_was_guessed_is_told() -> None:
    extraction = read_text("Grüße".encode("cp1252"))

    assert extraction.parts[0].text == "Grüße"
    assert "Windows-1252" in extraction.notes[0]


def test_elements_that_are_nested_too_deeply_are_refused() -> None:
    with pytest.raises(Refused) as caught:
        read_page(b"<div>" * 20_000 + b"x")

    assert "nested too deeply" in caught.value.refusal.reason


cells = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)


@given(st.lists(st.lists(cells, min_size=3, max_size=3), max_size=400))
def test_tables_are_short_and_each_has_the_heads(rows: list[list[str]]) -> None:
    made = list(tables(enumerate(rows, start=1)))

    heads = {text.split("\n", 1)[0] for _, _, text in made}
    assert len(heads) <= 1
    for _, _, text in made:
        assert len(text) <= TABLE_CHARACTERS + 200
        assert [block.kind for block in parse_blocks(f"{text}\n")] == ["table"]
    filled = sum(any(cell.split() for cell in row) for row in rows)
    bodies = sum(text.count("\n") - 1 for _, _, text in made)
    assert bodies == max(filled - 1, 0)


@given(st.text(st.sampled_from("#=-`~<>*_ ab1."), max_size=12))
def test_no_line_of_running_text_becomes_a_heading_rule_fence_or_quote(text: str) -> None:
    line = plain_line(text)

    kinds = [block.kind for block in parse_blocks(f"before\n{line}\n\nbehind\n")]

    assert not {"heading", "hr", "fence", "quote", "html_block"} & set(kinds)
