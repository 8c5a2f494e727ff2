"""The terms of a text, as far as comparing it with an intent takes them."""

import re
from collections.abc import Iterable, Sequence
from itertools import chain

_WORD = re.compile(r"[^\W_]+")
_NO_SPACES = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+")


def terms_of(text: str) -> Iterable[str]:
    """Lower-cased words; scripts without spaces give their pairs of characters."""
    lower = text.lower()
    words: list[str] = _WORD.findall(lower)
    if lower.isascii() or not _NO_SPACES.search(lower):
        return words
    return chain.from_iterable(map(_pairs, words))


def _pairs(word: str) -> Sequence[str]:
    if len(word) > 1 and _NO_SPACES.fullmatch(word):
        return [word[i : i + 2] for i in range(len(word) - 1)]
    return (word,)
