"""Blocks that hold the phrases of a question."""

import numpy as np
from numpy.typing import NDArray

from briefsmith.compiler.phrases import phrases_in
from briefsmith.compiler.postings import WordScores
from briefsmith.postgres.session import Session
from briefsmith.store import phrases as store
from briefsmith.store.questions import Question

_LOOKED_AT = 500
"""Documents with all words of the phrases that are looked at, the best."""


async def holding_phrases(
    session: Session, question: Question, words: WordScores
) -> NDArray[np.int64] | None:
    """Numbers of the documents that hold every phrase of the question, in order; None where it has none.

    Args:
        words: Has the postings of the question's terms.
    """
    phrases = phrases_in(question.words)
    if not phrases:
        return None
    lexemes = await store.select_lexemes(session, phrases, question.locale)
    if not lexemes:
        return None
    likely = words.with_all(lexemes, _LOOKED_AT)
    found = await store.select_holding(session, phrases, question.locale, likely) if likely else []
    return np.asarray(found, np.int64)
