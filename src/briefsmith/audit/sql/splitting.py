"""Statements of a script that the parser refuses as a whole."""

import re
from collections.abc import Iterator

# What may hold a semicolon is consumed whole, closed or not, so that the time is linear.
_TOKEN = re.compile(
    r"""--[^\n]*|/\*(?:.*?\*/|.*)|[eE]'(?:[^'\\]|\\.|'')*(?:'|\Z)|'[^']*(?:'|\Z)|"[^"]*(?:"|\Z)"""
    r"|(?P<dollar>\$(?:[A-Za-z_]\w*)?\$)|(?P<end>;)|(?P<word>[A-Za-z_][\w$]*)",
    re.DOTALL,
)


def slices(sql: str) -> Iterator[tuple[int, int]]:
    """Where statements begin and end; a body `begin atomic … end` is a part of its statement."""
    at = start = depth = 0
    while (found := _TOKEN.search(sql, at)) is not None:
        at = found.end()
        if found["dollar"]:
            closing = sql.find(found["dollar"], at)
            if closing < 0:
                break
            at = closing + len(found["dollar"])
        elif found["word"]:
            depth = _deeper(depth, found["word"].lower())
        elif found["end"] and not depth:
            if sql[start : found.start()].strip():
                yield start, found.start()
            start = at
    if sql[start:].strip():
        yield start, len(sql)


def _deeper(depth: int, word: str) -> int:
    if word == "atomic" or (depth and word == "case"):
        return depth + 1
    return depth - 1 if depth and word == "end" else depth
