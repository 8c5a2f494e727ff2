"""What a question is compared with: the best by words and the nearest by vectors, by document number."""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from briefsmith.compiler.fusion import Field
from briefsmith.compiler.postings import WordScores
from briefsmith.compiler.signs import Signs
from briefsmith.postgres.session import Session
from briefsmith.store import search
from briefsmith.store.questions import Asked, Question
from briefsmith.store.search import HitRow, SearchRow

Numbers = NDArray[np.int64]

_LOOKED_AT = 30  # of the likely best, at least, are weighed before the best are told,
_TIMES = 2  # or as many times as many as are wanted,
_UNSURE = 200  # and so many more times the square of the vectors' weight: of those, signs only tell about how near
_SPARE = 4  # blocks more than are wanted are asked for, and one for each ten: some do not pass, or fall behind
_REFUSED = 2  # times as many as do not pass are more than are wanted: the numbers of all that pass are asked for


class Candidates:
    """The candidates of one question in one transaction.

    Words and signs, which are sent whole, tell what is likely the best. How near the best of that are is asked
    for, until it is known of all that are told.

    Args:
        asked: What it is compared with; a question without a vector looks at no signs.
        limit: Hits that are wanted; each leg brings as many, or the settings' depth, of vectors half of it.

    Attributes:
        words: The leg of the words.
        holding: Documents that hold the phrases of the question, which come first; None where it has none.
    """

    def __init__(
        self,
        session: Session,
        question: Question,
        asked: Asked,
        limit: int,
    ) -> None:
        settings = question.settings
        self._session = session
        self._question = question
        self._limit = limit
        self._depth = max(settings.depth, limit)
        self._weight = 0.0 if question.embedding is None else settings.vector_weight
        # With a small weight half is enough: what lies farther is a hit for its words or not at all.
        self._near = max(int(settings.depth * max(0.5, self._weight)), limit)
        self._signs = (
            None if question.embedding is None else Signs(asked.tables, question.embedding)
        )
        self._vectors, self._posted = asked.vectors, asked.posted
        self._waiting = set(asked.row.waiting)
        self._nearest: Numbers = np.empty(0, np.int64)
        self._cosines: dict[int, float | None] = {}
        self._gone: set[int] = set()
        self._passing: Numbers | None = None
        self.holding: Numbers | None = None
        self.words = WordScores(
            asked.row.documents, asked.row.mean_length, k1=settings.k1, b=settings.b
        )
        self._look_for_nearest()

    def _look_for_nearest(self) -> None:
        if self._signs is not None:
            self._nearest = self._signs.nearest(self._near, self._passing)

    async def leading(self, count: int) -> list[tuple[int, float]]:
        """The best of both legs with their scores, by falling score, whether they pass the filter or not."""
        field = self._field()
        while True:
            ranked = field.ranked(self._weight)
            new = self._unweighed(ranked, count)
            if not new:
                return [(number, score) for number, score, _ in ranked[:count]]
            weighed, others = self._weighed(new)
            if others:
                cosines, _ = await search.look_at(self._session, self._question, weigh=others)
                weighed |= cosines
            self._learn(field, new, weighed)

    async def best(self, *, with_embedding: bool) -> list[SearchRow]:
        """The hits: what passes the filter, by falling score; ties by number."""
        looked: dict[int, HitRow | None] = {}  # None does not pass
        field = self._field()
        while True:
            ranked = field.ranked(self._weight)
            best = [number for number, _, _ in ranked[: self._limit]]
            new = self._unweighed(ranked, self._limit)
            weighed, others = self._weighed(new)
            if others or not (new or looked.keys() >= set(best)):
                likely = ranked[: self._limit + _SPARE + self._limit // 10]
                show = [number for number, _, _ in likely if number not in looked]
                cosines, hits = await search.look_at(
                    self._session,
                    self._question,
                    weigh=others,
                    show=show,
                    with_embedding=with_embedding,
                )
                weighed |= cosines
                looked |= dict.fromkeys(show)
                looked |= {hit.document_no: hit for hit in hits}
            if new:
                self._learn(field, new, weighed)
                continue
            refused = [number for number in best if looked[number] is None]
            if refused:
                self._leave(field, refused)
                if self._passing is not None or _REFUSED * len(self._gone) <= self._limit:
                    continue
            elif len(ranked) >= self._limit or self._passing is not None or not self._gone:
                shown = [row for number in best if (row := looked[number]) is not None]
                return [
                    self._row(hit, score, bm25)
                    for hit, (_, score, bm25) in zip(shown, ranked, strict=False)
                ]
            self._passing = await search.select_passing(self._session, self._question)
            self._look_for_nearest()
            field = self._field()

    def _row(self, hit: HitRow, score: float, bm25: float) -> SearchRow:
        return SearchRow.model_construct(
            score=score,
            bm25=bm25,
            cosine=self._cosines.get(hit.document_no),
            embedding=hit.embedding,
            block=hit.block,
        )

    def _field(self) -> Field:
        numbers = np.union1d(self.words.best(self._depth, self._passing), self._nearest)
        if self.holding is not None:
            numbers = np.union1d(numbers, self._passed(self.holding))
        field = Field(
            numbers,
            self.words.of(numbers),
            np.full(len(numbers), np.nan) if self._signs is None else self._signs.likely(numbers),
            self.holding,
        )
        field.learn(self._cosines)
        field.leave(self._gone)
        return field

    def _passed(self, numbers: Numbers) -> Numbers:
        return numbers if self._passing is None else np.intersect1d(numbers, self._passing)

    def _unweighed(self, ranked: Sequence[tuple[int, float, float]], wanted: int) -> list[int]:
        """Of the likely best those whose cosines are not known; none where those of the wanted are."""
        if self._signs is None:
            return []
        count = max(_LOOKED_AT, _TIMES * wanted) + int(_UNSURE * self._weight**2)
        if all(number in self._cosines for number, _, _ in ranked[:wanted]):
            return []
        return [number for number, _, _ in ranked[:count] if number not in self._cosines]

    def _weighed(self, numbers: Sequence[int]) -> tuple[dict[int, float | None], list[int]]:
        """The cosines that this process knows, and the documents whose it does not."""
        embedding = self._question.embedding
        if embedding is None or not numbers:
            return {}, []
        waiting = [number for number in numbers if number in self._waiting]
        others = [number for number in numbers if number not in self._waiting]
        cosines = self._vectors.cosines(waiting, embedding) if waiting else {}
        if self._posted is not None and others:
            return cosines | self._posted.cosines(others, embedding), []
        return cosines, others

    def _learn(self, field: Field, asked: Sequence[int], cosines: dict[int, float | None]) -> None:
        self._cosines |= cosines
        field.learn(cosines)
        self._leave(field, [number for number in asked if number not in cosines])

    def _leave(self, field: Field, numbers: Collection[int]) -> None:
        self._gone.update(numbers)
        field.leave(numbers)
