"""Tokens made word by word are the tokens of the text."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefsmith.providers import word_tokens
from briefsmith.providers.tokenizer import LoadedTokenizer, load_tokenizer
from briefsmith.providers.word_tokens import WordTokens

TEXTS = st.lists(
    st.text(max_size=8)
    | st.sampled_from(["brand", "voice,", "<s>", " ", "  ", "▁", "\n", "字", "> <"])
).map(" ".join)


@pytest.fixture(scope="module")
def tokenizer() -> LoadedTokenizer:
    return load_tokenizer()


@given(st.lists(TEXTS, max_size=4))
def test_the_ids_are_those_of_the_tokenizer(tokenizer: LoadedTokenizer, texts: list[str]) -> None:
    remembered = WordTokens()

    for _ in range(2):
        assert remembered.ids(texts, tokenizer) == tokenizer.ids(texts)


def test_words_are_given_up_and_ids_stay(
    tokenizer: LoadedTokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(word_tokens, "_MOST_KEPT_WORDS", 3)
    remembered = WordTokens()

    for text in ["one two three four five", "six one two", "x" * 100, "one two"]:
        assert remembered.ids([text], tokenizer) == tokenizer.ids([text])
        assert len(remembered._known) <= 3  # pyright: ignore[reportPrivateUsage]


def test_threads_that_share_the_words_agree(tokenizer: LoadedTokenizer) -> None:
    remembered = WordTokens()
    texts = [f"shared words and number {i % 50}" for i in range(400)]

    def ids(text: str) -> list[int]:
        return remembered.ids([text], tokenizer)[0]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ids, texts))

    assert found == tokenizer.ids(texts)
