"""Words of a few documents that stand beside an index."""

import struct
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Self

from briefsmith.compiler.postings import LENGTH_BITS

_ENTRY = struct.Struct(">ii")


class WaitingWords:
    """Documents that wait to be posted, and how often each of their terms is there.

    Args:
        versions: By number of document.
        lengths: In words; of a document without words none.
        frequencies: As of the lengths.
    """

    def __init__(
        self,
        versions: Mapping[int, str],
        lengths: Mapping[int, int],
        frequencies: Mapping[int, Mapping[str, int]],
    ) -> None:
        self._versions = versions
        self._lengths = lengths
        self._frequencies = frequencies

    def __contains__(self, number: int) -> bool:
        """Whether a document is one of them."""
        return number in self._versions

    @property
    def known(self) -> list[str]:
        """The number of each document with its version."""
        return [f"{number} {version}" for number, version in self._versions.items()]

    @cached_property
    def holding(self) -> Counter[str]:
        """How many documents hold each term."""
        return Counter(term for terms in self._frequencies.values() for term in terms)

    def entries_of(self, term: str) -> bytes:
        """Its postings, packed as in the index; none of a term that nothing holds."""
        if term not in self.holding:
            return b""
        return b"".join(
            _ENTRY.pack(number, terms[term] << LENGTH_BITS | self._lengths[number])
            for number, terms in self._frequencies.items()
            if term in terms
        )

    def terms_of(self, number: int) -> tuple[int, Mapping[str, int]]:
        """The length of a document, and its terms with how often each is there."""
        return self._lengths.get(number, 0), self._frequencies.get(number, {})

    def now(
        self,
        versions: Mapping[int, str],
        new: Iterable[tuple[int, int, str, int]],
    ) -> Self:
        """What waits now.

        Args:
            versions: Of all documents that wait.
            new: Each term of the documents that are not known: document, its length, term, frequency.
        """
        if versions == self._versions:
            return self
        still = [one for one in versions if self._versions.get(one) == versions[one]]
        lengths = {one: self._lengths[one] for one in still if one in self._lengths}
        frequencies = {one: dict(self._frequencies[one]) for one in lengths}
        for number, length, term, frequency in new:
            lengths[number] = length
            frequencies.setdefault(number, {})[term] = frequency
        return type(self)(versions, lengths, frequencies)
