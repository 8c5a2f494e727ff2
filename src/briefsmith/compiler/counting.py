"""Token counts, each made once, and many in one go where the tokenizer is quicker at that."""

from collections.abc import Callable, Sequence

TokenCounter = Callable[[str], int]
"""Tokens of a text, as the reader of the brief counts them; a pure function, 0 for ''."""

BatchCounter = Callable[[Sequence[str]], Sequence[int]]
"""The same of many texts, in their order."""


class Counts:
    """Counts texts and remembers the counts for as long as one brief is compiled.

    Args:
        count: Counts one text.
        count_many: Counts many at once, as `count` does; None counts them one by one.
    """

    def __init__(self, count: TokenCounter, count_many: BatchCounter | None = None) -> None:
        self._count = count
        self._count_many = count_many
        self._known: dict[str, int] = {}

    def __call__(self, text: str) -> int:
        """Tokens of the text."""
        known = self._known.get(text)
        if known is None:
            known = self._known[text] = self._count(text)
        return known

    def read_ahead(self, texts: Sequence[str]) -> None:
        """Counts texts that will be asked for."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(missing, self.many(missing), strict=True))

    def many(self, texts: Sequence[str]) -> Sequence[int]:
        """Tokens of each text, in order; for texts that nobody asks for again."""
        if self._count_many is None:
            return [self._count(text) for text in texts]
        return self._count_many(texts)
