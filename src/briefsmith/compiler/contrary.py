"""Which texts say the same but for a number or a no: one of them is likely to be wrong."""

import re
from collections.abc import Sequence
from itertools import combinations

_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*|[-+]?\d+(?:[.,:/]\d+)*")
_NEGATIONS = frozenset(
    "no not never without nicht nie niemals kein keine keinen keinem keiner ohne ne pas sans non nunca sin não".split()  # noqa: SIM905  a line of words is easier to extend
)
_LEAST_WORDS = 4  # that the texts share; "Room 4" and "Room 5" are no contradiction


def contrary_pairs(texts: Sequence[str]) -> list[tuple[int, int]]:
    """Places of texts whose words are the same in their order, once numbers and negations are left out.

    Texts with the same numbers and negations say the same, and are none.
    """
    alike: dict[tuple[str, ...], list[int]] = {}
    facts: list[tuple[str, ...]] = []
    for at, text in enumerate(texts):
        words = [word.casefold() for word in _WORD.findall(text)]
        facts.append(tuple(word for word in words if _is_fact(word)))
        rest = tuple(word for word in words if not _is_fact(word))
        if len(rest) >= _LEAST_WORDS:
            alike.setdefault(rest, []).append(at)
    pairs = (pair for places in alike.values() for pair in combinations(places, 2))
    return sorted((one, other) for one, other in pairs if facts[one] != facts[other])


def _is_fact(word: str) -> bool:
    return word in _NEGATIONS or word[-1].isdigit()
