"""Verbs on blocks: what they write, and that a refused one writes nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from briefsmith import errors
from briefsmith.models.context_blocks import ContextBlock
from briefsmith.models.enums import (
    BlockImportance,
    BlockSource,
    BlockStatus,
    BlockType,
    BlockUpdatePolicy,
)
from briefsmith.operations import blocks
from briefsmith.operations.blocks import (
    add_block,
    archive_block,
    block_history,
    edit_block,
    get_block,
    get_block_version,
    list_blocks,
    purge_block,
    restore_block,
)
from briefsmith.operations.counts import count_blocks
from briefsmith.postgres.database import Database
from briefsmith.postgres.session import Session
from briefsmith.providers.embeddings import Embedder
from briefsmith.schemas.blocks import (
    MAX_CONTENT_CHARS,
    MAX_LABEL_CHARS,
    BlockEdit,
    BlockFilter,
    NewBlock,
)
from tests.integration.stored import (
    NO_ID,
    SilentEmbedder,
    ask,
    events,
    everything,
    new_person,
    wait_until_blocked,
)

VOICE = NewBlock(label="Brand voice", content="Plain words, no exclamation marks.")


async def _add(store: Database, embedder: Embedder, new: NewBlock = VOICE) -> ContextBlock:
    async with store.session() as session:
        return await add_block(session, embedder, new)


async def _edit(
    store: Database,
    embedder: Embedder,
    block_id: UUID,
    edit: BlockEdit,
    expected_version: int | None = None,
) -> ContextBlock:
    async with store.session() as session:
        return await edit_block(
            session, embedder, block_id, edit, expected_version=expected_version
        )


async def _get(store: Database, block_id: UUID) -> ContextBlock:
    async with store.session(read_only=True) as session:
        return await get_block(session, block_id)


async def _all(store: Database, wanted: BlockFilter, limit: int | None = None) -> list[str]:
    async with store.session(read_only=True) as session:
        return [block.label async for block in list_blocks(session, wanted, limit=limit)]


# Adding


async def test_a_new_block_is_there_as_it_was_given(
    store: Database, store_url: str, embedder: Embedder
) -> None:
    origin = await _add(store, embedder)
    new = NewBlock(
        label="Tone",
        content="Warm.\n\n\tNever loud. ",
        type=BlockType.STYLE_GUIDE,
        source=BlockSource.AGENT,
        importance=BlockImportance.HIGH,
        update_policy=BlockUpdatePolicy.MANUAL,
        meta_tags=["a", "ü"],
        meta_context_scope="shop",
        meta_agent_notes="notes",
        meta_derived_from=origin.id,
        meta_refreshable=True,
        meta_locale="de-AT",
        meta_visibility="shared",
        meta_emotional_tone=["calm"],
        requires_user_review=True,
    )

    made = await _add(store, embedder, new)

    assert await _get(store, made.id) == made
    assert made.model_dump(include=set(NewBlock.model_fields)) == new.model_dump()
    assert (made.version, made.status, made.user_id) == (1, BlockStatus.ACTIVE, store.user_id)
    assert made.meta_embedding_model == embedder.name
    assert events(store_url) == ["block.created", "block.created"]
    assert ask(store_url, "select count(*) from public.block_revisions") == [(0,)]


@pytest.mark.parametrize(
    "text",
    [
        "\N{LINE SEPARATOR}\x85\x0b\x0c\r\n\r",
        "\N{RIGHT-TO-LEFT OVERRIDE}\N{ZERO WIDTH JOINER}\N{BYTE ORDER MARK}",
        "\x01\x1b[31m\x7f\ufffe\U0010ffff",
        "'; drop table context_blocks; -- %(label)s {} \\ \\u0000 $$",
        "\N{BABY}\N{EMOJI MODIFIER FITZPATRICK TYPE-6}" * 100,
        "e\u0301 \u00e9",
    ],
)
async def test_odd_characters_come_back_as_they_were(
    text: str, store: Database, embedder: Embedder
) -> None:
    new = NewBlock(label=f"x{text}x", content=text, meta_tags=[text[:100]], meta_agent_notes=text)

    made = await _add(store, embedder, new)

    stored = await _get(store, made.id)
    assert (stored.content, stored.meta_tags, stored.meta_agent_notes) == (text, [text[:100]], text)
    assert stored.label == " ".join(f"x{text}x".split())


async def test_the_longest_label_and_content_go_in(store: Database, embedder: Embedder) -> None:
    label = "\N{BABY}" * MAX_LABEL_CHARS
    content = " ".join(f"word{number}" for number in range(MAX_CONTENT_CHARS // 10))
    content += "." * (MAX_CONTENT_CHARS - len(content))

    made = await _add(store, embedder, NewBlock(label=label, content=content))

    stored = await _get(store, made.id)
    assert stored.label == label
    assert stored.content == content


@pytest.mark.parametrize(
    "taken", ["Brand voice", "BRAND VOICE", "  brand \t voice\n", "brand\N{NO-BREAK SPACE}voice"]
)
async def test_a_taken_label_is_refused_with_the_block_that_has_it(
    taken: str, store: Database, store_url: str, embedder: Embedder
) -> None:
    first = await _add(store, embedder)
    before = everything(store_url)

    with pytest.raises(errors.LabelTaken) as caught:
        await _add(store, embedder, NewBlock(label=taken, content="Another."))

    assert caught.value.details["other"] == {
        "block_id": str(first.id),
        "version": 1,
        "label": "Brand voice",
        "status": "active",
    }
    assert everything(store_url) == before


async def test_the_case_of_a_label_is_ignored_beyond_ascii(
    store: Database, embedder: Embedder
) -> None:
    await _add(store, embedder, NewBlock(label="Über Ölung, ЯЩИК, ΟΔΌΣ", content="x"))

    with pytest.raises(errors.LabelTaken):
        await _add(store, embedder, NewBlock(label="über ölung, ящик, οδόσ", content="y"))


async def test_the_label_of_an_archived_block_is_free(store: Database, embedder: Embedder) -> None:
    first = await _add(store, embedder)
    async with store.session() as session:
        await archive_block(session, first.id)

    second = await _add(store, embedder)

    assert second.id != first.id


async def test_a_label_of_somebody_else_is_no_obstacle(
    store: Database, store_url: str, embedder: Embedder
) -> None:
    other = new_person(store_url)
    await _add(store, embedder)

    async with store.session(other) as session:
        block = await add_block(session, embedder, VOICE)

    assert block.user_id == other.user_id


async def test_a_block_derives_from_no_block_that_is_not_there(
    store: Database, store_url: str, embedder: Embedder
) -> None:
    before = everything(store_url)

    with pytest.raises(errors.BlockNotFound) as caught:
        new = NewBlock(label="x", content="y", meta_derived_from=NO_ID)
        await _add(store, embedder, new)

    assert caught.value.details == {"id": str(NO_ID)}
    assert everything(store_url) == before


async def test_without_an_embedder_a_block_goes_in_and_waits_for_its_vector(
    store: Database, embedder: Embedder
) -> None:
    made = await _add(store, SilentEmbedder())

    assert made.meta_embedding_model is None
    async with store.session() as session:
        assert (await count_blocks(session, embedder.name)).unembedded == 1


# Listing


async def test_a_list_has_every_block_once_whatever_the_page(
    store: Database, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = [f"label {number:02}" for number in range(11)]
    async with store.session() as session:  # one transaction: all have the same time
        for label in labels:
            await add_block(session, embedder, NewBlock(label=label, content="x"))

    for page in (1, 3, 11, 12):
        monkeypatch.setattr(blocks, "_PAGE", page)
        assert sorted(await _all(store, BlockFilter())) == labels


@pytest.mark.parametrize("limit", [0, 1, 3, 4, 5, 9])
async def test_a_limit_holds_across_pages(
    limit: int, store: Database, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        await _add(store, embedder, NewBlock(label=str(number), content="x"))
    monkeypatch.setattr(blocks, "_PAGE", 2)

    found = await _all(store, BlockFilter(), limit)

    assert found == ["0", "1", "2", "3", "4"][:limit]


async def test_each_condition_of_a_filter_holds(store: Database, embedder: Embedder) -> None:
    odd = NewBlock(
        label="odd",
        content="x",
        type=BlockType.TOPIC,
        source=BlockSource.PARSER,
        importance=BlockImportance.LOW,
        meta_tags=["a", "b"],
        meta_context_scope="shop",
        meta_locale="de",
    )
    await _add(store, embedder, odd)
    plain = await _add(store, embedder, NewBlock(label="plain", content="x", meta_tags=["a"]))
    async with store.session() as session:
        await archive_block(session, plain.id)
    await _add(store, embedder, NewBlock(label="third", content="x"))

    found = [
        await _all(store, wanted)
        for wanted in (
            BlockFilter(types=(BlockType.TOPIC, BlockType.INSIGHT)),
            BlockFilter(sources=(BlockSource.PARSER,)),
            BlockFilter(importances=(BlockImportance.LOW,)),
            BlockFilter(tags=("b", "a")),
            BlockFilter(scope="shop"),
            BlockFilter(locale="de"),
        )
    ]

    assert found == [["odd"]] * 6
    assert await _all(store, BlockFilter()) == ["odd", "third"]
    assert await _all(store, BlockFilter(statuses=(BlockStatus.ARCHIVED,))) == ["plain"]
    assert await _all(store, BlockFilter(statuses=tuple(BlockStatus), tags=("a",))) == [
        "odd",
        "plain",
    ]
    assert await _all(store, BlockFilter(tags=("b", "c"))) == []


# Editing


async def test_an_edit_is_a_version_with_a_revision_and_an_event(
    store: Database, store_url: str, embedder: Embedder
) -> None:
    first = await _add(store, embedder)
    [(vector,)] = ask(store_url, "select meta_embedding::text from public.context_blocks")

    second = await _edit(store, embedder, first.id, BlockEdit(content="Loud words!"))

    assert (second.version, second.content, second.label) == (2, "Loud words!", first.label)
    async with store.session() as session:
        [revision] = await block_history(session, first.id)
    assert revision.version == 1
    assert revision.changed_by == "user"
    assert ContextBlock.model_validate(revision.snapshot) == first
    assert events(store_url) == ["block.created", "block.updated"]
    [(after,)] = ask(store_url, "select meta_embedding::text from public.context_blocks")
    assert after != vector
    assert second.meta_embedding_model == embedder.name


@pytest.mark.parametrize(
    "edit",
    [
        BlockEdit(label="Voice"),
        BlockEdit(label="BRAND voice"),
        BlockEdit(type=BlockType.GUIDE),
        BlockEdit(importance=BlockImportance.LOW),
        BlockEdit(update_policy=BlockUpdatePolicy.MANUAL),
        BlockEdit(status=BlockStatus.LOCKED),
        BlockEdit(meta_tags=["a"]),
        BlockEdit(meta_context_scope="shop"),
        BlockEdit(meta_agent_notes="n"),
        BlockEdit(meta_locale="fr"),
        BlockEdit(meta_visibility="hidden"),
        BlockEdit(meta_emotional_tone=["calm"]),
        BlockEdit(requires_user_review=True),
    ],
    ids=lambda edit: next(iter(edit.model_fields_set)),
)
async def test_an_edit_of_any_field_is_a_version_and_changes_that_field_alone(
    edit: BlockEdit, store: Database, embedder: Embedder
) -> None:
    first = await _add(store, embedder)

    second = await _edit(store, embedder, first.id, edit)

    changed = edit.model_dump(exclude_unset=True)
    assert second.model_dump() == {
        **first.model_dump(),
        **changed,
        "version": 2,
        "updated_at": second.updated_at,
    }


async def test_an_edit_that_changes_nothing_is_no_version_and_no_event(
    store: Database, store_url: str, embedder: Embedder
) -> None:
    first = await _add(store, embedder)
    before = everything(store_url)

    same = BlockEdit(label=first.label, content=first.content, meta_tags=[], meta_locale=None)
    again = await _edit(store, embedder, first.id, same)

    assert again == first
    assert everything(store_url) == before


async def test_null_clears_what_may_be_null(store: Database, embedder: Embedder) -> None:
    new = VOICE.model_copy(
        update={"meta_context_scope": "s", "meta_agent_notes": "n", "meta_locale": "de"}
    )
    first = await _add(store, embedder, new)

    cleared = BlockEdit(meta_context_scope=None, meta_agent_notes=None, meta_locale=None)
    second = await _edit(store, embedder, first.id, cleared)

    assert (second.meta_context_scope, second.meta_agent_notes, second.meta_locale) == (None,) * 3
    assert second.version == 2


async def test_a_stale_version_shows_both_sides_and_changes_nothing(
    store: Database, store_url: str, embedder: Embedder
) -> None:
    first = await _add(store, embedder)
    await _edit(store, embedder, first.id, BlockEdit(content="Theirs. " * 100))
    before = everything(store_url)

    with pytest.raises(errors.StaleVersion) as caught:
        mine = BlockEdit(content="Mine.", importance=BlockImportance.LOW)
        await _edit(store, embedder, first.id, mine, expected_version=1)

    details = caught.value.details
    assert (details["expected_version"], details["current_version"]) == (1, 2)
    assert details["yours"] == {"content": "Mine.", "importance": "low"}
    assert details["theirs"]["content"].startswith("Theirs. Theirs.")
    assert len(details["theirs"]["content"]) < 250
    assert details["theirs"]["importance"] == "medium"
    assert everything(store_url) == before


@pytest.mark.parametrize("version", [0, -1, 2, 2**31, 10**30])
async def test_a_version_that_never_was_is_stale_too(
    version: int, store: Database, store_url: str, embedder: Embedder
) -> None:
    first = await _add(store, embedder)
    before = everything(store_url)

    with pytest.raises(errors.StaleVersion):
        await _edit(store, embedder, first.id, BlockEdit(content="x"), expected_version=version)

    assert everything(store_url) == before


async def test_the_label_of_another_block_is_refused_in_an_edit(
    store: Database, store_url: str, embedder: Embedder
) -> None:
    first = await _add(store, embedder)
    second = await _add(store, embedder, NewBlock(label="Tone", content="x"))
    before = everything(store_url)

    with pytest.raises(errors.LabelTaken) as caught:
        await _edit(store, embedder, second.id, BlockEdit(label="brand VOICE"))

    assert caught.value.details["other"]["block_id"] == str(first.id)
    assert everything(store_url) == before


async def test_without_an_embedder_an_edit_of_the_text_drops_the_old_vector(
    store: Database, embedder: Embedder
) -> None:
    first = await _add(store, embedder)

    second = await _edit(store, SilentEmbedder(), first.id, BlockEdit(content="Other."))
    third = await _edit(store, SilentEmbedder(), second.id, BlockEdit(meta_tags=["a"]))

    assert (second.meta_embedding_model, third.version) == (None, 3)


async def test_an_edit_of_something_else_keeps_the_vector(
    store: Database, embedder: Embedder
) -> None:
    first = await _add(store, embedder)

    second = await _edit(store, SilentEmbedder(), first.id, BlockEdit(meta_tags=["a"]))

    assert second.meta_embedding_model == embedder.name


# States


@pytest.mark.parametrize(
    "edit",
    [
        BlockEdit(content="x"),
        BlockEdit(meta_tags=["a"]),
        BlockEdit(status=BlockStatus.LOCKED),
        BlockEdit(status=BlockStatus.ARCHIVED),
    ],
)
async def test_a_locked_block_is_not_changed(
    edit: BlockEdit, store: Database, store_url: str, embedder: Embedder
) -> None:
    first = await _add(store, embedder)
    await _edit(store, embedder, first.id, BlockEdit(status=BlockStatus.LOCKED))
    before = everything(store_url)

    with pytest.raises(errors.WrongState, match="locked") as caught:
        await _edit(store, embedder, first.id, edit)

    assert str(first.id) in caught.value.hint
    assert everything(store_url) == before


async def test_a_locked_block_is_not_archived(
    store: Database, store_url: str, embedder: Embedder
) -> None:
    first = await _add(store, embedder)
    await _edit(store, embedder, first.id, BlockEdit(status=BlockStatus.LOCKED))
    before = everything(store_url)

    with pytest.raises(errors.WrongState, match="locked"):
        async with store.session() as session:
            await archive_block(session, first.id)

    assert everything(store_url) == before


async def test_a_locked_block_can_be_unlocked_and_changed_in_one_edit(
    store: Database, embedder: Embedder
) -> None:
    first = await _add(store, embedder)
    await _edit(store, embedder, first.id, BlockEdit(status=BlockStatus.LOCKED))

    third = await _edit(
        store, embedder, first.id, BlockEdit(status=BlockStatus.ACTIVE, content="New.")
    )

    assert (third.version, third.status, third.content) == (3, BlockStatus.ACTIVE, "New.")


@pytest.mark.parametrize("edit", [BlockEdit(content="x"), BlockEdit(status=BlockStatus.ACTIVE)])
async def test_an_archived_block_is_not_edited(
    edit: BlockEdit, store: Database, store_url: str, embedder: Embedder
) -> None:
    first = await _add(store, embedder)
    async with store.session() as session:
        await archive_block(session, first.id)
    before = everything(store_url)

    with pytest.raises(errors.WrongState, match="archived") as caught:
        await _edit(store, embedder, first.id, edit)

    assert "restore" in caught.value.hint
    assert everything(store_url) == before


async def test_a_block_is_archived_and_comes_back_with_its_history(
    store: Database, store_url: str, embedder: Embedder
) -> None:
    first = await _add(store, embedder)

    async with store.session() as session:
        archived = await archive_block(session, first.id)
    async with store.session() as session:
        restored = await restore_block(session, first.id)

    assert (archived.status, archived.version) == (BlockStatus.ARCHIVED, 2)
    assert (restored.status, restored.version) == (BlockStatus.ACTIVE, 3)
    assert restored.content == first.content
    async with store.session() as session:
        history = await block_history(session, first.id)
    assert [revision.version for revision in history] == [2, 1]
    assert events(store_url) == ["block.created", "block.updated", "block.updated"]


@pytest.mark.parametrize("verb", [archive_block, restore_block])
async def test_archiving_and_restoring_twice_is_as_once(
    verb: Callable[[Session, UUID], Awaitable[ContextBlock]],
    store: Database,
    store_url: str,
    embedder: Embedder,
) -> None:
    first = await _add(store, embedder)
    async with store.session() as session:
        done = await verb(session, first.id)
    before = everything(store_url)

    async with store.session() as session:
        again = await verb(session, first.id)

    assert again == done
    assert everything(store_url) == before


async def test_a_block_whose_label_went_to_another_is_not_restored(
    store: Database, store_url: str, embedder: Embedder
) -> None:
    first = await _add(store, embedder)
    async with store.session() as session:
        await archive_block(session, first.id)
    second = await _add(store, embedder)
    before = everything(store_url)

    with pytest.raises(errors.LabelTaken) as caught:
        async with store.session() as session:
            await restore_block(session, first.id)

    assert caught.value.details["other"]["block_id"] == str(second.id)
    assert everything(store_url) == before


# Versions


async def test_every_version_of_a_block_can_be_read(store: Database, embedder: Embedder) -> None:
    versions = [await _add(store, embedder)]
    for text in ("Two.", "Three."):
        versions.append(await _edit(store, embedder, versions[0].id, BlockEdit(content=text)))

    async with store.session() as session:
        read = [await get_block_version(session, versions[0].id, number) for number in (1, 2, 3)]

    assert [block.content for block in read] == [VOICE.content, "Two.", "Three."]
    assert read[:2] == versions[:2]


@pytest.mark.parametrize("version", [0, -1, 2, 2**31 - 1])
async def test_a_version_that_never_was_is_not_found(
    version: int, store: Database, embedder: Embedder
) -> None:
    first = await _add(store, embedder)

    async with store.session() as session:
        with pytest.raises(errors.BlockNotFound, match="the newest is 1"):
            await get_block_version(session, first.id, version)


async def test_a_version_beyond_all_numbers_is_a_clear_error(
    store: Database, embedder: Embedder
) -> None:
    first = await _add(store, embedder)

    with pytest.raises((errors.InvalidInput, errors.BlockNotFound)):
        async with store.session() as session:
            await get_block_version(session, first.id, 2**31)


# Somebody else


Verb = Callable[[Session, Embedder, UUID], Awaitable[object]]

VERBS: dict[str, Verb] = {
    "get": lambda session, _, block: get_block(session, block),
    "edit": lambda session, model, block: edit_block(
        session, model, block, BlockEdit(content="x"), expected_version=1
    ),
    "edit with nothing": lambda session, model, block: edit_block(
        session, model, block, BlockEdit()
    ),
    "archive": lambda session, _, block: archive_block(session, block),
    "restore": lambda session, _, block: restore_block(session, block),
    "purge": lambda session, _, block: purge_block(session, block),
    "history": lambda session, _, block: block_history(session, block),
    "version": lambda session, _, block: get_block_version(session, block, 1),
    "derive": lambda session, model, block: add_block(
        session, model, NewBlock(label="own", content="x", meta_derived_from=block)
    ),
}


@pytest.mark.parametrize("status", ["active", "locked", "archived"])
@pytest.mark.parametrize("name", VERBS)
async def test_the_block_of_another_is_as_one_that_does_not_exist(
    name: str, status: str, store: Database, store_url: str, embedder: Embedder
) -> None:
    theirs = await _add(store, embedder)
    if status != "active":
        await _edit(store, embedder, theirs.id, BlockEdit(status=BlockStatus(status)))
    other = new_person(store_url)
    before = everything(store_url)

    said: list[str] = []
    for block_id in (theirs.id, NO_ID):
        with pytest.raises(errors.BlockNotFound) as caught:
            async with store.session(other) as session:
                await VERBS[name](session, embedder, block_id)
        said.append(str(caught.value.as_dict()).replace(str(block_id), "ID"))

    assert said[0] == said[1]
    assert everything(store_url) == before


async def test_a_list_and_a_count_hold_the_own_blocks_alone(
    store: Database, store_url: str, embedder: Embedder
) -> None:
    await _add(store, embedder)
    other = new_person(store_url)

    async with store.session(other) as session:
        found = [block async for block in list_blocks(session, BlockFilter())]
        count = await count_blocks(session, embedder.name)

    assert found == []
    assert (count.blocks, count.archived, count.unembedded) == (0, 0, 0)


# Two at once


async def test_of_two_edits_at_once_one_wins_and_the_other_sees_both_sides(
    store: Database, store_url: str, embedder: Embedder
) -> None:
    first = await _add(store, embedder)

    async with store.session() as session:
        await edit_block(session, embedder, first.id, BlockEdit(content="A."), expected_version=1)
        late = asyncio.create_task(
            _edit(store, embedder, first.id, BlockEdit(content="B."), expected_version=1)
        )
        await asyncio.to_thread(wait_until_blocked, store_url)

    with pytest.raises(errors.StaleVersion) as caught:
        await late
    assert caught.value.details["yours"] == {"content": "B."}
    assert caught.value.details["theirs"] == {"content": "A."}
    assert (await _get(store, first.id)).content == "A."
    assert events(store_url) == ["block.created", "block.updated"]
    assert ask(store_url, "select version from public.block_revisions") == [(1,)]


@pytest.mark.parametrize("expected", [1, None])
async def test_an_edit_that_waited_for_one_that_was_undone_goes_in(
    expected: int | None, store: Database, store_url: str, embedder: Embedder
) -> None:
    first = await _add(store, embedder)
    late: list[asyncio.Task[ContextBlock]] = []

    with pytest.raises(ZeroDivisionError):
        async with store.session() as session:
            await edit_block(session, embedder, first.id, BlockEdit(content="A."))
            edit = _edit(store, embedder, first.id, BlockEdit(content="B."), expected)
            late.append(asyncio.create_task(edit))
            await asyncio.to_thread(wait_until_blocked, store_url)
            raise ZeroDivisionError

    assert (await late[0]).content == "B."
    assert (await _get(store, first.id)).version == 2


async def test_of_two_blocks_with_one_label_at_once_one_goes_in(
    store: Database, store_url: str, embedder: Embedder
) -> None:
    async with store.session() as session:
        first = await add_block(session, embedder, VOICE)
        late = asyncio.create_task(_add(store, embedder))
        await asyncio.to_thread(wait_until_blocked, store_url)

    with pytest.raises(errors.LabelTaken) as caught:
        await late
    assert caught.value.details["other"]["block_id"] == str(first.id)
    assert events(store_url) == ["block.created"]


async def test_of_two_edits_to_one_label_at_once_one_goes_in(
    store: Database, store_url: str, embedder: Embedder
) -> None:
    first = await _add(store, embedder, NewBlock(label="a", content="x"))
    second = await _add(store, embedder, NewBlock(label="b", content="x"))

    async with store.session() as session:
        await edit_block(session, embedder, first.id, BlockEdit(label="Same"))
        late = asyncio.create_task(_edit(store, embedder, second.id, BlockEdit(label="sAME")))
        await asyncio.to_thread(wait_until_blocked, store_url)

    with pytest.raises(errors.LabelTaken):
        await late
    assert (await _get(store, second.id)).label == "b"
    assert events(store_url).count("block.updated") == 1


async def test_an_edit_of_a_block_that_is_purged_meanwhile_finds_none(
    store: Database, store_url: str, embedder: Embedder
) -> None:
    first = await _add(store, embedder)

    async with store.session() as session:
        await purge_block(session, first.id)
        late = asyncio.create_task(_edit(store, embedder, first.id, BlockEdit(content="B.")))
        await asyncio.to_thread(wait_until_blocked, store_url)

    with pytest.raises(errors.BlockNotFound):
        await late
    assert ask(store_url, "select count(*) from public.block_revisions") == [(0,)]


async def test_a_session_that_may_only_read_writes_nothing(
    store: Database, store_url: str, embedder: Embedder
) -> None:
    before = everything(store_url)

    with pytest.raises(errors.NotPermitted):
        async with store.session(read_only=True) as session:
            await add_block(session, embedder, VOICE)

    assert everything(store_url) == before


async def test_events_tell_ids_and_never_text(
    store: Database, store_url: str, embedder: Embedder
) -> None:
    first = await _add(store, embedder)
    await _edit(store, embedder, first.id, BlockEdit(content="Secret."))

    payloads = ask(store_url, "select payload from public.events order by id")

    assert payloads == [
        ({"block_id": str(first.id), "version": 1},),
        ({"block_id": str(first.id), "version": 2},),
    ]


async def test_a_conflict_late_in_a_long_text_shows_where_it_is(
    store: Database, embedder: Embedder
) -> None:
    same = "Words that both have. " * 40
    first = await _add(store, embedder, NewBlock(label="Long", content=f"{same}One."))
    await _edit(store, embedder, first.id, BlockEdit(content=f"{same}Two."))

    with pytest.raises(errors.StaleVersion) as caught:
        changed = BlockEdit(content=f"{same}Three.")
        await _edit(store, embedder, first.id, changed, expected_version=1)

    sides = [caught.value.details[side]["content"] for side in ("yours", "theirs")]
    assert [side[0] for side in sides] == ["…", "…"]
    assert sides[0].endswith("have. Three.")
    assert sides[1].endswith("have. Two.")
