"""The built-in embedder gives wordllama's own vectors, and none where wordllama gives NaN."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from briefsmith.config import Settings
from briefsmith.errors import EmbedderUnavailable, InvalidSetting
from briefsmith.providers import wordllama as wordllama_module
from briefsmith.providers.bundled import bundled_file
from briefsmith.providers.embeddings import Vector
from briefsmith.providers.openai_compatible import OpenAICompatibleEmbedder
from briefsmith.providers.selection import make_embedder
from briefsmith.providers.tokenizer import load_tokenizer
from briefsmith.providers.weights import load_weights
from briefsmith.providers.wordllama import WordLlamaEmbedder

TOKENIZER = "tokenizers/l2_supercat_tokenizer_config.json"
WEIGHTS = "weights/l2_supercat_256.safetensors"

VARIED = [
    "Our voice is plain and warm.", "a", "  two  spaces  ", "\ttabs\nand\r\nlines", "<s> </s> <unk>",
    "Größe, naïve, façade", "これは文です。次の文です。", "\U0001f600\U0001f468\u200d\U0001f469", "e\u0301",
    "def f(x): return x**2", "0123456789 " * 50, "\x00\x01", '{"json": [1, 2]}', "word " * 3000,
    "字" * 5000, "https://example.org/a?b=c#d", "----", "مرحبا بالعالم",
]  # fmt: skip

THEIRS = """
import json, sys
from importlib.util import find_spec
from pathlib import Path
folder = Path(find_spec("wordllama").origin).parent
from wordllama import WordLlama
model = WordLlama.load(cache_dir=folder, disable_download=True)
print(json.dumps(model.embed(json.load(sys.stdin), norm=True).tolist()))
"""

WORDS = st.sampled_from(
    ["brand", "voice", " ", "  ", "", "\n", "字", "<s>", "!", "über", "\U0001f600"]
)
TEXTS = st.lists(WORDS, max_size=12).map(" ".join)


def embed(*texts: str) -> list[Vector | None]:
    return asyncio.run(WordLlamaEmbedder().embed(texts))


def raw(vectors: list[Vector | None]) -> list[bytes | None]:
    return [None if vector is None else vector.tobytes() for vector in vectors]


def test_vectors_equal_those_of_wordllama_itself() -> None:
    done = subprocess.run(
        [sys.executable, "-c", THEIRS],
        input=json.dumps(VARIED),
        capture_output=True,
        text=True,
        check=True,
    )
    theirs: list[list[float]] = json.loads(done.stdout)

    ours = embed(*VARIED)

    for text, vector, expected in zip(VARIED, ours, theirs, strict=True):
        assert vector is not None, text
        np.testing.assert_allclose(vector, expected, atol=1e-5, err_msg=text)


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=6))
def test_only_blank_texts_have_no_vector_and_all_others_have_length_one(texts: list[str]) -> None:
    vectors = embed(*texts)

    assert [vector is None for vector in vectors] == [not text.strip() for text in texts]
    for vector in vectors:
        if vector is not None:
            assert vector.shape == (256,)
            assert vector.dtype == np.float32
            assert abs(float(np.linalg.norm(vector)) - 1) < 1e-5


@settings(deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=6), st.integers(1, 7))
def test_a_vector_does_not_depend_on_neighbours_or_blocks_to_the_last_bit(
    texts: list[str], rows: int
) -> None:
    alone = [raw(embed(text))[0] for text in texts]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wordllama_module, "_ROWS_AT_ONCE", rows)
        patch.setattr(wordllama_module, "_TEXTS_AT_ONCE", 4)
        together = raw(embed(*texts))

    assert together == alone


def test_many_texts_keep_their_order() -> None:
    texts = [f"text number {i}" if i % 7 else "" for i in range(1500)]

    vectors = raw(embed(*texts))

    assert vectors[::-1] == raw(embed(*texts[::-1]))
    assert [i for i, vector in enumerate(vectors) if vector is None] == list(range(0, 1500, 7))
    for i in range(0, 1500, 211):
        assert [vectors[i]] == raw(embed(texts[i]))


def test_a_long_text_is_pooled_over_its_whole_length() -> None:
    text = "brand voice guide. " * 20_000 + "price list " * 20_000
    tokenizer = Tokenizer.from_file(str(bundled_file(TOKENIZER)))
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    expected = load_weights()[np.unique(ids)].astype(np.float64)
    total = np.bincount(ids)[np.unique(ids)] @ expected

    (vector,) = embed(text)

    assert vector is not None
    np.testing.assert_allclose(vector, total / np.linalg.norm(total), atol=1e-6)


def test_no_texts_give_no_vectors() -> None:
    assert embed() == []


def test_lone_surrogates_are_embedded_and_not_refused() -> None:
    assert raw(embed("a\ud800b")) == raw(embed("a?b"))


async def test_the_event_loop_lives_while_many_texts_are_embedded() -> None:
    embedding = asyncio.create_task(WordLlamaEmbedder().embed(["some words to embed"] * 3000))
    turns = 0

    while not embedding.done():
        await asyncio.sleep(0)
        turns += 1

    assert turns > 10


async def test_threads_and_loops_share_one_tokenizer_without_harm() -> None:
    long, short = ["a text that is long " * 30] * 300, ["short"] * 5
    embedder = WordLlamaEmbedder()

    found = await asyncio.gather(*(embedder.embed(texts) for texts in (long, short) * 4))

    assert len({tuple(raw(each)[:1]) for each in found}) == 2
    assert load_tokenizer() is load_tokenizer()


def test_the_name_depends_on_the_content_of_the_weights(tmp_path: Path) -> None:
    for folder, last in (("same", None), ("changed", 0x11)):
        for name in (TOKENIZER, WEIGHTS):
            content = bytearray(bundled_file(name).read_bytes())
            if last and name == WEIGHTS:
                content[-1] ^= last
            (tmp_path / folder / name).parent.mkdir(parents=True)
            (tmp_path / folder / name).write_bytes(content)

    same = WordLlamaEmbedder(tmp_path / "same").name

    assert same == WordLlamaEmbedder().name
    assert same != WordLlamaEmbedder(tmp_path / "changed").name
    assert same.startswith("wordllama/l2_supercat_256@")


@pytest.mark.parametrize("name", [TOKENIZER, WEIGHTS])
def test_a_missing_file_is_named_with_what_to_do(name: str, tmp_path: Path) -> None:
    for other in {TOKENIZER, WEIGHTS} - {name}:
        (tmp_path / other).parent.mkdir()
        (tmp_path / other).write_bytes(bundled_file(other).read_bytes())

    with pytest.raises(EmbedderUnavailable, match="is missing") as caught:
        asyncio.run(WordLlamaEmbedder(tmp_path).embed(["text"]))

    assert caught.value.details == {"file": name}
    assert "pip install" in caught.value.hint


HEADER = b'{"embedding.weight":{"dtype":"%b","shape":[2,%d],"data_offsets":[0,1024]}}'


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 8,
        b"\x02" + bytes(7) + b"{}",
        len(HEADER % (b"F32", 256)).to_bytes(8, "little") + HEADER % (b"F32", 256) + bytes(1024),
        len(HEADER % (b"F16", 128)).to_bytes(8, "little") + HEADER % (b"F16", 128) + bytes(1024),
        len(HEADER % (b"F16", 256)).to_bytes(8, "little") + HEADER % (b"F16", 256) + bytes(1000),
    ],
    ids=["empty", "endless header", "no tensor", "other type", "other width", "cut short"],
)
def test_damaged_weights_are_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / WEIGHTS).parent.mkdir()
    (tmp_path / WEIGHTS).write_bytes(content)

    with pytest.raises(EmbedderUnavailable, match="cannot be read"):
        load_weights(tmp_path)


def test_weights_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        load_weights()[0, 0] = 1


def test_settings_without_an_address_choose_the_built_in_model(tmp_path: Path) -> None:
    assert isinstance(make_embedder(Settings(home=tmp_path)), WordLlamaEmbedder)


def test_settings_with_an_address_choose_the_server(tmp_path: Path) -> None:
    settings = Settings(
        home=tmp_path, embedding_url="https://user:pw@host:99/v1", embedding_model="m"
    )

    embedder = make_embedder(settings)

    assert isinstance(embedder, OpenAICompatibleEmbedder)
    assert embedder.name == "m@host:99/256"


@pytest.mark.parametrize(
    "url",
    ["", "host/v1", "ftp://host/v1", "http://", "http://:80/v1", "http://h:99999/", "http://[x/", "http://u:secret@/v1"],
)  # fmt: skip
def test_an_address_that_is_none_is_refused_without_quoting_it(url: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting) as caught:
        make_embedder(Settings(home=tmp_path, embedding_url=url))

    assert "secret" not in str(caught.value.as_dict())


@pytest.mark.parametrize("key", ["sec\nret", "sécret", "sec\x00ret"])
def test_a_key_that_no_header_can_carry_is_refused_without_quoting_it(
    key: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidSetting) as caught:
        make_embedder(Settings(home=tmp_path, embedding_url="http://h/v1", embedding_key=key))

    assert key not in str(caught.value.as_dict())
    assert caught.value.__cause__ is None
