"""Which texts count as the same, and which only look alike."""

from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from briefsmith.compiler.candidates import Candidate, Variant
from briefsmith.compiler.duplicates import Likeness, clusters, compare
from briefsmith.compiler.worth import DEFAULT_SETTINGS
from briefsmith.models.enums import BlockImportance

PARAGRAPH = (
    "Orders leave our warehouse in Leeds on the next working day and travel with a carrier "
    "that tells the customer the hour of delivery by text message in the morning"
)
OTHER_PARAGRAPH = (
    "Every headline names the benefit before the product and the body copy speaks to the reader "
    "directly while quotations from customers stay exactly as they were given"
)
THIRD_PARAGRAPH = (
    "Refunds go back by the way the payment came and take about one week because the bank "
    "checks each transfer by hand before it reaches the account of the buyer"
)
SHIPPING = (
    "Customers in the whole of Europe get free shipping from {} EUR and may send back what does "
    "suit them badly within the usual period as long as the label is still on"
)


def candidate(content: str, embedding: NDArray[np.float32] | None = None) -> Candidate:
    return Candidate(
        block_id=UUID(int=0),
        content=content,
        relevance=1.0,
        importance=BlockImportance.MEDIUM,
        feedback_score=None,
        age_days=0.0,
        content_tokens=10,
        embedding=embedding,
        asked=False,
        variants=(Variant("used-as-is", ((0, len(content)),), 10, 1.0),),
    )


def direction(degrees: float) -> NDArray[np.float32]:
    turn = np.radians(degrees)
    return np.array([np.cos(turn), np.sin(turn)], dtype=np.float32)


def likeness(*candidates: Candidate) -> Likeness:
    return compare(
        candidates,
        cosine=DEFAULT_SETTINGS.duplicate_cosine,
        cover=DEFAULT_SETTINGS.duplicate_cover,
        size_ratio=DEFAULT_SETTINGS.duplicate_size_ratio,
    )


def are_same(one: str, other: str, *, degrees_apart: float | None = None) -> bool:
    if degrees_apart is None:
        found = likeness(candidate(one), candidate(other))
    else:
        found = likeness(candidate(one, direction(0)), candidate(other, direction(degrees_apart)))
    return bool(found.same[0, 1])


def test_case_spacing_punctuation_and_width_do_not_make_a_difference() -> None:
    dressed = "## " + PARAGRAPH.upper().replace(" ", "\n ") + " !"
    wide = PARAGRAPH.translate({code: code + 0xFEE0 for code in range(ord("A"), ord("z") + 1)})

    assert are_same(PARAGRAPH, dressed)
    assert are_same(PARAGRAPH, wide)


def test_a_page_with_one_word_mended_is_a_duplicate() -> None:
    assert are_same(PARAGRAPH, PARAGRAPH.replace("Orders", "Parcels"))


def test_a_text_with_a_sentence_added_is_a_duplicate_of_the_text() -> None:
    assert are_same(PARAGRAPH, PARAGRAPH + ". That is what the shop promises.")


def test_a_sentence_out_of_a_page_is_not_a_duplicate_of_the_page() -> None:
    page = f"{PARAGRAPH}. {OTHER_PARAGRAPH}. {THIRD_PARAGRAPH}."

    found = likeness(candidate(PARAGRAPH), candidate(page))

    assert not found.same[0, 1]
    assert found.covered[0, 1] == 1.0
    assert found.covered[1, 0] < 0.5


@pytest.mark.parametrize("degrees_apart", [None, 0.0])
@pytest.mark.parametrize(
    ("one", "other"),
    [
        (SHIPPING.format(40), SHIPPING.format(60)),
        (SHIPPING.format(40), SHIPPING.format("40.50")),
        (SHIPPING.format("5"), SHIPPING.format("-5")),
        (SHIPPING.format("5"), SHIPPING.format("\u22125")),
        (SHIPPING.format("40€"), SHIPPING.format("40$")),
        (SHIPPING.format(40), SHIPPING.format("forty")),
        (PARAGRAPH, PARAGRAPH.replace("leave", "never leave")),
        (PARAGRAPH, PARAGRAPH.replace("tells", "doesn't tell")),
        (PARAGRAPH, PARAGRAPH.replace("tells", "doesn\u2019t tell")),
        ("Wir liefern auf alle Inseln und das auch am Samstag", "Wir liefern nicht auf alle Inseln und das auch am Samstag"),
        ("free shipping from 40 EUR", "free shipping from 60 EUR"),
        ("returns within 14 days and free shipping from 40 EUR in all of Europe", "returns within 40 days and free shipping from 14 EUR in all of Europe"),
    ],
)  # fmt: skip
def test_texts_that_differ_in_a_number_or_a_negation_contradict_and_are_both_kept(
    one: str, other: str, degrees_apart: float | None
) -> None:
    assert not are_same(one, other, degrees_apart=degrees_apart)


def test_texts_with_the_same_numbers_and_negations_can_be_duplicates() -> None:
    one = SHIPPING.format(40) + ". We do not ship on Sundays"

    assert are_same(one, one.replace("Customers", "Buyers"))


def test_a_number_is_the_same_in_every_script_of_digits() -> None:
    assert are_same(SHIPPING.format("40"), SHIPPING.format("\uff14\uff10"))


def test_embeddings_show_what_scattered_edits_hide_from_the_words() -> None:
    edited = " ".join(
        word + "s" if at % 4 == 3 else word for at, word in enumerate(PARAGRAPH.split())
    )

    assert not are_same(PARAGRAPH, edited)
    assert are_same(PARAGRAPH, edited, degrees_apart=13)  # cosine 0.974
    assert not are_same(PARAGRAPH, edited, degrees_apart=15)  # cosine 0.966


def test_the_same_words_rearranged_may_say_another_thing() -> None:
    one = "the editor Anna Schmidt reports to the head of marketing Ben Weber"
    other = "the head of marketing Ben Weber reports to the editor Anna Schmidt"

    assert not are_same(one, other, degrees_apart=0)


def test_embeddings_of_very_short_texts_are_not_believed() -> None:
    assert not are_same("Anna reports to Ben", "now Ben reports to Anna", degrees_apart=0)
    assert are_same("Anna reports to Ben", "anna reports to ben.", degrees_apart=0)


@pytest.mark.parametrize("text", ["", "   ", "— … !"])
def test_texts_without_words_are_like_no_other(text: str) -> None:
    found = likeness(candidate(text, direction(0)), candidate(text, direction(0)))

    assert not found.same.any()
    assert found.covered.max() == 0.0


def test_an_embedding_that_is_not_finite_counts_as_none() -> None:
    broken = np.array([np.nan, 1.0], dtype=np.float32)

    found = likeness(candidate(PARAGRAPH, broken), candidate(OTHER_PARAGRAPH, direction(0)))

    assert found.cosine[0, 1] == -1.0


def test_no_candidates_have_no_likeness() -> None:
    found = likeness()

    assert found.same.shape == (0, 0)
    assert clusters(found) == ()


def test_what_two_pages_quote_does_not_make_duplicates_of_the_pages() -> None:
    one_page = f"{PARAGRAPH}. {OTHER_PARAGRAPH[:60]}"
    other_page = f"{THIRD_PARAGRAPH[:60]}. {PARAGRAPH}"
    quoted = PARAGRAPH

    found = likeness(candidate(one_page), candidate(quoted), candidate(other_page))
    one, middle, other = clusters(found)

    assert found.same[0, 1]
    assert found.same[1, 2]
    assert not found.same[0, 2]
    assert one != other
    assert middle in {one, other}


def test_who_does_not_take_part_stays_alone() -> None:
    found = likeness(*[candidate(PARAGRAPH)] * 3)

    assert clusters(found) == (0, 0, 0)
    assert clusters(found, among=[True, False, True]) == (0, 1, 0)


WORDS = st.lists(
    st.sampled_from(["ship", "order", "page", "tone", "brand", "not", "40", "60"]), max_size=14
)


@settings(deadline=None)
@given(st.lists(WORDS.map(" ".join), max_size=7))
def test_sharing_of_word_runs_is_what_counting_sets_of_them_gives(texts: list[str]) -> None:
    def runs(text: str) -> set[tuple[str, ...]]:
        words = text.split()
        return (
            {tuple(words[at : at + 5]) for at in range(max(1, len(words) - 4))} if words else set()
        )

    covered = likeness(*map(candidate, texts)).covered

    for i, one in enumerate(texts):
        for j, other in enumerate(texts):
            expected = len(runs(one) & runs(other)) / max(1, len(runs(one)))
            assert covered[i, j] == pytest.approx(expected)


@st.composite
def likenesses(draw: st.DrawFn) -> Likeness:
    size = draw(st.integers(1, 9))
    cells = draw(st.lists(st.integers(0, 4), min_size=size * size, max_size=size * size))
    upper = np.triu(np.array(cells, dtype=np.float64).reshape(size, size), k=1) / 4
    cosine = upper + upper.T
    return Likeness(cosine=cosine, covered=np.zeros_like(cosine), same=cosine >= 0.5)


@settings(deadline=None)
@given(likenesses())
def test_any_two_of_a_cluster_are_duplicates_of_one_another(found: Likeness) -> None:
    numbers = np.array(clusters(found))

    together = numbers[:, np.newaxis] == numbers[np.newaxis, :]
    np.fill_diagonal(together, val=False)

    assert not (together & ~found.same).any()


@settings(deadline=None)
@given(likenesses())
def test_two_clusters_stay_apart_only_where_some_pair_across_them_differs(
    found: Likeness,
) -> None:
    numbers = np.array(clusters(found))

    for one in set(numbers.tolist()):
        for other in set(numbers.tolist()) - {one}:
            across = found.same[np.ix_(numbers == one, numbers == other)]
            assert not across.all()
