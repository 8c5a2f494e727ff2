"""The catalogue of kinds of briefs, as every migrated database has it."""

import json
from typing import Any

import psycopg
import pytest

from briefsmith import errors
from briefsmith.models.enums import BlockType
from briefsmith.operations.brief_types import find_brief_type, get_brief_type, list_brief_types
from briefsmith.postgres.database import open_database


async def test_every_database_begins_with_the_catalogue(database_url: str) -> None:
    async with open_database(database_url) as store, store.session(read_only=True) as session:
        known = await list_brief_types(session)

    assert {"Launch plan", "Competitor analysis", "Content calendar", "Support answer"} <= {
        one.title for one in known
    }
    assert all(one.required_context_types and one.agent_flow for one in known)
    assert all(one.description for one in known)


@pytest.mark.parametrize("wanted", ["Launch plan", "launch  PLAN", "laun"])
async def test_a_type_is_found_by_its_title_and_by_its_beginning(
    database_url: str, wanted: str
) -> None:
    async with open_database(database_url) as store, store.session(read_only=True) as session:
        found = await find_brief_type(session, wanted)

        assert found.title == "Launch plan"
        assert await find_brief_type(session, str(found.id)) == found
        assert await get_brief_type(session, found.id) == found


@pytest.mark.parametrize("wanted", ["", "nonsense", "co", "00000000-0000-0000-0000-000000000000"])
async def test_a_type_that_is_none_or_not_the_only_one_is_refused_with_those_there_are(
    database_url: str, wanted: str
) -> None:
    async with open_database(database_url) as store, store.session(read_only=True) as session:
        with pytest.raises(errors.BriefTypeNotFound) as caught:
            await find_brief_type(session, wanted)

    assert "Content calendar" in caught.value.details["types"]
    assert "Content calendar" in caught.value.hint


@pytest.mark.parametrize(
    ("held", "read"),
    [
        (["guide", "guide", "topic"], (BlockType.GUIDE, BlockType.TOPIC)),
        (["guide", "no type", 7, None, ["topic"]], (BlockType.GUIDE,)),
        ({"guide": True}, ()),
        ("guide", ()),
        (None, ()),
    ],
)
async def test_what_the_json_columns_hold_is_read_as_far_as_it_makes_sense(
    database_url: str, held: Any, read: tuple[BlockType, ...]
) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "insert into public.task_brief_types (title, required_context_types, agent_flow, version)"
            " values ('Odd', '[\"text\"]', '[]', 1), ('odd', %s, %s, 2)",
            (json.dumps(held), json.dumps(held)),
        )

    async with open_database(database_url) as store, store.session(read_only=True) as session:
        found = await find_brief_type(session, "Odd")

    assert (found.version, found.required_context_types) == (2, read)
