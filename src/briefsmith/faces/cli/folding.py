"""How wide text is on a terminal, and where its lines break."""

import unicodedata
from collections.abc import Iterator


def cell_width(text: str) -> int:
    """Places that a text takes: none for a mark on a letter, two for a wide character."""
    if text.isascii():
        return len(text)
    return sum(map(_char_width, text))


def _char_width(char: str) -> int:
    if unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1


def fold(text: str, width: int) -> list[str]:
    """Lines of at most `width` places (a wide character alone may have more), at least one line.

    They break at blanks, and inside a word only where it has no room on a line of its own.
    """
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if cell_width(longer) <= width:
            lines[-1] = longer
        else:
            parts = list(_pieces(word, width))
            lines = [*lines, *parts] if lines[-1] else parts
    return lines


def _pieces(word: str, width: int) -> Iterator[str]:
    piece, places = "", 0
    for char in word:
        wide = _char_width(char)
        if piece and places + wide > width:
            yield piece
            piece, places = "", 0
        piece += char
        places += wide
    yield piece
