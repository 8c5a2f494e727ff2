"""Token ids of texts, by their words: a word is tokenized once, however many texts hold it."""

from collections.abc import Mapping, Sequence
from itertools import chain

from briefsmith.providers.cuts import words
from briefsmith.providers.tokenizer import LoadedTokenizer

_LONGEST_KEPT_WORD = 32
_MOST_KEPT_WORDS = 30_000  # about 10 MB


class WordTokens:
    """Remembers the tokens of words, which is exact (see `cuts`); thread-safe."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, ...]] = {}

    def ids(self, texts: Sequence[str], tokenizer: LoadedTokenizer) -> list[list[int]]:
        """Token ids of each text, as the tokenizer gives them.

        Args:
            texts: Well-formed, each short enough to be tokenized in one go.
            tokenizer: Always the same one.
        """
        found = [words(text) for text in texts]
        known = self._ids({word for each in found for word in each}, tokenizer)
        return [list(chain.from_iterable(map(known.__getitem__, each))) for each in found]

    def _ids(self, wanted: set[str], tokenizer: LoadedTokenizer) -> Mapping[str, tuple[int, ...]]:
        """Ids of at least these words."""
        known = self._known  # only grows; another thread may put a new one in its place
        missing = [word for word in wanted if word not in known]
        if not missing:
            return known
        fresh = dict(zip(missing, map(tuple, tokenizer.ids(missing)), strict=True))
        ids = {word: known[word] for word in wanted if word not in fresh} | fresh
        self._remember(fresh, ids)
        return ids

    def _remember(
        self, fresh: Mapping[str, tuple[int, ...]], wanted: Mapping[str, tuple[int, ...]]
    ) -> None:
        short = _short(fresh)
        if len(self._known) + len(short) > _MOST_KEPT_WORDS:
            # What this call wanted, the next one likely wants too.
            self._known, short = {}, _short(wanted)
        self._known.update(short[:_MOST_KEPT_WORDS])


def _short(ids: Mapping[str, tuple[int, ...]]) -> list[tuple[str, tuple[int, ...]]]:
    return [entry for entry in ids.items() if len(entry[0]) <= _LONGEST_KEPT_WORD]
