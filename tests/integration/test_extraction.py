"""The verb extract: what a file of the library becomes, and that again it becomes nothing more."""

import asyncio
import hashlib
from collections.abc import Callable
from typing import BinaryIO
from uuid import UUID

import pytest

from briefsmith import errors
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.models.enums import BlockSource
from briefsmith.operations.blocks import (
    accept_block,
    archive_block,
    edit_block,
    list_blocks,
    purge_block,
)
from briefsmith.operations.compose import compose_brief
from briefsmith.operations.extraction import extract_file
from briefsmith.postgres.database import Database
from briefsmith.postgres.session import Session
from briefsmith.providers.extraction.in_subprocess import SubprocessExtractor
from briefsmith.providers.extraction.port import Extraction, ExtractionKind, Part, Refusal
from briefsmith.providers.tokenizer import TokenCounter
from briefsmith.schemas.blocks import BlockEdit, BlockFilter
from briefsmith.schemas.briefs import NewBrief
from briefsmith.schemas.extraction import ExtractionReport
from tests.integration.shelf import Shelf
from tests.integration.stored import (
    ScriptedEmbedder,
    SilentEmbedder,
    ask,
    everything,
    tell,
)
from tests.unit.extraction_files import handbook_docx, handbook_pdf

MODEL = ScriptedEmbedder()
LONG = "Orders are confirmed in writing, by name and within two days. " * 40


class Scripted:
    """Takes out of every file what it is told."""

    def __init__(self, *parts: tuple[str, str]) -> None:
        self.parts = parts
        self.meanwhile: Callable[[], None] = lambda: None

    async def extract(self, source: BinaryIO, kind: ExtractionKind) -> Extraction | Refusal:
        self.meanwhile()
        return Extraction(tuple(Part(place, text) for place, text in self.parts))


class Library:
    """The files of a person, without the commands that make them."""

    def __init__(self, store: Database) -> None:
        self.store = store
        self.shelf = Shelf()

    async def add(self, data: bytes, name: str, label: str = "Handbook") -> UUID:
        return self.shelf.hold(self.store.url, self.store.user_id, data, name, label)

    async def take(
        self, file_id: UUID, extractor: Scripted | SubprocessExtractor, *, dry_run: bool = False
    ) -> ExtractionReport:
        return await extract_file(
            self.store.session, MODEL, self.shelf, extractor, file_id, dry_run=dry_run
        )


@pytest.fixture
def library(store: Database) -> Library:
    return Library(store)


async def _blocks(store: Database) -> list[ContextBlock]:
    async with store.session(read_only=True) as session:
        return [block async for block in list_blocks(session, BlockFilter())]


def _outcomes(report: ExtractionReport) -> list[str]:
    return [block.outcome.value for block in report.blocks]


SECTIONS = (("page 1", f"# Orders\n\n{LONG}"), ("page 2", f"# Prices\n\n{LONG} Prices."))


async def test_a_file_becomes_drafts_that_say_where_they_are_from(library: Library) -> None:
    data = handbook_pdf(3)
    file_id = await library.add(data, "handbook.pdf")

    report = await library.take(file_id, SubprocessExtractor())

    blocks = await _blocks(library.store)
    assert [block.id for block in blocks] == [one.block_id for one in report.blocks]
    assert len(blocks) > 1
    assert {block.source for block in blocks} == {BlockSource.PARSER}
    assert all(block.requires_user_review for block in blocks)
    assert all(block.meta_embedding_model == MODEL.name for block in blocks)
    assert blocks[0].meta_agent_notes is not None
    assert blocks[0].meta_agent_notes.split("\n")[:3] == [
        "Extracted from the file “Handbook” (handbook.pdf).",
        f"File: {file_id}",
        f"SHA-256: {hashlib.sha256(data).hexdigest()}",
    ]
    assert "Place: page 1" in blocks[0].meta_agent_notes
    assert report.kind == "pdf"
    assert _outcomes(report) == ["added"] * len(blocks)
    told = ask(library.store.url, "select topic, payload from public.events")
    expected = {"file_id": str(file_id), "added": len(blocks), "changed": 0}
    assert told == [("file.extracted", expected)]


async def test_drafts_enter_no_brief_before_a_person_accepts_them(
    library: Library, tokens: TokenCounter
) -> None:
    file_id = await library.add(handbook_docx(), "handbook.docx")
    report = await library.take(file_id, SubprocessExtractor())
    block_id = report.blocks[0].block_id
    assert block_id is not None
    request = NewBrief(intent="A written order")

    async def awaiting(session: Session) -> list[UUID]:
        found = list_blocks(session, BlockFilter(), awaiting_review=True)
        return [block.id async for block in found]

    async with library.store.session() as session:
        waiting = await awaiting(session)
        before = await compose_brief(session, MODEL, tokens, request)
        await accept_block(session, block_id)
        behind = await compose_brief(session, MODEL, tokens, request)
        left = await awaiting(session)

    assert (waiting, left) == ([block_id], [])
    assert before.compiled.snapshot.blocks == ()
    assert [part.block_id for part in behind.compiled.snapshot.blocks] == [block_id]


async def test_the_same_file_again_changes_nothing(library: Library) -> None:
    file_id = await library.add(handbook_pdf(2), "handbook.pdf")
    await library.take(file_id, SubprocessExtractor())
    before = everything(library.store.url)

    report = await library.take(file_id, SubprocessExtractor())

    assert set(_outcomes(report)) == {"unchanged"}
    assert everything(library.store.url) == before


async def test_two_extractions_of_one_file_at_once_make_no_doubles(library: Library) -> None:
    file_id = await library.add(b"x", "handbook.md")

    reports = await asyncio.gather(*(library.take(file_id, Scripted(*SECTIONS)) for _ in range(2)))

    outcomes = sorted(_outcomes(report) for report in reports)
    assert outcomes == [["added", "added"], ["unchanged", "unchanged"]]
    assert len(await _blocks(library.store)) == 2


async def test_a_dry_run_shows_all_and_stores_nothing(library: Library) -> None:
    file_id = await library.add(b"x", "handbook.md")
    before = everything(library.store.url)

    planned = await library.take(file_id, Scripted(*SECTIONS), dry_run=True)

    assert everything(library.store.url) == before
    assert planned.is_dry_run
    assert [block.block_id for block in planned.blocks] == [None, None]
    made = await library.take(file_id, Scripted(*SECTIONS))
    assert [(one.label, one.place, one.content) for one in planned.blocks] == [
        (one.label, one.place, one.content) for one in made.blocks
    ]


async def test_a_changed_piece_is_updated_and_awaits_review_again(library: Library) -> None:
    file_id = await library.add(b"x", "handbook.md")
    first = await library.take(file_id, Scripted(*SECTIONS))
    async with library.store.session() as session:
        for block in first.blocks:
            assert block.block_id is not None
            await accept_block(session, block.block_id)

    report = await library.take(
        file_id, Scripted(SECTIONS[0], ("page 3", f"# Prices\n\n{LONG} New."))
    )

    blocks = await _blocks(library.store)
    assert _outcomes(report) == ["unchanged", "changed"]
    assert [block.version for block in blocks] == [2, 3]
    assert [block.requires_user_review for block in blocks] == [False, True]
    assert blocks[1].content.endswith("New.")
    assert "page 3" in str(blocks[1].meta_agent_notes)
    assert report.blocks[1].block_id == blocks[1].id


@pytest.mark.parametrize(
    ("done", "reason"),
    [("edited", "it was edited since"), ("archived", "it is archived"), ("locked", "it is locked")],
)
async def test_what_a_person_decided_is_kept(done: str, reason: str, library: Library) -> None:
    file_id = await library.add(b"x", "handbook.md")
    first = await library.take(file_id, Scripted(*SECTIONS))
    block_id = first.blocks[1].block_id
    assert block_id is not None
    async with library.store.session() as session:
        if done == "edited":
            await edit_block(session, MODEL, block_id, BlockEdit(content="Mine."))
        elif done == "archived":
            await archive_block(session, block_id)
        else:
            await edit_block(
                session, MODEL, block_id, BlockEdit.model_validate({"status": "locked"})
            )
    before = everything(library.store.url)

    again = await library.take(file_id, Scripted(*SECTIONS))
    changed = await library.take(file_id, Scripted(SECTIONS[0], ("", f"# Prices\n\n{LONG} New.")))

    assert _outcomes(again) == ["unchanged", "unchanged"]
    assert _outcomes(changed) == ["unchanged", "kept"]
    assert changed.blocks[1].kept_because == reason
    assert everything(library.store.url) == before


async def test_a_block_that_was_purged_comes_back_as_new(library: Library) -> None:
    file_id = await library.add(b"x", "handbook.md")
    first = await library.take(file_id, Scripted(*SECTIONS))
    async with library.store.session() as session:
        assert first.blocks[0].block_id is not None
        await purge_block(session, first.blocks[0].block_id)

    report = await library.take(file_id, Scripted(*SECTIONS))

    assert _outcomes(report) == ["added", "unchanged"]


async def test_a_piece_that_is_gone_is_told_and_stays(library: Library) -> None:
    file_id = await library.add(b"x", "handbook.md")
    first = await library.take(file_id, Scripted(*SECTIONS))

    report = await library.take(file_id, Scripted(SECTIONS[0]))

    assert [gone.block_id for gone in report.gone] == [first.blocks[1].block_id]
    assert len(await _blocks(library.store)) == 2


async def test_the_same_text_in_another_file_is_the_same_block(library: Library) -> None:
    first_id, second_id = await library.add(b"1", "a.md"), await library.add(b"2", "b.md")
    first = await library.take(first_id, Scripted(*SECTIONS))

    second = await library.take(second_id, Scripted(SECTIONS[0], ("", f"# Prices\n\n{LONG} New.")))

    assert _outcomes(second) == ["known", "added"]
    assert second.blocks[0].block_id == first.blocks[0].block_id
    assert second.blocks[1].label == "Handbook \u203a Prices (b.md)"
    assert _outcomes(await library.take(second_id, Scripted(SECTIONS[0]))) == ["unchanged"]


async def test_a_text_that_a_file_holds_twice_is_two_blocks(library: Library) -> None:
    file_id = await library.add(b"x", "a.md")
    parts = (("", f"# One\n\n{LONG}"), ("", f"# Two\n\n{LONG}"))

    report = await library.take(file_id, Scripted(*parts))

    assert len({block.block_id for block in report.blocks}) == 2
    assert _outcomes(await library.take(file_id, Scripted(*parts))) == ["unchanged", "unchanged"]


async def test_a_label_that_is_taken_gets_the_file_behind_it(library: Library) -> None:
    one, other = await library.add(b"1", "a.txt"), await library.add(b"2", "b.txt")
    await library.take(one, Scripted(("", "First text.")))

    report = await library.take(other, Scripted(("", "Second text.")))

    assert [block.label for block in report.blocks] == ["Handbook (b.txt)"]


async def test_without_an_answer_of_the_model_blocks_go_in_without_vectors(
    library: Library,
) -> None:
    file_id = await library.add(b"x", "a.txt")

    report = await extract_file(
        library.store.session, SilentEmbedder(), library.shelf, Scripted(("", "Text.")), file_id
    )

    assert report.without_vector == 1
    assert (await _blocks(library.store))[0].meta_embedding_model is None


async def test_no_transaction_is_open_while_a_converter_runs(library: Library) -> None:
    file_id = await library.add(b"x", "a.txt")
    open_sessions: list[int] = []
    extractor = Scripted(("", "Text."))

    def look() -> None:
        open_sessions.append(
            ask(
                library.store.url,
                "select count(*) from pg_stat_activity where datname = current_database() "
                "and pid <> pg_backend_pid() and xact_start is not null",
            )[0][0]
        )

    extractor.meanwhile = look
    await library.take(file_id, extractor)

    assert open_sessions == [0]


async def test_a_file_that_is_removed_meanwhile_leaves_nothing(library: Library) -> None:
    file_id = await library.add(b"x", "a.txt")
    extractor = Scripted(("", "Text."))

    def remove() -> None:
        tell(library.store.url, "delete from public.block_files where id = %s", file_id)

    extractor.meanwhile = remove
    with pytest.raises(errors.LibraryFileNotFound):
        await library.take(file_id, extractor)

    assert await _blocks(library.store) == []


async def test_somebody_elses_file_is_not_found(library: Library) -> None:
    with pytest.raises(errors.LibraryFileNotFound):
        await library.take(UUID(int=7), Scripted(("", "x")))


REFUSED = {
    "empty": (b"", "a.md", "it is empty"),
    "headings": (b"# One\n\n## Two\n", "a.md", "there is no text in it"),
    "spaces": (b" \n\t\n", "a.csv", "there is no text in it"),
    "front matter": (b"---\nlayout: post\n---\nText", "a.md", "front matter has the key 'layout'"),
    "picture": (b"\x89PNG\r\n", "a.png", "there is no text in it that could be read"),
    "macros": (b"PK", "a.docm", "may hold macros"),
    "damaged": (b"%PDF-1.4\n", "a.pdf", "it is damaged"),
    "too many": (
        "\n\n".join(f"# Heading {number}\n\n{'word ' * 60}" for number in range(1_100)).encode(),
        "a.md",
        "1,100 blocks, and 1,000",
    ),
    "giant": (b"<!-- " + b"x" * 1_000_100 + b" -->", "a.md", "more than 1,000,000 characters"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_a_refused_file_is_named_and_the_store_is_as_before(
    name: str, library: Library
) -> None:
    data, file_name, reason = REFUSED[name]
    file_id = await library.add(data, file_name, label="Our \x1b[31mhandbook")
    before = everything(library.store.url)

    with pytest.raises(errors.NotExtractable) as caught:
        await library.take(file_id, SubprocessExtractor())

    assert reason in caught.value.message
    assert f"“Our [31mhandbook” ({file_id})" in caught.value.message
    assert caught.value.hint
    assert caught.value.details["id"] == str(file_id)
    assert everything(library.store.url) == before


async def test_bytes_that_are_gone_or_others_are_told(library: Library) -> None:
    gone, other, elsewhere = [await library.add(data, "a.txt") for data in (b"1", b"2", b"3")]
    library.shelf.held.pop(hashlib.sha256(b"1").hexdigest())
    library.shelf.held[hashlib.sha256(b"2").hexdigest()] = b"9"
    tell(
        library.store.url,
        "update public.block_files set file_url = 's3://b/3' where id = %s",
        elsewhere,
    )

    with pytest.raises(errors.FileContentMissing):
        await library.take(gone, Scripted(("", "x")))
    with pytest.raises(errors.NotExtractable, match="not those that were added"):
        await library.take(other, Scripted(("", "x")))
    with pytest.raises(errors.FileContentMissing, match="another storage"):
        await library.take(elsewhere, Scripted(("", "x")))


async def test_a_label_that_is_taken_in_this_moment_leaves_nothing(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    from briefsmith.operations.import_labels import Labels

    file_id = await library.add(b"x", "a.md")
    await library.take(await library.add(b"y", "b.md", label="Other"), Scripted(("", "Text.")))
    before = everything(library.store.url)

    async def other(self: Labels, wanted: object, *, own: UUID | None = None) -> str:
        return "Other"

    monkeypatch.setattr(Labels, "give", other)
    with pytest.raises(errors.LabelTaken):
        await library.take(file_id, Scripted(("", "Another text.")))

    assert everything(library.store.url) == before
