"""Every tool, resource and prompt, as an agent's program asks for them over standard input and output."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from mcp.shared.exceptions import MCPError

from briefsmith.faces.mcp.answers import PAGE_CHARS
from tests.faces.mcp.agent import Agent
from tests.integration.stored import NO_ID, ask

pytestmark = pytest.mark.asyncio(loop_scope="module")

Surroundings = tuple[dict[str, str], Path]


async def _found(agent: Agent, question: str) -> dict[str, Any]:
    told = await agent.done("find_context", question=question, limit=1)
    return told.values["items"][0]


async def test_context_is_found_for_reading_and_for_programs(agent: Agent) -> None:
    told = await agent.done("find_context", question="When do parcels leave?")

    first = told.values["items"][0]
    assert (first["label"], first["excerpt"]) == ("Delivery", "Parcels leave on Tuesday.")
    assert first["is_trusted"] is True
    assert f"block_id {first['block_id']}, version 1" in told.text
    assert "“Delivery”, text, medium importance, from the person." in told.text


async def test_what_nothing_fits_says_so(agent: Agent) -> None:
    told = await agent.done("find_context", question="parcels", tags=["no such tag"])

    assert told.values["items"] == []
    assert told.text == "No block fits. Ask with other words, or ask the person."


async def test_the_pages_of_what_was_found_hold_every_block_once(agent: Agent) -> None:
    seen: list[str] = []
    cursor = None
    while True:
        told = await agent.done(
            "find_context", question="parcels sentences", limit=1, cursor=cursor
        )
        seen += [item["label"] for item in told.values["items"]]
        cursor = told.values["next_cursor"]
        if cursor is None:
            break
        assert cursor in told.text

    assert len(seen) == len(set(seen)) >= 3


async def test_a_cursor_of_another_question_is_refused(agent: Agent) -> None:
    told = await agent.done("find_context", question="parcels", limit=1)

    other = await agent.call("find_context", question="tone", cursor=told.values["next_cursor"])

    assert other.code == "B100"
    assert "Leave `cursor` out" in other.text


async def test_a_block_is_read_with_its_version_and_its_history(agent: Agent) -> None:
    block = await _found(agent, "Tone of sentences")

    told = await agent.done("read_block", block_id=block["block_id"], history=True)

    assert told.values["text"] == "We write short sentences.\nNo exclamation marks."
    assert (told.values["version"], told.values["history"]) == (1, [])
    assert "\nWe write short sentences.\nNo exclamation marks.\n</block-" in told.text
    assert told.text.endswith("It was never changed.")


async def test_a_long_text_comes_in_parts_that_make_it_whole(agent: Agent) -> None:
    text = "".join(f"Line {number} of a long text.\n" for number in range(3 * PAGE_CHARS // 26))
    added = await agent.done("add_block", label="Long", content=text)

    parts: list[str] = []
    cursor = None
    while True:
        told = await agent.done("read_block", block_id=added.values["block_id"], cursor=cursor)
        parts.append(told.values["text"])
        cursor = told.values["next_cursor"]
        if cursor is None:
            break

    assert "".join(parts) == text
    assert len(parts) > 2
    assert all(len(part) <= PAGE_CHARS and part.endswith("\n") for part in parts)
    second = await agent.read(f"block://{added.values['block_id']}?part=2")
    assert parts[1].rstrip() in second
    assert "?part=3" in second


async def test_an_added_block_is_the_agents_and_waits_for_the_person(
    agent: Agent, surroundings: Surroundings
) -> None:
    told = await agent.done(
        "add_block",
        label="Opening hours",
        content="From nine to five.",
        type="reference",
        tags=["shop"],
    )

    [row] = ask(
        surroundings[0]["BRIEFSMITH_DATABASE_URL"],
        "select source, requires_user_review, type, meta_tags from context_blocks where label = 'Opening hours'",
    )
    assert row == ("agent", True, "reference", ["shop"])
    assert f"`briefsmith block accept {told.values['block_id']}`" in told.text
    unseen = await agent.done("find_context", question="Opening hours nine five")
    assert "Opening hours" not in unseen.text


async def test_a_taken_label_is_told_with_the_block_that_has_it(agent: Agent) -> None:
    told = await agent.call("add_block", label="tone", content="Other.")

    assert told.is_error
    assert told.code == "B401"
    assert told.text.startswith("B401 Another block has the label 'tone' already.\nWhat to do: ")
    assert '"label": "Tone"' in told.text


async def test_a_change_is_proposed_once_and_changes_nothing(
    agent: Agent, surroundings: Surroundings
) -> None:
    block = await _found(agent, "What does the brush cost?")
    change = {"content": "The brush costs 49 EUR.", "reason": "The list of May says so."}

    first = await agent.done("propose_change", block_id=block["block_id"], version=1, **change)
    again = await agent.done("propose_change", block_id=block["block_id"], version=1, **change)

    assert (first.values["outcome"], again.values["outcome"]) == ("proposed", "known")
    assert f"`briefsmith review show {first.values['proposal_id']}`" in first.text
    read = await agent.done("read_block", block_id=block["block_id"])
    assert read.values["text"] == "The brush costs 45 EUR."
    [row] = ask(
        surroundings[0]["BRIEFSMITH_DATABASE_URL"],
        "select action, status, reason, source_event from block_change_queue",
    )
    assert row == (
        "update",
        "pending",
        "agent:mcp:claude-code says: The list of May says so.",
        "agent:mcp:claude-code",
    )
    other = await agent.call(
        "propose_change", block_id=block["block_id"], version=1, label="Price list", reason="r"
    )
    assert other.code == "B403"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"version": 2, "content": "x"}, "B402"),
        ({"version": 1}, "B100"),
        ({"version": 1, "archive": True, "content": "x"}, "B100"),
        ({"version": 1, "content": "Parcels leave on Tuesday."}, "B100"),
        ({"version": 1, "content": ""}, "B100"),
        ({"version": 1, "label": " \t"}, "B100"),
    ],
)
async def test_a_change_that_cannot_be_proposed_says_why(
    agent: Agent, arguments: dict[str, Any], code: str
) -> None:
    block = await _found(agent, "When do parcels leave?")

    told = await agent.call(
        "propose_change", block_id=block["block_id"], reason="Because.", **arguments
    )

    assert (told.is_error, told.code) == (True, code)


async def test_a_brief_is_composed_with_progress_read_and_judged(
    agent: Agent, surroundings: Surroundings
) -> None:
    agent.progress.clear()
    made = await agent.done("compose_brief", intent="Write the delivery page", budget_tokens=1_500)
    brief_id = made.values["brief_id"]

    read = await agent.done("read_brief", brief_id=brief_id)
    judged = await agent.done("give_feedback", brief_id=brief_id, success=True, comment="Right.")
    again = await agent.done("give_feedback", brief_id=brief_id, success=True)

    await asyncio.sleep(0)
    assert [message for _, message in agent.progress] == [
        "Searching for context.",
        "Storing the brief.",
        "Done.",
    ]
    assert (made.values["made_by"], made.values["state"]) == ("extraction", "draft")
    assert read.values["markdown"] == made.values["markdown"]
    assert made.values["tokens"] <= 1_500
    assert "Delivery" in {block["label"] for block in made.values["blocks"]}
    assert (judged.values["change"], again.values["change"]) == ("given", "unchanged")
    assert "the brief did its work" in judged.text
    assert await agent.read(f"brief://{brief_id}") != ""
    listed = {str(one.uri): one for one in await agent.client.list_resources()}
    assert listed[f"brief://{brief_id}"].title == "Write the delivery page"
    [row] = ask(
        surroundings[0]["BRIEFSMITH_DATABASE_URL"],
        "select count(*) from task_briefs where id::text = %s",
        brief_id,
    )
    assert row == (1,)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"intent": " "}, "B101"),
        ({"intent": "a", "budget_tokens": 10}, "B501"),
        ({"intent": "a", "budget_tokens": -1}, "B100"),
        ({"intent": "a", "budget_tokens": "many"}, "B100"),
        ({"intent": "a", "kind": "no such kind"}, "B306"),
        ({"intent": "a", "blocks": [str(NO_ID)]}, "B301"),
        ({"intent": "a", "mode": "poem"}, "B100"),
        ({"intent": "a\x00b"}, "B100"),
        ({"intent": "a", "depth": 3}, "B100"),
        ({}, "B100"),
    ],
)
async def test_a_brief_that_cannot_be_composed_says_what_to_change(
    agent: Agent, arguments: dict[str, Any], code: str
) -> None:
    told = await agent.call("compose_brief", **arguments)

    assert (told.is_error, told.code) == (True, code)
    assert "What to do: " in told.text
    assert "Traceback" not in told.text
    assert told.values == {}


@pytest.mark.parametrize(
    ("tool", "arguments", "code"),
    [
        ("read_block", {"block_id": str(NO_ID)}, "B301"),
        ("read_block", {"block_id": "Tone"}, "B100"),
        ("read_brief", {"brief_id": str(NO_ID)}, "B302"),
        ("read_brief", {"brief_id": str(NO_ID), "cursor": "x"}, "B100"),
        ("give_feedback", {"brief_id": str(NO_ID), "success": False}, "B302"),
        ("give_feedback", {"brief_id": str(NO_ID), "success": "perhaps"}, "B100"),
        ("find_context", {"question": ""}, "B100"),
        ("find_context", {"question": "  "}, "B100"),
        ("find_context", {"question": "a" * 20_001}, "B100"),
        ("find_context", {"question": "a", "limit": 51}, "B100"),
        ("find_context", {"question": "a", "types": ["poem"]}, "B100"),
        ("add_block", {"label": "", "content": "x"}, "B100"),
        ("add_block", {"label": "x" * 501, "content": "x"}, "B100"),
        ("add_block", {"label": "n", "content": "x", "derived_from": str(NO_ID)}, "B301"),
        ("no_such_tool", {}, "B100"),
    ],
)
async def test_a_wrong_call_is_a_result_that_says_what_to_change(
    agent: Agent, tool: str, arguments: dict[str, Any], code: str
) -> None:
    told = await agent.call(tool, **arguments)

    assert (told.is_error, told.code) == (True, code)
    assert told.text.startswith(f"{code} ")
    assert "Traceback" not in told.text


async def test_a_length_that_is_refused_is_told_in_characters(agent: Agent) -> None:
    told = await agent.call("add_block", label="x" * 501, content="x")

    assert "label: it has 501 characters, and at most 500 are taken." in told.text


async def test_hints_name_tools_and_say_what_the_person_alone_can_do(agent: Agent) -> None:
    missing = await agent.call("read_block", block_id=str(NO_ID))
    kind = await agent.call("compose_brief", intent="a", kind="no such kind")

    assert "What to do: `find_context` shows the blocks that there are." in missing.text
    assert "There are: " in kind.text


async def test_a_block_as_a_resource_reads_as_the_tool_does(agent: Agent) -> None:
    block = await _found(agent, "When do parcels leave?")

    text = await agent.read(f"block://{block['block_id']}")
    told = await agent.done("read_block", block_id=block["block_id"])

    assert _without_key(text) == _without_key(told.text)
    listed = [one for one in await agent.client.list_resources() if one.title == "Delivery"]
    assert [str(one.uri) for one in listed] == [f"block://{block['block_id']}"]


def _without_key(text: str) -> str:
    return re.sub(r"[0-9a-f]{32}", "KEY", text)


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        (f"block://{NO_ID}", "B301"),
        (f"brief://{NO_ID}", "B302"),
        ("block://tone", "B103"),
        (f"block://{NO_ID}?part=0", "B100"),
        (f"block://{NO_ID}?part=x", "B100"),
    ],
)
async def test_a_resource_that_is_not_there_says_what_to_do(
    agent: Agent, uri: str, code: str
) -> None:
    with pytest.raises(MCPError) as caught:
        await agent.client.read_resource(uri)

    assert caught.value.error.data["code"] == code
    assert caught.value.error.message.startswith(f"{code} ")


async def test_a_kind_of_brief_is_a_prompt_that_names_the_tool_to_begin_with(agent: Agent) -> None:
    prompts = await agent.client.list_prompts()

    first = prompts[0]
    found = await agent.client.get_prompt(
        first.name, {"intent": "Write the page", "budget_tokens": "900"}
    )

    assert first.title
    assert [one.name for one in first.arguments or ()] == [
        "intent",
        "instructions",
        "budget_tokens",
    ]
    [message] = found.messages
    assert message.role == "user"
    text = getattr(message.content, "text", "")
    assert '"intent": "Write the page",\n  "budget_tokens": 900' in text
    assert "compose_brief" in text


@pytest.mark.parametrize(
    "arguments", [{}, {"intent": " "}, {"intent": "a", "budget_tokens": "many"}]
)
async def test_a_prompt_with_wrong_arguments_says_so(
    agent: Agent, arguments: dict[str, str]
) -> None:
    [first, *_] = await agent.client.list_prompts()

    with pytest.raises(MCPError) as caught:
        await agent.client.get_prompt(first.name, arguments)

    assert caught.value.error.message.startswith("B10")
