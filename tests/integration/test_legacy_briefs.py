"""Briefs of an upgraded database: their snapshots are of another time, and may hold anything."""

import json
from typing import Any
from uuid import UUID

import pytest

from briefsmith.operations.blocks import add_block, purge_block
from briefsmith.operations.briefs import get_brief, list_briefs, recompile_brief
from briefsmith.postgres.database import Database
from briefsmith.postgres.session import Session
from briefsmith.providers.wordllama import WordLlamaEmbedder
from briefsmith.schemas.blocks import NewBlock
from briefsmith.store import task_briefs

_ODD = [
    [],
    "text",
    7,
    None,
    {"blocks": 3, "rendered_tokens": "many"},
    [[[{"blocks": [{"block_id": 1}]}]]],
    10**400,
]


async def _legacy_brief(session: Session, snapshot: Any) -> UUID:
    brief = await task_briefs.insert_brief(
        session,
        {
            "intent": "An old task",
            "sub_instructions": None,
            "media": json.dumps({"not": "a list"}),
            "compilation_mode": None,
            "core_context_snapshot": json.dumps(snapshot),
            "meta_emotional_tone": [],
            "meta_scope": None,
            "meta_audience": None,
            "task_brief_type_id": None,
        },
    )
    return brief.id


@pytest.mark.parametrize("held", _ODD, ids=lambda value: str(value)[:20])
async def test_a_legacy_brief_says_that_it_is_from_before_the_upgrade(
    session: Session, held: object
) -> None:
    snapshot = {"legacy_core_context_snapshot": held, "legacy_core_profile_data": held}
    brief_id = await _legacy_brief(session, snapshot)

    stored = await get_brief(session, brief_id)
    [listed] = [one async for one in list_briefs(session)]

    assert "before the upgrade" in stored.markdown
    assert stored.snapshot is None
    assert stored.brief.core_context_snapshot == snapshot
    assert (listed.id, listed.blocks, listed.rendered_tokens) == (brief_id, 0, None)
    assert await recompile_brief(session, stored.brief) is None


async def test_a_purged_block_is_forgotten_in_the_legacy_snapshots_that_name_it(
    store: Database, embedder: WordLlamaEmbedder
) -> None:
    async with store.session() as session:
        block = await add_block(session, embedder, NewBlock(label="Secret", content="a word"))
        held = {"blocks": [{"id": str(block.id), "content": "a word"}]}
        profile = {"name": "Ada"}
        named = await _legacy_brief(
            session, {"legacy_core_context_snapshot": held, "legacy_core_profile_data": profile}
        )
        only = await _legacy_brief(session, {"legacy_core_context_snapshot": held})
        other = await _legacy_brief(session, {"legacy_core_context_snapshot": ["a word"]})

    async with store.session() as session:
        changed = await purge_block(session, block.id)

    async with store.session() as session:
        found = {
            one: (await get_brief(session, one)).brief.core_context_snapshot
            for one in (named, only, other)
        }
    assert changed == 2
    assert found == {
        named: {"legacy_core_profile_data": profile},
        only: None,
        other: {"legacy_core_context_snapshot": ["a word"]},
    }
