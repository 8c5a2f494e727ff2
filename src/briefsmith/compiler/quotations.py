"""Reads a brief's text again, edited or not: its own words, and what it quotes between fences."""

import re
from bisect import bisect_right
from dataclasses import dataclass

from briefsmith.compiler.render import HOW_TO_READ

_OPENING = re.compile(r'<(block|intent|instructions|media)(?: cite="([A-Z][0-9]+)")?>')
_CITES = re.compile(r"\[B[0-9]+(?:\s*[,;]\s*B[0-9]+)*\]")
_CITE = re.compile(r"B[0-9]+")
_HEADING = re.compile(r"^#### \[(B[0-9]+)\]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Quotation:
    """A text between fences.

    Attributes:
        kind: `block`, `intent`, `instructions` or `media`.
        cite: None for one without.
        line: Of its opening, counted from 1.
    """

    kind: str
    cite: str | None
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class BriefWords:
    """A brief's text, taken apart.

    Attributes:
        own: All lines outside of quotations, but for the rules of how to read it.
        quotations: In their order.
        unclosed: Openings that nothing closes; what follows them counts as the brief's own words.
        stray_ends: Lines that close what was not opened.
        has_rules: The rules of how to read it stand in it, word for word.
    """

    own: str
    quotations: tuple[Quotation, ...]
    unclosed: tuple[Quotation, ...]
    stray_ends: tuple[int, ...]
    has_rules: bool

    @property
    def own_cites(self) -> dict[str, None]:
        """What the brief's own words cite, in the order of the first time."""
        lists = _CITES.findall(self.own)
        return dict.fromkeys(cite for each in lists for cite in _CITE.findall(each))

    @property
    def quoted_cites(self) -> dict[str, None]:
        """The blocks that are quoted, closed or not."""
        both = (*self.quotations, *self.unclosed)
        return dict.fromkeys(one.cite for one in both if one.kind == "block" and one.cite)

    @property
    def headings(self) -> frozenset[str]:
        """The blocks that have a section."""
        return frozenset(_HEADING.findall(self.own))


def read_words(text: str, nonce: str) -> BriefWords:
    """Takes a text apart as a reader does who knows the key.

    Args:
        text: Of a brief, whatever was done to it.
        nonce: The brief's key.
    """
    lines = text.split("\n")
    ends = {f"</{kind}-{nonce}>": kind for kind in ("block", "intent", "instructions", "media")}
    closings = {end: [at for at, line in enumerate(lines) if line == end] for end in ends}
    own: list[str] = []
    quotations: list[Quotation] = []
    unclosed: list[Quotation] = []
    strays: list[int] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        opening = _OPENING.fullmatch(line)
        end = _first_behind(closings[f"</{opening[1]}-{nonce}>"], at) if opening else None
        if opening and end is not None:
            content = "\n".join(lines[at + 1 : end])
            quotations.append(Quotation(opening[1], opening[2], content, at + 1))
            at = end + 1
            continue
        if opening:
            unclosed.append(Quotation(opening[1], opening[2], "", at + 1))
        elif any(closing in line for closing in ends):
            strays.append(at + 1)
        own.append(line)
        at += 1
    rules = HOW_TO_READ.format(nonce=nonce)
    words = "\n".join(own)
    return BriefWords(
        own=words.replace(rules, ""),
        quotations=tuple(quotations),
        unclosed=tuple(unclosed),
        stray_ends=tuple(strays),
        has_rules=rules in words,
    )


def _first_behind(places: list[int], at: int) -> int | None:
    """The first of the ascending places behind one."""
    place = bisect_right(places, at)
    return places[place] if place < len(places) else None
