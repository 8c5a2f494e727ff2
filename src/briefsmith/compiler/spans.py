"""What ranges of a text show of it."""

from collections.abc import Sequence

from briefsmith.compiler.candidates import Span

ELLIPSIS = "[…]"


def apply_spans(text: str, spans: Sequence[Span]) -> str:
    """The text that these ranges show, with `[…]` wherever anything but white space is missing.

    One range over everything gives the text byte for byte; no range gives ''.
    """
    if not spans or list(spans) == [(0, len(text))]:
        return text if spans else ""
    parts: list[str] = []
    position = 0
    for start, end in spans:
        parts.extend((_joint(text[position:start], is_inner=position > 0), text[start:end]))
        position = end
    parts.append(_joint(text[position:], is_inner=True).rstrip())
    return "".join(parts)


def _joint(missing: str, *, is_inner: bool) -> str:
    """What stands for a left-out part: on a line of its own where whole lines are missing."""
    if not missing.strip():
        return missing if is_inner else ""
    lines = missing.count("\n") or missing.count("\r")
    space = " " if not lines else "\n\n" if "\n\n" in missing or "\r\n\r\n" in missing else "\n"
    return f"{space}{ELLIPSIS}{space}" if is_inner else f"{ELLIPSIS}{space}"
