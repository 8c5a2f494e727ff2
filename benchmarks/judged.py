"""Public retrieval collections: texts, questions, and people's judgments of which texts answer them."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data" / "retrieval"
"""Where the collections lie beside the checkout; they are not part of it."""

DEPTH = 10
"""Answers that are looked at: nDCG@10 and recall@10."""


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection.

    Attributes:
        texts: By the id of the text; some are empty.
        questions: By the id of the question; only those that have judgments.
        grades: By question, then text: how well it answers, > 0.
    """

    name: str
    texts: Mapping[str, str]
    questions: Mapping[str, str]
    grades: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Quality:
    """Means over the questions of a collection, both in [0, 1].

    Attributes:
        by_question: nDCG of each question, in the order of the collection's.
    """

    ndcg: float
    recall: float
    by_question: tuple[float, ...]


def read_collections(folder: Path) -> list[Collection]:
    """Every collection in the folder, by name; none where there is no such folder."""
    return [_read(path.parent) for path in sorted(folder.glob("*/qrels.jsonl"))]


def _read(folder: Path) -> Collection:
    grades: dict[str, dict[str, float]] = {}
    for row in _rows(folder / "qrels.jsonl"):
        if row["grade"] > 0:
            grades.setdefault(row["query_id"], {})[row["block_id"]] = row["grade"]
    questions = {row["id"]: row["text"] for row in _rows(folder / "queries.jsonl")}
    return Collection(
        name=folder.name,
        texts={row["id"]: row["text"] for row in _rows(folder / "blocks.jsonl")},
        questions={key: text for key, text in questions.items() if key in grades},
        grades=grades,
    )


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def rate(collection: Collection, answers: Mapping[str, Sequence[str]]) -> Quality:
    """How good the answers are, the best first for each question.

    Linear gain, as trec_eval has it: the grade itself, divided by log2(rank + 1).
    """
    ndcg: list[float] = []
    recall: list[float] = []
    for question, grades in collection.grades.items():
        found = list(answers[question])[:DEPTH]
        best = sorted(grades.values(), reverse=True)[:DEPTH]
        ndcg.append(_gain([grades.get(text, 0.0) for text in found]) / _gain(best))
        recall.append(len(grades.keys() & set(found)) / len(grades))
    return Quality(fmean(ndcg), fmean(recall), tuple(ndcg))


def _gain(grades: Sequence[float]) -> float:
    return math.fsum(grade / math.log2(rank + 1) for rank, grade in enumerate(grades, start=1))
