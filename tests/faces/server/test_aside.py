"""What takes long leaves the event loop to others."""

import asyncio
from threading import Event

import pytest

from briefsmith.compiler.brief import CompiledBrief
from briefsmith.operations import compose
from briefsmith.operations.compose import PreparedComposition, compile_prepared
from tests.faces.server.asked import Asked


async def test_the_server_answers_while_a_brief_is_compiled(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = Event(), Event()

    def held(prepared: PreparedComposition) -> CompiledBrief:
        begun.set()
        # Were this the loop's thread, nobody could say go on; the limit turns that into a failure.
        assert go_on.wait(20)
        return compile_prepared(prepared)

    monkeypatch.setattr(compose, "compile_prepared", held)
    composing = asyncio.create_task(asked.client.post("/v1/briefs", json={"intent": "A task"}))
    assert await asyncio.to_thread(begun.wait, 20)

    alive = await asked.client.get("/healthz")
    was_done = composing.done()
    go_on.set()

    assert alive.status_code == 200
    assert not was_done
    assert (await composing).status_code == 201
