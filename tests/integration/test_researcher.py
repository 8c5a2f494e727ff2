"""The researcher on files that blocks were imported from and on pages of the web, while others go on writing."""

import ssl
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from briefsmith.agents import researcher
from briefsmith.agents.block_sources import (
    NO_FOLDER,
    NO_SECTION,
    NOT_READABLE,
    SEVERAL_PAGES,
    SourceReader,
)
from briefsmith.agents.refreshing import Looked, Researched, refresh
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.models.enums import BlockSource, BlockUpdatePolicy, ProposalStatus
from briefsmith.operations.approvals import approve_proposal
from briefsmith.operations.blocks import (
    add_block,
    edit_block,
    get_block,
    list_blocks,
)
from briefsmith.operations.compose import compose_brief
from briefsmith.operations.imports import import_documents
from briefsmith.operations.reviews import ShownProposal, list_proposals
from briefsmith.postgres.database import Database
from briefsmith.providers.embeddings import Embedder
from briefsmith.providers.extraction.in_subprocess import SubprocessExtractor
from briefsmith.providers.fetching import Fetcher, FetchLimits, Web, read_allowed
from briefsmith.providers.tokenizer import TokenCounter
from briefsmith.schemas.blocks import BlockEdit, BlockFilter, NewBlock
from briefsmith.schemas.briefs import NewBrief
from tests.integration.http_story import Handler, Request, Server, serving, status
from tests.integration.stored import everything, tell
from tests.integration.test_fetching import CERTIFICATE, HOST, loopback, page, port_of, url_of

OLD = "Orders are sent on the next working day, says the page.\n"
NEW = "Orders are sent on the same day, says the page.\n"


@pytest.fixture
def site() -> Generator[Server]:
    with serving(page(NEW.encode()), CERTIFICATE) as story:
        yield story


def reader_of(site: Server | None = None) -> SourceReader:
    allowed = [f"{HOST}:{port_of(site)}"] if site else []
    trust = ssl.create_default_context(cafile=str(CERTIFICATE))
    web = Web(look_up=loopback, allow_private=True, trust=trust)
    return SourceReader(
        Fetcher(read_allowed(allowed), FetchLimits(seconds=5), web), SubprocessExtractor()
    )


async def research(store: Database, embedder: Embedder, site: Server | None = None) -> Researched:
    return await written(
        store, embedder, await researcher.look(store.session, reader_of(site), stale_days=30)
    )


async def written(store: Database, embedder: Embedder, looked: Looked) -> Researched:
    async with store.session() as session:
        return await refresh(session, embedder, looked)


async def added(store: Database, embedder: Embedder, notes: str, **others: Any) -> ContextBlock:
    values: dict[str, Any] = {"label": "Page", "content": OLD, "meta_refreshable": True, **others}
    async with store.session() as session:
        return await add_block(session, embedder, NewBlock(meta_agent_notes=notes, **values))


async def now(store: Database, block: ContextBlock) -> ContextBlock:
    async with store.session(read_only=True) as session:
        return await get_block(session, block.id)


async def proposals(store: Database, state: ProposalStatus) -> list[ShownProposal]:
    async with store.session(read_only=True) as session:
        return [one async for one in list_proposals(session, [state])]


# ---- pages of the web


async def test_a_page_that_was_allowed_renews_a_block_that_was_left_to_agents(
    store: Database, embedder: Embedder, site: Server
) -> None:
    block = await added(store, embedder, f"Kept by sales.\r\nSource: {url_of(site)}#part\r\n")

    done = await research(store, embedder, site)

    fresh = await now(store, block)
    assert done.counts == {"applied": 1}
    assert "review list --status applied" in done.notes[0]
    assert (fresh.content, fresh.source, fresh.version) == (NEW, BlockSource.AGENT, 2)
    [shown] = await proposals(store, ProposalStatus.APPLIED)
    assert (shown.proposal.decided_by, shown.proposal.reason) == (
        "agent:researcher",
        "The page on the web that it comes from says something else now.",
    )
    assert (await research(store, embedder, site)).counts == {"unchanged": 1}


async def test_a_text_from_the_web_stands_in_a_brief_as_less_trusted(
    store: Database, embedder: Embedder, tokens: TokenCounter, site: Server
) -> None:
    block = await added(store, embedder, f"source: {url_of(site)}")
    texts: list[str] = []
    for _ in range(2):
        async with store.session() as session:
            new = NewBrief(intent="When are orders sent?", blocks=(block.id,))
            texts.append((await compose_brief(session, embedder, tokens, new)).compiled.markdown)
        await research(store, embedder, site)

    before, after = texts
    assert NEW.strip() in after
    assert OLD.strip() in before
    assert after.count("an agent (less trusted)") > before.count("an agent (less trusted)")


@pytest.mark.parametrize("kept", ["manual", "waiting", "long"])
async def test_what_is_kept_from_agents_is_only_proposed_and_the_same_once(
    kept: str, store: Database, embedder: Embedder, site: Server
) -> None:
    if kept == "long":
        site.usual = page(b"x" * 16_001)
    manual = BlockUpdatePolicy.MANUAL if kept == "manual" else BlockUpdatePolicy.AUTO
    others = {"update_policy": manual, "requires_user_review": kept == "waiting"}
    block = await added(store, embedder, f"source: {url_of(site)}", **others)

    counts = [(await research(store, embedder, site)).counts for _ in range(3)]

    assert counts == [{"proposed": 1}, {"known": 1}, {"known": 1}]
    assert await now(store, block) == block
    [shown] = await proposals(store, ProposalStatus.PENDING)
    async with store.session() as session:
        [fresh] = (await approve_proposal(session, embedder, shown.proposal.id)).blocks
    assert fresh.content != OLD


async def test_a_page_that_is_not_to_be_had_changes_nothing_and_stops_no_other(
    store: Database, store_url: str, embedder: Embedder, site: Server, tmp_path: Path
) -> None:
    await added(store, embedder, f"source: {url_of(site)}")
    await added(store, embedder, "source: https://other.example/", label="Other")
    await added(store, embedder, f"source: {url_of(site)}\nsource: {url_of(site, '/b')}", label="2")
    await added(store, embedder, f"source: http://{HOST}/", label="Open")
    site.usual = status(503)
    before = everything(store_url)

    done = await research(store, embedder, site)

    assert done.counts == {"skipped": 4}
    assert len(done.notes) == 4
    said = " ".join(done.notes)
    assert all(one in said for one in ("B612", "B115 The host", SEVERAL_PAGES, "not encrypted"))
    assert everything(store_url) == before


def _edited(url: str, block: ContextBlock) -> None:
    tell(url, "update context_blocks set content = 'Mine.' where id = %s", block.id)


def _purged(url: str, block: ContextBlock) -> None:
    tell(url, "delete from context_blocks where id = %s", block.id)


def _archived(url: str, block: ContextBlock) -> None:
    tell(url, "update context_blocks set status = 'archived' where id = %s", block.id)


def _locked(url: str, block: ContextBlock) -> None:
    tell(url, "update context_blocks set status = 'locked' where id = %s", block.id)


def _withdrawn(url: str, block: ContextBlock) -> None:
    tell(url, "update context_blocks set meta_refreshable = false where id = %s", block.id)


@pytest.mark.parametrize("meanwhile", [_edited, _purged, _archived, _locked, _withdrawn])
async def test_a_block_that_changes_while_its_page_is_fetched_is_left_alone(
    meanwhile: Callable[[str, ContextBlock], None],
    store: Database,
    store_url: str,
    embedder: Embedder,
    site: Server,
) -> None:
    block = await added(store, embedder, f"source: {url_of(site)}")
    other = await added(store, embedder, f"source: {url_of(site, '/other')}", label="Other")

    def change(handler: Handler, request: Request) -> None:
        # Another connection gets through: nothing is held while somebody is waited for.
        with psycopg.connect(store_url, options="-c lock_timeout=2s") as connection:
            [idle] = connection.execute(
                "select count(*) from pg_stat_activity where datname = current_database()"
                " and state like 'idle in transaction%'"
            ).fetchone() or (1,)
        if idle == 0:
            meanwhile(store_url, block)
        page(NEW.encode())(handler, request)

    site.replies.append(change)
    looked = await researcher.look(store.session, reader_of(site))
    before = everything(store_url)["public.context_blocks"]
    done = await written(store, embedder, looked)

    changed = [one for one in everything(store_url)["public.context_blocks"] if one not in before]
    assert done.counts == {"applied": 1, "moved": 1}
    assert len(changed) == 1
    assert str(other.id) in changed[0]
    assert (await now(store, other)).content == NEW


# ---- files that blocks were imported from


async def imported(store: Database, embedder: Embedder, folder: Path, **others: Any) -> None:
    async for _ in import_documents(store.session, embedder, [folder], **others):
        pass
    async with store.session() as session:
        for block in [one async for one in list_blocks(session, BlockFilter())]:
            if not block.meta_refreshable:
                edit = BlockEdit(meta_refreshable=True)
                await edit_block(session, embedder, block.id, edit)


async def contents(store: Database) -> list[str]:
    async with store.session(read_only=True) as session:
        return sorted([block.content async for block in list_blocks(session, BlockFilter())])


def sections(*texts: str) -> str:
    return "\n\n".join(f"# Part {n}\n\n{text} {'x' * 1_000}" for n, text in enumerate(texts))


async def test_each_section_of_a_file_renews_the_block_that_it_became(
    store: Database, embedder: Embedder, tmp_path: Path
) -> None:
    file = tmp_path / "prices.md"
    file.write_text(sections("one", "two", "three"), encoding="utf-8")
    await imported(store, embedder, tmp_path)
    assert (await research(store, embedder)).counts == {"unchanged": 3}

    file.write_text(sections("one", "2", "three"), encoding="utf-8")
    done = await research(store, embedder)

    assert done.counts == {"applied": 1, "unchanged": 2}
    assert [text.split()[0] for text in await contents(store)] == ["2", "one", "three"]
    assert (await research(store, embedder)).counts == {"unchanged": 3}


async def test_a_persons_own_words_are_no_change_of_the_file_also_after_it_was_read(
    store: Database, embedder: Embedder, tmp_path: Path
) -> None:
    file = tmp_path / "prices.md"
    file.write_text("Free from 40 EUR.", encoding="utf-8")
    await imported(store, embedder, tmp_path)
    for text in ("Free from 60 EUR.", "Free from 80 EUR."):
        file.write_text(text, encoding="utf-8")
        assert (await research(store, embedder)).counts == {"applied": 1}
        async with store.session() as session:
            [block] = [one async for one in list_blocks(session, BlockFilter())]
            await edit_block(session, embedder, block.id, BlockEdit(content="Mine."))
        assert (await research(store, embedder)).counts == {"unchanged": 1}
        await imported(store, embedder, tmp_path)
        assert await contents(store) == ["Mine."]


def _gone(file: Path) -> None:
    file.unlink()


def _no_text(file: Path) -> None:
    file.write_bytes(b"\xff")


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _other(file: Path) -> None:
    file.write_text("# Other\n\nText.", encoding="utf-8")


def _link(file: Path) -> None:
    file.unlink()
    file.symlink_to("/etc/hostname")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_gone, NOT_READABLE),
        (_no_text, NOT_READABLE),
        (_empty, NOT_READABLE),
        (_other, NO_SECTION),
        (_link, NOT_READABLE),
    ],
)
async def test_a_file_that_has_the_text_no_more_wipes_no_block(
    change: Callable[[Path], object], why: str, store: Database, embedder: Embedder, tmp_path: Path
) -> None:
    file = tmp_path / "prices.md"
    file.write_text("# Prices\n\nFree from 40 EUR.", encoding="utf-8")
    await imported(store, embedder, tmp_path)

    change(file)
    done = await research(store, embedder)

    assert done.counts == {"skipped": 1}
    assert why in done.notes[0]
    assert await contents(store) == ["Free from 40 EUR."]


async def test_a_file_that_was_imported_under_a_name_says_that_nobody_knows_where_it_is(
    store: Database, embedder: Embedder, tmp_path: Path
) -> None:
    (tmp_path / "prices.md").write_text("Free from 40 EUR.", encoding="utf-8")
    await imported(store, embedder, tmp_path, collection="shop")

    done = await research(store, embedder)

    assert done.counts == {"skipped": 1}
    assert NO_FOLDER in done.notes[0]


async def test_more_text_than_one_run_holds_is_left_for_the_next(
    store: Database, embedder: Embedder, site: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(researcher, "_MOST_CHARS", len(NEW) + 1)
    for number in range(5):
        await added(store, embedder, f"source: {url_of(site)}", label=f"Page {number}")

    counts = [(await research(store, embedder, site)).counts for _ in range(3)]

    assert counts == [
        {"applied": 2, "left_for_later": 3},
        {"applied": 2, "left_for_later": 1, "unchanged": 2},
        {"applied": 1, "unchanged": 4},
    ]
