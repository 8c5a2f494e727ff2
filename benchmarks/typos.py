"""Questions with a typo each, always the same ones."""

import random
import re
from collections import Counter
from dataclasses import replace
from string import ascii_lowercase

from judged import Collection

_WORD = re.compile(r"[A-Za-z]{4,}")


def mistyped(collection: Collection) -> Collection:
    """The collection with one typo in the rarest word of each question: the word that fewest texts have."""
    texts = Counter[str]()
    for text in collection.texts.values():
        texts.update({word.lower() for word in _WORD.findall(text)})
    chance = random.Random(collection.name)  # noqa: S311  the same typos each time, no secret
    questions = {
        one: _with_typo(words, texts, chance) for one, words in collection.questions.items()
    }
    return replace(collection, questions=questions)


def _with_typo(words: str, texts: Counter[str], chance: random.Random) -> str:
    found = [one for one in _WORD.finditer(words) if texts[one[0].lower()]]
    if not found:
        return words
    rarest = min(found, key=lambda one: texts[one[0].lower()])
    return words[: rarest.start()] + _mistyped(rarest[0], chance) + words[rarest.end() :]


def _mistyped(word: str, chance: random.Random) -> str:
    """A letter too many, too few, another, or two swapped."""
    place = chance.randrange(len(word) - 1)
    before, letter, after = word[:place], word[place], word[place + 1 :]
    other = chance.choice(ascii_lowercase)
    ways = [
        before + other + letter + after,
        before + after,
        before + other + after,
        before + after[0] + letter + after[1:],
    ]
    return chance.choice([way for way in ways if way != word])
