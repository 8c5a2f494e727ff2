"""What a question is compared with: the best by words and the nearest by vectors, by document number."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from briefsmith.compiler.fusion import Field
from briefsmith.compiler.postings import WordScores
from briefsmith.compiler.signs import Signs, SignTable
from briefsmith.postgres.session import Session
from briefsmith.store import search
from briefsmith.store.search import Question, QuestionRow, Scored

Numbers = NDArray[np.int64]

_LOOKED_AT = 30  # of the likely best, at least, are looked at before the best are told,
_TIMES = 2  # or as many times as many as are wanted,
_UNSURE = 200  # and so many more times the square of the vectors' weight: of those, signs only tell about how near
_PASSING = 0.5  # of those looked at: where fewer pass the filter, all that do are asked for


class Candidates:
    """The candidates of one question in one transaction; each document is asked about once.

    Words and signs, which are sent whole, tell what is likely the best. Of that the best are looked at, whether
    they pass the filter and how near they are, until all that are told have been looked at.

    Args:
        tables: Signs of the vectors of all documents; a question without a vector looks at none.
        limit: Hits that are wanted; each leg brings as many, or the settings' depth, of vectors half of it.

    Attributes:
        words: The leg of the words.
        holding: Documents that hold the phrases of the question, which come first; None where it has none.
    """

    def __init__(
        self,
        session: Session,
        question: Question,
        asked: QuestionRow,
        tables: Sequence[SignTable],
        limit: int,
    ) -> None:
        settings = question.settings
        self._session = session
        self._question = question
        self._depth = max(settings.depth, limit)
        self._weight = 0.0 if question.embedding is None else settings.vector_weight
        # With a small weight half is enough: what lies farther is a hit for its words or not at all.
        self._near = max(int(settings.depth * max(0.5, self._weight)), limit)
        self._signs = None if question.embedding is None else Signs(tables, question.embedding)
        self._nearest: Numbers = np.empty(0, np.int64)
        self._cosines: dict[int, float | None] = {}
        self._refused: list[int] = []
        self._passing: Numbers | None = None
        self.holding: Numbers | None = None
        self.words = WordScores(asked.documents, asked.mean_length, k1=settings.k1, b=settings.b)
        self._look_for_nearest()

    def _look_for_nearest(self) -> None:
        if self._signs is not None:
            self._nearest = self._signs.nearest(self._near, self._passing)

    async def best(self, limit: int) -> list[Scored]:
        """The best of both legs by falling score; ties by number."""
        field = self._field()
        while True:
            ranked = field.ranked(self._weight)
            count = max(_LOOKED_AT, _TIMES * limit) + int(_UNSURE * self._weight**2)
            likely = [number for number, _, _ in ranked[:count]]
            new = [number for number in likely if number not in self._cosines]
            if any(number in new for number in likely[:limit]):
                found = await self._look_at(new)
                field.learn(new, found)
                if self._passing is not None or len(found) >= _PASSING * len(new):
                    continue
            elif self._passing is not None or len(ranked) >= limit:
                return [
                    Scored(number, score, bm25, self._cosines[number])
                    for number, score, bm25 in ranked[:limit]
                ]
            self._passing = await search.select_passing(self._session, self._question)
            self._look_for_nearest()
            field = self._field()

    def _field(self) -> Field:
        numbers = np.union1d(self.words.best(self._depth, self._passing), self._nearest)
        if self.holding is not None:
            numbers = np.union1d(numbers, self._passed(self.holding))
        if self._refused:
            numbers = np.setdiff1d(numbers, self._refused, assume_unique=True)
        field = Field(
            numbers,
            self.words.of(numbers),
            np.full(len(numbers), np.nan) if self._signs is None else self._signs.likely(numbers),
            self.holding,
        )
        field.learn(list(self._cosines), self._cosines)
        return field

    def _passed(self, numbers: Numbers) -> Numbers:
        return numbers if self._passing is None else np.intersect1d(numbers, self._passing)

    async def _look_at(self, new: Sequence[int]) -> dict[int, float | None]:
        found = await search.weigh_documents(self._session, self._question, new)
        self._cosines |= found
        self._refused += [number for number in new if number not in found]
        return found
