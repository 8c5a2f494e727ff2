"""The verb import: what a folder becomes, and that again it becomes nothing more."""

import asyncio
import json
import os
import shutil
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from briefsmith import errors
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.models.enums import BlockImportance, BlockSource, BlockStatus, BlockType
from briefsmith.operations import imports
from briefsmith.operations.blocks import add_block, archive_block, edit_block, list_blocks
from briefsmith.operations.exports import export_blocks
from briefsmith.operations.imports import import_documents
from briefsmith.postgres.database import Database
from briefsmith.providers.embeddings import Embedder, Vector
from briefsmith.schemas.blocks import MAX_CONTENT_CHARS, BlockEdit, BlockFilter, NewBlock
from briefsmith.schemas.imports import ImportReport
from tests.integration.stored import (
    ScriptedEmbedder,
    SilentEmbedder,
    ask,
    counts,
    events,
    everything,
    new_person,
    wait_until_blocked,
)

EXAMPLES = Path(__file__).parents[2] / "examples" / "context"
MODEL = ScriptedEmbedder()

VOICE = """\
---
type: style_guide
tags: [voice, tone]
importance: high
scope: shop
locale: en-GB
tone: [calm]
---
# Brand voice

{first}

## Words

{second}
"""


def _write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _voice(folder: Path, first: str = "Plain.", second: str = "Short.") -> Path:
    """A file of two sections that are too long to be joined."""
    text = VOICE.format(first=f"{first} " * 300, second=f"{second} " * 300)
    return _write(folder, "voice.md", text)


def _pages(folder: Path, count: int) -> list[str]:
    """Files of one section each."""
    for number in range(count):
        _write(folder, f"p{number:04}.md", f"# Page {number}\n\nText of page {number}.\n")
    return [f"Page {number}" for number in range(count)]


async def _import(
    store: Database, *paths: Path, model: Embedder = MODEL, **options: Any
) -> ImportReport:
    report = ImportReport()
    async for report in import_documents(store.session, model, paths, **options):
        pass
    return report


async def _blocks(store: Database, *statuses: BlockStatus) -> dict[str, ContextBlock]:
    wanted = BlockFilter(statuses=statuses) if statuses else BlockFilter()
    async with store.session(read_only=True) as session:
        return {block.label: block async for block in list_blocks(session, wanted)}


async def _edit(store: Database, block: ContextBlock, **fields: Any) -> None:
    async with store.session() as session:
        await edit_block(session, MODEL, block.id, BlockEdit(**fields))


def _nothing_new(report: ImportReport) -> bool:
    return (report.added, report.changed, report.renamed, report.removed, report.problems) == (
        0,
        0,
        [],
        [],
        [],
    )


# A folder


async def test_the_example_folder_goes_in_and_again_changes_nothing(
    store: Database, store_url: str, embedder: Embedder
) -> None:
    first = await _import(store, EXAMPLES, model=embedder)
    before = everything(store_url)

    second = await _import(store, EXAMPLES, model=embedder)

    assert first.files == len(list(EXAMPLES.rglob("*.md")))
    assert first.added == len(await _blocks(store)) >= first.files
    assert (first.problems, first.removed, first.changed) == ([], [], 0)
    assert _nothing_new(second)
    assert (second.files, second.unchanged) == (first.files, first.added)
    assert everything(store_url) == before


async def test_a_section_becomes_a_block_with_all_that_its_file_says(
    store: Database, tmp_path: Path
) -> None:
    _voice(tmp_path)

    report = await _import(store, tmp_path)

    blocks = await _blocks(store)
    assert report.added == len(blocks) == 2
    for block in blocks.values():
        assert block.type is BlockType.STYLE_GUIDE
        assert block.importance is BlockImportance.HIGH
        assert block.source is BlockSource.IMPORTED
        assert (block.meta_tags, block.meta_emotional_tone) == (["voice", "tone"], ["calm"])
        assert (block.meta_context_scope, block.meta_locale) == ("shop", "en-GB")
        assert (block.version, block.meta_embedding_model) == (1, MODEL.name)
    assert any(label.endswith("Words") for label in blocks)


async def test_a_changed_section_is_a_new_version_of_the_same_block(
    store: Database, store_url: str, tmp_path: Path
) -> None:
    _voice(tmp_path)
    await _import(store, tmp_path)
    before = await _blocks(store)
    _voice(tmp_path, second="Shorter.")

    report = await _import(store, tmp_path)

    after = await _blocks(store)
    assert (report.added, report.changed, report.unchanged) == (0, 1, 1)
    [label] = [label for label in before if before[label] != after[label]]
    assert label.endswith("Words")
    assert (after[label].id, after[label].version) == (before[label].id, 2)
    assert after[label].content.startswith("Shorter.")
    assert after[label].meta_embedding_model == MODEL.name
    assert ask(store_url, "select count(*) from public.block_revisions") == [(1,)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("tags: [voice, tone]", "tags: [voice]"),
        ("importance: high", "importance: low"),
        ("type: style_guide", "type: guide"),
        ("scope: shop", "scope: web"),
        ("scope: shop\n", ""),
        ("locale: en-GB", "locale: en-US"),
        ("tone: [calm]", "tone: []"),
    ],
)
async def test_a_change_in_the_front_matter_is_a_change_of_every_section(
    old: str, new: str, store: Database, tmp_path: Path
) -> None:
    path = _voice(tmp_path)
    await _import(store, tmp_path)
    before = await _blocks(store)
    path.write_text(path.read_text().replace(old, new))

    report = await _import(store, tmp_path)

    assert report.changed == 2
    after = await _blocks(store)
    assert [(block.id, block.version) for block in after.values()] == [
        (block.id, 2) for block in before.values()
    ]
    assert _nothing_new(await _import(store, tmp_path))


async def test_an_edit_by_hand_is_no_change_of_the_file(store: Database, tmp_path: Path) -> None:
    _pages(tmp_path, 1)
    await _import(store, tmp_path)
    await _edit(store, (await _blocks(store))["Page 0"], content="By hand.", label="My page")

    report = await _import(store, tmp_path)

    assert _nothing_new(report)
    assert (await _blocks(store))["My page"].content == "By hand."


async def test_a_removed_section_is_listed_and_kept(store: Database, tmp_path: Path) -> None:
    path = _voice(tmp_path)
    await _import(store, tmp_path)
    path.write_text(path.read_text().partition("## Words")[0])

    for _ in range(2):
        report = await _import(store, tmp_path)

        [removed] = report.removed
        assert (removed.path, removed.archived) == ("voice.md", False)
        assert removed.label.endswith("Words")
        assert len(await _blocks(store)) == 2


async def test_what_is_pruned_is_archived_and_comes_back_as_new(
    store: Database, store_url: str, tmp_path: Path
) -> None:
    path = _voice(tmp_path)
    _pages(tmp_path, 1)
    await _import(store, tmp_path)
    before = await _blocks(store)
    text = path.read_text()
    path.write_text(text.partition("## Words")[0])
    (tmp_path / "p0000.md").unlink()

    report = await _import(store, tmp_path, prune=True)
    again = await _import(store, tmp_path, prune=True)

    assert sorted(piece.archived for piece in report.removed) == [True, True]
    assert _nothing_new(again)
    archived = await _blocks(store, BlockStatus.ARCHIVED)
    assert set(archived) == set(before) - set(await _blocks(store))
    assert "Page 0" in archived
    path.write_text(text)
    back = await _import(store, tmp_path)
    assert (back.added, back.changed, back.renamed) == (1, 0, [])
    assert set(await _blocks(store)) == set(before) - {"Page 0"}
    assert events(store_url)[-1] == "import.batch"


async def test_nothing_is_pruned_for_a_file_that_cannot_be_read(
    store: Database, tmp_path: Path
) -> None:
    path = _voice(tmp_path)
    _pages(tmp_path, 1)
    await _import(store, tmp_path)
    path.write_bytes(b"\xff\xfe")

    report = await _import(store, tmp_path, prune=True)

    assert [problem.path for problem in report.problems] == ["voice.md"]
    assert report.removed == []
    assert len(await _blocks(store)) == 3


async def test_importing_one_file_does_not_prune_the_rest_of_its_folder(
    store: Database, tmp_path: Path
) -> None:
    _pages(tmp_path, 3)
    await _import(store, tmp_path)

    report = await _import(store, tmp_path / "p0001.md", prune=True)

    assert _nothing_new(report)
    assert report.unchanged == 1
    assert len(await _blocks(store)) == 3


async def test_an_empty_folder_prunes_nothing(store: Database, tmp_path: Path) -> None:
    _pages(tmp_path, 2)
    await _import(store, tmp_path)
    for path in tmp_path.iterdir():
        path.unlink()

    with pytest.raises(errors.NothingToImport):
        await _import(store, tmp_path, prune=True)

    assert len(await _blocks(store)) == 2


async def test_a_block_that_the_person_archived_stays_archived(
    store: Database, store_url: str, tmp_path: Path
) -> None:
    _pages(tmp_path, 2)
    await _import(store, tmp_path)
    async with store.session() as session:
        await archive_block(session, (await _blocks(store))["Page 0"].id)
    before = everything(store_url)

    report = await _import(store, tmp_path, prune=True)

    assert _nothing_new(report)
    assert everything(store_url) == before


# Moved and renamed


async def test_a_moved_folder_is_adopted_and_not_doubled(
    store: Database, store_url: str, tmp_path: Path
) -> None:
    _voice(tmp_path / "old")
    _pages(tmp_path / "old", 3)
    await _import(store, tmp_path / "old")
    before = ask(store_url, "select * from public.context_blocks order by id")
    shutil.move(tmp_path / "old", tmp_path / "new")

    first = await _import(store, tmp_path / "new")
    second = await _import(store, tmp_path / "new", prune=True)

    assert (first.adopted, first.unchanged) == (5, 0)
    assert (second.adopted, second.unchanged) == (0, 5)
    assert _nothing_new(first)
    assert _nothing_new(second)
    assert ask(store_url, "select * from public.context_blocks order by id") == before


@pytest.mark.parametrize("prune", [False, True])
async def test_a_renamed_file_is_adopted_and_nothing_of_it_is_gone(
    prune: bool, store: Database, store_url: str, tmp_path: Path
) -> None:
    path = _voice(tmp_path)
    _pages(tmp_path, 2)
    await _import(store, tmp_path)
    before = ask(store_url, "select * from public.context_blocks order by id")
    for name in ("zz.md", "aa.md"):
        path = path.rename(path.with_name(name))

        first = await _import(store, tmp_path, prune=prune)
        second = await _import(store, tmp_path, prune=prune)

        assert (first.adopted, second.unchanged) == (2, 4)
        assert _nothing_new(first)
        assert _nothing_new(second)
    assert ask(store_url, "select * from public.context_blocks order by id") == before


async def test_a_section_that_moved_to_another_file_under_its_label_is_not_pruned(
    store: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "BATCH_PIECES", 1)
    head = "---\ntitle: Rules\n---\n"
    parts = {name: f"# {name}\n\n" + f"All about {name}. " * 120 + "\n\n" for name in "ABC"}
    _write(tmp_path, "a.md", head + parts["A"] + parts["B"])
    _write(tmp_path, "z.md", head + parts["C"])
    await _import(store, tmp_path)
    before = await _blocks(store)
    _write(tmp_path, "a.md", head + parts["A"])
    _write(tmp_path, "z.md", head + parts["C"] + parts["B"])

    report = await _import(store, tmp_path, prune=True)

    assert len(before) == 3
    assert _nothing_new(report)
    assert report.adopted == 1
    assert await _blocks(store) == before


async def test_a_moved_file_whose_tags_changed_takes_the_new_tags(
    store: Database, tmp_path: Path
) -> None:
    path = _voice(tmp_path / "old")
    await _import(store, tmp_path / "old")
    before = await _blocks(store)
    text = path.read_text().replace("tags: [voice, tone]", "tags: [other]")
    _write(tmp_path / "new", "voice.md", text)

    await _import(store, tmp_path / "new")

    after = await _blocks(store)
    assert {block.id for block in after.values()} == {block.id for block in before.values()}
    assert [block.meta_tags for block in after.values()] == [["other"], ["other"]]
    assert _nothing_new(await _import(store, tmp_path / "new"))


async def test_a_moved_file_whose_block_was_edited_by_hand_keeps_the_edit(
    store: Database, tmp_path: Path
) -> None:
    _pages(tmp_path / "old", 1)
    await _import(store, tmp_path / "old")
    await _edit(store, (await _blocks(store))["Page 0"], content="By hand.", meta_tags=["mine"])
    shutil.move(tmp_path / "old", tmp_path / "new")

    report = await _import(store, tmp_path / "new")

    assert (report.adopted, report.added, report.renamed) == (1, 0, [])
    [block] = (await _blocks(store)).values()
    assert (block.content, block.meta_tags) == ("By hand.", ["mine"])


async def test_a_folder_and_a_folder_in_it_share_their_blocks(
    store: Database, store_url: str, tmp_path: Path
) -> None:
    _voice(tmp_path / "brand")
    _pages(tmp_path, 2)

    first = await _import(store, tmp_path, tmp_path / "brand")
    _voice(tmp_path / "brand", second="Shorter.")
    inner = await _import(store, tmp_path / "brand")
    outer = await _import(store, tmp_path)
    before = everything(store_url)

    assert (first.added, first.adopted) == (4, 2)
    assert (inner.changed, inner.added) == (1, 0)
    assert outer.added == 0
    assert len(await _blocks(store)) == 4
    assert max(block.version for block in (await _blocks(store)).values()) == 2
    assert _nothing_new(await _import(store, tmp_path, tmp_path / "brand"))
    assert everything(store_url) == before


async def test_what_one_of_two_folders_prunes_comes_back_with_the_other(
    store: Database, tmp_path: Path
) -> None:
    _pages(tmp_path / "a", 2)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    await _import(store, tmp_path / "a", tmp_path / "b")
    (tmp_path / "a" / "p0000.md").unlink()
    await _import(store, tmp_path / "a", prune=True)
    assert set(await _blocks(store)) == {"Page 1"}

    report = await _import(store, tmp_path / "b")

    assert (report.added, report.unchanged) == (1, 1)
    assert set(await _blocks(store)) == {"Page 0", "Page 1"}


@pytest.mark.parametrize("twice", ["file first", "folder first", "file twice", "folder by a link"])
async def test_a_file_that_is_named_twice_goes_in_once(
    twice: str, store: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "notes"
    _pages(folder, 2)
    (tmp_path / "link").symlink_to(folder)
    page = folder / "p0000.md"
    paths = {
        "file first": (page, folder),
        "folder first": (folder, page),
        "file twice": (page, page, folder / "p0001.md"),
        "folder by a link": (folder, tmp_path / "link"),
    }[twice]

    report = await _import(store, *paths)

    assert (report.added, report.files) == (2, 2)
    assert (report.problems, report.renamed) == ([], [])
    assert set(await _blocks(store)) == {"Page 0", "Page 1"}
    assert _nothing_new(await _import(store, *paths))


async def test_a_relative_path_is_the_same_folder_as_an_absolute_one(
    store: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _pages(tmp_path / "notes", 2)
    await _import(store, tmp_path / "notes")
    monkeypatch.chdir(tmp_path)

    for path in ("notes", "./notes/", "notes/../notes"):
        report = await _import(store, Path(path))
        assert report.unchanged == 2


# A collection with a name


async def test_a_collection_with_a_name_is_known_again_wherever_its_folder_is(
    store: Database, tmp_path: Path
) -> None:
    _pages(tmp_path / "a", 2)
    await _import(store, tmp_path / "a", collection="notes")
    shutil.move(tmp_path / "a", tmp_path / "b")
    _write(tmp_path / "b", "p0000.md", "# Page 0\n\nOther text.\n")

    report = await _import(store, tmp_path / "b", collection="notes")

    assert (report.changed, report.unchanged, report.added) == (1, 1, 0)


async def test_two_folders_of_one_collection_do_not_prune_each_other(
    store: Database, tmp_path: Path
) -> None:
    _write(tmp_path / "a", "one.md", "# One\n\nText.")
    _write(tmp_path / "b", "two.md", "# Two\n\nText.")
    folders = (tmp_path / "a", tmp_path / "b")

    await _import(store, *folders, collection="notes", prune=True)
    report = await _import(store, *folders, collection="notes", prune=True)

    assert _nothing_new(report)
    assert set(await _blocks(store)) == {"One", "Two"}


async def test_two_files_with_one_path_in_one_collection_are_a_problem(
    store: Database, tmp_path: Path
) -> None:
    _write(tmp_path / "a", "readme.md", "# One\n\nText.")
    _write(tmp_path / "b", "readme.md", "# Two\n\nText.")
    folders = (tmp_path / "a", tmp_path / "b")

    for _ in range(2):
        report = await _import(store, *folders, collection="notes", prune=True)

        [problem] = report.problems
        assert problem.path == "readme.md"
        assert "notes" in problem.message
        assert set(await _blocks(store)) == {"One"}
    both = await _import(store, *folders)
    assert both.problems == []
    assert set(await _blocks(store)) == {"One", "Two"}


# Labels


async def test_a_taken_label_gets_its_file_behind_it(
    store: Database, store_url: str, tmp_path: Path
) -> None:
    async with store.session() as session:
        mine = await add_block(session, MODEL, NewBlock(label="PAGE 0", content="Mine."))
    _pages(tmp_path, 2)

    report = await _import(store, tmp_path)
    before = everything(store_url)

    assert report.renamed == [("Page 0", "Page 0 (p0000.md)")]
    assert set(await _blocks(store)) == {"PAGE 0", "Page 0 (p0000.md)", "Page 1"}
    assert (await _blocks(store))["PAGE 0"] == mine
    assert _nothing_new(await _import(store, tmp_path))
    assert everything(store_url) == before
    _write(tmp_path, "p0000.md", "# Page 0\n\nOther text.")
    changed = await _import(store, tmp_path)
    assert (changed.changed, changed.problems) == (1, [])
    assert (await _blocks(store))["Page 0 (p0000.md)"].content == "Other text."


async def test_files_with_one_title_all_go_in(store: Database, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        _write(tmp_path / name, "notes.md", f"# Notes\n\nOf {name}.")

    for folder in ("a", "b", "c"):  # each a collection of its own, with the same path in it
        report = await _import(store, tmp_path / folder)
        assert (report.added, report.problems) == (1, [])
    for folder in ("a", "b", "c"):
        assert _nothing_new(await _import(store, tmp_path / folder))

    assert {label: block.content for label, block in (await _blocks(store)).items()} == {
        "Notes": "Of a.",
        "Notes (notes.md)": "Of b.",
        "Notes (notes.md#notes)": "Of c.",
    }


async def test_files_with_one_title_in_one_folder_all_go_in(
    store: Database, tmp_path: Path
) -> None:
    for name in ("a", "b", "c"):
        _write(tmp_path, f"{name}.md", f"# NOTES {'' if name == 'a' else 'notes'}\n\nOf {name}.")

    report = await _import(store, tmp_path)

    assert (report.added, report.problems) == (3, [])
    assert len(report.renamed) == 1
    assert _nothing_new(await _import(store, tmp_path))


@pytest.mark.parametrize("title", ["ΟΔΟΣ", "İstanbul", "STRASSE ẞ", "ǅ", "ﬁ", "𐐀", "ﬃ İİ"])
async def test_labels_whose_case_is_hard_to_fold_go_in_and_move_like_others(
    title: str, store: Database, tmp_path: Path
) -> None:
    _write(tmp_path / "a", "x.md", f"# {title}\n\nText.")
    _write(tmp_path / "a", "y.md", f"# {title}\n\nOther text.")
    _write(tmp_path / "a", "z.md", f"# {title.lower()}\n\nThird text.")
    first = await _import(store, tmp_path / "a")
    shutil.move(tmp_path / "a", tmp_path / "b")
    second = await _import(store, tmp_path / "b")
    _write(tmp_path / "b", "x.md", f"# {title}\n\nNew text.")
    third = await _import(store, tmp_path / "b")

    assert (first.added, first.problems) == (3, [])
    assert (second.adopted, second.added, second.problems) == (3, 0, [])
    assert (third.changed, third.added, third.problems) == (1, 0, [])


async def test_a_path_of_odd_characters_makes_a_label_of_one_line(
    store: Database, tmp_path: Path
) -> None:
    async with store.session() as session:
        await add_block(session, MODEL, NewBlock(label="Page", content="Mine."))
    name = "a\n\x1b[31m\N{RIGHT-TO-LEFT OVERRIDE}" + "b" * 200 + ".md"
    _write(tmp_path / ("c" * 200) / ("d" * 200), name, "# Page\n\nText.")

    report = await _import(store, tmp_path)

    [(_, given)] = report.renamed
    assert given.isprintable()
    assert len(given) <= 500
    assert given.startswith("Page (")


# Locked


async def test_a_locked_block_whose_file_changed_is_left_and_reported(
    store: Database, store_url: str, tmp_path: Path
) -> None:
    _pages(tmp_path, 2)
    await _import(store, tmp_path)
    await _edit(store, (await _blocks(store))["Page 0"], status=BlockStatus.LOCKED)
    for number in range(2):
        _write(tmp_path, f"p000{number}.md", f"# Page {number}\n\nOther text.")

    for changed in (1, 0):
        report = await _import(store, tmp_path)

        assert report.changed == changed
        [problem] = report.problems
        assert (problem.path, problem.code) == ("p0000.md", errors.WrongState.code)
        assert "locked" in problem.message
    assert (await _blocks(store))["Page 0"].content == "Text of page 0."
    await _edit(store, (await _blocks(store))["Page 0"], status=BlockStatus.ACTIVE)
    assert (await _import(store, tmp_path)).changed == 1


async def test_a_locked_block_is_not_pruned_and_stays_listed(
    store: Database, tmp_path: Path
) -> None:
    _pages(tmp_path, 2)
    await _import(store, tmp_path)
    await _edit(store, (await _blocks(store))["Page 0"], status=BlockStatus.LOCKED)
    (tmp_path / "p0000.md").unlink()

    for _ in range(2):
        report = await _import(store, tmp_path, prune=True)

        assert [(piece.label, piece.archived) for piece in report.removed] == [("Page 0", False)]
    assert len(await _blocks(store)) == 2


# Bad files


async def test_each_bad_file_is_a_problem_and_the_others_go_in(
    store: Database, store_url: str, tmp_path: Path
) -> None:
    labels = _pages(tmp_path, 2)
    (tmp_path / "utf16.md").write_bytes("# Text".encode("utf-16"))
    (tmp_path / "latin.txt").write_bytes("Größe".encode("latin-1"))
    (tmp_path / "empty.md").touch()
    (tmp_path / "blank.txt").write_text(" \n\n\t")
    (tmp_path / "nul.md").write_bytes(b"# A\n\nb\0c")
    (tmp_path / "open.md").write_text("---\ntype: guide\n# never closed\n")
    (tmp_path / "yaml.md").write_text("---\ntags: [a\n---\n# A\n\nb")
    (tmp_path / "type.md").write_text("---\ntype: novel\n---\n# A\n\nb")
    (tmp_path / "key.md").write_text("---\nauthor: me\n---\n# A\n\nb")
    (tmp_path / "link.md").symlink_to(tmp_path / "nothing.md")
    (tmp_path / "out.md").symlink_to("/etc/hostname")
    (tmp_path / "circle.md").symlink_to("circle.md")
    os.mkfifo(tmp_path / "pipe.md")
    with (tmp_path / "large.md").open("wb") as file:
        file.truncate(200_000_000)
    with (tmp_path / "line.jsonl").open("wb") as file:
        file.truncate(200_000_000)
    (tmp_path / "fence.md").write_text("```\n" + "a line\n" * 200_000 + "```\n")
    (tmp_path / "header.jsonl").write_text('{"format":"other","version":1}\n')
    (tmp_path / "no.jsonl").write_text("[]\n")

    report = await _import(store, tmp_path)

    bad = {path.name for path in tmp_path.iterdir() if not path.name.startswith("p0")}
    assert {problem.path for problem in report.problems} == bad
    assert len(report.problems) == len(bad) == 18
    assert {problem.code for problem in report.problems} == {errors.UnreadableDocument.code}
    assert all(problem.path in problem.message for problem in report.problems)
    assert all(len(problem.message) < 250 for problem in report.problems)
    assert set(await _blocks(store)) == set(labels)
    assert events(store_url) == ["import.batch"]


async def test_a_path_that_is_not_there_stops_before_anything_goes_in(
    store: Database, store_url: str, tmp_path: Path
) -> None:
    _pages(tmp_path, 1)
    before = everything(store_url)

    for path in (tmp_path / "none", tmp_path / "none.md"):
        with pytest.raises(errors.UnreadableDocument, match="does not exist"):
            await _import(store, tmp_path, path)

    assert everything(store_url) == before


async def test_a_folder_without_documents_is_a_clear_error(
    store: Database, store_url: str, tmp_path: Path
) -> None:
    (tmp_path / "image.png").touch()
    before = everything(store_url)

    with pytest.raises(errors.NothingToImport, match="nothing to import"):
        await _import(store, tmp_path)

    assert everything(store_url) == before


async def test_a_block_as_large_as_a_block_may_be_goes_in(store: Database, tmp_path: Path) -> None:
    fence = "```\n" + "a" * (MAX_CONTENT_CHARS - 8) + "\n```"
    _write(tmp_path, "a.md", fence)

    report = await _import(store, tmp_path)

    assert report.problems == []
    [block] = (await _blocks(store)).values()
    assert block.content == fence


# Without an embedder


async def test_without_an_embedder_all_goes_in_and_says_that_vectors_are_missing(
    store: Database, tmp_path: Path
) -> None:
    _pages(tmp_path, 3)

    report = await _import(store, tmp_path, model=SilentEmbedder())

    assert (report.added, report.without_vector, report.problems) == (3, 3, [])


# Batches


class FailingEmbedder(ScriptedEmbedder):
    """Breaks at one call and after."""

    def __init__(self, fails_at: int) -> None:
        super().__init__()
        self._fails_at = fails_at

    async def embed(self, texts: Sequence[str]) -> list[Vector | None]:
        if self.calls + 1 >= self._fails_at:
            raise ZeroDivisionError
        return await super().embed(texts)


@pytest.mark.parametrize("fails_at", [1, 2, 3])
async def test_what_was_reported_before_a_failure_is_stored_and_a_rerun_completes_it(
    fails_at: int,
    store: Database,
    store_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    labels = _pages(tmp_path, 10)
    monkeypatch.setattr(imports, "BATCH_PIECES", 4)
    reported = ImportReport()

    with pytest.raises(ZeroDivisionError):
        async for report in import_documents(store.session, FailingEmbedder(fails_at), [tmp_path]):
            reported = deepcopy(report)

    assert reported.added == len(await _blocks(store)) == 4 * (fails_at - 1)
    assert events(store_url) == ["import.batch"] * (fails_at - 1)
    rerun = await _import(store, tmp_path)
    assert (rerun.unchanged, rerun.added) == (reported.added, 10 - reported.added)
    assert (rerun.problems, rerun.renamed, rerun.adopted) == ([], [], 0)
    assert sorted(await _blocks(store)) == sorted(labels)


@pytest.mark.parametrize("waits_at", [1, 2])
async def test_a_cancelled_import_keeps_whole_batches_and_a_rerun_completes_it(
    waits_at: int, store: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = _pages(tmp_path, 10)
    monkeypatch.setattr(imports, "BATCH_PIECES", 4)
    there = asyncio.Event()

    class Waiting(ScriptedEmbedder):
        async def embed(self, texts: Sequence[str]) -> list[Vector | None]:
            if self.calls + 1 == waits_at:
                there.set()
                await asyncio.Event().wait()
            return await super().embed(texts)

    task = asyncio.create_task(_import(store, tmp_path, model=Waiting()))
    await there.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert len(await _blocks(store)) == 4 * (waits_at - 1)
    await _import(store, tmp_path)
    assert sorted(await _blocks(store)) == sorted(labels)


async def test_whoever_stops_listening_stops_the_import_between_batches(
    store: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = _pages(tmp_path, 10)
    monkeypatch.setattr(imports, "BATCH_PIECES", 4)

    reports = import_documents(store.session, MODEL, [tmp_path])
    async for report in reports:
        assert report.added == 4
        break
    await reports.aclose()

    assert len(await _blocks(store)) == 4
    await _import(store, tmp_path)
    assert sorted(await _blocks(store)) == sorted(labels)


async def test_the_size_of_batches_changes_nothing(
    store: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _voice(tmp_path)
    _pages(tmp_path, 5)
    await _import(store, tmp_path)

    for pieces in (1, 2, 3, 100):
        monkeypatch.setattr(imports, "BATCH_PIECES", pieces)
        report = await _import(store, tmp_path, prune=True)
        assert _nothing_new(report)
        assert report.unchanged == 7


async def test_the_report_of_three_thousand_files_is_no_longer_than_that_of_three(
    store: Database, tmp_path: Path
) -> None:
    # Takes some seconds: three thousand files are written and imported, twice.
    _pages(tmp_path, 3_000)
    seen: list[int] = []
    report = ImportReport()

    async for report in import_documents(store.session, MODEL, [tmp_path]):
        seen.append(report.added)

    assert seen == sorted(seen)
    assert len(seen) >= 3
    assert (report.files, report.added) == (3_000, 3_000)
    assert (report.renamed, report.removed, report.problems) == ([], [], [])
    again = await _import(store, tmp_path)
    assert again.unchanged == 3_000


async def test_two_imports_of_one_folder_at_once_leave_no_doubles(
    store: Database, store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = _pages(tmp_path, 12)
    monkeypatch.setattr(imports, "BATCH_PIECES", 5)

    done = await asyncio.gather(
        *(_import(store, tmp_path) for _ in range(2)), return_exceptions=True
    )

    failed = [error for error in done if isinstance(error, BaseException)]
    assert all(isinstance(error, errors.BriefsmithError) for error in failed)
    assert not any(isinstance(error, errors.Bug) for error in failed)
    last = await _import(store, tmp_path)
    assert (last.unchanged, last.added, last.problems) == (12, 0, [])
    assert sorted(await _blocks(store)) == sorted(labels)
    assert counts(store_url)["briefsmith.import_entries"] == 12


async def test_an_import_that_waited_for_another_of_the_same_folder_adds_nothing(
    store: Database, store_url: str, tmp_path: Path
) -> None:
    labels = _pages(tmp_path, 3)

    async with store.session() as session:  # as the other import would: labels first
        for label in labels:
            await add_block(session, MODEL, NewBlock(label=label, content="x"))
        task = asyncio.create_task(_import(store, tmp_path))
        await asyncio.to_thread(wait_until_blocked, store_url)
    report = await task

    assert (report.added, report.unchanged) == (0, 0)
    assert [problem.code for problem in report.problems] == [errors.LabelTaken.code] * 3
    again = await _import(store, tmp_path)
    assert (again.added, len(again.renamed), again.problems) == (3, 3, [])


async def test_folders_of_two_people_are_apart(
    store: Database, store_url: str, tmp_path: Path
) -> None:
    _pages(tmp_path, 2)
    await _import(store, tmp_path)
    other = new_person(store_url)
    reports = import_documents(lambda: store.session(other), MODEL, [tmp_path], prune=True)

    report = [deepcopy(report) async for report in reports][-1]

    assert (report.added, report.adopted, report.problems) == (2, 0, [])
    assert len(await _blocks(store)) == 2


# JSON Lines


async def _export(store: Database) -> list[dict[str, Any]]:
    """The header and the blocks by their labels."""
    async with store.session(read_only=True) as session:
        header, *lines = [json.loads(line) async for line in export_blocks(session)]
    return [header, *sorted(lines, key=lambda line: line["label"])]


def _write_lines(folder: Path, lines: Sequence[object]) -> Path:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    return _write(folder, "blocks.jsonl", text)


async def test_an_export_that_is_there_already_changes_nothing(
    store: Database, store_url: str, tmp_path: Path
) -> None:
    _pages(tmp_path / "pages", 5)
    await _import(store, tmp_path / "pages")
    path = _write_lines(tmp_path, await _export(store))
    before = everything(store_url)

    report = await _import(store, path)

    assert (report.unchanged, report.files) == (5, 1)
    assert _nothing_new(report)
    assert everything(store_url) == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("label", "Other"),
        ("content", "Other."),
        ("type", "guide"),
        ("source", "agent"),
        ("status", "archived"),
        ("status", "locked"),
        ("importance", "low"),
        ("update_policy", "manual"),
        ("meta_tags", ["a"]),
        ("meta_context_scope", "s"),
        ("meta_agent_notes", "n"),
        ("meta_refreshable", True),
        ("meta_locale", "de"),
        ("meta_visibility", "hidden"),
        ("meta_emotional_tone", ["calm"]),
        ("requires_user_review", True),
    ],
)
async def test_a_line_that_says_something_else_is_a_new_version(
    field: str, value: object, store: Database, store_url: str, tmp_path: Path
) -> None:
    async with store.session() as session:
        await add_block(session, MODEL, NewBlock(label="a", content="x"))
        other = await add_block(session, MODEL, NewBlock(label="b", content="y"))
    header, first, second = await _export(store)
    path = _write_lines(tmp_path, [header, {**first, field: value}, second])

    report = await _import(store, path)

    assert (report.changed, report.unchanged, report.problems) == (1, 1, [])
    by_id = {line["id"]: line for line in (await _export(store))[1:]}
    after, same = by_id[first["id"]], by_id[str(other.id)]
    kept = {"version", "updated_at", "meta_embedding_model"}
    assert {key: after[key] for key in after.keys() - kept} == {
        key: value for key, value in {**first, field: value}.items() if key not in kept
    }
    assert (after["version"], same) == (2, second)
    assert events(store_url)[-1] == "import.batch"


@pytest.mark.parametrize("status", [BlockStatus.LOCKED, BlockStatus.ARCHIVED])
async def test_a_line_leaves_what_is_locked_or_archived_and_says_so(
    status: BlockStatus, store: Database, store_url: str, tmp_path: Path
) -> None:
    async with store.session() as session:
        block = await add_block(session, MODEL, NewBlock(label="a", content="x"))
    header, line = await _export(store)
    await _edit(store, block, status=status)
    path = _write_lines(tmp_path, [header, {**line, "content": "Other."}])
    before = everything(store_url)

    report = await _import(store, path)

    [problem] = report.problems
    assert problem.code == errors.WrongState.code
    assert status.value in problem.message
    assert everything(store_url) == before


async def test_a_bad_line_is_named_and_what_stands_before_it_goes_in(
    store: Database, tmp_path: Path
) -> None:
    async with store.session() as session:
        for number in range(4):
            await add_block(session, MODEL, NewBlock(label=str(number), content="x"))
    header, *lines = await _export(store)
    fresh = [
        {**line, "id": f"00000000-0000-4000-8000-00000000000{n}", "label": f"new {n}"}
        for n, line in enumerate(lines)
    ]
    fresh[0]["meta_derived_from"] = fresh[1]["id"]
    path = _write_lines(tmp_path, [header, *fresh[:2], '{"id": ', *fresh[2:]])
    _pages(tmp_path, 1)

    report = await _import(store, tmp_path)

    [problem] = report.problems
    assert problem.path == path.name
    assert "line 4" in problem.message
    blocks = await _blocks(store)
    assert {"new 0", "new 1", "Page 0"} <= set(blocks)
    assert not {"new 2", "new 3"} & set(blocks)
    assert blocks["new 0"].meta_derived_from == blocks["new 1"].id
    _write_lines(tmp_path, [header, *fresh])
    again = await _import(store, tmp_path)
    assert (again.problems, again.added) == ([], 2)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("label", ""),
        ("label", "  "),
        ("label", "a" * 501),
        ("content", "a" * (MAX_CONTENT_CHARS + 1)),
        ("content", "a\x00"),
        ("version", 0),
        ("feedback_score", 2),
        ("created_at", "yesterday"),
    ],
)
async def test_a_line_that_no_table_takes_is_named(
    field: str, value: object, store: Database, tmp_path: Path
) -> None:
    async with store.session() as session:
        await add_block(session, MODEL, NewBlock(label="a", content="x"))
    header, line = await _export(store)
    fresh = {**line, "id": "00000000-0000-4000-8000-000000000001", "label": "b"}
    bad = {**line, "id": "00000000-0000-4000-8000-000000000002", "label": "c", field: value}
    path = _write_lines(tmp_path, [header, fresh, bad])

    report = await _import(store, path)

    [problem] = report.problems
    assert "line 3" in problem.message
    assert field in problem.message
    assert set(await _blocks(store)) == {"a", "b"}


async def test_a_line_with_a_taken_label_is_left_out_and_the_others_go_in(
    store: Database, tmp_path: Path
) -> None:
    async with store.session() as session:
        await add_block(session, MODEL, NewBlock(label="a", content="x"))
        await add_block(session, MODEL, NewBlock(label="b", content="x"))
    header, first, second = await _export(store)
    fresh = {**first, "id": "00000000-0000-4000-8000-000000000001", "label": "new"}
    taken = {**first, "id": "00000000-0000-4000-8000-000000000002", "label": "A"}
    path = _write_lines(
        tmp_path,
        [header, {**first, "label": "B"}, {**second, "content": "Other."}, taken, fresh, fresh],
    )

    report = await _import(store, path)

    assert [problem.code for problem in report.problems] == [errors.LabelTaken.code] * 3
    assert (report.added, report.changed) == (1, 1)
    blocks = await _blocks(store)
    assert set(blocks) == {"a", "b", "new"}
    assert blocks["b"].content == "Other."


async def test_an_export_of_another_gives_no_hint_of_what_they_have(
    store: Database, store_url: str, tmp_path: Path
) -> None:
    async with store.session() as session:
        await add_block(session, MODEL, NewBlock(label="secret label", content="x"))
    header, line = await _export(store)
    path = _write_lines(tmp_path, [header, {**line, "label": "mine"}])
    other = new_person(store_url)
    before = everything(store_url)["public.context_blocks"]

    reports = import_documents(lambda: store.session(other), MODEL, [path])
    report = [deepcopy(report) async for report in reports][-1]

    assert "secret" not in str(report)
    assert everything(store_url)["public.context_blocks"] == before
