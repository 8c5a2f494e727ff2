"""Counting is the built-in model's own, however a text is cut on the way."""

import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from itertools import chain, cycle, islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from briefsmith.errors import EmbedderUnavailable
from briefsmith.providers import cuts
from briefsmith.providers import tokenizer as tokenizer_module
from briefsmith.providers.bundled import bundled_file
from briefsmith.providers.tokenizer import TokenCounter, load_tokenizer

FILE = "tokenizers/l2_supercat_tokenizer_config.json"
SPACE = "\u2581"

PARTS = st.sampled_from(
    [" ", "  ", SPACE, "<s>", "</s>", "<unk>", "<", ">", "<0x0A>", "\n", "\t", "a", "the", "Brand",
     "voice", ",", "ß", "字", "\U0001f600", "\u0301", "e\u0301", "\x00", "\ufffd", "1234", "\u00a0"]
)  # fmt: skip
TEXTS = st.lists(PARTS, max_size=30).map("".join) | st.text(max_size=80)


@pytest.fixture(scope="module")
def reference() -> Callable[[str], list[int]]:
    tokenizer = Tokenizer.from_file(str(bundled_file(FILE)))
    return lambda text: tokenizer.encode(text, add_special_tokens=False).ids


@settings(deadline=None)
@given(text=TEXTS)
def test_a_count_is_the_length_of_the_whole_text_tokenized(
    reference: Callable[[str], list[int]], text: str
) -> None:
    assert TokenCounter().count(text) == len(reference(text))


@settings(deadline=None)
@given(text=TEXTS)
def test_the_tokens_of_the_words_are_the_tokens_of_the_text(
    reference: Callable[[str], list[int]], text: str
) -> None:
    assert list(chain.from_iterable(load_tokenizer().ids(cuts.words(text)))) == reference(text)


@settings(deadline=None)
@given(text=st.lists(PARTS, max_size=60).map("".join), least=st.integers(1, 9))
def test_the_tokens_of_the_pieces_are_the_tokens_of_the_text_when_cut_between_words(
    reference: Callable[[str], list[int]], text: str, least: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cuts, "_LEAST_CHARACTERS", least)
        patch.setattr(cuts, "_MOST_CHARACTERS", 40)
        found = list(cuts.pieces(text))

    assert all(0 < len(piece) <= 40 for piece in found)
    if " ".join(found) == text:
        assert list(chain.from_iterable(load_tokenizer().ids(found))) == reference(text)
    else:
        assert max(map(len, found)) == 40


def test_no_token_of_the_vocabulary_has_a_space_behind_another_character() -> None:
    vocabulary: list[str] = json.loads(bundled_file(FILE).read_bytes())["model"]["vocab"]

    assert [token for token in vocabulary if SPACE in token.lstrip(SPACE)] == []


def test_an_empty_text_has_no_token_and_a_blank_one_has() -> None:
    assert TokenCounter().count_many(["", " "]) == [0, 1]


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=5))
def test_many_are_counted_as_one_by_one(texts: list[str]) -> None:
    assert TokenCounter().count_many(texts) == [TokenCounter().count(text) for text in texts]


def test_a_long_text_is_counted_exactly(reference: Callable[[str], list[int]]) -> None:
    words = islice(cycle(["brand", "voice,", "<s>", "über", "字", "—", "\n\n", "voice"]), 40_000)
    text = " ".join(words)

    assert TokenCounter().count(text) == len(reference(text))


def test_a_run_without_a_place_to_cut_gains_at_most_a_token_or_two_for_each_cut() -> None:
    assert 200_000 <= TokenCounter().count("字" * 200_000) <= 200_000 + 2 * 4


def test_lone_surrogates_are_counted_and_not_refused() -> None:
    assert TokenCounter().count("a\ud800b") == TokenCounter().count("a?b")


def test_remembered_words_are_given_up_and_counts_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizer_module, "_MOST_KEPT_WORDS", 3)
    counter = TokenCounter()
    texts = ["one two three four five", "six one two", "one two three four five", "x" * 100]

    counts = counter.count_many(texts)

    assert counts == [TokenCounter().count(text) for text in texts]
    assert len(counter._known) <= 5  # pyright: ignore[reportPrivateUsage]


def test_threads_that_share_a_counter_agree() -> None:
    counter = TokenCounter()
    texts = [f"shared words and number {i % 50}" for i in range(400)]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(counter.count, texts))

    assert found == TokenCounter().count_many(texts)


def test_the_name_depends_on_the_vocabulary(tmp_path: Path) -> None:
    other = tmp_path / FILE
    other.parent.mkdir()
    other.write_bytes(bundled_file(FILE).read_bytes() + b"\n")

    names = {TokenCounter().name, TokenCounter().name, TokenCounter(tmp_path).name}

    assert len(names) == 2
    assert all(name.startswith("l2_supercat@") for name in names)


def test_a_missing_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EmbedderUnavailable, match="is missing") as caught:
        TokenCounter(tmp_path).count("text")

    assert caught.value.details == {"file": FILE}
    assert "pip install" in caught.value.hint


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "tokenizers").mkdir()
    (tmp_path / FILE).write_text("{}")

    with pytest.raises(EmbedderUnavailable, match="cannot be read"):
        TokenCounter(tmp_path).count("text")


def test_a_package_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_nothing(_name: str) -> None:
        return None

    monkeypatch.setattr("briefsmith.providers.bundled.find_spec", find_nothing)

    with pytest.raises(EmbedderUnavailable, match="not installed"):
        bundled_file(FILE)


def test_counting_and_embedding_import_neither_wordllama_nor_a_network_client() -> None:
    assert find_spec("wordllama") is not None
    script = """
import asyncio, pathlib, sys
from briefsmith.config import Settings
from briefsmith.providers.selection import make_embedder
from briefsmith.providers.tokenizer import TokenCounter
embedder = make_embedder(Settings(home=pathlib.Path()))
print("tokenizers" in sys.modules)
asyncio.run(embedder.embed(["text"])), TokenCounter().count("text"), embedder.name
print(sorted({"wordllama", "httpx", "requests"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.split("\n")[:2] == ["False", "[]"]
