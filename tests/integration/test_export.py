"""The verb export, and that import reads back what it writes without any loss."""

import json
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from briefsmith.documents.json_lines import HEADER_LINE, ExportedBlock
from briefsmith.models.enums import BlockStatus, BlockType
from briefsmith.operations import blocks, imports
from briefsmith.operations.blocks import add_block, archive_block, edit_block
from briefsmith.operations.exports import export_blocks
from briefsmith.operations.imports import import_documents
from briefsmith.postgres.database import Database
from briefsmith.postgres.session import Actor
from briefsmith.schemas.blocks import BlockEdit, BlockFilter, NewBlock
from briefsmith.schemas.imports import ImportReport
from tests.integration.stored import ScriptedEmbedder, ask, everything, new_person, tell

MODEL = ScriptedEmbedder()
ODD = '\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}\x85\x0b\x0c\x1c\r\n\r\t\x01\x7f\N{BABY}\ufffe"\\/\\u0000'


async def _export(
    store: Database, wanted: BlockFilter | None = None, actor: Actor | None = None
) -> list[str]:
    async with store.session(actor, read_only=True) as session:
        return [line async for line in export_blocks(session, wanted)]


async def _import(store: Database, folder: Path, lines: list[str]) -> ImportReport:
    path = folder / "blocks.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    report = ImportReport()
    async for report in import_documents(store.session, MODEL, [path]):
        pass
    return report


async def _fill(store: Database) -> None:
    """Blocks in every state, and one in which no field is as it would be by itself."""
    async with store.session() as session:
        plain = await add_block(session, MODEL, NewBlock(label="plain", content="x"))
        changed = await add_block(session, MODEL, NewBlock(label=f"a{ODD}b", content=f"{ODD}x"))
        locked = await add_block(session, MODEL, NewBlock(label="locked", content="\n \n"))
        derived = NewBlock(label="derived", content="z", meta_derived_from=plain.id)
        await add_block(session, MODEL, derived)
    async with store.session() as session:
        await edit_block(session, MODEL, changed.id, BlockEdit(content=f"y{ODD}"))
        await edit_block(session, MODEL, locked.id, BlockEdit(status=BlockStatus.LOCKED))
        await archive_block(session, plain.id)
    async with store.session() as session:  # the label of an archived block, taken again
        await add_block(session, MODEL, NewBlock(label="PLAIN", content="again"))


def _write_odd(url: str, user_id: UUID) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            """
            insert into public.context_blocks (
              user_id, type, label, content, source, version, status, importance, file_ids,
              update_policy, feedback_score, last_used_successfully_at, meta_tags,
              meta_context_scope, meta_agent_notes, meta_refreshable, meta_locale,
              meta_visibility, meta_emotional_tone, is_auto_generated, requires_user_review,
              last_refreshed_at, created_at, updated_at
            ) values (
              %(user)s, 'question', %(text)s || 'l', %(text)s, 'parser', 2147483647, 'archived',
              'low', array[gen_random_uuid(), gen_random_uuid()], 'manual',
              0.1::float8 + 0.2::float8, '1969-12-31 23:59:59.000001+00',
              array['', %(text)s, ' a ', 'a'], '', %(text)s, true, 'tlh', 'system',
              array[%(text)s], true, true, '0001-01-01 00:00:00+00',
              '1899-12-31 23:59:59.999999+00', '9999-12-31 23:59:59.999999+00'
            )
            """,
            {"user": user_id, "text": ODD},
        )


async def test_an_export_imported_into_an_empty_store_is_exported_as_the_same_bytes(
    store: Database, database: Database, database_url: str, store_url: str, tmp_path: Path
) -> None:
    await _fill(store)
    _write_odd(store_url, store.user_id)
    # A vector is no part of an export: what has none gets one where it goes.
    tell(
        store_url,
        "update public.context_blocks set meta_embedding = null, meta_embedding_model = null",
    )
    lines = await _export(store)
    before = everything(store_url)

    report = await _import(database, tmp_path, lines)

    tell(
        database_url,
        "update public.context_blocks set meta_embedding = null, meta_embedding_model = null",
    )
    assert (report.added, report.problems) == (len(lines) - 1, [])
    assert len(lines) == 7
    assert await _export(database) == lines
    assert everything(store_url) == before
    again = await _import(database, tmp_path, lines)
    assert (again.unchanged, again.added, again.changed) == (6, 0, 0)


async def test_the_name_of_the_model_stays_where_the_model_is_the_same(
    store: Database, database: Database, tmp_path: Path
) -> None:
    await _fill(store)
    lines = await _export(store)

    await _import(database, tmp_path, lines)

    assert await _export(database) == lines
    assert MODEL.name in lines[1]


@pytest.mark.parametrize("size", [1, 2, 100])
async def test_blocks_that_derive_from_later_ones_find_them(
    size: int,
    store: Database,
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    store_url: str,
) -> None:
    monkeypatch.setattr(imports, "BATCH_PIECES", size)
    async with store.session() as session:
        made = [
            await add_block(session, MODEL, NewBlock(label=str(number), content="x"))
            for number in range(4)
        ]
    with psycopg.connect(store_url) as connection:
        for child, parent in ((0, 1), (1, 2), (2, 3), (3, 3)):
            connection.execute(
                "update public.context_blocks set meta_derived_from = %s where id = %s",
                (made[parent].id, made[child].id),
            )
    lines = await _export(store)

    await _import(database, tmp_path, lines)

    assert await _export(database) == lines
    assert sum('"meta_derived_from":null' in line for line in lines) == 0


async def test_an_origin_that_is_not_in_the_export_is_left_out(
    store: Database, database: Database, tmp_path: Path
) -> None:
    await _fill(store)
    lines = await _export(store, BlockFilter(statuses=(BlockStatus.ACTIVE,)))

    report = await _import(database, tmp_path, lines)

    assert report.problems == []
    [derived] = [
        json.loads(line) for line in await _export(database) if '"label":"derived"' in line
    ]
    assert derived["meta_derived_from"] is None


async def test_an_export_is_ascii_with_a_block_a_line(store: Database, store_url: str) -> None:
    await _fill(store)
    _write_odd(store_url, store.user_id)

    lines = await _export(store)

    text = "\n".join(lines)
    assert text.isascii()
    assert text.splitlines() == lines
    assert lines[0] == HEADER_LINE
    blocks_read = [ExportedBlock.model_validate_json(line) for line in lines[1:]]
    order = [(block.created_at, block.id) for block in blocks_read]
    assert order == sorted(order)
    assert "user_id" not in json.loads(lines[1])


async def test_an_export_has_every_field_of_a_block_but_owner_and_vector(
    store: Database, store_url: str
) -> None:
    await _fill(store)
    columns = {
        row[0]
        for row in ask(
            store_url,
            "select attname from pg_attribute where attrelid = 'public.context_blocks'::regclass"
            " and attnum > 0 and not attisdropped",
        )
    }

    [_, line, *_] = await _export(store)

    assert set(json.loads(line)) == columns - {"user_id", "meta_embedding"}


async def test_an_export_of_nothing_is_its_header(store: Database) -> None:
    assert await _export(store) == [HEADER_LINE]


async def test_an_export_can_be_of_some_blocks(store: Database) -> None:
    await _fill(store)
    async with store.session() as session:
        await add_block(session, MODEL, NewBlock(label="t", content="x", type=BlockType.TOPIC))

    lines = await _export(store, BlockFilter(types=(BlockType.TOPIC,)))

    assert [json.loads(line)["label"] for line in lines[1:]] == ["t"]


async def test_an_export_has_the_own_blocks_alone(store: Database, store_url: str) -> None:
    await _fill(store)

    assert await _export(store, actor=new_person(store_url)) == [HEADER_LINE]


async def test_an_export_of_many_pages_has_each_block_once(
    store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _fill(store)
    lines = await _export(store)

    monkeypatch.setattr(blocks, "_PAGE", 2)

    assert await _export(store) == lines
