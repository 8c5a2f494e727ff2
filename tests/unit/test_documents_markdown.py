"""Nothing of a Markdown text is lost, doubled or cut where it must not be."""

import re
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from briefsmith.documents import blocks
from briefsmith.documents.blocks import parse_blocks
from briefsmith.documents.markdown import read_markdown
from briefsmith.documents.packing import Span, content_of
from briefsmith.documents.pieces import Piece
from briefsmith.errors import UnreadableDocument
from briefsmith.models.enums import BlockType

SENTENCE = "We write as we speak, and we keep it short. "


def _code(name: str, size: int) -> str:
    return "```\n" + "".join(f"# {name}.{i}\n\n" for i in range(size)) + f"end {name}\n```"


def _table(name: str, size: int) -> str:
    return f"| head {name} | x |\n|---|---|" + "".join(f"\n| {name}.{i} | x |" for i in range(size))


def _lines(form: str, between: str) -> Callable[[str, int], str]:
    """Makes a block whose lines have this form, each unlike any other."""

    def make(name: str, size: int) -> str:
        return between.join(form.format(f"{name}.{i}") for i in range(size))

    return make


UNITS: dict[str, Callable[[str, int], str]] = {
    "paragraph": _lines("{}", "\n"),
    "sentences": lambda name, size: f"{name}: " + SENTENCE * min(size, 150),
    "list": _lines("- {0}\n\n  # no heading {0}", "\n"),
    "quote": _lines("> {0}\n>\n> # no heading {0}\n>", "\n"),
    "code": _code,
    "table": _table,
    "comment": lambda name, size: (
        f"<!--\n\n{_lines('# {}', chr(10) * 2)(name, size)}\n\n{name} -->"
    ),
    "deep headings": _lines("#### {0}\n\nbelow {0}", "\n\n"),
    "links": _lines("[{0}]: https://example.org/{0}", "\n"),
}
SIZE = st.integers(1, 40) | st.integers(600, 700)  # small, and larger than any part
SECTION = st.tuples(
    st.sampled_from([0, 1, 2, 3]),
    st.lists(st.tuples(st.sampled_from(sorted(UNITS)), SIZE), max_size=3),
)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Headings of all levels, in both notations, over any mixture of blocks."""
    parts: list[str] = []
    number = 0
    for place, (level, units) in enumerate(draw(st.lists(SECTION, min_size=1, max_size=8))):
        if level in {1, 2} and place % 3 == 0:
            parts.append(f"Heading {place}x\n{'=' if level == 1 else '-'}")
        elif level:
            parts.append(f"{'#' * level} Heading {place}x")
        for kind, size in units:
            number += 1
            parts.append(UNITS[kind](f"{kind} {number}", size))
    return "\n\n".join(parts) + "\n"


def _inked(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip()]


def _expected_lines(body: str, pieces: list[Piece]) -> list[str]:
    """Lines of the body but the headings (named "Heading 7x") that a path holds."""
    used = {heading for piece in pieces for heading in piece.heading_path}
    for heading in used:
        body = re.sub(rf"^(#{{1,3}} )?{heading}$(\n[=-]$)?", "", body, flags=re.MULTILINE)
    return _inked(body)


@settings(max_examples=30, deadline=None)
@given(documents())
def test_the_pieces_hold_every_line_once_and_in_order(body: str) -> None:
    pieces = read_markdown(body, stem="file")

    if pieces:
        held = [line for piece in pieces for line in _inked(piece.content)]
        assert held == _expected_lines(body, pieces)


@settings(max_examples=30, deadline=None)
@given(documents())
def test_labels_are_one_line_and_unique_and_so_are_anchors(body: str) -> None:
    pieces = read_markdown(body, stem="file")

    labels = [piece.label.lower() for piece in pieces]
    assert len(set(labels)) == len(labels)
    assert len({piece.anchor for piece in pieces}) == len(pieces)
    assert all(0 < len(label) <= 200 and label.isprintable() for label in labels)
    assert all(piece.content.strip() for piece in pieces)


@settings(max_examples=30, deadline=None)
@given(documents())
def test_code_tables_and_comments_are_never_cut(body: str) -> None:
    pieces = read_markdown(body, stem="file")

    whole = [
        content_of(body, [Span(block.start, block.end)])
        for block in parse_blocks(body)
        if block.kind in {"fence", "table", "html_block"}
    ]
    assert all(any(block in piece.content for piece in pieces) for block in whole)


HOSTILE = st.text(st.sampled_from("#-=`~>|[]:*+<!1. \t\na\u2028\x0b\x0c\x85é"), max_size=400)


@settings(max_examples=150, deadline=None)
@given(HOSTILE)
@example("# a\n\ttext\n=\n")
@example("a\n***\n#\n#  \nb\n-\n")
@example("\x0c\n# a\n\u2028")
def test_of_any_text_only_lines_of_headings_in_paths_are_not_in_a_piece(text: str) -> None:
    body = f"x\n\n{text}\n\n{SENTENCE * 50}\n\n{text}"

    pieces = read_markdown(body, stem="file")

    used = {heading for piece in pieces for heading in piece.heading_path}
    headings = [block for block in parse_blocks(body) if block.heading in used - {""}]
    removable = {line for block in headings for line in body[block.start : block.end].split("\n")}
    held = [line for piece in pieces for line in _inked(piece.content)]
    for line in _inked(body):
        if held and held[0] == line:
            held.pop(0)
        else:
            assert line in removable
    assert not held


def test_a_short_file_stays_whole_under_its_own_heading() -> None:
    body = "# Brand voice\n\nWarm.\n\n## Never\n\nNo jargon.\n"

    (piece,) = read_markdown(body, stem="brand-voice")

    assert piece.anchor == "brand-voice"
    assert piece.label == "Brand voice"
    assert piece.content == "Warm.\n\n## Never\n\nNo jargon."
    assert piece.heading_path == ("Brand voice",)


def test_a_file_without_heading_is_labelled_by_its_name() -> None:
    (piece,) = read_markdown("Warm.\r\n\r\nShort.\r", stem="brand_voice-2")

    assert (piece.anchor, piece.label) == ("", "Brand voice 2")
    assert piece.content == "Warm.\n\nShort."
    assert piece.type is None
    assert piece.tags == ()


def test_a_long_file_is_split_at_headings_and_labelled_by_the_path() -> None:
    text = SENTENCE * 20
    body = f"{text}\n\nVoice\n=====\n\n{text}\n\n## Tone\n{text}\n#### Aside\n{text}\n"

    pieces = read_markdown(body, stem="guide")

    assert [(piece.anchor, piece.label) for piece in pieces] == [
        ("", "Guide"),
        ("voice", "Guide › Voice"),  # noqa: RUF001  the mark between labels
        ("voice/tone", "Guide › Voice › Tone"),  # noqa: RUF001
    ]
    assert "#### Aside" in pieces[2].content


def test_small_sections_join_their_neighbours() -> None:
    text = (SENTENCE * 20).strip()
    body = (
        f"# All\n\nIntro.\n\n## Long\n{text}\n\n## Small\nLittle.\n\n## Empty\n\n"
        f"## Glossary\n\n### A\nOne.\n\n### B\nTwo.\n\n### Other\n{text}\n"
    )

    pieces = read_markdown(body, stem="x")

    assert [(piece.anchor, piece.content) for piece in pieces] == [
        ("all/long", f"Intro.\n\n{text}\n\n## Small\nLittle.\n\n## Empty"),
        ("all/glossary", "### A\nOne.\n\n### B\nTwo."),
        ("all/glossary/other", text),
    ]


def test_a_repeated_heading_gets_a_number_in_anchor_and_label() -> None:
    text = SENTENCE * 20
    body = f"# A\n{text}\n\n# a\n{text}\n\n# A\n{text}\n"

    pieces = read_markdown(body, stem="x")

    assert [piece.anchor for piece in pieces] == ["a", "a#2", "a#3"]
    assert [piece.label[-5:] for piece in pieces[1:]] == ["a (2)", "A (3)"]


def test_an_oversize_section_is_cut_between_blocks_and_keeps_headings_with_their_text() -> None:
    paragraphs = [f"{number} {SENTENCE * 40}".strip() for number in range(6)]
    body = "# A\n\n" + "\n\n".join(f"#### H{i}\n\n{text}" for i, text in enumerate(paragraphs))

    pieces = read_markdown(body, stem="x")

    assert [piece.anchor for piece in pieces] == ["a", "a~2", "a~3"]
    assert [piece.label for piece in pieces] == ["A", "A (2)", "A (3)"]
    assert all(piece.content.startswith("#### H") for piece in pieces)
    assert all(len(piece.content) <= 4_000 for piece in pieces)


def test_a_giant_list_is_cut_at_its_items_and_a_giant_line_at_its_sentences() -> None:
    items = "\n".join(f"- {number} {SENTENCE}" for number in range(300))
    line = SENTENCE * 300

    of_list = read_markdown(items, stem="x")
    of_line = read_markdown(line, stem="x")

    assert all(piece.content.startswith("- ") for piece in of_list)
    assert all(len(piece.content) <= 4_000 for piece in of_list + of_line)
    assert all(piece.content.startswith("We write") for piece in of_line)
    assert "".join(piece.content for piece in of_line).split() == line.split()


def test_a_word_is_never_cut() -> None:
    word = "x" * 20_000

    pieces = read_markdown(f"a {word} b", stem="x")

    assert any(word in piece.content.split() for piece in pieces)


def test_an_unclosed_fence_hides_headings_to_the_end() -> None:
    body = "# A\n\n" + SENTENCE * 20 + "\n\n```\n" + "# not a heading\n\n" * 500

    pieces = read_markdown(body, stem="x")

    assert {piece.heading_path for piece in pieces} == {("A",)}


@settings(max_examples=25, deadline=None)
@given(documents(), st.integers(1, 3_000))
def test_blocks_do_not_depend_on_the_chunks_in_which_they_are_parsed(body: str, size: int) -> None:
    whole = list(parse_blocks(body))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "_CHUNK_CHARACTERS", size)
        assert list(parse_blocks(body)) == whole


def test_a_list_of_a_megabyte_is_refused_with_its_line() -> None:
    with pytest.raises(UnreadableDocument, match="the list at line 5 is larger than 512 KB"):
        read_markdown("---\ntype: guide\n---\n\n" + "- " + (99 * "a" + "\n") * 10_000, stem="x")


@pytest.mark.parametrize("text", ["", " \n\n", "---\ntype: guide\n---\n", "# A\n\n## B\n"])
def test_a_text_without_text_has_no_pieces(text: str) -> None:
    assert read_markdown(text, stem="x") == []


@pytest.mark.parametrize(("char", "told"), [("\0", "NUL"), ("\ud800", "surrogate")])
def test_characters_that_cannot_be_stored_are_refused(char: str, told: str) -> None:
    with pytest.raises(UnreadableDocument, match=rf"{told}.*character 3"):
        read_markdown(f"ab{char}c", stem="x")


def test_a_heading_too_long_for_a_label_stays_text() -> None:
    heading = "# " + "word " * 60

    pieces = read_markdown(f"{heading}\n\n{SENTENCE * 60}", stem="x")

    assert pieces[0].content.startswith(heading.rstrip())


def test_a_hostile_heading_makes_a_harmless_label() -> None:
    text = SENTENCE * 40
    body = f"# A\u202eB\u2028C\x07 *d* `e` [f](http://g)\n{text}\n\n# ../#~\n{text}\n"

    first, second = read_markdown(body, stem="x\u2066\n")

    assert first.label == "X › AB C d e f"  # noqa: RUF001  the mark between labels
    assert first.anchor == "ab-c-d-e-f"
    assert second.anchor == "section"


LEVELS = st.lists(st.integers(1, 3), min_size=4, max_size=7)
PROSE = st.text(st.sampled_from("ab .\n"), max_size=500)


def _anchors(levels: list[int], texts: list[str]) -> list[str]:
    """Anchors of whole sections, all of which have the same heading."""
    pairs = zip(levels, texts, strict=True)
    body = "\n\n".join(f"{'#' * level} Same\n\n{text}" for level, text in pairs)
    pieces = read_markdown(body, stem="x")
    return [piece.anchor for piece in pieces if "~" not in piece.anchor]


@settings(max_examples=30, deadline=None)
@given(LEVELS, st.data(), PROSE)
def test_anchors_stay_when_another_section_is_edited(
    levels: list[int], data: st.DataObject, edit: str
) -> None:
    texts = [SENTENCE * data.draw(st.integers(16, 120)) for _ in levels]
    place = data.draw(st.integers(0, len(levels) - 1))

    before = _anchors(levels, texts)
    after = _anchors(levels, [*texts[:place], edit, *texts[place + 1 :]])

    assert len(before) == len(levels)
    assert set(before) - {before[place]} <= set(after)


def test_front_matter_is_on_every_piece() -> None:
    text = SENTENCE * 30
    body = f"---\ntype: guide\ntitle: Voice\n---\n# A\n{text}\n# B\n{text}\n"

    pieces = read_markdown(body, stem="x")

    assert [piece.type for piece in pieces] == [BlockType.GUIDE] * 2
    assert [piece.label for piece in pieces] == ["Voice › A", "Voice › B"]  # noqa: RUF001
