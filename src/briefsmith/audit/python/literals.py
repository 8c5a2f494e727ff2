"""The text of Python's strings, with the place of each character."""

import ast
import re
import unicodedata
from collections.abc import Callable, Sequence

from briefsmith.audit.source import Source
from briefsmith.audit.text import Text, TextBuilder

Lookup = Callable[[ast.expr], Text | None]

_OPENING = re.compile(r"""(?P<prefix>[A-Za-z]{0,2})(?P<quotes>\"\"\"|'''|"|')""")
_BETWEEN = re.compile(r"(?:\s|\\\r?\n|#[^\n]*|[()])*")
_ESCAPE = re.compile(
    r"\\(?:(?P<end>\r\n|\n|\r)|(?P<octal>[0-7]{1,3})|x(?P<x>[0-9A-Fa-f]{2})|u(?P<u>[0-9A-Fa-f]{4})"
    r"|U(?P<U>[0-9A-Fa-f]{8})|N\{(?P<N>[^}\n]{1,100})\}|(?P<one>.))",
    re.DOTALL,
)
_SIMPLE = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "v": "\v",
    "\\": "\\",
    "'": "'",
    '"': '"',
}


def start_of(node: ast.expr | ast.stmt | ast.keyword, source: Source) -> int:
    """The character where a node begins."""
    return source.offset(node.lineno, node.col_offset)


def end_of(node: ast.expr, source: Source) -> int:
    """The character behind a node."""
    return source.offset(node.end_lineno or node.lineno, node.end_col_offset or 0)


def literal(node: ast.Constant | ast.JoinedStr, source: Source, lookup: Lookup) -> Text:
    """The text of one literal, or of several side by side."""
    builder = TextBuilder()
    fields = (
        [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
        if isinstance(node, ast.JoinedStr)
        else []
    )
    at, end = start_of(node, source), end_of(node, source)
    while at < end:
        found = _OPENING.match(source.text, at)
        if found is None:
            break
        at = _Token(source.text, found, fields, lookup, builder).read(end)
        between = _BETWEEN.match(source.text, at)
        at = between.end() if between else at
    return builder.text()


class _Token:
    """One literal between its quotes."""

    def __init__(
        self,
        text: str,
        opening: re.Match[str],
        fields: "list[ast.expr]",
        lookup: Lookup,
        builder: TextBuilder,
    ) -> None:
        prefix = opening["prefix"].lower()
        self._text, self._builder, self._lookup = text, builder, lookup
        self._quotes, self._at = opening["quotes"], opening.end()
        self._raw, self._formatted = "r" in prefix, "f" in prefix
        self._fields = fields

    def read(self, end: int) -> int:
        """Adds the characters; returns the place behind the closing quotes."""
        special = re.compile(
            r"\\|[{}]|" + self._quotes if self._formatted else r"\\|" + self._quotes
        )
        while self._at < end:
            found = special.search(self._text, self._at, end)
            if found is None:
                return end
            self._builder.add(self._text[self._at : found.start()], self._at)
            self._at = found.start()
            if found[0] == self._quotes:
                return found.end()
            if found[0] == "\\":
                self._escape()
            else:
                self._brace(found[0], end)
        return end

    def _escape(self) -> None:
        found = _ESCAPE.match(self._text, self._at)
        if found is None:
            self._at += 1
            return
        if self._raw:
            self._builder.add(found[0][:2], self._at)
            self._at += 2
            return
        self._builder.add(_decoded(found), self._at)
        self._at = found.end()

    def _brace(self, brace: str, end: int) -> None:
        if self._text.startswith(brace * 2, self._at):
            self._builder.add(brace, self._at)
            self._at += 2
            return
        value = self._fields.pop(0) if self._fields and brace == "{" else None
        known = None if value is None else self._lookup(value)
        if known is None:
            self._builder.add_hole(self._at)
        else:
            self._builder.add_at(known.value, self._at)
        self._at = _closing(self._text, self._at, end)


def _closing(text: str, at: int, end: int) -> int:
    """Behind the brace that closes a replacement field; strings inside may hold braces."""
    depth = 0
    token = re.compile(r"""[{}\[\]()]|'''|\"\"\"|'|\"""")
    while at < end:
        found = token.search(text, at, end)
        if found is None:
            return end
        at = found.end()
        if found[0] in "{[(":
            depth += 1
        elif found[0] in "}])":
            depth -= 1
            if depth == 0:
                return at
        else:
            closing = text.find(found[0], at, end)
            at = end if closing < 0 else closing + len(found[0])
    return end


def _decoded(found: re.Match[str]) -> str:
    if found["end"]:
        return ""
    if found["one"]:
        return _SIMPLE.get(found["one"], found[0])
    if found["N"]:
        try:
            return unicodedata.lookup(found["N"])
        except KeyError:
            return "?"
    digits, base = (
        (found["octal"], 8) if found["octal"] else (found["x"] or found["u"] or found["U"], 16)
    )
    number = int(digits, base)
    return chr(number) if number <= 0x10FFFF else "?"  # noqa: PLR2004  the last of Unicode


def joined(parts: Sequence[Text | None], places: Sequence[int]) -> Text:
    """Texts one behind the other; None is a hole at its place."""
    builder = TextBuilder()
    for part, place in zip(parts, places, strict=True):
        if part is None:
            builder.add_hole(place)
        else:
            builder.add_text(part)
    return builder.text()
