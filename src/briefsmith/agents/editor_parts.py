"""A brief's text for a model to edit: quotations, rules and provenance stand in it by name only."""

import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from briefsmith.compiler.file_lines import FILES_HEADING
from briefsmith.compiler.findings import NO_KEY
from briefsmith.compiler.quotations import BriefWords, Quotation, read_words
from briefsmith.compiler.render import HOW_TO_READ
from briefsmith.errors import InvalidEdit
from briefsmith.schemas.snapshot import Snapshot

_PROVENANCE = "\n## Provenance\n"
_MAY_GO = re.compile(r"[BM][0-9]+(?:-[0-9]+|-heading)?")
_HEADING = re.compile(r"#### \[(B[0-9]+)\]")
_SOURCE = "Source: "
_PERSONS = ("intent", "instructions")


@dataclass(frozen=True, slots=True)
class EditableText:
    """What a model may change, and how its answer becomes the brief's text again.

    Attributes:
        shown: The text with a line such as `{{B1 KEY}}` for each part.
        parts: What the lines stand for, by name; fences and all.
        quotations: The parts that are some.
        nonce: The brief's key, which the model is never shown.
        cites: The cites that there are; None where nobody knows.
    """

    shown: str
    parts: Mapping[str, str]
    quotations: tuple[Quotation, ...]
    key: str
    nonce: str
    cites: frozenset[str] | None

    @property
    def readable(self) -> dict[str, str]:
        """What the model is to know of blocks and media by name, without the brief's key."""
        quoted = [name for name in self.parts if _MAY_GO.fullmatch(name) or name in _PERSONS]
        return {name: self.parts[name].replace(f"-{self.nonce}", "") for name in quoted}

    def line(self, name: str) -> str:
        """What stands in the text for a part."""
        return f"{{{{{name} {self.key}}}}}"

    def restored(self, answer: str) -> str:
        """The brief's text out of an answer in which `problem` found nothing."""
        names = {self.line(name): text for name, text in self.parts.items()}
        text = "\n".join(names.get(line.strip(), line) for line in answer.split("\n"))
        return text if text.endswith("\n") else text + "\n"

    def problem(self, answer: str) -> str | None:
        """Says for the model why its answer cannot be the text; None where it can."""
        if not answer.strip():
            return "The text is empty; give the whole new text."
        if "\x00" in answer or any("\ud800" <= char <= "\udfff" for char in answer):
            return "The text holds a character that cannot be stored; leave it out."
        return self._problem_of_parts(answer) or self._problem_of_words(answer)

    def _problem_of_parts(self, answer: str) -> str | None:
        lines = [line.strip() for line in answer.split("\n")]
        for name in self.parts:
            line = self.line(name)
            count = lines.count(line)
            if count != answer.count(line):
                return f"{line} has to stand alone on its line."
            if count > 1:
                return f"{line} stands in the text {count} times; it may stand there once."
            if count == 0 and not _MAY_GO.fullmatch(name):
                return f"{line} is missing; it has to stay."
        left = answer
        for name in self.parts:
            left = left.replace(self.line(name), "")
        if self.key in left:
            return f"The key {self.key} stands in the text without one of the names that there are."
        return None

    def _problem_of_words(self, answer: str) -> str | None:
        words = read_words(self.restored(answer), self.nonce)
        known = {(one.kind, one.cite, one.text) for one in self.quotations}
        found = {(one.kind, one.cite, one.text) for one in words.quotations}
        if words.unclosed or words.stray_ends or not found <= known:
            return (
                "The text opens or closes a quotation of its own; quotations are put back for you."
            )
        if _headings(answer) - _headings(self.shown):
            return (
                "The headings and sources of blocks are put back for you; write none of your own."
            )
        unknown = sorted(set(words.own_cites) - self.cites) if self.cites is not None else []
        if unknown:
            there = ", ".join(sorted(self.cites or ())) or "none"
            return f"[{unknown[0]}] is cited, but the blocks are: {there}."
        return None


def editable_text(brief_id: UUID, text: str, snapshot: Snapshot | None) -> EditableText:
    """Takes the parts out of a brief's text.

    Raises:
        InvalidEdit: Its quotations are broken, so that nobody knows where they end.
    """
    nonce = snapshot.nonce if snapshot else NO_KEY
    words = read_words(text, nonce)
    key = _key(text)
    shown, parts = _without_parts(text, words, key)
    rules = HOW_TO_READ.format(nonce=nonce)
    if rules in shown:
        parts["rules"] = rules
        shown = shown.replace(rules, f"{{{{rules {key}}}}}", 1)
    before, heading, table = shown.rpartition(_PROVENANCE)
    if heading and snapshot is not None and "{{" not in table:
        parts["provenance"] = (heading + table).strip("\n")
        shown = f"{before}\n{{{{provenance {key}}}}}\n"
    is_broken = words.unclosed or words.stray_ends or nonce in shown
    if is_broken or any(nonce in one.text for one in words.quotations):
        message = f"The quotations in the text of the brief {brief_id} are broken."
        hint = f"`briefsmith brief validate {brief_id}` says where; mend them yourself first."
        raise InvalidEdit(message, hint=hint, details={"id": str(brief_id)})
    cites = frozenset(entry.cite for entry in snapshot.blocks) if snapshot else None
    return EditableText(shown, parts, words.quotations, key, nonce, cites)


def _key(text: str) -> str:
    while (key := secrets.token_hex(4)) in text:
        continue
    return key


def _without_parts(text: str, words: BriefWords, key: str) -> tuple[str, dict[str, str]]:
    """The text with a line for each part, and the parts by name.

    A block's heading goes with it, so that nobody makes a trusted source of another.
    """
    lines = text.split("\n")
    quotations = {one.line - 1: (name, one) for name, one in _named(words.quotations)}
    shown: list[str] = []
    parts: dict[str, str] = {}
    at = 0
    while at < len(lines):
        start, name = at, None
        heading = _HEADING.match(lines[at])
        if heading and lines[at + 1 : at + 2] and lines[at + 1].startswith(_SOURCE):
            at, name = at + 2, f"{heading[1]}-heading"
        if at in quotations:
            name, quotation = quotations[at]
            at += quotation.text.count("\n") + 3
        if name is not None and lines[at : at + 1] == [FILES_HEADING]:
            at = lines.index("", at) if "" in lines[at:] else len(lines)
        if name is None or name in parts:
            shown.append(lines[start])
            at = start + 1
            continue
        parts[name] = "\n".join(lines[start:at])
        shown.append(f"{{{{{name} {key}}}}}")
    return "\n".join(shown), parts


def _headings(text: str) -> set[str]:
    lines = text.split("\n")
    return {
        line
        for line in lines
        if _HEADING.match(line) or line.startswith(_SOURCE) or line == FILES_HEADING
    }


def _named(quotations: tuple[Quotation, ...]) -> Iterator[tuple[str, Quotation]]:
    """Quotations by their cite or kind; one that stands twice gets a number behind it."""
    seen: dict[str, int] = {}
    for one in quotations:
        name = one.cite or one.kind
        seen[name] = seen.get(name, 0) + 1
        yield (name if seen[name] == 1 else f"{name}-{seen[name]}"), one
