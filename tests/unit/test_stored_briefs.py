"""Snapshots that were stored by the first version give the same bytes with every later one."""

import json
from dataclasses import replace
from functools import cache
from math import prod
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from briefsmith.compiler.brief import (
    BriefRequest,
    CompiledBrief,
    Toolchain,
    compile_brief,
    recompile,
)
from briefsmith.compiler.document import BlockText, MediaItem, SourceBlock
from briefsmith.faces.cli.selection import write_selection
from briefsmith.models.enums import BlockImportance, BlockSource, BlockType
from briefsmith.schemas.snapshot import Snapshot

STORED = Path(__file__).parent / "stored_briefs.json"


@cache
def stored_briefs() -> list[dict[str, Any]]:
    return json.loads(STORED.read_text("utf-8"))


def texts(stored: dict[str, Any]) -> dict[UUID, BlockText]:
    return {
        UUID(text["block_id"]): BlockText(
            text["version"],
            text["label"],
            BlockType(text["type"]),
            BlockSource(text["source"]),
            text["content"],
        )
        for text in stored["texts"]
    }


def brief_of_many(left_out: int) -> CompiledBrief:
    """A brief of one block; the others, ever less relevant, are left out, the last as too little so."""
    one = SourceBlock(
        UUID(int=1),
        1,
        "Label",
        BlockType.REFERENCE,
        BlockSource.USER,
        "Bakers rise early.",
        BlockImportance.MEDIUM,
        1.0,
    )
    others = [
        replace(
            one,
            block_id=UUID(int=n),
            content=f"Baker {n} bakes bread. " * 100,
            relevance=0.9 - n / 2_000,
            feedback_score=0.6,
            feedback_weight=3.0,
        )
        for n in range(2, left_out + 1)
    ]
    weak = replace(one, block_id=UUID(int=9_999), relevance=0.1)
    task = BriefRequest("Write to bakers", 400, "0123456789abcdef" * 2, mode="verbatim")
    tools = Toolchain(lambda text: len(text.split()), "words", "0.1.0")
    return compile_brief(task, [one, *others, weak], tools)


@pytest.mark.parametrize("at", range(4))
def test_a_stored_snapshot_compiles_to_the_bytes_of_its_day(at: int) -> None:
    stored = stored_briefs()[at]
    snapshot = Snapshot.model_validate(stored["snapshot"])
    media = [MediaItem(*item) for item in stored["media"]]

    again = recompile(snapshot, stored["intent"], stored["sub_instructions"], media, texts(stored))

    assert again.is_exact
    assert again.markdown == stored["markdown"]
    assert again.snapshot == snapshot


def test_the_stored_snapshots_are_of_every_mode() -> None:
    modes = [stored["snapshot"]["mode"] for stored in stored_briefs()]

    assert modes == [None, "excerpt", "outline", "verbatim"]


def test_of_what_is_left_out_the_best_two_hundred_keep_the_factors_of_their_scores() -> None:
    left_out = brief_of_many(230).snapshot.left_out

    assert [part.parts is not None for part in left_out] == [True] * 200 + [False] * 30
    for part in left_out[:200]:
        assert part.parts is not None
        assert prod(part.parts.values()) == pytest.approx(part.score, rel=1e-3)
        assert len(json.dumps(part.parts)) < 120


def test_a_block_that_is_not_relevant_enough_has_no_factors() -> None:
    left_out = brief_of_many(3).snapshot.left_out

    reasons = [(part.reason, part.parts is None) for part in left_out]
    assert reasons == [("over-budget", False)] * 2 + [("not-relevant-enough", True)]


def test_the_factors_of_what_is_left_out_decide_no_byte() -> None:
    compiled = brief_of_many(3)
    bare = compiled.snapshot.model_copy(
        update={
            "left_out": tuple(
                part.model_copy(update={"parts": None}) for part in compiled.snapshot.left_out
            )
        }
    )
    used = BlockText(1, "Label", BlockType.REFERENCE, BlockSource.USER, "Bakers rise early.")

    assert (
        recompile(bare, "Write to bakers", None, (), {UUID(int=1): used}).markdown
        == compiled.markdown
    )
    assert compiled.snapshot.format == bare.format == 1


def explained(compiled: CompiledBrief, *, is_new: bool, capsys: pytest.CaptureFixture[str]) -> str:
    selection = compiled.selection if is_new else None
    write_selection(compiled.snapshot, {}, selection, explain=True)
    return capsys.readouterr().out.partition("Left out")[2]


def test_a_stored_brief_explains_what_was_left_out_as_the_new_one_did(
    capsys: pytest.CaptureFixture[str],
) -> None:
    compiled = brief_of_many(6)

    new = explained(compiled, is_new=True, capsys=capsys).splitlines()
    stored = explained(compiled, is_new=False, capsys=capsys).splitlines()

    assert new[1].split()[:7] == ["worth", "relev", "import", "feedb", "fresh", "size", "novel"]
    assert stored[:7] == new[:7]
    assert new[7].split()[:7] == ["0.000", "0.00", "1.00", "1.00", "1.00", "-", "-"]
    assert stored[7].split()[:7] == ["0.000", *"------"]


def test_a_brief_stored_without_factors_is_explained_without_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    snapshots = [Snapshot.model_validate(each["snapshot"]) for each in stored_briefs()]
    first = next(snapshot for snapshot in snapshots if snapshot.left_out)

    write_selection(first, {}, None, explain=True)

    shown = capsys.readouterr().out.partition("Left out")[2].splitlines()
    assert "relev" not in shown[1]
    assert len(shown) > len(first.left_out)
