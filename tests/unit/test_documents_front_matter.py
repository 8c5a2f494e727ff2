"""Front matter says what it says, and nothing in it can hurt."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefsmith.documents.front_matter import read_front_matter, split_front_matter
from briefsmith.documents.pieces import Metadata
from briefsmith.errors import UnreadableDocument
from briefsmith.models.enums import BlockImportance, BlockType


def test_every_key_is_read() -> None:
    metadata = read_front_matter(
        "type: style_guide\ntags: [a, 'b, c', a]\nimportance: HIGH\nscope: web\n"
        "locale: pt-BR\ntone: warm, calm\ntitle: |\n  Our\n  voice\n"
    )

    assert metadata == Metadata(
        type=BlockType.STYLE_GUIDE,
        tags=("a", "b, c"),
        importance=BlockImportance.HIGH,
        scope="web",
        locale="pt-BR",
        tone=("warm", "calm"),
        title="Our voice",
    )


def test_what_yaml_takes_for_dates_numbers_and_truth_is_text() -> None:
    metadata = read_front_matter("title: 2024-01-01\nscope: 1.50\nlocale: no\ntags: [007, yes]\n")

    assert (metadata.title, metadata.scope, metadata.locale) == ("2024-01-01", "1.50", "no")
    assert metadata.tags == ("007", "yes")


@pytest.mark.parametrize("block", ["", "# only a comment\n", "type:\ntags: ~\ntitle: null\n"])
def test_silent_front_matter_leaves_every_default(block: str) -> None:
    assert read_front_matter(block) == Metadata()


@pytest.mark.parametrize(
    ("block", "told"),
    [
        ("colour: red", r"'colour'.*keys are type, tags, .* and title"),
        ("type: poem", r"'type'.*'poem'.*topic, intent, .* and other"),
        ("importance: urgent", r"'importance'.*'urgent'.*high, medium and low"),
        ("locale: en_US!", r"'locale'.*'en_US!'.*en or pt-BR"),
        ("title: [a]", r"'title'.*list.*one text"),
        ("tags: {a: b}", r"'tags'.*mapping"),
        ("tags: [[a]]", "list inside a list|inside a list"),
        ("title: a\ntitle: b", "'title' twice"),
        ("title: a\ntags: [b", "no valid YAML at line [34]"),
        ("title: a\n\tb: c", "no valid YAML at line 3"),
        ("title: a\x07", "no valid YAML at line 2"),
        ("a: &x [b]\ntitle: *x", r"anchor or alias \(& or \*\) at line 2"),
        ("title: !!python/object/apply:os.system [ls]", "YAML tag"),
        ("- a\n- b", "not a list of `key: value`"),
        ("just words", "not a list of `key: value`"),
        ("--- a\n--- b", "no valid YAML|not a list"),
        ("? [a]\n: b", "'\\?'.*keys are"),
        ('title: "\\0"', "'title'.*NUL"),
        ('tags: ["\\ud800"]', "'tags'.*surrogate"),
        ("[" * 16_000, "list inside|inside a list"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(block: str, told: str) -> None:
    with pytest.raises(UnreadableDocument, match=told) as caught:
        read_front_matter(block)

    assert caught.value.message.isprintable()


def test_front_matter_ends_at_its_closing_line_and_the_body_follows() -> None:
    assert split_front_matter("---\ntype: a\n--- \nBody\n---\n") == ("type: a\n", "Body\n---\n")
    assert split_front_matter("---\n---") == ("", "")


@pytest.mark.parametrize("text", ["", "Body\n---\na: b\n---\n", "---\n\nBody\n\n---\n", "---"])
def test_a_rule_is_not_front_matter(text: str) -> None:
    assert split_front_matter(text) == (None, text)


def test_unclosed_and_oversize_front_matter_is_refused() -> None:
    with pytest.raises(UnreadableDocument, match="not closed"):
        split_front_matter("---\ntype: guide\n\nBody")
    with pytest.raises(UnreadableDocument, match="16 KB"):
        split_front_matter("---\n# " + "é" * 9_000 + "\n---\n")


@given(st.text(st.sampled_from("abcd:[]{}&*!#|>-?'\"\\ ,\n0\u2028\x85é"), max_size=120))
def test_no_text_does_more_than_be_refused(block: str) -> None:
    with suppress(UnreadableDocument):
        assert read_front_matter(block) == Metadata()  # these letters spell no key
