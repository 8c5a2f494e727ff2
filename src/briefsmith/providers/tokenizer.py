"""Tokens as the built-in model cuts them: what budgets count and what its embeddings are made of."""

import hashlib
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from threading import Lock

from briefsmith.providers.bundled import broken_file, bundled_file
from briefsmith.providers.cuts import pieces, words

_FILE = "tokenizers/l2_supercat_tokenizer_config.json"
_LONGEST_KEPT_WORD = 64
_MOST_KEPT_WORDS = 50_000
_CHARACTERS_AT_ONCE = 1_000_000  # some 15 MB of words

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
        return self._count_group((text,))[0]

    def count_many(self, texts: Sequence[str]) -> list[int]:
        """`count` of each text, in order; faster than one by one where many words are new.

        Raises:
            EmbedderUnavailable: The tokenizer's file is missing or cannot be read.
        """
        return list(chain.from_iterable(map(self._count_group, _groups(texts))))

    def _count_group(self, texts: Sequence[str]) -> list[int]:
        found = [[word for piece in pieces(text) for word in words(piece)] for text in texts]
        counts = self._counts(set(chain.from_iterable(found)))
        return [sum(map(counts.__getitem__, each)) for each in found]

    def _counts(self, wanted: set[str]) -> Mapping[str, int]:
        """Counts of at least these words."""
        known = self._known  # only grows; another thread may put a new one in its place
        missing = [word for word in wanted if word not in known]
        if not missing:
            return known
        fresh = dict(zip(missing, load_tokenizer(self._folder).counts(missing), strict=True))
        counts = {word: known[word] for word in wanted if word not in fresh} | fresh
        self._remember(fresh)
        return counts

    def _remember(self, fresh: dict[str, int]) -> None:
        short = [entry for entry in fresh.items() if len(entry[0]) <= _LONGEST_KEPT_WORD]
        if len(self._known) + len(short) > _MOST_KEPT_WORDS:
            self._known = {}
        self._known.update(short[:_MOST_KEPT_WORDS])


def _groups(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Slices of the texts that are counted in one go, each at least one text."""
    start = characters = 0
    for index, text in enumerate(texts):
        if characters + len(text) > _CHARACTERS_AT_ONCE and index > start:
            yield texts[start:index]
            start, characters = index, 0
        characters += len(text)
    if start < len(texts):
        yield texts[start:]
