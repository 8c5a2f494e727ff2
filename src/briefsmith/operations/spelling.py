"""Words of a question that no block has, and what may be meant by them."""

from collections import defaultdict
from dataclasses import replace

from briefsmith.compiler.spelling import is_correctable, meant_by, searches_for
from briefsmith.postgres.session import Session
from briefsmith.store import vocabulary
from briefsmith.store.questions import QuestionRow

_MOST_WORDS = 8
"""Words that are looked after, at most; the longest, which are the most telling."""


async def corrected(session: Session, asked: QuestionRow, typo_weight: float) -> QuestionRow:
    """The question with terms of the person's own in place of words that no block has.

    What is close to such a word comes in, three terms at most. Nothing is asked for where every word is known.

    Args:
        typo_weight: Part of the word's weight that each such term has; 0 corrects nothing.
    """
    unknown = {
        term: weight
        for term, weight, entries in zip(asked.terms, asked.weights, asked.entries, strict=True)
        if not entries and is_correctable(term)
    }
    words = sorted(unknown, key=lambda word: (-len(word), word))[:_MOST_WORDS]
    if not words or typo_weight <= 0 or not asked.documents:
        return asked
    searches = [one for word in words for one in searches_for(word)]
    known: dict[str, list[str]] = defaultdict(list)
    for term in await vocabulary.select_vocabulary(session, searches):
        known[term[0]].append(term)
    weights: dict[str, float] = {}
    for word in words:
        for term in meant_by(word, [term for first in set(word[:2]) for term in known[first]]):
            weights[term] = max(weights.get(term, 0.0), typo_weight * unknown[word])
    for term in asked.terms:
        weights.pop(term, None)
    if not weights:
        return asked
    meant = await vocabulary.select_terms(session, weights)
    return replace(
        asked,
        terms=asked.terms + meant.terms,
        weights=asked.weights + meant.weights,
        entries=asked.entries + meant.entries,
    )
