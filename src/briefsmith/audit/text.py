"""A text out of a file's literals, with the place of each character and holes for what is not known."""

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

# Stands for what code puts into a text; an identifier that nobody has.
HOLE = "_a_hole_"
# What PostgreSQL's parser cannot take: NUL ends the text, halves of surrogate pairs are no characters.
_UNFIT = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True)
class Text:
    """What a literal says.

    Attributes:
        value: The characters; a hole reads `_a_hole_`.
        runs: Where runs of characters begin, here and in the file; they end where the next begins.
        holes: Where holes begin, in `value`.
    """

    value: str
    runs: tuple[tuple[int, int], ...]
    holes: tuple[int, ...] = ()

    @cached_property
    def _starts(self) -> list[int]:
        return [start for start, _ in self.runs]

    def offset(self, at: int) -> int:
        """The place in the file of a character of the value."""
        run = bisect_right(self._starts, at) - 1
        if run < 0:
            return 0
        start, offset = self.runs[run]
        return offset + at - start

    def part(self, start: int, end: int) -> "Text":
        """A stretch of it, as a text of its own."""
        inside = tuple((at - start, place) for at, place in self.runs if start < at < end)
        holes = tuple(at - start for at in self.holes if start <= at < end)
        return Text(self.value[start:end], ((0, self.offset(start)), *inside), holes)

    def replaced(self, value: str) -> "Text":
        """The same places with other characters, as many."""
        return Text(value, self.runs, self.holes)


class TextBuilder:
    """Puts a text together."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._runs: list[tuple[int, int]] = []
        self._holes: list[int] = []
        self._length = 0

    def add(self, characters: str, offset: int) -> None:
        """Characters that stand in the file at an offset, one for one."""
        if characters:
            self._runs.append((self._length, offset))
            self._put(characters)

    def add_hole(self, offset: int) -> None:
        """What code puts in at this place of the file."""
        self._holes.append(self._length)
        self.add(HOLE, offset)

    def add_text(self, text: Text) -> None:
        """Another text, with its places."""
        self._holes.extend(self._length + at for at in text.holes)
        self._runs.extend((self._length + at, place) for at, place in text.runs)
        self._put(text.value)

    def add_at(self, characters: str, offset: int) -> None:
        """Characters that come from elsewhere and are used at one place."""
        for character in characters:
            self.add(character, offset)

    def _put(self, characters: str) -> None:
        self._parts.append(characters)
        self._length += len(characters)

    def text(self) -> Text:
        """All that was added."""
        value = _UNFIT.sub(" ", "".join(self._parts))
        return Text(value, tuple(self._runs), tuple(self._holes))


def whole(text: str) -> Text:
    """The text of a whole file."""
    return Text(_UNFIT.sub(" ", text), ((0, 0),))
