"""Blocks, read once for all that follows."""

from collections.abc import Sequence
from dataclasses import dataclass

from briefsmith.compiler.document import SourceBlock
from briefsmith.compiler.excerpt import (
    Reading,
    placed_scores,
    read,
    term_weights,
    unit_overlaps,
)
from briefsmith.compiler.outline import StepSpan, find_step
from briefsmith.compiler.worth import SelectionSettings, rated_relevance

_TELLING_BLOCKS = 60


@dataclass(frozen=True, slots=True)
class Prepared:
    """A block that may enter the brief, its units weighed against the intent.

    Attributes:
        overlaps: What each unit of `reading` has of the intent's terms.
        scores: Of the units, by that and by where they stand.
        step: Its sentence for the outline; None for a blank block.
    """

    block: SourceBlock
    reading: Reading
    overlaps: Sequence[float]
    scores: tuple[float, ...]
    step: StepSpan | None


@dataclass(frozen=True, slots=True)
class Material:
    """What a brief is chosen from.

    Attributes:
        rivals: Blocks relevant enough or asked for, by block_id.
        others: Those that no selection takes; they are not read.
    """

    rivals: tuple[Prepared, ...]
    others: tuple[SourceBlock, ...]


def prepare(intent: str, blocks: Sequence[SourceBlock], settings: SelectionSettings) -> Material:
    """Every block, as a rival or not.

    How much a term tells is asked of the most relevant blocks only. So how a block is cut does not
    depend on how many less relevant ones were fetched, which grows with the budget.
    """
    ranked = sorted(blocks, key=lambda block: (-block.relevance, block.block_id))
    telling = [read(block.content) for block in ranked[:_TELLING_BLOCKS]]
    weights = term_weights(intent, telling)
    best = ranked[0].relevance if ranked else 0.0
    rivals: list[Prepared] = []
    others: list[SourceBlock] = []
    for at, block in enumerate(ranked):
        if not block.asked and rated_relevance(block.relevance, best, settings) <= 0:
            others.append(block)
            continue
        reading = telling[at] if at < len(telling) else read(block.content)
        overlaps = unit_overlaps(reading, weights)
        scores = placed_scores(reading, overlaps, weights)
        step = find_step(reading, scores)
        rivals.append(Prepared(block, reading, overlaps, scores, step))
    rivals.sort(key=lambda entry: entry.block.block_id)
    return Material(tuple(rivals), tuple(others))
