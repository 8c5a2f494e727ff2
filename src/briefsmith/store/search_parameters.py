"""Parameters of the search statements."""

from typing import TypedDict
from uuid import UUID

from briefsmith.store.block_parameters import FilterParams


class QuestionParams(TypedDict):
    """A question's words, and whose blocks are asked.

    `copied` are the rows of the ledger that a copy of the index is of; None has no copy. `known_waiting` are
    documents beside it, each with its version.
    """

    user_id: UUID
    words: str
    locale: str | None
    copied: list[str] | None
    known_waiting: list[str]


class IndexParams(TypedDict):
    """Whose index, and of how many words it is at most."""

    user_id: UUID
    most_words: int


class VectorsParams(TypedDict):
    """Whose vectors of a model, and how many at most."""

    user_id: UUID
    model: str
    most_vectors: int


class VocabularyParams(TypedDict):
    """Whose terms: a letter, what sorts behind it, the letters and the most of them of a term, in step.

    `least` letters a term has; `others` it may have that are none of the letters.
    """

    user_id: UUID
    firsts: list[str]
    ends: list[str]
    letters: list[str]
    lengths: list[int]
    least: int
    others: int


class TermsParams(TypedDict):
    """Terms with their weights, in step, and whose blocks are asked."""

    user_id: UUID
    terms: list[str]
    weights: list[float]


class PhraseParams(TypedDict):
    """Phrases in a language."""

    phrases: list[str]
    locale: str | None


class HoldingParams(PhraseParams):
    """Whose documents are looked at, and which."""

    user_id: UUID
    numbers: list[int]


class ExpansionParams(TypedDict):
    """Documents that a question found first, with how well each fits beside the best.

    `weight` is that of all terms together; the postings of `known` terms are not given again.
    """

    user_id: UUID
    numbers: list[int]
    parts: list[float]
    known: list[str]
    documents: float
    mean_length: float
    k1: float
    b: float
    terms: int
    weight: float


class SignsParams(TypedDict):
    """A person's vectors of a model (None has no vectors), and the rows that are known, with their versions."""

    user_id: UUID
    model: str | None
    keys: list[str]
    versions: list[str]


class UsableParams(FilterParams):
    """Which blocks may be found."""

    block_locale: str | None
    usable_only: bool


class PassingParams(UsableParams):
    """Whose blocks."""

    user_id: UUID


class VectorsOfParams(TypedDict):
    """Documents, and the model of the vectors that are asked for."""

    numbers: list[int]
    model: str


class HitsParams(UsableParams):
    """Documents in their order."""

    numbers: list[int]
    model: str
    with_embedding: bool
