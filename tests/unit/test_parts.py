"""Long texts in parts."""

from hypothesis import given
from hypothesis import strategies as st

from briefsmith.compiler.parts import LONG_CHARACTERS, MOST_PARTS, parts_of

_texts = st.lists(
    st.sampled_from(["word ", "A sentence ends here. ", "line\n", "\n\n", "x" * 700, "\u3002"]),
    max_size=400,
).map("".join)


@given(text=_texts)
def test_parts_hold_the_whole_of_a_long_text_in_order_and_none_is_longer_than_it_may_be(
    text: str,
) -> None:
    parts = parts_of(text)

    if len(text) <= LONG_CHARACTERS:
        assert parts == []
        return
    assert all(part.strip() == part and 0 < len(part) <= 1_000 for part in parts)
    assert len(parts) <= MOST_PARTS
    joined, said = "".join("".join(parts).split()), "".join(text.split())
    assert said.startswith(joined)
    assert len(parts) == MOST_PARTS or joined == said


def test_a_text_is_cut_between_sentences() -> None:
    sentences = [f"This is sentence number {number} of a rather long text." for number in range(60)]

    parts = parts_of(" ".join(sentences))

    assert all(part.startswith("This") and part.endswith("text.") for part in parts)
