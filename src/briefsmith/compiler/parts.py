"""A long text in parts that each say one thing: what a vector can hold."""

import re

LONG_CHARACTERS = 1_500
"""A text up to this has no parts."""

MOST_PARTS = 64
"""Of a very long text, the beginning."""

_PART_CHARACTERS = 1_000
_END = re.compile(r"\n\s*\n|(?<=[.!?\u3002])\s+|\n")


def parts_of(text: str) -> list[str]:
    """Parts of about 1,000 characters, cut between paragraphs, sentences or lines where there are any.

    Returns:
        Nothing for a text of up to 1,500 characters; at most 64 parts, none blank.
    """
    if len(text) <= LONG_CHARACTERS:
        return []
    parts: list[str] = []
    start = 0
    while start < len(text) and len(parts) < MOST_PARTS:
        end = _end_of(text, start)
        if part := text[start:end].strip():
            parts.append(part)
        start = end
    return parts


def _end_of(text: str, start: int) -> int:
    """The last good place to cut within the part's length, else its length."""
    limit = start + _PART_CHARACTERS
    if limit >= len(text):
        return len(text)
    ends = [found.end() for found in _END.finditer(text, start, limit)]
    return next((end for end in reversed(ends) if end > start + _PART_CHARACTERS // 2), limit)
