"""Embedders of the person's own."""

import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from briefsmith import errors
from briefsmith.config import Settings
from briefsmith.providers.own_embedders import FunctionEmbedder, own_embedder
from briefsmith.providers.selection import make_embedder


def lengths(texts: list[str]) -> list[list[float]]:
    """A function as a person might write it."""
    return [[float(len(text))] + [1.0] * 255 for text in texts]


async def slow_lengths(texts: list[str]) -> list[list[float]]:
    return lengths(texts)


@pytest.mark.parametrize("name", ["lengths", "slow_lengths"])
async def test_any_function_embeds_what_is_not_blank(name: str) -> None:
    embedder = own_embedder(f"python:{__name__}:{name}")
    assert embedder is not None

    one, blank, longer = await embedder.embed(["a", " ", "abc"])

    assert blank is None
    assert one is not None
    assert longer is not None
    assert np.linalg.norm(longer) == pytest.approx(1, abs=1e-6)
    assert longer[0] / longer[1] == pytest.approx(3, abs=1e-5)
    assert name in embedder.name


@pytest.mark.parametrize(
    "address",
    [
        "python:",
        "python:no.such.module:f",
        f"python:{__name__}:no_such_function",
        f"python:{__name__}:__doc__",
        "python::f",
        "sentence-transformers:",
    ],
)
def test_an_address_of_nothing_is_refused_with_what_to_give(address: str) -> None:
    with pytest.raises(errors.InvalidSetting) as refused:
        own_embedder(address)

    assert "sentence-transformers:MODEL" in str(refused.value.hint)


def test_any_other_address_is_a_server() -> None:
    assert own_embedder("http://localhost:11434/v1") is None


async def test_an_error_of_the_function_is_told_as_no_answer() -> None:
    def broken(texts: list[str]) -> list[list[float]]:
        raise MemoryError(len(texts))

    with pytest.raises(errors.EmbedderUnavailable, match="broken gave no vectors: 1"):
        await FunctionEmbedder("broken", broken).embed(["a"])


@pytest.mark.parametrize("rows", [[[1.0] * 12], [[float("nan")] * 256]])
async def test_what_is_no_vector_is_refused(rows: list[list[float]]) -> None:
    with pytest.raises(errors.WrongEmbedding):
        await FunctionEmbedder("wrong", lambda _: rows).embed(["a"])


async def test_vectors_for_other_texts_than_were_asked_are_refused() -> None:
    with pytest.raises(errors.EmbedderUnavailable, match="gave 0 vectors for 1 texts"):
        await FunctionEmbedder("few", lambda _: []).embed(["a"])


async def test_a_model_of_sentence_transformers_is_loaded_at_the_first_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By a stand-in: the library brings torch."""
    loaded: list[tuple[str, dict[str, Any]]] = []

    def load(model: str, **options: Any) -> SimpleNamespace:
        def encode(texts: Sequence[str], **_: Any) -> np.ndarray:
            return np.array(lengths(list(texts)), np.float32)

        loaded.append((model, options))
        return SimpleNamespace(encode=encode)

    library = ModuleType("sentence_transformers")
    monkeypatch.setattr(library, "SentenceTransformer", load, raising=False)
    monkeypatch.setitem(sys.modules, "sentence_transformers", library)
    address = "sentence-transformers:small-model"
    embedder = make_embedder(Settings(home=Path("/nowhere"), embedding_url=address))
    before = list(loaded)

    first, second = await embedder.embed(["a", "ab"])

    assert before == []
    assert loaded == [("small-model", {"truncate_dim": 256})]
    assert first is not None
    assert second is not None
    assert embedder.name == "small-model@sentence-transformers/256"


async def test_without_the_library_the_person_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    embedder = own_embedder("sentence-transformers:small-model")
    assert embedder is not None

    with pytest.raises(errors.InvalidSetting) as refused:
        await embedder.embed(["a"])

    assert "briefsmith[sentence-transformers]" in str(refused.value.hint)
