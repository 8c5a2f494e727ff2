"""What import knows of where a piece stands: it finds the piece, and is shown nowhere."""

from pathlib import Path
from typing import Any

from briefsmith.operations.blocks import edit_block, purge_block
from briefsmith.operations.imports import import_documents
from briefsmith.operations.search import search_blocks
from briefsmith.postgres.database import Database
from briefsmith.schemas.blocks import BlockEdit
from briefsmith.schemas.search import SearchSettings
from tests.integration.stored import SilentEmbedder, ask

SILENT = SilentEmbedder()
ONCE = SearchSettings(expansion_terms=0)
LONG = "Plain words about nothing in particular, of which there are many here. " * 20

FILE = f"""# Handbook

## Wombat

{LONG} The wombat sleeps.

## Diet

{LONG} It eats roots.

## Sleep

{LONG} It digs.
"""


async def _import(store: Database, folder: Path) -> None:
    async for _ in import_documents(store.session, SILENT, [folder]):
        pass


async def _found(store: Database, words: str) -> list[str]:
    async with store.session(read_only=True) as session:
        hits = (await search_blocks(session, SILENT, words, settings=ONCE)).hits
    return [hit.block.label for hit in hits]


async def _block(store: Database, label: str) -> Any:
    async with store.session(read_only=True) as session:
        hits = (await search_blocks(session, SILENT, label, settings=ONCE)).hits
    return next(hit.block for hit in hits if hit.block.label == label)


async def _imported(store: Database, folder: Path, text: str = FILE) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "handbook.md").write_text(text, encoding="utf-8")
    await _import(store, folder)


async def test_a_piece_is_found_by_the_last_words_of_the_piece_before(
    store: Database, tmp_path: Path
) -> None:
    await _imported(store, tmp_path / "notes")

    found = await _found(store, "wombat")
    diet = await _block(store, "Handbook \u203a Diet")

    assert found == ["Handbook \u203a Wombat", "Handbook \u203a Diet"]
    assert "wombat" not in diet.model_dump_json().lower()


async def test_an_import_again_follows_a_changed_order(store: Database, tmp_path: Path) -> None:
    await _imported(store, tmp_path / "notes")

    diet = FILE.partition("## Diet")[2].partition("## Sleep")[0]
    moved = FILE.replace("## Diet" + diet, "") + "\n## Diet" + diet
    await _imported(store, tmp_path / "notes", moved)

    assert await _found(store, "wombat") == ["Handbook \u203a Wombat", "Handbook \u203a Sleep"]
    assert await _found(store, "digs") == ["Handbook \u203a Sleep", "Handbook \u203a Diet"]


async def test_what_is_edited_or_purged_is_not_found_behind_it_either(
    store: Database, store_url: str, tmp_path: Path
) -> None:
    await _imported(store, tmp_path / "notes")
    wombat = await _block(store, "Handbook \u203a Wombat")

    async with store.session() as session:
        await edit_block(
            session, SILENT, wombat.id, BlockEdit(content="A tapir."), expected_version=1
        )
    after_edit = [await _found(store, "tapir"), await _found(store, "wombat sleeps")]
    async with store.session() as session:
        await purge_block(session, wombat.id)

    assert after_edit[0] == ["Handbook \u203a Wombat", "Handbook \u203a Diet"]
    assert "Handbook \u203a Diet" not in after_edit[1]
    assert await _found(store, "tapir") == []
    left = ask(
        store_url,
        "select count(*) from briefsmith.block_surroundings where user_id = %s",
        store.user_id,
    )
    assert left == [(1,)]
