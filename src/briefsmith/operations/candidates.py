"""What a question is compared with: the best by words and the nearest by vectors, by document number."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from briefsmith.compiler.fusion import fused
from briefsmith.compiler.postings import WordScores
from briefsmith.compiler.signs import nearest_by_signs
from briefsmith.postgres.session import Session
from briefsmith.store import search
from briefsmith.store.search import Question, QuestionRow, Scored

EXACT_VECTORS = 500
"""Documents up to which every vector is compared; of more, those that the signs choose."""

_CHOSEN_BY_SIGNS = (1.25, 5)  # times as many as are wanted are compared exactly, before all are
_GROWTH = 4  # times as many are looked at where a filter left too few


class Candidates:
    """The candidates of one question in one transaction; each document is asked about once.

    Args:
        limit: Hits that are wanted; each leg brings as many, or the settings' depth, of vectors half of it.
    """

    def __init__(
        self, session: Session, question: Question, asked: QuestionRow, limit: int
    ) -> None:
        settings = question.settings
        self._session = session
        self._question = question
        self._asked = asked
        self._depth = max(settings.depth, limit)
        # Half is enough: with a small weight, what lies farther is a hit for its words or not at all.
        self._near = max(settings.depth // 2, limit)
        self._cosines: dict[int, float | None] = {}
        self._looked_at: set[int] = set()
        self._nearest: list[int] = []
        self.words = WordScores(asked.documents, asked.mean_length, k1=settings.k1, b=settings.b)

    async def look_for_nearest(self) -> None:
        """Finds the candidates of the vectors, which no expansion changes."""
        embedding = self._question.embedding
        if embedding is None:
            return
        if self._asked.documents > EXACT_VECTORS and await self._look_by_signs(embedding):
            return
        near = await search.select_nearest(self._session, self._question, self._near)
        self._nearest = list(near)
        self._cosines |= near
        self._looked_at |= near.keys()

    async def _look_by_signs(self, embedding: NDArray[np.float32]) -> bool:
        """Whether that was enough: a filter that few pass asks for every vector."""
        # A document that waits and is posted meanwhile is chosen twice, and asked about once.
        packed = await search.select_signs(self._session, self._question.model)
        for times in _CHOSEN_BY_SIGNS:
            chosen = nearest_by_signs(packed, embedding, int(times * self._near))
            chosen += self._asked.waiting
            await self._weigh([*chosen, *self.words.best(self._depth)])
            self._nearest = self._by_cosine(chosen)
            if len(self._nearest) == self._near or len(chosen) >= self._asked.documents:
                return True
        return False

    def _by_cosine(self, numbers: Sequence[int]) -> list[int]:
        """Of documents the nearest that pass the filter."""
        passing = {
            number: cosine
            for number in numbers
            if (cosine := self._cosines.get(number)) is not None
        }
        return sorted(passing, key=lambda number: (-passing[number], number))[: self._near]

    async def best(self, limit: int) -> list[Scored]:
        """The best of both legs by falling score; ties by number."""
        picked = np.asarray(sorted({*await self._by_words(), *self._nearest}), np.int64)
        bm25s = self.words.of(picked)
        cosines = np.asarray([self._cosines[number] for number in picked.tolist()], np.float64)
        weight = self._question.settings.vector_weight if self._is_by_meaning else 0.0
        scores = fused(bm25s, cosines, weight)
        order = np.argsort(-scores, kind="stable")[:limit]
        return [
            Scored(int(picked[i]), float(scores[i]), float(bm25s[i]), self._cosines[int(picked[i])])
            for i in order
        ]

    @property
    def _is_by_meaning(self) -> bool:
        return self._question.embedding is not None

    async def _by_words(self) -> list[int]:
        count = self._depth
        while True:
            best = self.words.best(count)
            await self._weigh(best)
            passing = [number for number in best if number in self._cosines][: self._depth]
            if len(passing) == self._depth or count >= len(self.words):
                return passing
            count *= _GROWTH

    async def _weigh(self, numbers: Iterable[int]) -> None:
        """Asks about documents that were not asked about."""
        new = [number for number in dict.fromkeys(numbers) if number not in self._looked_at]
        if new:
            self._looked_at |= set(new)
            self._cosines |= await search.weigh_documents(self._session, self._question, new)
