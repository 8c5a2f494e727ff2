"""Places where a text may be cut without changing the tokens of the built-in model.

No token of its vocabulary has a space behind another character, so no merge reaches across the left side
of a space; and the tokenizer puts a space before every text. Hence the tokens of `a b` are those of `a`
and then those of `b`. Spaces that touch a space or a special token such as `<s>` are left alone.
"""

import re
from collections.abc import Iterator

# U+2581 is how the vocabulary writes a space.
_JOINT = re.compile("(?<=[^ \u2581>]) (?=[^ \u2581<])")
# A text that holds none of these has a joint at each space between two others.
_NOT_PLAIN = ("  ", "\u2581", "> ", " <")
_LEAST_CHARACTERS = 8_192
_MOST_CHARACTERS = 65_536


def words(text: str) -> list[str]:
    """The smallest parts that are tokenized each on its own; the spaces between them are gone."""
    if any(map(text.__contains__, _NOT_PLAIN)) or text.startswith(" ") or text.endswith(" "):
        return _JOINT.split(text)
    return text.split(" ")  # the same, several times faster


def pieces(text: str) -> Iterator[str]:
    """Parts of at most 65,536 characters whose tokens, one after the other, are the text's.

    A run of that length without a place to cut is cut all the same, which may add a token or two. None for
    an empty text.
    """
    start = 0
    while len(text) - start > _MOST_CHARACTERS:
        end = start + _MOST_CHARACTERS
        joint = _JOINT.search(text, start + _LEAST_CHARACTERS, end)
        cut, following = joint.span() if joint else (end, end)
        yield well_formed(text[start:cut])
        start = following
    if start < len(text):
        yield well_formed(text[start:])


def well_formed(text: str) -> str:
    """The text with a question mark for each lone surrogate, which no encoding carries."""
    return text if text.isascii() else text.encode(errors="replace").decode()
