"""Labels are one short line each, anchors have no separators inside."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefsmith.documents.labels import LabelBook, one_line, path_label, readable_stem, slug

ANY_TEXT = st.text(st.characters(codec=None), max_size=300)


@given(st.text(max_size=300), st.lists(st.text(max_size=300), max_size=3))
def test_a_label_is_one_line_of_at_most_200_characters(title: str, path: list[str]) -> None:
    label = path_label(title, path)

    assert 0 < len(label) <= 200
    assert {unicodedata.category(char) for char in label} & {"Cc", "Zl", "Zp"} == set()
    assert not set(label) & set(
        "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f"
    )


@given(st.lists(st.sampled_from(["a", "A", "a (2)", "a (3)", "x" * 200, "x" * 198 + "…"])))
def test_a_book_never_gives_a_label_twice(labels: list[str]) -> None:
    book = LabelBook()

    entered = [book.enter(label) for label in labels]

    assert len({label.casefold() for label in entered}) == len(entered)
    assert all(len(label) <= 200 for label in entered)


@given(ANY_TEXT)
def test_a_slug_holds_no_separator_of_anchors(heading: str) -> None:
    name = slug(heading)

    assert 0 < len(name) <= 80
    assert not set(name) & set("/#~ ")


@pytest.mark.parametrize(
    ("stem", "title"),
    [
        ("brand_voice-2", "Brand voice 2"),
        ("iPhone", "IPhone"),
        ("--", "Untitled"),
        ("\n", "Untitled"),
    ],
)
def test_a_file_name_becomes_a_title(stem: str, title: str) -> None:
    assert readable_stem(stem) == title


def test_letters_with_marks_and_joiners_survive() -> None:
    assert slug("हिन्दी Größe Ⅷ") == "हिन्दी-grösse-viii"
    assert one_line(" क्\u200dष ") == "क्\u200dष"
    assert one_line("a\u00ad\U000e0041b\ufeff") == "ab"
