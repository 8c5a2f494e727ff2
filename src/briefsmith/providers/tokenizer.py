"""Tokens as the built-in model cuts them: what budgets count and what its embeddings are made of."""

import hashlib
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock

from briefsmith.providers.bundled import broken_file, bundled_file
from briefsmith.providers.cuts import pieces, words

_FILE = "tokenizers/l2_supercat_tokenizer_config.json"
_LONGEST_KEPT_WORD = 64
_MOST_KEPT_WORDS = 50_000

_loading = Lock()


@dataclass(frozen=True, slots=True)
class LoadedTokenizer:
    """The tokenizer behind functions, so that nobody can set padding or truncation for others.

    Attributes:
        sha256: Of the tokenizer's file, in hexadecimal.
        crc32: Of the same file, to be continued over what depends on it.
        ids: Token ids of each text, none special; thread-safe.
        counts: How many those are, without making the lists.
    """

    sha256: str
    crc32: int
    ids: Callable[[list[str]], list[list[int]]]
    counts: Callable[[list[str]], list[int]]


def load_tokenizer(folder: Path | None = None) -> LoadedTokenizer:
    """The one tokenizer of the process for this folder; the first call takes about 0.1 s.

    Args:
        folder: Folder of the package wordllama; None looks up the installed one.

    Raises:
        EmbedderUnavailable: The file is missing or cannot be read.
    """
    with _loading:
        return _load(folder)


@cache
def _load(folder: Path | None) -> LoadedTokenizer:
    from tokenizers import Tokenizer

    path = bundled_file(_FILE, folder)
    try:
        raw = path.read_bytes()
        tokenizer = Tokenizer.from_buffer(raw)
    except Exception as error:  # the library raises no class of its own
        raise broken_file(_FILE, "cannot be read") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()

    def ids(texts: list[str]) -> list[list[int]]:
        return [each.ids for each in tokenizer.encode_batch_fast(texts, add_special_tokens=False)]

    def counts(texts: list[str]) -> list[int]:
        return [len(each) for each in tokenizer.encode_batch_fast(texts, add_special_tokens=False)]

    return LoadedTokenizer(hashlib.sha256(raw).hexdigest(), zlib.crc32(raw), ids, counts)


class TokenCounter:
    """Counts tokens offline with the built-in model's vocabulary; thread-safe.

    Words are tokenized once and remembered, which is exact (see `cuts`) and makes counting the same material
    in many variants cheap.

    Args:
        folder: Folder of the package wordllama; None looks up the installed one.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._known: dict[str, int] = {}

    @property
    def name(self) -> str:
        """Names the vocabulary by its content, whatever version of a library reads it.

        Raises:
            EmbedderUnavailable: The tokenizer's file is missing or cannot be read.
        """
        return f"l2_supercat@{load_tokenizer(self._folder).sha256[:12]}"

    def count(self, text: str) -> int:
        """How many tokens the text has, special ones not added; 0 for an empty text.

        Raises:
            EmbedderUnavailable: The tokenizer's file is missing or cannot be read.
        """
        return sum(self._count_piece(piece) for piece in pieces(text))

    def count_many(self, texts: Sequence[str]) -> list[int]:
        """`count` of each text, in order."""
        return [self.count(text) for text in texts]

    def _count_piece(self, piece: str) -> int:
        found = words(piece)
        known = self._known  # only grows; another thread may put a new one in its place
        missing = list({word for word in found if word not in known})
        fresh: dict[str, int] = {}
        if missing:
            counts = load_tokenizer(self._folder).counts(missing)
            fresh = dict(zip(missing, counts, strict=True))
            self._remember(fresh)
        return sum(fresh[word] if word in fresh else known[word] for word in found)

    def _remember(self, fresh: dict[str, int]) -> None:
        if len(self._known) + len(fresh) > _MOST_KEPT_WORDS:
            self._known = {}
        self._known.update(
            (word, count) for word, count in fresh.items() if len(word) <= _LONGEST_KEPT_WORD
        )
