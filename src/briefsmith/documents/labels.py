"""Names of pieces: labels for people, slugs for identity."""

import re
import unicodedata
from collections.abc import Sequence

LABEL_CHARACTERS = 200
_SLUG_CHARACTERS = 80
_SEPARATOR = " \u203a "  # a single angle mark, pointing right
_JOINERS = "\u200c\u200d"
"""Invisible, but Persian, Indic scripts and emoji are spelled with them."""


def one_line(text: str) -> str:
    """Text without line ends, control characters and invisible or reordering characters.

    White space of any kind becomes one space; the ends have none. Zero-width joiners stay.
    """
    kept = (
        char
        for char in text
        if char.isspace()
        or char in _JOINERS
        or unicodedata.category(char) not in {"Cc", "Cf", "Cs"}
    )
    return " ".join("".join(kept).split())


def readable_stem(stem: str) -> str:
    """A file name without its extension, as a title: `brand_voice-2` is "Brand voice 2"."""
    words = one_line(re.sub(r"[-_\s]+", " ", stem))
    return words[:1].upper() + words[1:] if words else "Untitled"


def slug(heading: str) -> str:
    """Letters and digits in lower case with "-" between words; at most 80 characters, never "".

    Holds none of "/", "#" and "~", which anchors use as separators.
    """
    folded = unicodedata.normalize("NFKC", heading[: 4 * _SLUG_CHARACTERS]).casefold()
    kept = "".join(char if _is_of_a_word(char) else " " for char in folded)
    return "-".join(kept.split())[:_SLUG_CHARACTERS].rstrip("-") or "section"


def _is_of_a_word(char: str) -> bool:
    return char.isalnum() or unicodedata.category(char).startswith("M")


def path_label(title: str, heading_path: Sequence[str]) -> str:
    """Title and headings with angle marks between, cut evenly where over 200 characters.

    A first heading that repeats the title is not shown twice.
    """
    parts = [one_line(part) for part in (title, *heading_path)]
    if len(parts) > 1 and parts[0].casefold() == parts[1].casefold():
        del parts[0]
    parts = [part for part in parts if part] or ["Untitled"]
    label = _SEPARATOR.join(parts)
    if len(label) <= LABEL_CHARACTERS:
        return label
    share = (LABEL_CHARACTERS - len(_SEPARATOR) * (len(parts) - 1)) // len(parts)
    return _SEPARATOR.join(_cut(part, share) for part in parts)


def _cut(text: str, characters: int) -> str:
    return text if len(text) <= characters else text[: characters - 1].rstrip() + "…"


class LabelBook:
    """Gives every label of a file once: a repeated one gets " (2)", the next " (3)"."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._last_number: dict[str, int] = {}

    def enter(self, label: str) -> str:
        """The label, or its next free numbered form, at most 200 characters."""
        chosen, number = label, self._last_number.get(label.casefold(), 1)
        while chosen.casefold() in self._taken:
            number += 1
            suffix = f" ({number})"
            chosen = _cut(label, LABEL_CHARACTERS - len(suffix)) + suffix
        self._last_number[label.casefold()] = number
        self._taken.add(chosen.casefold())
        return chosen
