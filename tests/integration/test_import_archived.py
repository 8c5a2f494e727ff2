"""A block that a person archived and whose file is gone has left the collection already."""

from pathlib import Path

import pytest

from briefsmith.operations.blocks import archive_block
from briefsmith.operations.imports import import_documents
from briefsmith.postgres.database import Database
from briefsmith.schemas.imports import ImportReport
from briefsmith.store.import_entries import select_entries, select_paths
from tests.integration.stored import ScriptedEmbedder

MODEL = ScriptedEmbedder()


async def _import(store: Database, folder: Path, *, prune: bool = False) -> ImportReport:
    report = ImportReport()
    async for report in import_documents(
        store.session, MODEL, [folder], collection="notes", prune=prune
    ):
        pass
    return report


@pytest.mark.parametrize("prune", [False, True])
async def test_an_archived_block_whose_file_is_gone_is_not_listed_as_removed(
    prune: bool, store: Database, tmp_path: Path
) -> None:
    for name in ("gone", "kept"):
        (tmp_path / f"{name}.md").write_text(f"# The page {name}\n\nText of {name}.\n")
    await _import(store, tmp_path)
    async with store.session() as session:
        [gone] = await select_entries(session, "notes", ["gone.md"])
        assert gone.status == "active"
        await archive_block(session, gone.block_id)
    (tmp_path / "gone.md").unlink()

    report = await _import(store, tmp_path, prune=prune)

    assert report.removed == []
    async with store.session(read_only=True) as session:
        paths = {row.path: row.status for row in await select_paths(session, "notes")}
    assert paths == (
        {"kept.md": "active"} if prune else {"gone.md": "archived", "kept.md": "active"}
    )
