"""Embedders of the person's own: a function, and a model by the library sentence-transformers."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import cached_property
from importlib import import_module
from inspect import isawaitable
from typing import Any

import numpy as np

from briefsmith.errors import EmbedderUnavailable, InvalidSetting
from briefsmith.providers.embeddings import EMBEDDING_WIDTH, Vector, check_vectors

Rows = Sequence[Sequence[float]]

_BY_FUNCTION, _BY_LIBRARY = "python:", "sentence-transformers:"


class FunctionEmbedder:
    """Vectors by any function of texts.

    Args:
        name: Of the model; vectors are compared only under the same name, so a new model wants a new one.
        function: Takes texts, none blank, and gives a row of 256 numbers for each, or an awaitable of that. One that
            gives no awaitable runs in a thread.
    """

    width: int = EMBEDDING_WIDTH

    def __init__(self, name: str, function: Callable[[list[str]], Rows | Awaitable[Rows]]) -> None:
        self.name = name
        self._function = function

    async def embed(self, texts: Sequence[str]) -> list[Vector | None]:
        """A vector for each text, in order; None for a blank one.

        Raises:
            EmbedderUnavailable: The function raised; the error is its cause.
            WrongEmbedding: It gave no 256 finite numbers for each text.
        """
        wanted = [place for place, text in enumerate(texts) if text.strip()]
        found: list[Vector | None] = [None] * len(texts)
        if not wanted:
            return found
        rows = await self._rows([texts[place] for place in wanted])
        if len(rows) != len(wanted):
            message = f"{self.name} gave {len(rows)} vectors for {len(wanted)} texts."
            raise EmbedderUnavailable(message)
        for place, vector in zip(wanted, check_vectors(rows, source=self.name), strict=True):
            found[place] = vector
        return found

    async def _rows(self, texts: list[str]) -> Rows:
        try:
            given: Any = await asyncio.to_thread(self._function, texts)
            rows: Rows = await given if isawaitable(given) else given
        except (EmbedderUnavailable, InvalidSetting):
            raise
        except Exception as error:
            says = str(error).strip().partition("\n")[0] or type(error).__name__
            message = f"{self.name} gave no vectors: {says[:200]}."
            raise EmbedderUnavailable(message) from error
        return rows


class SentenceTransformersEmbedder(FunctionEmbedder):
    """A model that the library sentence-transformers loads, at the first text; its first 256 numbers.

    Args:
        model: Its name on the hub, or its folder. One that was trained for short vectors (Matryoshka) loses least.
    """

    def __init__(self, model: str) -> None:
        super().__init__(f"{model}@sentence-transformers/{EMBEDDING_WIDTH}", self._encode)
        self._model = model

    @cached_property
    def _loaded(self) -> Any:
        try:
            library: Any = import_module("sentence_transformers")
        except ImportError as error:
            message = "The library sentence-transformers is not installed."
            hint = "Install it: pip install 'briefsmith[sentence-transformers]'."
            raise InvalidSetting(message, hint=hint) from error
        return library.SentenceTransformer(self._model, truncate_dim=EMBEDDING_WIDTH)

    def _encode(self, texts: list[str]) -> Rows:
        rows = self._loaded.encode(texts, show_progress_bar=False, convert_to_numpy=True)
        return np.asarray(rows, dtype=np.float64).tolist()


def own_embedder(address: str) -> FunctionEmbedder | None:
    """What `sentence-transformers:MODEL` or `python:MODULE:FUNCTION` names; None for any other address.

    Raises:
        InvalidSetting: No model is named, or there is no such function.
    """
    if address.startswith(_BY_LIBRARY):
        model = address.removeprefix(_BY_LIBRARY).strip()
        if not model:
            raise _unusable(address, "no model is named")
        return SentenceTransformersEmbedder(model)
    if address.startswith(_BY_FUNCTION):
        module, _, function = address.removeprefix(_BY_FUNCTION).partition(":")
        try:
            found: Any = getattr(import_module(module), function)
        except (ImportError, AttributeError, ValueError) as error:
            raise _unusable(address, "there is no such function") from error
        name = f"{module}:{function}/{EMBEDDING_WIDTH}"
        if not hasattr(found, "__call__"):  # noqa: B004  callable() would make it one of objects
            raise _unusable(address, "it cannot be called")
        return FunctionEmbedder(name, found)
    return None


def _unusable(address: str, why: str) -> InvalidSetting:
    message = f"BRIEFSMITH_EMBEDDING_URL is {address[:200]!r}: {why}."
    hint = "Give sentence-transformers:MODEL, or python:MODULE:FUNCTION, or an http(s) address."
    return InvalidSetting(message, hint=hint, details={"name": "BRIEFSMITH_EMBEDDING_URL"})
