"""Pieces of what was taken out of a file, and where in it they stand."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefsmith.errors import UnreadableDocument
from briefsmith.operations.extraction_pieces import extracted_texts, text_sha256
from briefsmith.providers.extraction.port import Extraction, ExtractionKind, Part

MARK = "\u203a"
LONG = "This sentence is one of many that fill a page. " * 60


def taken(
    *parts: tuple[str, str], kind: ExtractionKind = ExtractionKind.PDF
) -> list[tuple[str, str, str]]:
    """Label, place and text of each piece."""
    extraction = Extraction(tuple(Part(place, text) for place, text in parts))
    found = extracted_texts(extraction, kind, "Handbook")
    return [(one.piece.label, one.place, one.piece.content) for one in found]


def test_a_short_file_is_one_piece_that_names_all_its_pages() -> None:
    found = taken(("page 1", "One."), ("page 2", ""), ("page 3", "Three."))

    assert found == [("Handbook", "pages 1 to 3", "One.\n\nThree.")]


def test_a_section_knows_its_pages_wherever_they_turn() -> None:
    found = taken(
        ("page 1", f"# Orders\n\n{LONG}"), ("page 2", f"{LONG}\n\n# Prices"), ("page 3", LONG)
    )

    assert [(label, place) for label, place, _ in found] == [
        (f"Handbook {MARK} Orders", "page 1"),
        (f"Handbook {MARK} Orders (2)", "page 2"),
        (f"Handbook {MARK} Prices", "page 3"),
    ]


def test_a_heading_at_the_top_of_a_page_stands_on_that_page() -> None:
    found = taken(("page 1", f"# Orders\n\n{LONG}"), ("page 2", f"# Prices\n\n{LONG}"))

    assert [place for _, place, _ in found] == ["page 1", "page 2"]


def test_sheets_are_named_from_the_first_to_the_last() -> None:
    text = "| a |\n| --- |\n| b |"
    first, second = ("sheet “S”, rows 1 to 9", text), ("sheet “S”, rows 10 to 12", text)

    assert taken(first, second)[0][1] == "sheet “S”, rows 1 to 12"
    assert taken(first, ("sheet “T”, rows 1 to 2", text))[0][1] == (
        "sheet “S”, rows 1 to 9 to sheet “T”, rows 1 to 2"
    )


def test_plain_text_is_cut_as_plain_text() -> None:
    found = taken(("", "# no heading\n\n1"), kind=ExtractionKind.TEXT)

    assert found == [("Handbook", "", "# no heading\n\n1")]


def test_a_file_with_headings_alone_gives_nothing() -> None:
    assert taken(("", "# Orders\n\n## Prices\n"), kind=ExtractionKind.DOCX) == []
    assert taken(("page 1", ""), ("page 2", "\n")) == []


def test_front_matter_of_markdown_counts_and_has_to_make_sense() -> None:
    found = extracted_texts(
        Extraction((Part("", "---\ntags: a, b\n---\nText."),)), ExtractionKind.MARKDOWN, "Notes"
    )

    assert found[0].piece.tags == ("a", "b")
    with pytest.raises(UnreadableDocument):
        taken(("", "---\nlayout: post\n---\nText."), kind=ExtractionKind.MARKDOWN)


def test_the_hash_of_a_text_is_no_hash_that_an_import_makes() -> None:
    import hashlib

    assert text_sha256("x") != hashlib.sha256(b"x").hexdigest()


WORDS = st.text(st.sampled_from("ab# \n\ue000\ue0010159|-`<>\x07"), max_size=400)


@given(st.lists(WORDS, min_size=1, max_size=8))
def test_no_ink_is_lost_and_no_mark_is_left_whatever_a_page_holds(pages: list[str]) -> None:
    found = taken(
        *((f"page {number}", f"{number}x {text}") for number, text in enumerate(pages, 1))
    )

    whole = "\n".join(f"{label}\n{text}" for label, _, text in found)
    assert not re.search("[\ue000\ue001\x07]", whole)
    for number, text in enumerate(pages, start=1):
        for word in re.findall(r"[ab]+", text):
            assert word in whole
        assert f"{number}x" in whole


@given(st.lists(st.integers(0, 900), min_size=1, max_size=12))
def test_every_piece_names_just_the_pages_that_its_text_is_from(sizes: list[int]) -> None:
    pages = [" ".join([f"p{number}e"] * size) for number, size in enumerate(sizes, start=1)]

    for _, place, text in taken(*((f"page {n}", page) for n, page in enumerate(pages, 1))):
        held = [int(number) for number in re.findall(r"p(\d+)e", text)]
        first, last = min(held), max(held)
        assert place == (f"page {first}" if first == last else f"pages {first} to {last}")
