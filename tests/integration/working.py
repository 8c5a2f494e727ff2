"""A worker in a process of its own, whose agent says where it is: `python working.py URL USER SECONDS [stay]`."""

import asyncio
import sys
from functools import partial
from uuid import UUID

from briefsmith.agents.contract import AgentContext, AgentResult, at_once
from briefsmith.agents.registry import Agent
from briefsmith.agents.runs import Tools
from briefsmith.agents.worker import work
from briefsmith.config import load_settings
from briefsmith.postgres.database import open_database
from briefsmith.postgres.jobs import Pace, open_queue
from briefsmith.postgres.session import Actor, Session
from briefsmith.providers.wordllama import WordLlamaEmbedder
from briefsmith.store.events import insert_event


def say(line: str) -> None:
    """Tells whoever started this, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def main(url: str, user: str, seconds: float, *, stays: bool) -> None:
    """Works until no job is left, or until it is stopped; each job writes an event, says so, and takes its time."""

    async def slow(session: Session, context: AgentContext) -> AgentResult:
        del context
        await insert_event(session, "test.effect", {})
        say("working")
        await asyncio.sleep(seconds)
        return AgentResult({"written": 1})

    async with open_database(url, user=user) as store, open_queue(url) as queue:
        await work(
            queue,
            lambda person: lambda name: partial(store.session, Actor(person, name)),
            _nobody,
            Tools(WordLlamaEmbedder(), None, load_settings({})),
            Pace(once=not stays, heartbeat_seconds=0.2, stalled_seconds=1.0, patience_seconds=1.0),
            told=lambda job, outcome: say(f"{outcome.status} {job.name}"),
            agents=[Agent("slow", "Takes its time.", lambda: at_once(slow))],
        )


async def _nobody() -> list[UUID]:
    return []


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3]), stays="stay" in sys.argv[4:]))
