"""What an imported section may be called."""

from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from briefsmith.operations.import_labels import choices
from briefsmith.schemas.blocks import MAX_LABEL_CHARS

_labels = st.text("ab \N{BABY}Σ", min_size=1, max_size=MAX_LABEL_CHARS)
_paths = st.text("ab/.\n\x1b\N{RIGHT-TO-LEFT OVERRIDE}\N{BABY}", min_size=1, max_size=2_000)
_anchors = st.text("ab/#~2", max_size=300)


@given(_labels, _paths, _anchors)
def test_a_section_is_called_as_its_file_says_if_that_is_free(
    label: str, path: str, anchor: str
) -> None:
    assert next(choices(label, path, anchor)) == label


@given(_labels, _paths, _anchors)
def test_there_is_always_another_label_that_fits(label: str, path: str, anchor: str) -> None:
    some = list(islice(choices(label, path, anchor), 30))

    assert len(set(some)) == 30
    assert all(len(choice) <= MAX_LABEL_CHARS for choice in some)
    assert all(choice[:200] == label[:200] for choice in some if len(label) >= 200)
    assert all(len(choice.splitlines()) == 1 for choice in some)


def test_the_file_comes_behind_the_label_and_then_the_section_and_then_a_number() -> None:
    assert list(islice(choices("Notes", "a/b.md", "x"), 4)) == [
        "Notes",
        "Notes (a/b.md)",
        "Notes (a/b.md#x)",
        "Notes (a/b.md#x, 2)",
    ]
    assert list(islice(choices("Notes", "a/b.md", ""), 3)) == [
        "Notes",
        "Notes (a/b.md)",
        "Notes (a/b.md, 2)",
    ]


def test_of_a_long_path_the_end_is_shown() -> None:
    [_, second] = islice(choices("Notes", "a" * 1_000 + "/end.md", ""), 2)

    assert second.startswith("Notes (…a")
    assert second.endswith("/end.md)")
