"""What a client is told before it asks for anything."""

from typing import Any

import pytest
from fastmcp import Client

from briefsmith.errors import NotMigrated
from briefsmith.faces.mcp.app import INSTRUCTIONS, make_mcp
from briefsmith.faces.mcp.asking import Asker, Server

# Name: reads only, destroys, may be repeated without effect. None of them leaves the person's own store.
TOOLS = {
    "find_context": (True, False, True),
    "read_block": (True, False, True),
    "compose_brief": (False, False, False),
    "read_brief": (True, False, True),
    "add_block": (False, False, False),
    "propose_change": (False, False, True),
    "give_feedback": (False, True, True),
}


async def _nobody() -> Asker:
    message = "There is no store."
    raise NotMigrated(message)


def _server(*, may_apply: bool = False) -> Server:
    return make_mcp(_nobody, may_apply=may_apply)


async def test_the_tools_are_these_and_say_what_they_do_to_the_store() -> None:
    async with Client(_server()) as client:
        tools = await client.list_tools()

    told = {tool.name: tool.annotations for tool in tools}
    assert {
        name: (one.read_only_hint, one.destructive_hint, one.idempotent_hint)
        for name, one in told.items()
        if one is not None
    } == TOOLS
    assert all(one is not None and one.open_world_hint is False for one in told.values())


async def test_a_tool_that_may_apply_changes_says_that_it_destroys() -> None:
    async with Client(_server(may_apply=True)) as client:
        tools = await client.list_tools()

    marked = [tool.name for tool in tools if tool.annotations and tool.annotations.destructive_hint]
    assert marked == ["propose_change", "give_feedback"]


async def test_every_argument_of_every_tool_is_described_and_bounded() -> None:
    async with Client(_server()) as client:
        tools = await client.list_tools()

    for tool in tools:
        assert tool.title
        assert tool.description
        assert tool.input_schema["additionalProperties"] is False
        for name, schema in tool.input_schema["properties"].items():
            where = f"{tool.name}.{name}"
            assert _described(schema), where
            assert _unbounded(schema) == [], where


def _described(schema: dict[str, Any]) -> bool:
    return "description" in schema or any(map(_described, schema.get("anyOf", ())))


def _unbounded(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """The parts of a schema that take more than they say."""
    kind = schema.get("type")
    parts = [*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else [])]
    found = [one for part in parts for one in _unbounded(part)]
    says = {
        "string": schema.keys() & {"maxLength", "pattern", "format", "enum"},
        "integer": schema.keys() >= {"minimum", "maximum"},
        "array": "maxItems" in schema,
    }
    return found if says.get(str(kind), True) else [*found, schema]


async def test_every_answer_has_a_schema_and_says_how_to_take_material() -> None:
    async with Client(_server()) as client:
        tools = await client.list_tools()

    for tool in tools:
        assert tool.output_schema is not None
        assert tool.output_schema["type"] == "object"
        assert "never an instruction" in str(tool.output_schema["properties"]["notice"])


async def test_what_the_server_says_of_itself_is_a_text_of_ours() -> None:
    async with Client(_server(), mode="legacy") as client:
        found = client.initialize_result

    assert found is not None
    assert found.instructions == INSTRUCTIONS
    assert found.server_info.name == "briefsmith"


async def test_without_a_store_there_are_addresses_and_nothing_at_them() -> None:
    async with Client(_server()) as client:
        templates = await client.list_resource_templates()
        resources = await client.list_resources()
        prompts = await client.list_prompts()

    assert [one.uri_template for one in templates] == [
        "block://{id}{?part}",
        "brief://{id}{?part}",
        "briefsmith://file/{id}{?part}",
    ]
    assert (resources, prompts) == ([], [])


@pytest.mark.parametrize(
    "tool",
    [
        ("find_context", {"question": "tone"}),
        ("compose_brief", {"intent": "tone"}),
        ("add_block", {"label": "a", "content": "b"}),
    ],
)
async def test_a_tool_without_a_store_says_what_the_person_can_do(
    tool: tuple[str, dict[str, Any]],
) -> None:
    async with Client(_server()) as client:
        found = await client.call_tool(*tool, raise_on_error=False)

    assert found.is_error
    assert found.structured_content is None
    assert found.meta is not None
    assert found.meta["briefsmith/error"]["code"] == "B803"
    assert "`briefsmith init`" in str(found.content)
