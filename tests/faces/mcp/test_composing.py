"""Composing with a language model on loopback, as an agent sees it."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.faces.mcp.agent import agent_on
from tests.integration import chat_story as chat
from tests.integration.http_story import Server, serving, status

PLAN = {"title": "Delivery page", "outline": [{"text": "Say when.", "cites": ["B1"]}]}


@pytest.fixture
def chatting() -> Generator[Server]:
    with serving(chat.answers(PLAN)) as story:
        yield story


async def test_a_model_outlines_the_brief_and_its_failure_costs_the_outline_alone(
    surroundings: tuple[dict[str, str], Path], chatting: Server
) -> None:
    variables, folder = surroundings
    model = {
        "BRIEFSMITH_MODEL": "tiny",
        "BRIEFSMITH_MODEL_BASE_URL": chatting.url,
        "NO_PROXY": "*",
    }
    async with agent_on({**variables, **model}, folder) as agent:
        with_model = await agent.done("compose_brief", intent="When do parcels leave?")
        told = [message for _, message in agent.progress]
        without = await agent.done(
            "compose_brief", intent="When do parcels leave?", use_model=False
        )
        chatting.usual = status(401)
        failed = await agent.done("compose_brief", intent="When do parcels leave?")

    assert with_model.values["made_by"] == "model"
    assert "1. “Say when.” [B1]" in with_model.values["markdown"]
    assert "The outline is by the model “tiny-v2”." in with_model.text
    assert told == [
        "Searching for context.",
        "Asking the model for an outline.",
        "Storing the brief.",
        "Done.",
    ]
    assert (without.values["made_by"], without.values["model_failure"]) == ("extraction", None)
    assert failed.values["made_by"] == "extraction"
    assert failed.values["model_failure"] in failed.text
    assert len(chatting.requests) == 2
