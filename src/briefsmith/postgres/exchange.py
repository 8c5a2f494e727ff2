"""Many commands in one round trip, in parts of which one that fails does not keep the others from running."""

from collections.abc import Callable, Generator, Sequence
from itertools import accumulate
from typing import Any

from psycopg import AsyncConnection
from psycopg.generators import fetch_many
from psycopg.pq.abc import PGconn, PGresult
from psycopg.waiting import Ready, Wait

# Puts one command into the queue of a connection that is in pipeline mode.
Command = Callable[[PGconn], None]


def sending(text: str, *values: str) -> Command:
    """Runs one statement; the values are its $1, $2, ..."""
    encoded = [value.encode() for value in values]
    return lambda wire: wire.send_query_params(text.encode(), encoded)


def preparing(text: str, name: str = "") -> Command:
    """Has a statement with $1, $2, ... analysed; the next unnamed one replaces an unnamed one."""
    # No types: psycopg leaves those of text open too, and each placeholder is cast to its own.
    return lambda wire: wire.send_prepare(name.encode(), text.encode())


def describing(name: str = "") -> Command:
    """Asks for the types of a statement that was analysed under this name."""
    return lambda wire: wire.send_describe_prepared(name.encode())


async def exchange(
    connection: AsyncConnection[Any], parts: Sequence[Sequence[Command]]
) -> list[list[PGresult]]:
    """The answers, part by part; behind an error, those of its part are of commands that did not run.

    Raises:
        psycopg.OperationalError: The connection is lost.
    """
    async with connection.lock:
        try:
            return await connection.wait(_talk(connection.pgconn, parts))
        except BaseException:
            # Answers that nobody read are in the way of whoever comes next.
            await connection.close()
            raise


async def exchange_as_one(
    connection: AsyncConnection[Any], parts: Sequence[Sequence[Command]]
) -> list[list[PGresult]]:
    """The same, but behind an error nothing of later parts runs either; quicker by two wake-ups a part."""
    [results] = await exchange(connection, [[command for part in parts for command in part]])
    ends = list(accumulate(len(part) for part in parts))
    return [results[end - len(part) : end] for part, end in zip(parts, ends, strict=True)]


def _talk(
    wire: PGconn, parts: Sequence[Sequence[Command]]
) -> Generator[Wait, Ready | int, list[list[PGresult]]]:
    wire.enter_pipeline_mode()
    for part in parts:
        for command in part:
            command(wire)
        wire.pipeline_sync()
    # Reads while it writes: a server whose answers nobody takes stops listening.
    while wire.flush():
        if (yield Wait.RW) & Ready.R:
            wire.consume_input()
    answers: list[list[PGresult]] = []
    for part in parts:
        found: list[PGresult] = []
        for _ in part:
            found += yield from fetch_many(wire)
        yield from fetch_many(wire)
        answers.append(found)
    wire.exit_pipeline_mode()
    return answers
