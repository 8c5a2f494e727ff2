"""Statements put to a live database, which is to analyse and to plan them and to run none."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.errors import error_from_result
from psycopg.pq import DiagnosticField, ExecStatus
from psycopg.pq.abc import PGresult

from briefsmith.postgres.exchange import (
    Command,
    describing,
    exchange,
    exchange_as_one,
    preparing,
    sending,
)
from briefsmith.postgres.session import SET_ACTOR, Actor
from briefsmith.postgres.statements import NoParameters, Statement, statement

_PLACEHOLDER = re.compile(r"%\((\w+)\)s|%%")
# The server has no time, no room or no connection: that says nothing of the statement.
_NO_ANSWER = ("08", "40", "53", "55P03", "57", "58")
_NOBODY = Actor(UUID(int=0))
# Savepoints: around the whole look, and before each statement, whose locks end with it.
LOOK = "briefsmith_look"
_EACH = "briefsmith_each"
# Where the answers of a statement are in its part; what login sends has the first three.
_ANALYSED, _DESCRIBED, _PREPARED = 1, 2, 3

PREPARE_TO_PLAN = statement("preparing.prepare_to_plan", NoParameters, None, is_of_login=True)

# The commands for a statement of sessions, by its number.
_Planning = Callable[[int, Statement[Any, Any]], list[Command]]
_Results = list[list[PGresult]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one statement.

    Attributes:
        names: Its placeholders in the order of their numbers.
        described: Its types; nothing where it failed.
        failed: What the database has against it.
    """

    statement: Statement[Any, Any]
    names: Sequence[str]
    described: PGresult
    failed: PGresult | None


@cache
def numbered(text: str) -> tuple[str, tuple[str, ...]]:
    """A statement with $1, $2, ... as psycopg sends it, and the names of its placeholders in that order."""
    names: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        name = found[1]
        return "%" if name is None else f"${names.setdefault(name, len(names) + 1)}"

    return _PLACEHOLDER.sub(number, text), tuple(names)


async def ask(
    connection: AsyncConnection[Any], statements: Sequence[Statement[Any, Any]], begin: list[str]
) -> list[Answer]:
    """The answers of a transaction that is left at the savepoint `LOOK`, or behind it.

    It asks as if nothing were refused, which is quick; where something is, again and about each by itself.

    Args:
        begin: What begins the transaction.

    Raises:
        psycopg.Error: The database has no answer, or does not let the login be `authenticated`.
    """
    look = _Look(
        [one for one in statements if one.is_of_login],
        [one for one in statements if not one.is_of_login],
    )
    parts = look.parts([*begin, f"savepoint {LOOK}"], _planning)
    got = await exchange_as_one(connection, parts)
    failed = _failed(result for part in got for result in part)
    if failed is not None:
        await _forget(connection, LOOK, look.of_sessions_in(got), _ANALYSED)
        look.demand_opening(got)
        demand_answer(failed)
        parts = look.parts([f"rollback to savepoint {LOOK}"], _planning_by_sql)
        got = await exchange(connection, parts)
        await _forget(connection, _EACH, look.of_sessions_in(got), _PREPARED)
        look.demand_opening(got)
    return look.answers(got)


def demand_answer(failed: PGresult) -> str:
    """The SQLSTATE of what a database has against a statement.

    Raises:
        psycopg.Error: It has nothing against it: it cannot say now.
    """
    state = (failed.error_field(DiagnosticField.SQLSTATE) or b"").decode()
    if state.startswith(_NO_ANSWER):
        raise error_from_result(failed)
    return state


@dataclass(frozen=True, slots=True)
class _Look:
    """What is asked in one transaction, at first as the login and then as somebody's session."""

    of_login: list[Statement[Any, Any]]
    of_sessions: list[Statement[Any, Any]]

    def parts(self, opening: list[str], planning: _Planning) -> list[list[Command]]:
        opening = [*opening, PREPARE_TO_PLAN.text, f"savepoint {_EACH}"]
        return [
            [sending(text) for text in opening],
            *(_analysing(one) for one in self.of_login),
            [sending(f"rollback to savepoint {_EACH}"), _acting(), sending(f"savepoint {_EACH}")],
            *(planning(number, one) for number, one in enumerate(self.of_sessions)),
        ]

    def of_sessions_in(self, got: _Results) -> _Results:
        return got[len(self.of_login) + 2 :]

    def demand_opening(self, got: _Results) -> None:
        failed = _failed((*got[0], *got[len(self.of_login) + 1]))
        if failed is not None:
            raise error_from_result(failed)

    def answers(self, got: _Results) -> list[Answer]:
        results = [*got[1 : len(self.of_login) + 1], *self.of_sessions_in(got)]
        return [
            Answer(one, numbered(one.text)[1], its[_DESCRIBED], _failed(its))
            for one, its in zip([*self.of_login, *self.of_sessions], results, strict=True)
        ]


def _failed(results: Iterable[PGresult]) -> PGresult | None:
    return next((one for one in results if one.status == ExecStatus.FATAL_ERROR), None)


def _acting() -> Command:
    text, _ = numbered(SET_ACTOR.text)
    return sending(text, _NOBODY.claims, _NOBODY.name)


def _analysing(one: Statement[Any, Any], name: str = "") -> list[Command]:
    text, _ = numbered(one.text)
    return [sending(f"rollback to savepoint {_EACH}"), preparing(text, name), describing(name)]


def _planning(number: int, one: Statement[Any, Any]) -> list[Command]:
    """Rights are looked at when a plan is about to run, and `explain` goes as far as that."""
    name = f"{LOOK}_{number}"
    return [*_analysing(one, name), *_explaining(name, one)]


def _planning_by_sql(number: int, one: Statement[Any, Any]) -> list[Command]:
    """The same where SQL does not know what is prepared through the protocol: a transaction pooler renames it."""
    text, _ = numbered(one.text)
    name = f"{_EACH}_{number}"
    return [*_analysing(one), sending(f"prepare {name} as {text}"), *_explaining(name, one)]


def _explaining(name: str, one: Statement[Any, Any]) -> list[Command]:
    """Not `explain (generic_plan)`, which came with PostgreSQL 16."""
    _, names = numbered(one.text)
    nulls = f"({', '.join(['null'] * len(names))})" if names else ""
    return [
        sending(f"explain (costs off) execute {name}{nulls}"),
        sending(f"deallocate {name}"),
    ]


async def _forget(
    connection: AsyncConnection[Any], name: str, results: _Results, prepared: int
) -> None:
    """Deallocates what an error kept from it."""
    left = [
        [sending(f"rollback to savepoint {_EACH}"), sending(f"deallocate {name}_{number}")]
        for number, its in enumerate(results)
        if its[prepared].status == ExecStatus.COMMAND_OK and its[-1].status != ExecStatus.COMMAND_OK
    ]
    if left:
        await exchange(connection, left)
