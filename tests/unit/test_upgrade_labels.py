"""Labels of an upgraded person: no two that any database takes for the same."""

from collections.abc import Callable
from unicodedata import normalize

from hypothesis import given, settings
from hypothesis import strategies as st

from briefsmith.schema_sync.upgrade.labels import Labels, shown, usable_label

_label = (
    st.sampled_from(
        [
            "a",
            "A",
            "a (2)",
            "İ",
            "i",
            "\u0131",
            "I",
            "i̇",
            "ẞ",
            "ß",
            "ss",
            "Σ",
            "ς",
            "\u03c3",
            "ﬁ",
            "fi",
            "x" * 500,
        ]
    )
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=3)
    | st.integers(490, 700).map(lambda length: "ẞ" * length)
)

_WAYS: list[Callable[[str], str]] = [
    str,
    str.lower,
    str.upper,
    str.casefold,
    lambda text: normalize("NFKC", text.casefold()),
]


@settings(max_examples=150, deadline=None)
@given(st.lists(_label, max_size=12), st.booleans())
def test_labels_are_told_apart_in_every_way_of_comparing(wanted: list[str], crude: bool) -> None:
    labels = Labels(crude=crude)

    found = [labels.take(usable_label(label)) for label in wanted]

    for same in _WAYS:
        assert len({same(label) for label in found}) == len(found)
    assert all(label.strip() and len(label) <= 500 for label in found)


@given(_label)
def test_a_label_that_is_free_and_usable_stays_as_it_is(label: str) -> None:
    usable = usable_label(label)

    assert Labels().take(usable) == usable
    assert usable == label or len(label) > 500 or not label.split()


def test_labels_that_only_ascii_tells_apart_are_one_where_that_is_asked_for() -> None:
    wanted = ["Тон", "тоН!", "Ton"]

    assert [Labels().take(label) for label in wanted] == wanted
    crude = Labels(crude=True)
    assert [crude.take(label) for label in wanted] == ["Тон", "тоН! (2)", "Ton"]


def test_many_equal_labels_are_numbered_in_one_pass() -> None:
    labels = Labels()

    found = [labels.take("Idea") for _ in range(3_000)]

    assert found[:2] == ["Idea", "Idea (2)"]
    assert found[-1] == "Idea (3000)"


def test_a_label_in_a_sentence_is_short_and_obeyed_by_no_terminal() -> None:
    text = shown("\x1b[31mred\x9b\n\u202e" + "x" * 100)

    assert text.isprintable()
    assert len(text) < 80
