"""The statements about the terms that a person's blocks have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from briefsmith.compiler.spelling import LEAST_LETTERS, MOST_EDITS, Search
from briefsmith.postgres.session import Session
from briefsmith.postgres.statements import statement
from briefsmith.store.questions import TermRows
from briefsmith.store.search_parameters import TermsParams, VocabularyParams


@dataclass(frozen=True, slots=True)
class VocabularyRow:
    """Terms, with blanks between them."""

    terms: str


_SELECT_VOCABULARY = statement("vocabulary.select_vocabulary", VocabularyParams, VocabularyRow)
_SELECT_TERMS = statement("vocabulary.select_terms", TermsParams, TermRows)


async def select_vocabulary(session: Session, searches: Sequence[Search]) -> list[str]:
    """Terms that may be meant by words, and others like them."""
    params: VocabularyParams = {
        "user_id": session.actor.user_id,
        "firsts": [one.first for one in searches],
        "ends": [one.end for one in searches],
        "letters": [one.letters for one in searches],
        "lengths": [one.most_letters for one in searches],
        "least": LEAST_LETTERS,
        "others": MOST_EDITS,
    }
    row = await session.one(_SELECT_VOCABULARY, params)
    return row.terms.split()


async def select_terms(session: Session, weights: Mapping[str, float]) -> TermRows:
    """Terms with their postings."""
    params: TermsParams = {
        "user_id": session.actor.user_id,
        "terms": list(weights),
        "weights": list(weights.values()),
    }
    return await session.one(_SELECT_TERMS, params)
