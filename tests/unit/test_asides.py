"""What goes on beside sessions."""

import asyncio
import logging

import pytest

from briefsmith.errors import DatabaseUnreachable
from briefsmith.postgres.asides import Asides


async def test_of_each_key_one_goes_on_at_a_time() -> None:
    asides, done, go = Asides(), list[str](), asyncio.Event()

    def work(name: str) -> None:
        async def one() -> None:
            await go.wait()
            done.append(name)

        asides.start(name[0], one)

    for name in ("a1", "a2", "b1"):
        work(name)
    go.set()
    await asides.settle()
    work("a3")
    await asides.settle()

    assert done == ["a1", "b1", "a3"]


async def test_what_goes_on_is_ended_wherever_it_is() -> None:
    asides, ended = Asides(), list[str]()

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("ended")

    asides.start("a", endless)
    await asyncio.sleep(0)
    await asides.stop()

    assert ended == ["ended"]


async def test_a_failure_that_users_know_is_logged_and_another_is_raised(
    caplog: pytest.LogCaptureFixture,
) -> None:
    asides = Asides()

    async def unreachable() -> None:
        message = "Nobody answers."
        raise DatabaseUnreachable(message)

    async def broken() -> None:
        message = "ours"
        raise LookupError(message)

    with caplog.at_level(logging.INFO):
        asides.start("a", unreachable)
        await asides.settle()
    asides.start("a", broken)

    assert "Nobody answers." in caplog.text
    with pytest.raises(LookupError, match="ours"):
        await asides.settle()
