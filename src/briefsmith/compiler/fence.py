"""Keeps text that others wrote apart from the brief's own words.

Source: docs/decisions/0004-how-block-text-is-fenced.md
"""

import re
from collections.abc import Iterable
from typing import Literal

FenceKind = Literal["block", "intent", "instructions", "media"]

LONGEST_NONCE = "01234567890123456789012345678901"
"""The key to count with: none takes more tokens, as the built-in vocabulary joins a digit to nothing."""

_NONCE = re.compile(r"[0-9a-f]{32}")

# Written out, not asked of `unicodedata`: a brief must come out the same under every Python.
_LINE_AND_CONTROL = "\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_INVISIBLE = (
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_SPACES = re.compile(f"[{_LINE_AND_CONTROL}]+")
_HIDDEN = re.compile(f"[{_INVISIBLE}]")
_HASHES = re.compile(r"##+")
_LOOKALIKES = str.maketrans(
    {
        **dict.fromkeys('`"“”„‟«»＂〝〞〟', "'"),  # noqa: RUF001  they close or forge our quotes
        "[": "(",
        "]": ")",
        "<": "‹",  # noqa: RUF001  not a tag, on purpose
        ">": "›",  # noqa: RUF001  not a tag, on purpose
        "|": "¦",
        "*": "∗",  # noqa: RUF001  not emphasis, on purpose
    }
)


def check_nonce(nonce: str, texts: Iterable[str]) -> bool:
    """Whether a nonce of 32 lower-case hex digits occurs in none of the texts, in any case.

    Args:
        nonce: Made for one brief, with `secrets`.
        texts: All that goes into the brief: contents, labels, intent, instructions, media.
    """
    return bool(_NONCE.fullmatch(nonce)) and not any(nonce in text.lower() for text in texts)


def fence(kind: FenceKind, nonce: str, text: str, cite: str | None = None) -> str:
    """The text exactly as it is, ended by a line that it cannot hold.

    The line that begins needs no key: a text that has it is inside a fence already, and the brief's own
    lines hold no `<` of anybody else.
    """
    attribute = f' cite="{cite}"' if cite is not None else ""
    return f"<{kind}{attribute}>\n{text}\n</{kind}-{nonce}>"


def unfence(markdown: str, nonce: str, kind: FenceKind = "block") -> dict[str, str]:
    """Every fenced text of a kind by its cite, exactly as it went in.

    A text without a cite (the intent, the instructions) has the key ''. Fences of all kinds are read in
    their order, because the text in one may hold the beginning of another.
    """
    fenced = re.compile(
        r'(?:(?<=\n)|\A)<(block|intent|instructions|media)(?: cite="([A-Z][0-9]+)")?>\n'
        rf"(.*?)\n</\1-{re.escape(nonce)}>(?=\n|\Z)",
        re.DOTALL,
    )
    return {match[2] or "": match[3] for match in fenced.finditer(markdown) if match[1] == kind}


def one_line(text: str, max_chars: int) -> str:
    """Text for one of the brief's own lines, unable to end it or to pose as anything in it.

    Line separators and controls become one space; characters that are not seen (bidirectional
    controls, tags) go; characters that are Markdown, a tag, a cite or a quotation mark are
    replaced by others that look alike.

    Args:
        text: Anything.
        max_chars: The most that comes back, >= 1; longer text ends in '…'.
    """
    # Cut first, generously: a label may be a megabyte of spaces.
    shown = _HIDDEN.sub("", text[: max_chars * 8])
    shown = _HASHES.sub("#", _SPACES.sub(" ", shown).strip(" ").translate(_LOOKALIKES))
    if len(shown) > max_chars or len(text) > max_chars * 8:
        return shown[: max_chars - 1].rstrip(" ") + "…"
    return shown


def quoted(text: str, max_chars: int) -> str:
    """`one_line` between “ ”, which it cannot hold itself."""
    return f"“{one_line(text, max_chars)}”"
