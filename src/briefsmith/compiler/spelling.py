"""Which terms of a vocabulary a misspelled word may stand for.

Distance: optimal string alignment after Damerau (1964): a letter too many, too few, another, or two swapped.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

LEAST_LETTERS = 4
MOST_LETTERS = 24
MOST_MEANT = 3
MOST_EDITS = 2

_TWO_EDITS_FROM = 8  # letters
_MOST_CUT = 5  # letters of an ending that the stemmer did not know
_CUT_COSTS = 0.3  # of an edit, a letter
_LOOKED_AT = 64  # terms, by common pairs of letters


@dataclass(frozen=True, slots=True)
class Search:
    """Where the terms that may be meant by a word stand.

    Attributes:
        first: Letter that they begin with; that of the word, or its second, which may have been swapped with it.
        end: They sort before it, wherever an index has them.
        letters: Of the word; at most two others make a term.
    """

    first: str
    end: str
    letters: str
    most_letters: int


def is_correctable(term: str) -> bool:
    """Letters alone, neither few nor many."""
    return LEAST_LETTERS <= len(term) <= MOST_LETTERS and term.isalpha()


def searches_for(word: str) -> list[Search]:
    """Where to look for what a correctable word may mean."""
    return [
        Search(first, _after(first), "".join(sorted(set(word))), len(word) + MOST_EDITS)
        for first in sorted(set(word[:2]))
    ]


def _after(letter: str) -> str:
    # The next letter is right in any order of letters; elsewhere a character that sorts behind those that are used.
    return chr(ord(letter) + 1) if "a" <= letter < "z" else letter + "\uffff"


def meant_by(word: str, vocabulary: Iterable[str]) -> list[str]:
    """Terms that the word may stand for, the likeliest first, three at most; none where nothing is close.

    A misspelled word is stemmed badly: `gvernment` stays as it is, while `government` has become `govern`. So an ending
    may be cut off; that is dearer, the more there is of it.
    """
    pairs = _pairs(word)
    letters, most = Counter(word), _most_edits(len(word))
    candidates = [
        term
        for term in vocabulary
        if term != word and is_correctable(term) and _may_be(term, letters, most)
    ]
    likely = heapq.nlargest(_LOOKED_AT, candidates, key=lambda term: (_share(term, pairs), term))
    costs = {term: cost for term in likely if (cost := _cost(word, term)) is not None}
    least = min(costs.values(), default=0.0)
    close = [term for term, cost in costs.items() if cost < least + 1]
    return sorted(close, key=lambda term: (costs[term], term))[:MOST_MEANT]


def _may_be(term: str, letters: Mapping[str, int], most: int) -> bool:
    """Whether it has so few letters that the word has not, or not as often; each is an edit, whatever is cut off."""
    if len(set(term) - letters.keys()) > most:
        return False
    others = 0
    for letter in set(term):
        others += max(term.count(letter) - letters.get(letter, 0), 0)
    return others <= most


def _pairs(word: str) -> set[str]:
    return {word[i : i + 2] for i in range(len(word) - 1)}


def _share(term: str, pairs: set[str]) -> float:
    own = _pairs(term)
    return len(own & pairs) / len(own)


def _cost(word: str, term: str) -> float | None:
    """Edits, and what the ending costs that is cut off; None where they are too many."""
    most = _most_edits(len(word))
    costs = [
        edits + _CUT_COSTS * (len(word) - kept)
        for kept, edits in enumerate(distances(word, term, most))
        if edits <= _most_edits(kept) and len(word) - kept <= _MOST_CUT and 2 * kept >= len(word)
    ]
    return min(costs, default=None)


def _most_edits(letters: int) -> int:
    if letters < LEAST_LETTERS:
        return -1
    return MOST_EDITS if letters >= _TWO_EDITS_FROM else 1


def distances(word: str, term: str, most: int | None = None) -> Sequence[int]:
    """Edits between the term and each beginning of the word, the empty one first.

    Args:
        most: Where all are more than this, they may be any such numbers.
    """
    before: list[int] = []
    row = list(range(len(word) + 1))
    for i, letter in enumerate(term):
        above, row = row, [i + 1]
        edits = i + 1
        for j, other in enumerate(word):
            # Compared one by one: this is where the time goes.
            edits += 1
            if (changed := above[j] + (letter != other)) < edits:
                edits = changed
            if (left_out := above[j + 1] + 1) < edits:
                edits = left_out
            if i and j and letter == word[j - 1] and term[i - 1] == other:
                edits = min(edits, before[j - 1] + 1)
            row.append(edits)
        before = above
        if most is not None and min(row) > most and min(before) > most:
            return row
    return row
