"""The default embedder: the mean of the token vectors that wordllama's wheel holds, offline.

Source: docs/decisions/0005-embeddings-without-importing-wordllama.md.
"""

import asyncio
import zlib
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from briefsmith.providers.cuts import pieces
from briefsmith.providers.embeddings import EMBEDDING_WIDTH, Vector, check_vectors
from briefsmith.providers.tokenizer import load_tokenizer
from briefsmith.providers.weights import load_weights
from briefsmith.providers.word_tokens import WordTokens

_MODEL = "wordllama/l2_supercat_256"
_TEXTS_AT_ONCE = 256
_CHARACTERS_AT_ONCE = 65_536
_CHARACTERS_INLINE = 16_384  # a few milliseconds: a thread would cost more than it saves
_ROWS_AT_ONCE = 8_192  # 4 MB of token vectors


class WordLlamaEmbedder:
    """Embeds without network or state; about 10,000 short texts a second.

    A text's vector does not depend on what it is embedded together with, to the last bit.

    Args:
        folder: Folder of the package wordllama; None looks up the installed one.
    """

    width: int = EMBEDDING_WIDTH

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._words = WordTokens()

    @property
    def name(self) -> str:
        """Names vocabulary and weights by their content.

        Raises:
            EmbedderUnavailable: A file of the model is missing or cannot be read.
        """
        return _name(self._folder)

    async def embed(self, texts: Sequence[str]) -> list[Vector | None]:
        """A vector for each text, in order; None for a blank one. Many or long texts go to a thread.

        Raises:
            EmbedderUnavailable: A file of the model is missing or cannot be read.
        """
        vectors: list[Vector | None] = []
        for group in _groups(texts):
            if sum(map(len, group)) <= _CHARACTERS_INLINE:
                vectors += self._embed(group)
                # A long list of short groups lets others run in between.
                await asyncio.sleep(0)
            else:
                vectors += await asyncio.to_thread(self._embed, group)
        return vectors

    def _embed(self, texts: Sequence[str]) -> list[Vector | None]:
        # The direction of the sum is that of the mean.
        return check_vectors(self._sums(texts), source=_MODEL)

    def _sums(self, texts: Sequence[str]) -> NDArray[np.float64]:
        tokenizer, matrix = load_tokenizer(self._folder), load_weights(self._folder)
        sums = np.zeros((len(texts), EMBEDDING_WIDTH))
        for owners, parts in _batches(texts):
            ids = self._words.ids(parts, tokenizer)
            _add_rows(sums, np.repeat(owners, [len(each) for each in ids]), _flat(ids), matrix)
        return sums


@cache
def _name(folder: Path | None) -> str:
    revision = zlib.crc32(load_weights(folder).data, load_tokenizer(folder).crc32)
    return f"{_MODEL}@{revision:08x}"


def _groups(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Slices of the texts that are embedded in one go, each at least one text."""
    start = characters = 0
    for index, text in enumerate(texts):
        full = index - start == _TEXTS_AT_ONCE or characters + len(text) > _CHARACTERS_AT_ONCE
        if full and index > start:
            yield texts[start:index]
            start, characters = index, 0
        characters += len(text)
    if start < len(texts):
        yield texts[start:]


def _batches(texts: Sequence[str]) -> Iterator[tuple[list[int], list[str]]]:
    """Pieces of the texts with the index of the text of each, as many as are tokenized at once."""
    owners: list[int] = []
    parts: list[str] = []
    characters = 0
    for owner, text in enumerate(texts):
        for piece in pieces(text) if text.strip() else ():
            if parts and characters + len(piece) > _CHARACTERS_AT_ONCE:
                yield owners, parts
                owners, parts, characters = [], [], 0
            characters += len(piece)
            owners.append(owner)
            parts.append(piece)
    if parts:
        yield owners, parts


def _flat(ids: list[list[int]]) -> NDArray[np.intp]:
    return np.fromiter(chain.from_iterable(ids), dtype=np.intp, count=sum(map(len, ids)))


def _add_rows(
    sums: NDArray[np.float64],
    owners: NDArray[np.intp],
    ids: NDArray[np.intp],
    matrix: NDArray[np.float16],
) -> None:
    """Adds the vector of each token to the sum of the text that owns it; owners ascend.

    Sums of half-precision numbers this size are exact in double precision, so neither order nor
    blocks matter.
    """
    for start in range(0, len(ids), _ROWS_AT_ONCE):
        block = slice(start, start + _ROWS_AT_ONCE)
        rows = np.take(matrix, ids[block], axis=0, mode="clip")
        firsts = np.flatnonzero(np.diff(owners[block], prepend=-1))
        sums[owners[block][firsts]] += np.add.reduceat(rows, firsts, axis=0, dtype=np.float64)
