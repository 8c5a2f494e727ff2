"""What a misspelled word may stand for."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from briefsmith.compiler.spelling import (
    MOST_MEANT,
    distances,
    is_correctable,
    meant_by,
    searches_for,
)

_words = st.text("abcdeæя", max_size=9)
_long_words = st.text("abcdefghij", min_size=5, max_size=7)


@given(word=_words, term=_words)
def test_a_distance_is_the_same_both_ways_and_that_of_each_beginning(word: str, term: str) -> None:
    found = distances(word, term)

    assert len(found) == len(word) + 1
    assert found[-1] == distances(term, word)[-1]
    assert (found[-1] == 0) == (word == term)
    for kept in range(len(word) + 1):
        assert found[kept] == distances(word[:kept], term)[-1]
        assert abs(kept - len(term)) <= found[kept] <= max(kept, len(term))


def _slips(word: str, place: int, letter: str) -> list[str]:
    before, after = word[:place], word[place:]
    return [
        before + letter + after,
        before + after[1:],
        before + letter + after[1:],
        before + after[1::-1] + after[2:],
    ]


@given(word=_long_words, place=st.integers(1, 9), letter=st.sampled_from("abcxyz"))
def test_each_slip_of_the_pen_is_taken_for_the_word(word: str, place: int, letter: str) -> None:
    for slip in _slips(word, min(place, len(word) - 2), letter):
        assume(is_correctable(slip))

        assert meant_by(slip, [word]) == [word] or slip == word


@given(word=_long_words, vocabulary=st.lists(_long_words))
def test_what_is_meant_is_near_and_of_the_vocabulary_and_not_much(
    word: str, vocabulary: list[str]
) -> None:
    found = meant_by(word, vocabulary)

    assert set(found) <= set(vocabulary) - {word}
    assert len(found) == len(set(found)) <= MOST_MEANT
    for term in found:
        assert min(distances(word, term)) <= 1


@given(word=_long_words, place=st.integers(0, 9), letter=st.sampled_from("abcxyz"))
def test_the_places_that_are_searched_have_the_word_unless_its_first_letter_is_lost(
    word: str, place: int, letter: str
) -> None:
    place = min(place, len(word) - 2)
    slips = _slips(word, place, letter)
    if place == 0:
        slips = [slips[0], slips[3]]
    for slip in slips:
        assume(is_correctable(slip))

        assert any(
            word.startswith(one.first)
            and one.first <= word < one.end
            and len(word) <= one.most_letters
            and len(set(word) - set(one.letters)) <= 2
            for one in searches_for(slip)
        )


@pytest.mark.parametrize(
    ("word", "term"),
    [
        ("gvernment", "govern"),
        ("informatoin", "inform"),
        ("lihgthous", "lighthous"),
        ("ogvern", "govern"),
        ("brusch", "brush"),
    ],
)
def test_a_word_is_compared_with_what_the_stemmer_left_of_others(word: str, term: str) -> None:
    assert meant_by(word, [term, "anchor", "harbour", "brunch" * 2])[0] == term


@pytest.mark.parametrize("term", ["oar", "gpt4", "a-b", "x.org", "a" * 40, "12345"])
def test_short_words_numbers_and_addresses_are_taken_as_they_are(term: str) -> None:
    assert not is_correctable(term)
