"""What a brief says of files: those of its blocks, and those that it has as media."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from briefsmith import errors
from briefsmith.compiler.file_lines import FILES_HEADING, MOST_FILES
from briefsmith.models.block_files import BlockFile
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.operations.blocks import purge_block
from briefsmith.operations.brief_replay import Replay, replay_brief
from briefsmith.operations.brief_validation import validate_brief
from briefsmith.operations.briefs import get_brief
from briefsmith.operations.compose import ComposedBrief, compose_brief
from briefsmith.operations.files import attach_file, edit_file, remove_file
from briefsmith.postgres.database import Database
from briefsmith.providers.storage.local import LocalFiles
from briefsmith.providers.tokenizer import TokenCounter
from briefsmith.schemas.briefs import NewBrief
from tests.integration.stored import NO_ID, new_person
from tests.integration.test_files import SILENT, add, block


@pytest.fixture
def files(tmp_path: Path) -> LocalFiles:
    return LocalFiles(tmp_path / "files")


async def composed(store: Database, tokens: TokenCounter, **fields: Any) -> ComposedBrief:
    async with store.session() as session:
        return await compose_brief(
            session, SILENT, tokens, NewBrief(intent="A letter on oak", **fields)
        )


async def replayed(store: Database, brief_id: UUID) -> Replay:
    async with store.session(read_only=True) as session:
        return await replay_brief(session, brief_id)


async def with_files(
    store: Database, files: LocalFiles, *labels: str
) -> tuple[ContextBlock, list[BlockFile]]:
    oak = await block(store, "Oak")
    added = [
        await add(store, files, label.encode(), name=f"{label}.txt", label=label, block_id=oak.id)
        for label in labels
    ]
    return oak, added


async def test_a_brief_names_the_files_of_its_blocks(
    store: Database, files: LocalFiles, tokens: TokenCounter
) -> None:
    oak, _ = await with_files(store, files, "Prices")
    note = "Only for\n## shops ”"
    photo = await add(
        store,
        files,
        label="Photo",
        note=note,
        name="p.txt",
        block_id=oak.id,
        is_primary=True,
    )

    made = await composed(store, tokens, blocks=(oak.id,), budget_tokens=1_000)

    lines = made.compiled.markdown.split("\n")
    at = lines.index(FILES_HEADING)
    assert lines[at + 1 : at + 5] == [
        "- “Photo” (“p.txt”, text/plain, 12 bytes, primary)",
        "  Note: “Only for # shops '”",
        f"  Address: “briefsmith://file/{photo.id}”",
        "- “Prices” (“Prices.txt”, text/plain, 6 bytes)",
    ]
    assert made.compiled.snapshot.rendered_tokens == tokens.count(made.compiled.markdown) <= 1_000
    assert (await replayed(store, made.brief.id)).outcome == "same"


async def test_a_brief_is_the_same_after_its_files_were_edited_and_removed(
    store: Database, files: LocalFiles, tokens: TokenCounter
) -> None:
    oak, [prices, terms] = await with_files(store, files, "Prices", "Terms")
    made = await composed(store, tokens, blocks=(oak.id,))

    async with store.session() as session:
        await edit_file(session, prices.id, label="Old prices")
    await remove_file(store.session, files, terms.id)

    again = await replayed(store, made.brief.id)
    assert (again.outcome, again.markdown) == ("same", made.compiled.markdown)
    async with store.session() as session:
        validated = await validate_brief(session, tokens, made.brief.id)
    [gone] = [one for one in validated.validation.findings if one.name == "file-gone"]
    assert gone.details["file_id"] == str(terms.id)
    assert "“Terms”" in gone.sentence


async def test_many_files_of_a_block_are_told_by_number(
    store: Database, files: LocalFiles, tokens: TokenCounter
) -> None:
    oak, added = await with_files(store, files, *(f"File {at}" for at in range(MOST_FILES + 3)))
    async with store.session() as session:
        await attach_file(session, added[-1].id, oak.id, is_primary=True)

    made = await composed(store, tokens, blocks=(oak.id,))

    [entry] = made.compiled.snapshot.blocks
    assert [file.file_id for file in entry.files] == [
        one.id for one in (added[-1], *added[: MOST_FILES - 1])
    ]
    assert entry.more_files == 3
    assert "\n- and 3 more\n" in made.compiled.markdown


async def test_files_go_out_of_a_brief_with_the_block_that_is_purged(
    store: Database, files: LocalFiles, tokens: TokenCounter
) -> None:
    oak, _ = await with_files(store, files, "Prices")
    made = await composed(store, tokens, blocks=(oak.id,))

    async with store.session() as session:
        await purge_block(session, oak.id)

    async with store.session(read_only=True) as session:
        kept = await get_brief(session, made.brief.id)
    assert "Prices" not in kept.markdown
    replay = await replayed(store, made.brief.id)
    assert (replay.outcome, replay.is_stored) == ("blocks-gone", True)


async def test_a_file_of_the_library_comes_to_the_media_of_a_brief(
    store: Database, files: LocalFiles, tokens: TokenCounter
) -> None:
    photo = await add(store, files, label="Photo", note="Of the shop.\nIn May.", name="p.txt")

    made = await composed(
        store,
        tokens,
        media=[{"image_url": "https://a.example/b.png", "description": "A shop"}],
        files=(photo.id, photo.id),
    )

    assert made.brief.media == [
        {"image_url": "https://a.example/b.png", "description": "A shop"},
        {
            "image_url": f"briefsmith://file/{photo.id}",
            "description": "Photo (text/plain, 12 bytes)\nOf the shop.\nIn May.",
        },
    ]
    assert '<media cite="M2">' in made.compiled.markdown
    assert (await replayed(store, made.brief.id)).is_same
    async with store.session() as session:
        validated = await validate_brief(session, tokens, made.brief.id)
    assert validated.validation.findings == ()
    await remove_file(store.session, files, photo.id)
    async with store.session() as session:
        validated = await validate_brief(session, tokens, made.brief.id)
    [gone] = validated.validation.findings
    assert (gone.name, gone.details) == ("file-gone", {"file_id": str(photo.id)})


@pytest.mark.parametrize("is_there", [True, False])
async def test_a_file_that_is_not_ones_own_makes_no_brief(
    store: Database, store_url: str, files: LocalFiles, tokens: TokenCounter, *, is_there: bool
) -> None:
    file_id = (await add(store, files)).id if is_there else NO_ID
    other = new_person(store_url)

    with pytest.raises(errors.LibraryFileNotFound, match=str(file_id)):
        async with store.session(other) as session:
            new = NewBrief(intent="A letter on oak", files=(file_id,))
            await compose_brief(session, SILENT, tokens, new)
