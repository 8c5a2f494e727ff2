"""Which texts say the same, so that a brief says it once.

Two candidates are *the same* when one of two signs shows it and nothing speaks against it:

- nearly the same words in a row: of the shorter text's runs of five words, the longer has most;
- or nearly the same direction of their embeddings.

Against it speak: lengths too far apart (a page is not a duplicate of one of its sentences), and
numbers or negations that stand in other company ("from 40 EUR", "from 60 EUR"): that is a
contradiction, and both sides of one are worth showing. Static embeddings do not see the order of
words, so that they are not asked about very short texts, nor about the same words rearranged.

Source: docs/decisions/0003-selection-is-an-exact-knapsack.md
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from briefsmith.compiler.candidates import Candidate

RUN_WORDS = 5
"""Words in a row that are compared; one changed word spoils five runs."""

EMBEDDING_LEAST_WORDS = 8
"""Shorter texts are compared word for word only: their embeddings hide who did what to whom."""

_NO_RUNS = np.zeros(0, dtype=np.uint64)
_CHUNK_COLUMNS = 4096  # keeps the table of runs that texts share at a few megabytes
_MULTIPLIERS = np.array(  # odd 64-bit constants: runs of word numbers become one number each
    [
        0x9E3779B97F4A7C15,
        0xBF58476D1CE4E5B9,
        0x94D049BB133111EB,
        0xD6E8FEB86659FD93,
        0xA0761D6478BD642F,
    ],
    dtype=np.uint64,
)
_WORD = re.compile(
    r"[^\W\d]\w*(?:'\w+)*"
    r"|(?:(?<!\w)[-+])?[$€£¥]?\d+(?:[.,:/]\d+)*[%‰°$€£¥]?"  # with its sign and unit sign
)
_PLAIN = str.maketrans({"\u2019": "'", "\u02bc": "'", "\u2212": "-"})
_NEGATIONS = frozenset(
    """
    no not never none nor neither cannot nothing nobody without except unless
    nicht nichts nie niemals niemand ohne weder kein keine keinen keinem keiner keines
    ne pas jamais rien sans aucun aucune
    non né mai senza nessun nessuna nunca sin ni ningún ninguna não nem sem jamás
    niet geen nooit zonder
    """.split()  # noqa: SIM905  a line a language family is easier to extend than a long list
)


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike candidates are, pair by pair, in the order in which they were given.

    Attributes:
        cosine: Of the embeddings, in [-1, 1]; -1 where one of the two has none.
        covered: `covered[i, j]` is the share of the word runs of i that j has too, in [0, 1].
        same: Whether the two are duplicates of each other; symmetric, False on the diagonal.
    """

    cosine: NDArray[np.float64]
    covered: NDArray[np.float64]
    same: NDArray[np.bool_]


@dataclass(frozen=True)  # no slots: cached properties need a place
class _Text:
    words: tuple[str, ...]

    @cached_property
    def facts(self) -> frozenset[tuple[str, ...]]:
        """Every number and negation with the word before and the word after it."""
        padded = ("", *self.words, "")
        return frozenset(
            padded[at : at + 3] for at, word in enumerate(self.words) if _is_fact(word)
        )

    @cached_property
    def sorted_words(self) -> list[str]:
        return sorted(self.words)


def compare(
    candidates: Sequence[Candidate], *, cosine: float, cover: float, size_ratio: float
) -> Likeness:
    """Likeness of every pair; a text without words is like no other.

    Args:
        candidates: In an order that does not depend on chance: the last bit of a cosine may.
        cosine: From this on embeddings show a duplicate.
        cover: From this share of the shorter text's word runs on, the words show one.
        size_ratio: Least length of the shorter, as a share of the longer, in words.
    """
    texts = [_Text(_words(candidate.content)) for candidate in candidates]
    angles = _cosines(candidates)
    covered = _covered(texts)
    same = np.zeros(angles.shape, dtype=np.bool_)
    lengths = np.array([len(text.words) for text in texts], dtype=np.float64)
    by_words = covered >= cover
    by_words |= by_words.T
    pairs = np.argwhere(np.triu(by_words | (angles >= cosine), k=1))
    i, j = pairs.T
    shorter, longer = np.minimum(lengths[i], lengths[j]), np.maximum(lengths[i], lengths[j])
    shown = by_words[i, j] | (shorter >= EMBEDDING_LEAST_WORDS)
    likely = np.flatnonzero((shorter > 0) & (shorter >= size_ratio * longer) & shown)
    for at in likely.tolist():
        one, other = int(i[at]), int(j[at])
        if not _is_contrary(texts[one], texts[other], by_words=bool(by_words[one, other])):
            same[one, other] = same[other, one] = True
    return Likeness(cosine=angles, covered=covered, same=same)


def _is_contrary(one: _Text, other: _Text, *, by_words: bool) -> bool:
    """Whether something speaks against two texts that look the same."""
    rearranged = not by_words and one.sorted_words == other.sorted_words
    return one.facts != other.facts or rearranged


def clusters(likeness: Likeness, among: Sequence[bool] | None = None) -> tuple[int, ...]:
    """Number of each one's cluster; any two of a cluster are duplicates of one another.

    Union-find over the pairs, the most alike first, that unites two clusters only when every
    pair across them is the same. Without that, a paragraph that two pages quote would make
    duplicates of the pages.

    Args:
        likeness: As `compare` found it.
        among: Who takes part; the others stay alone. None means all.
    """
    size = len(likeness.same)
    part = np.ones(size, dtype=np.bool_) if among is None else np.array(among, dtype=np.bool_)
    same = likeness.same & np.outer(part, part)
    root = list(range(size))
    members = [1 << i for i in range(size)]  # bit sets: one comparison checks all pairs
    shared = [_bits(row) | (1 << i) for i, row in enumerate(same)]

    def find(i: int) -> int:
        while root[i] != i:
            root[i] = root[root[i]]
            i = root[i]
        return i

    for i, j in _pairs_most_alike_first(likeness, same):
        a, b = sorted((find(i), find(j)))
        if a != b and members[b] & shared[a] == members[b]:
            root[b] = a
            members[a] |= members[b]
            shared[a] &= shared[b]
    return tuple(find(i) for i in range(size))


def _pairs_most_alike_first(likeness: Likeness, same: NDArray[np.bool_]) -> list[tuple[int, int]]:
    i, j = np.nonzero(np.triu(same, k=1))
    covered = np.maximum(likeness.covered[i, j], likeness.covered[j, i])
    order = np.lexsort((j, i, -np.maximum(likeness.cosine[i, j], covered)))
    return list(zip(i[order].tolist(), j[order].tolist(), strict=True))


def _bits(row: NDArray[np.bool_]) -> int:
    return sum(1 << int(at) for at in np.nonzero(row)[0])


def _words(content: str) -> tuple[str, ...]:
    plain = unicodedata.normalize("NFKC", content).translate(_PLAIN).casefold()
    return tuple(_WORD.findall(plain))


def _is_fact(word: str) -> bool:
    return word in _NEGATIONS or word.endswith("n't") or any(map(str.isdigit, word))


def _cosines(candidates: Sequence[Candidate]) -> NDArray[np.float64]:
    """Rounded to six digits, which every machine's matrix product agrees on."""
    size = len(candidates)
    width = next((len(c.embedding) for c in candidates if c.embedding is not None), 0)
    matrix = np.zeros((size, width), dtype=np.float64)
    known = np.zeros(size, dtype=np.bool_)
    for row, candidate in enumerate(candidates):
        if candidate.embedding is None or not np.isfinite(candidate.embedding).all():
            continue
        matrix[row] = candidate.embedding
        known[row] = True
    angles = matrix @ matrix.T
    np.round(angles, 6, out=angles)
    angles[~known] = angles[:, ~known] = -1.0
    return angles


def _covered(texts: Sequence[_Text]) -> NDArray[np.float64]:
    """Exact shares of the distinct word runs; a text of fewer words is one run."""
    vocabulary = sorted(set(chain.from_iterable(text.words for text in texts)))
    number = {word: at for at, word in enumerate(vocabulary, start=1)}
    runs = [_runs([number[word] for word in text.words]) for text in texts]
    owner = np.repeat(np.arange(len(texts)), [len(run) for run in runs])
    _, column = np.unique(np.concatenate([_NO_RUNS, *runs]), return_inverse=True)
    width = int(column.max(initial=-1)) + 1
    cells = np.sort(column * len(texts) + owner)
    cells = cells[_is_new(cells)]  # by column; a run counts once for a text
    column, owner = np.divmod(cells, max(len(texts), 1))
    recurs = np.bincount(column, minlength=width)[column] > 1
    shared = _shared(owner[recurs], column[recurs], len(texts))
    sizes = np.bincount(owner, minlength=len(texts))
    np.fill_diagonal(shared, sizes)
    shared /= np.maximum(sizes, 1)[:, np.newaxis]
    return shared


def _runs(numbers: list[int]) -> NDArray[np.uint64]:
    """A number for each run, in the text's order."""
    if not numbers:
        return _NO_RUNS
    padded = np.array(numbers + [0] * (RUN_WORDS - len(numbers)), dtype=np.uint64)
    count = len(padded) - RUN_WORDS + 1
    hashes = np.zeros(count, dtype=np.uint64)
    for offset in range(RUN_WORDS):
        hashes += padded[offset : offset + count] * _MULTIPLIERS[offset]  # wraps at 64 bits
    return hashes


def _shared(owner: NDArray[np.int64], column: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """How many runs each pair has in common, by matrix products over the runs that recur.

    Args:
        owner: The text of each occurrence.
        column: The run of each occurrence, ascending.
        count: Of texts.
    """
    shared = np.zeros((count, count), dtype=np.float64)
    column = np.cumsum(_is_new(column)) - 1
    width = int(column.max(initial=-1)) + 1
    for start in range(0, width, _CHUNK_COLUMNS):
        low, high = np.searchsorted(column, [start, start + _CHUNK_COLUMNS])
        incidence = np.zeros((count, min(_CHUNK_COLUMNS, width - start)), dtype=np.float32)
        incidence[owner[low:high], column[low:high] - start] = 1
        shared += incidence @ incidence.T
    return shared


def _is_new(ascending: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Where a value stands for the first time."""
    # `np.unique` would do, but loads all of numpy's masked arrays the first time.
    return np.diff(ascending, prepend=-1) != 0
