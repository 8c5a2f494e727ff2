"""Texts to measure with, the same in every run: sentences out of the words of real documents."""

import random
import re
from collections.abc import Iterator
from pathlib import Path

from judged import read_collections

_EXAMPLES = Path(__file__).resolve().parents[1] / "examples" / "context"
_WORD = re.compile(r"[^\W\d_]{2,}")
_FEWEST_WORDS, _MOST_WORDS = 60, 120
_QUESTION_WORDS = 9


class Wording:
    """Words as often as real documents use them, in no order that means anything.

    Attributes:
        source: Where the words come from, for the report.
    """

    def __init__(self, folder: Path) -> None:
        collections = read_collections(folder)
        self.source = "the retrieval collections" if collections else "examples/context"
        texts = [text for collection in collections for text in collection.texts.values()]
        if not texts:
            paths = sorted(_EXAMPLES.rglob("*.md"))
            texts = [path.read_text(encoding="utf-8") for path in paths]
        self._words = [word for text in texts for word in _WORD.findall(text)]
        self._questions = [
            text for collection in collections for text in collection.questions.values()
        ]

    def blocks(self, count: int) -> Iterator[tuple[str, str]]:
        """Labels, each once, and contents of 60 to 120 words; the first of more are the same."""
        for number in range(count):
            chance = random.Random(number)  # noqa: S311  no secret
            yield f"Block {number}", self._text(chance)

    def more_blocks(self, count: int) -> Iterator[tuple[str, str]]:
        """Blocks that are not among `blocks`."""
        for number in range(count):
            chance = random.Random(f"more {number}")  # noqa: S311  no secret
            yield f"Another block {number}", self._text(chance)

    def questions(self, count: int) -> list[str]:
        """Questions of the collections; where there are none, words of the documents."""
        chance = random.Random("questions")  # noqa: S311  no secret
        if len(self._questions) >= count:
            return chance.sample(self._questions, count)
        return [" ".join(chance.choices(self._words, k=_QUESTION_WORDS)) for _ in range(count)]

    def _text(self, chance: random.Random) -> str:
        words = chance.choices(self._words, k=chance.randint(_FEWEST_WORDS, _MOST_WORDS))
        sentences: list[str] = []
        while words:
            size = chance.randint(8, 18)
            sentences.append(" ".join(words[:size]).capitalize() + ".")
            words = words[size:]
        return " ".join(sentences)
