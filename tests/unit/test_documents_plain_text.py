"""Plain text is cut at blank lines and loses nothing."""

from hypothesis import given, settings
from hypothesis import strategies as st

from briefsmith.documents.plain_text import read_plain_text

WORD = st.text(st.sampled_from("ab#-.\u2028\x0b\x85"), min_size=1, max_size=8)
PARAGRAPH = st.tuples(WORD, st.integers(1, 1_500)).map(lambda drawn: f"{drawn[0]} " * drawn[1])


def _words(text: str) -> list[str]:
    return text.split()


@settings(max_examples=60, deadline=None)
@given(st.lists(PARAGRAPH, max_size=8), st.sampled_from(["\n\n", "\r\n\r\n", "\n \t\n\n", "\n"]))
def test_the_pieces_hold_every_word_once_and_in_order(parts: list[str], between: str) -> None:
    text = between.join(parts)

    pieces = read_plain_text(text, stem="notes")

    assert [word for piece in pieces for word in _words(piece.content)] == _words(text)
    assert len({piece.label for piece in pieces}) == len(pieces)
    assert [piece.anchor for piece in pieces] == [
        "" if number == 1 else f"~{number}" for number in range(1, len(pieces) + 1)
    ]


def test_a_long_text_is_cut_at_blank_lines_only() -> None:
    paragraphs = [f"{number}\n" + "line of text\n" * 100 for number in range(9)]

    pieces = read_plain_text("\n".join(paragraphs), stem="my_notes")

    assert [piece.label for piece in pieces] == ["My notes", "My notes (2)", "My notes (3)"]
    assert [piece.content.split("\n")[0] for piece in pieces] == ["0", "3", "6"]


def test_nothing_in_plain_text_is_markup() -> None:
    (piece,) = read_plain_text("---\n# no heading\n---\n    indented\n", stem="a")

    assert piece.content == "---\n# no heading\n---\n    indented"
    assert piece.heading_path == ()
