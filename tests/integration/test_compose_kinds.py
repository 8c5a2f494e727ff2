"""Briefs of a kind: blocks of the types that it wants are in it, where there are some and they fit."""

import json

import pytest

from briefsmith import errors
from briefsmith.models.enums import BlockType
from briefsmith.operations.blocks import add_block
from briefsmith.operations.brief_types import find_brief_type
from briefsmith.operations.brief_validation import validate_brief
from briefsmith.operations.compose import ComposedBrief, compose_brief
from briefsmith.operations.compositions import store_composition
from briefsmith.postgres.database import Database
from briefsmith.providers.embeddings import Embedder
from briefsmith.providers.tokenizer import TokenCounter
from briefsmith.schemas.blocks import NewBlock
from briefsmith.schemas.briefs import NewBrief
from briefsmith.schemas.composition import (
    AnsweredContradiction,
    Composition,
    CompositionUsage,
    OutlineAnswer,
)

INTENT = "Answer a customer whose brush arrived with loose bristles"
LONG = "Brushes with loose bristles are replaced. " * 12


async def _fill(store: Database, embedder: Embedder) -> None:
    """Much about the task, and one block of house style that hardly mentions it."""
    async with store.session() as session:
        for number in range(6):
            text = f"{LONG} Case {number}: a customer wrote about bristles."
            new = NewBlock(label=f"Bristles {number}", content=text, type=BlockType.REFERENCE)
            await add_block(session, embedder, new)
        style = NewBlock(
            label="How we sound",
            content="Write to a customer as to a neighbour.",
            type=BlockType.STYLE_GUIDE,
        )
        await add_block(session, embedder, style)


async def _compose(
    store: Database, embedder: Embedder, tokens: TokenCounter, kind: str | None, budget: int
) -> ComposedBrief:
    async with store.session() as session:
        new = NewBrief(intent=INTENT, kind=kind, budget_tokens=budget)
        return await compose_brief(session, embedder, tokens, new)


def _labels(composed: ComposedBrief) -> list[str]:
    return [composed.labels[part.block_id] for part in composed.compiled.snapshot.blocks]


async def test_a_kind_brings_in_a_block_of_each_type_that_it_wants(
    store: Database, embedder: Embedder, tokens: TokenCounter
) -> None:
    await _fill(store, embedder)

    without = await _compose(store, embedder, tokens, None, 700)
    of_kind = await _compose(store, embedder, tokens, "support answer", 700)

    assert "How we sound" not in _labels(without)
    assert "How we sound" in _labels(of_kind)
    assert of_kind.lacking == ()
    async with store.session(read_only=True) as session:
        kind = await find_brief_type(session, "Support answer")
    assert of_kind.brief.task_brief_type_id == kind.id
    assert without.brief.task_brief_type_id is None


async def test_a_type_that_nobody_has_a_block_of_is_told_and_validating_finds_it(
    store: Database, embedder: Embedder, tokens: TokenCounter
) -> None:
    await _fill(store, embedder)

    composed = await _compose(store, embedder, tokens, "Launch plan", 1_500)

    assert composed.lacking == (BlockType.TOPIC,)
    async with store.session() as session:
        validated = await validate_brief(session, tokens, composed.brief.id)
    assert "type-missing" in {finding.name for finding in validated.validation.findings}


async def test_a_wanted_type_that_does_not_fit_is_told_and_no_error(
    store: Database, embedder: Embedder, tokens: TokenCounter
) -> None:
    async with store.session() as session:
        short = NewBlock(label="Bristles", content=LONG[:80], type=BlockType.REFERENCE)
        await add_block(session, embedder, short)
        style = NewBlock(label="Style", content="word " * 3_000, type=BlockType.STYLE_GUIDE)
        await add_block(session, embedder, style)

    composed = await _compose(store, embedder, tokens, "Support answer", 450)

    assert BlockType.STYLE_GUIDE in composed.lacking or "Style" in _labels(composed)
    assert composed.compiled.snapshot.rendered_tokens <= 450


async def test_a_kind_that_there_is_not_is_refused(
    store: Database, embedder: Embedder, tokens: TokenCounter
) -> None:
    with pytest.raises(errors.BriefTypeNotFound):
        await _compose(store, embedder, tokens, "no such kind", 600)


async def test_what_the_composer_found_contradicting_is_a_finding(
    store: Database, embedder: Embedder, tokens: TokenCounter
) -> None:
    await _fill(store, embedder)
    composed = await _compose(store, embedder, tokens, None, 1_500)
    answer = OutlineAnswer(
        title="A brush",
        outline=(),
        contradictions=(
            AnsweredContradiction(cites=("B1", "B2"), sentence="One says three, the other four."),
            AnsweredContradiction(cites=("B1", "B99"), sentence="There is no such block."),
        ),
    )
    made = Composition(made_by="model", model="m", usage=CompositionUsage(), answer=answer)

    async with store.session() as session:
        await store_composition(session, composed.brief.id, made)
        validated = await validate_brief(session, tokens, composed.brief.id)

    found = [one for one in validated.validation.findings if one.name == "contradiction-noted"]
    assert "One says three" in json.dumps([one.model_dump(mode="json") for one in found])
    assert "no such block" not in json.dumps([one.model_dump(mode="json") for one in found])
