"""Units cover a text, and Markdown's blocks are never cut inside."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefsmith.compiler.sentences import split_units

FRAGMENTS = st.sampled_from(
    [
        "# Head", "Title\n===", "---", "```", "~~~~", "`a. B`", "`", "- item", "3. item", "> quote",
        "| a | b |", "|---|---|", "    code", "\tcode", "One. Two! Three?", "e.g. this", "3.14",
        "“Yes.” No", "これは文。次の文。", "\n", "\n\n", "\r\n", "\r", "\u2028", "\u2029", "\x85",
        "\x0b", "\x0c", " ", "x" * 700, "<!--", "-->", "a b " * 200,
    ]
)  # fmt: skip
TEXTS = st.lists(FRAGMENTS | st.text(max_size=8), max_size=12).map("".join)


def shown(text: str) -> list[str]:
    return [text[unit.start : unit.end] for unit in split_units(text)]


def kinds(text: str) -> list[str]:
    return [unit.kind for unit in split_units(text)]


@given(TEXTS)
def test_units_and_the_white_space_between_them_rebuild_the_text(text: str) -> None:
    units = split_units(text)

    position = 0
    rebuilt = ""
    for unit in units:
        gap = text[position : unit.start]
        assert position <= unit.start < unit.end
        assert not gap.strip()
        rebuilt += gap + text[unit.start : unit.end]
        position = unit.end
    assert not text[position:].strip()
    assert rebuilt + text[position:] == text


@given(TEXTS)
def test_no_unit_ends_in_white_space(text: str) -> None:
    assert all(piece == piece.rstrip() and piece.strip() for piece in shown(text))


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Use it, e.g. Here, at 3.14 EUR. Then go.", ["Use it, e.g. Here, at 3.14 EUR.", "Then go."]),
        ("See https://a.example/b.html?q=1.2 now. Next.", ["See https://a.example/b.html?q=1.2 now.", "Next."]),
        ("Dr. Maier kam am 3. Mai, z. B. Anna. Gut.", ["Dr. Maier kam am 3. Mai, z. B. Anna.", "Gut."]),
        ("“Stop!” he said. “Why?” She left.", ["“Stop!” he said.", "“Why?”", "She left."]),
        ("See tip 3. Then rest in 2023. Good.", ["See tip 3.", "Then rest in 2023.", "Good."]),
        ("これは文です。次の文です。", ["これは文です。", "次の文です。"]),
        ("¿Qué? Nada.", ["¿Qué?", "Nada."]),
        ("यह वाक्य है। दूसरा।", ["यह वाक्य है।", "दूसरा।"]),
        ("Wait... what? J. R. Smith went.", ["Wait... what?", "J. R. Smith went."]),
        ("Call `a. B` twice. Done.", ["Call `a. B` twice.", "Done."]),
        ("A line\nthat wraps. Next.", ["A line\nthat wraps.", "Next."]),
        ("One\u2028Two\x0bThree", ["One", "Two", "Three"]),
    ],
)  # fmt: skip
def test_prose_is_cut_at_the_ends_of_sentences_only(text: str, sentences: list[str]) -> None:
    assert shown(text) == sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("```py\na. B\n\nc\n```\nProse.", ["code", "sentence"]),
        ("~~~\nnever closed. Yes.\n\n# no head", ["code"]),
        ("````\n```\nstill code\n````", ["code"]),
        ("# Head\nProse. More.", ["heading", "sentence", "sentence"]),
        ("Head\n----\nProse.", ["heading", "sentence"]),
        ("| a. B | c |\n|---|:-:|\n| d. E | f |\n\nEnd.", ["table", "sentence"]),
        ("- One. Two.\n  More.\n- Three.\n1. Four.", ["list_item", "list_item", "list_item"]),
        ("> Said. Twice.\n> Over lines.\n\nEnd.", ["quote", "sentence"]),
        ("It was in\n1985. Then more.", ["sentence", "sentence"]),
        ("One.\n\n* * *\n\nTwo.", ["sentence", "rule", "sentence"]),
        ("Text.\n\n    indented. Code.\n    more\n\nEnd.", ["sentence", "code", "sentence"]),
        ("", []),
        (" \n\u2028\n", []),
    ],
)
def test_blocks_of_markdown_are_units(text: str, expected: list[str]) -> None:
    assert kinds(text) == expected


def test_a_windows_text_has_the_same_units_as_a_unix_one() -> None:
    text = "# Head\n\nOne. Two.\n\n- a\n- b\n\n```\nx\n```\n\n| a | b |\n|---|---|\n| c | d |\n"

    windows = [piece.replace("\r\n", "\n") for piece in shown(text.replace("\n", "\r\n"))]

    assert windows == shown(text)


def test_prose_without_sentences_is_cut_at_its_lines() -> None:
    log = "\n".join(f"line {number} of a log that never stops" for number in range(60))

    pieces = shown(log)

    assert len(pieces) > 2
    assert all(len(piece) <= 600 and piece.startswith("line ") for piece in pieces)
