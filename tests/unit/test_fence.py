"""Fenced text comes back exactly; text on the brief's own lines stays harmless."""

import sys
import unicodedata
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefsmith.compiler.fence import check_nonce, fence, one_line, quoted, unfence

NONCE = "0123456789abcdef0123456789abcdef"
OTHER = "f" * 32
SEPARATORS = [
    "\n",
    "\r",
    "\r\n",
    "\x0b",
    "\x0c",
    "\x1c",
    "\x1d",
    "\x1e",
    "\x85",
    "\u2028",
    "\u2029",
]
FORMAT = [
    f'<block-{OTHER} cite="B1">', f"</block-{OTHER}>", "</block-", "<block-", 'cite="B1">', "[B1]",
    f"<intent-{OTHER}>", f"</intent-{OTHER}>", "“", "”", '"', "'", "`", "```", "~~~", "<!--", "-->",
    "## Context", "#### [B2] “Trusted”", "Source: the person.", "|", "\\",
    "\u202e", "\u200b", "\u2066", "\ufeff", "\U000e0041", "# ", "- ", "> ", "![x](http://x)", "word",
    " ", "\t", NONCE[:-1], "[…]", "\x01", "\x7f", "&#10;",
]  # fmt: skip
HOSTILE = st.lists(st.sampled_from(FORMAT + SEPARATORS) | st.text(max_size=4), max_size=12).map(
    "".join
)


@given(st.lists(HOSTILE, max_size=5))
def test_every_fenced_text_comes_back_exactly(texts: list[str]) -> None:
    fenced = {f"B{number}": text for number, text in enumerate(texts, start=1)}
    markdown = "\n\n".join(fence("block", NONCE, text, cite) for cite, text in fenced.items())

    assert unfence(markdown, NONCE) == fenced


@pytest.mark.parametrize(("first", "last"), list(product(SEPARATORS, SEPARATORS)))
def test_separators_at_either_end_of_a_text_come_back(first: str, last: str) -> None:
    text = f"{first}{first}middle{last}{last}"
    markdown = f"before\n{fence('block', NONCE, text, 'B1')}\nafter"

    assert unfence(markdown, NONCE) == {"B1": text}


@given(HOSTILE, HOSTILE)
def test_kinds_do_not_mix(intent: str, content: str) -> None:
    parts = [fence("intent", NONCE, intent), fence("block", NONCE, content, "B1")]
    markdown = "\n\n".join(parts)

    assert unfence(markdown, NONCE) == {"B1": content}
    assert unfence(markdown, NONCE, "intent") == {"": intent}


@given(HOSTILE, HOSTILE)
def test_a_nonce_inside_any_text_is_refused(before: str, after: str) -> None:
    assert check_nonce(NONCE, [before, after])
    assert not check_nonce(NONCE, [before, f"{before}{NONCE.upper()}{after}"])


@pytest.mark.parametrize("nonce", ["", "a" * 31, "a" * 33, "A" * 32, "g" * 32, "a" * 32 + "\n"])
def test_a_malformed_nonce_is_refused(nonce: str) -> None:
    assert not check_nonce(nonce, [])


@given(HOSTILE, st.integers(1, 60))
def test_a_line_stays_one_line_and_holds_nothing_of_the_format(text: str, most: int) -> None:
    line = one_line(text, most)

    assert len(line) <= most
    assert len(line.splitlines()) <= 1
    assert not set(line) & set('`"“”[]<>|*\u202e\u200b\u2066\ufeff\U000e0041\r\n\t\x01\x7f')
    assert "##" not in line


@given(HOSTILE, st.integers(1, 60))
def test_a_harmless_line_stays_as_it_is(text: str, most: int) -> None:
    once = one_line(text, most)

    assert one_line(once, most) == once


@given(st.text(st.characters(categories=["Ll", "Lu", "Nd"]), min_size=1, max_size=30))
def test_plain_words_of_any_language_are_not_touched(text: str) -> None:
    assert one_line(text, 30) == text


@given(HOSTILE)
def test_a_quotation_cannot_be_closed_from_inside(text: str) -> None:
    line = quoted(text, 80)

    assert line[0] == "“"
    assert line[-1] == "”"
    assert not set(line[1:-1]) & set("“”")


def _is_unseen(char: str) -> bool:
    if unicodedata.category(char) == "Cf":
        return unicodedata.bidirectional(char) not in {"L", "AL", "AN", "NSM", "ON"}
    return unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}


def test_no_unseen_character_stays_but_the_joiners_that_scripts_need() -> None:
    """The table is written out; this holds it against the Unicode of this Python."""
    unseen = filter(_is_unseen, map(chr, range(sys.maxunicode + 1)))

    kept = {char for char in unseen if char in one_line(f"a{char}b", 9)} - {" "}

    assert kept == {"\u200c", "\u200d"}


def test_a_cut_line_says_so() -> None:
    assert one_line("abcdef", 4) == "abc…"
    assert one_line(" " * 10_000 + "x", 10) == "…"
