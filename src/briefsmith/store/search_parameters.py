"""Parameters of the search statements."""

from typing import TypedDict
from uuid import UUID

from briefsmith.store.block_parameters import FilterParams, Vector


class QuestionParams(TypedDict):
    """A question's words, and whose blocks are asked."""

    user_id: UUID
    words: str
    locale: str | None


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
    ids: list[int]
    versions: list[str]


class UsableParams(FilterParams):
    """Which blocks may be found."""

    block_locale: str | None
    usable_only: bool


class PassingParams(UsableParams):
    """Whose blocks."""

    user_id: UUID


class WeighParams(UsableParams):
    """Documents to look at, and the question's vector; None has no cosine."""

    numbers: list[int]
    model: str | None
    embedding: Vector | None


class HitsParams(TypedDict):
    """Documents in their order, with their scores."""

    numbers: list[int]
    scores: list[float]
    bm25s: list[float]
    cosines: list[float | None]
    model: str | None
    with_embedding: bool
