"""Snapshots that were stored by the first version give the same bytes with every later one."""

import json
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from briefsmith.compiler.brief import recompile
from briefsmith.compiler.document import BlockText, MediaItem
from briefsmith.models.enums import BlockSource, BlockType
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
