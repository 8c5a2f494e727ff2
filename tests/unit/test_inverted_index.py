"""A copied index gives what was put into it, and finds what documents have in common."""

from collections import Counter
from math import isclose, log

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from briefsmith.compiler.inverted_index import InvertedIndex
from briefsmith.compiler.postings import ENTRY, LENGTH_BITS
from briefsmith.compiler.waiting_words import WaitingWords

K1, B = 1.5, 0.75
TERMS = ("alder", "birch", "cedar", "elm", "oak", "\u00e9rable")

_texts = st.lists(st.lists(st.sampled_from(TERMS), min_size=1), min_size=1, max_size=12)


def _index(texts: list[list[str]], first: int) -> tuple[InvertedIndex, dict[str, bytes]]:
    packed = dict.fromkeys(sorted({word for text in texts for word in text}), b"")
    for number, text in enumerate(texts, start=first):
        for term, count in Counter(text).items():
            entry = (number, count << LENGTH_BITS | len(text))
            packed[term] += np.array(entry, ENTRY).tobytes()
    sizes = [len(entries) // ENTRY.itemsize for entries in packed.values()]
    return InvertedIndex(list(packed), sizes, b"".join(packed.values())), packed


def _waiting(texts: list[list[str]], first: int) -> WaitingWords:
    """Documents that came in two goes, the first of them in another version before."""
    words = [
        [(number, len(text), term, count) for term, count in Counter(text).items()]
        for number, text in enumerate(texts, start=first)
    ]
    versions = dict.fromkeys(range(first, first + len(texts)), "2")
    some = WaitingWords({}, {}, {}).now(
        {first: "1", -5: "1"}, [(first, 1, "yew", 1), (-5, 1, "yew", 1)]
    )
    return some.now(versions, [row for rows in words for row in rows])


@given(texts=_texts, first=st.integers(0, 2**31 - 100))
def test_each_term_has_its_postings(texts: list[list[str]], first: int) -> None:
    index, packed = _index(texts, first)
    waiting = _waiting(texts, first)

    expected = {term: packed.get(term, b"") for term in (*TERMS, "yew")}
    assert {term: index.entries_of(term) for term in expected} == expected
    assert {term: waiting.entries_of(term) for term in expected} == expected
    assert waiting.known == [f"{number} 2" for number in range(first, first + len(texts))]
    assert index.size > 0


@given(
    texts=_texts,
    beside=_texts,
    first=st.integers(1, 1000),
    chosen=st.data(),
    more=st.integers(0, 50),
    count=st.integers(1, 8),
)
def test_what_documents_have_in_common_is_what_a_plain_reading_finds(
    texts: list[list[str]],
    beside: list[list[str]],
    first: int,
    chosen: st.DataObject,
    more: int,
    count: int,
) -> None:
    index, _ = _index(texts, first)
    waiting = _waiting(beside, first + len(texts))
    both = texts + beside
    there = range(first, first + len(both))
    # One that has no words is near by its vector alone.
    numbers = chosen.draw(st.lists(st.integers(first - 1, there[-1] + 1), min_size=1, unique=True))
    leading = {number: chosen.draw(st.floats(0.1, 1)) for number in numbers}
    documents = len(both) + more
    mean_length = sum(map(len, both)) / len(both)

    found = index.shared_terms(
        leading, waiting, documents=documents, mean_length=mean_length, k1=K1, b=B, count=count
    )

    gains: dict[str, float] = {}
    for term in TERMS:
        holding = [one for one in numbers if one in there and term in both[one - first]]
        if len(holding) < 2:
            continue
        told = 0.0
        for number in holding:
            text = both[number - first]
            norm = K1 * (1 - B + B * len(text) / mean_length)
            told += leading[number] * text.count(term) / (text.count(term) + norm)
        held = sum(term in text for text in both)
        gains[term] = told * log(1 + (documents - held + 0.5) / (held + 0.5))
    assert list(found) == sorted(found)
    assert len(found) == min(count, len(gains))
    assert all(isclose(gain, gains[term]) for term, gain in found.items())
    left_out = [gain for term, gain in gains.items() if term not in found]
    assert max(left_out, default=0) <= min(found.values(), default=0) * (1 + 1e-9)
