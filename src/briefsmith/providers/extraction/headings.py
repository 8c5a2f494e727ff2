"""Lines of text that must not become markup by accident, and headings that shall."""

import re

_ACCIDENTS = re.compile(r"#{1,6}(?=\s|$)|[=-]+\s*$|`{3}|~{3}|<|>|(?:[*_-]\s*){3,}$")


def heading(level: int, text: str) -> str:
    """A heading on one line."""
    return f"{'#' * level} {' '.join(text.split())}"


def plain_line(text: str) -> str:
    """A line of running text, whose beginning Markdown would not take for something else."""
    line = " ".join(text.split())
    return f"\\{line}" if _ACCIDENTS.match(line) else line
