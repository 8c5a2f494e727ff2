"""What a live database says of statements that are not run: whether it takes them, and with which types."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, LiteralString, TypedDict
from uuid import UUID

import psycopg
from psycopg import AsyncConnection
from psycopg.errors import error_from_result
from psycopg.pq import DiagnosticField, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from psycopg.rows import class_row

from briefsmith.postgres.descriptions import (
    Description,
    Descriptions,
    LiveColumn,
    LiveType,
    Refusal,
    ResultColumn,
)
from briefsmith.postgres.errors import translate
from briefsmith.postgres.exchange import Command, describing, exchange, preparing, sending
from briefsmith.postgres.session import SET_ACTOR, Actor
from briefsmith.postgres.statements import NoParameters, Statement, statement

_PLACEHOLDER = re.compile(r"%\((\w+)\)s|%%")
# The server has no time, no room or no connection: that says nothing of the statement.
_NO_ANSWER = ("08", "40", "53", "55P03", "57", "58")
_NOBODY = Actor(UUID(int=0))
# Savepoints: around the whole look, and before each statement.
_LOOK = "briefsmith_look"
_EACH = "briefsmith_each"
# Where the answers of a statement are in its part; what login sends has the first three.
_ANALYSED, _DESCRIBED, _PREPARED, _PLANNED = 1, 2, 3, 4


class _Wanted(TypedDict):
    oids: list[int]
    names: list[str]


PREPARE_TO_PLAN = statement("preparing.prepare_to_plan", NoParameters, None, is_of_login=True)
_SELECT_COLUMNS = statement("preparing.select_columns", _Wanted, LiveColumn, is_of_login=True)
_SELECT_TYPES = statement("preparing.select_types", _Wanted, LiveType, is_of_login=True)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came back for one statement, with its placeholders in the order of their numbers."""

    statement: Statement[Any, Any]
    names: Sequence[str]
    results: Sequence[PGresult]

    @property
    def failed(self) -> PGresult | None:
        return next((one for one in self.results if one.status == ExecStatus.FATAL_ERROR), None)


async def describe(
    connection: AsyncConnection[Any],
    statements: Sequence[Statement[Any, Any]],
    tables: Sequence[str] = (),
) -> Descriptions:
    """Has the database analyse each statement as it would be sent, and run none.

    What sessions send is planned as well, as the role and with the search path of a session: that finds a
    right that was taken away and a unique index that is gone. It takes two round trips, one more where such a
    statement is refused.

    Args:
        connection: Idle in autocommit mode, or in a transaction, which goes on as it was.
        statements: In any order.
        tables: Names with their schema; their columns are wanted as well.

    Raises:
        BriefsmithError: The database has no answer, or does not let the login be `authenticated`.
    """
    began = connection.info.transaction_status == TransactionStatus.IDLE
    try:
        answers = await _ask(connection, statements, ["begin read only"] if began else [])
        ending = "rollback" if began else f"release savepoint {_LOOK}"
        return await _look_up(connection, answers, tables, ending)
    except psycopg.Error as error:
        if began and not connection.closed:
            await connection.execute("rollback")
        raise translate(error) from error


def numbered(text: str) -> tuple[str, list[str]]:
    """A statement with $1, $2, ... as psycopg sends it, and the names of its placeholders in that order."""
    names: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        name = found[1]
        return "%" if name is None else f"${names.setdefault(name, len(names) + 1)}"

    return _PLACEHOLDER.sub(number, text), list(names)


async def _ask(
    connection: AsyncConnection[Any], statements: Sequence[Statement[Any, Any]], begin: list[str]
) -> list[_Answer]:
    of_login = [one for one in statements if one.is_of_login]
    of_sessions = [one for one in statements if not one.is_of_login]
    opening = [*begin, f"savepoint {_LOOK}", PREPARE_TO_PLAN.text, f"savepoint {_EACH}"]
    parts = [
        [sending(text) for text in opening],
        *(_analysing(one) for one in of_login),
        [sending(f"rollback to savepoint {_EACH}"), _acting(), sending(f"savepoint {_EACH}")],
        *(_planning(number, one) for number, one in enumerate(of_sessions)),
    ]
    got = await exchange(connection, parts)
    opened, acted = got[0], got[len(of_login) + 1]
    for result in (*opened, *acted):
        if result.status == ExecStatus.FATAL_ERROR:
            raise error_from_result(result)
    results = [*got[1 : len(of_login) + 1], *got[len(of_login) + 2 :]]
    await _forget(connection, results[len(of_login) :])
    return [
        _Answer(one, numbered(one.text)[1], its)
        for one, its in zip([*of_login, *of_sessions], results, strict=True)
    ]


def _acting() -> Command:
    text, _ = numbered(SET_ACTOR.text)
    return sending(text, _NOBODY.claims, _NOBODY.name)


def _analysing(one: Statement[Any, Any]) -> list[Command]:
    text, _ = numbered(one.text)
    return [sending(f"rollback to savepoint {_EACH}"), preparing(text), describing()]


def _planning(number: int, one: Statement[Any, Any]) -> list[Command]:
    """Rights are looked at when a plan is about to run, and `explain` goes as far as that.

    It is prepared by name and by SQL, because `explain (generic_plan)` came with PostgreSQL 16, and a
    transaction pooler may give other names to what is prepared through the protocol.
    """
    text, names = numbered(one.text)
    nulls = f"({', '.join(['null'] * len(names))})" if names else ""
    return [
        *_analysing(one),
        sending(f"prepare {_LOOK}_{number} as {text}"),
        sending(f"explain (costs off) execute {_LOOK}_{number}{nulls}"),
        sending(f"deallocate {_LOOK}_{number}"),
    ]


async def _forget(connection: AsyncConnection[Any], results: Sequence[Sequence[PGresult]]) -> None:
    left = [
        sending(f"deallocate {_LOOK}_{number}")
        for number, its in enumerate(results)
        if its[_PREPARED].status == ExecStatus.COMMAND_OK
        and its[_PLANNED].status == ExecStatus.FATAL_ERROR
    ]
    if left:
        await exchange(connection, [[sending(f"rollback to savepoint {_EACH}"), *left]])


async def _look_up(
    connection: AsyncConnection[Any],
    answers: Sequence[_Answer],
    tables: Sequence[str],
    ending: LiteralString,
) -> Descriptions:
    described = [one.results[_DESCRIBED] for one in answers if one.failed is None]
    shown = {result.ftable(at) for result in described for at in range(result.nfields)}
    oids = {result.ftype(at) for result in described for at in range(result.nfields)}
    oids |= {result.param_type(at) for result in described for at in range(result.nparams)}
    async with (
        connection.cursor(row_factory=class_row(LiveColumn), binary=True) as columns,
        connection.cursor(row_factory=class_row(LiveType), binary=True) as types,
    ):
        async with connection.pipeline():
            await connection.execute(f"rollback to savepoint {_LOOK}")
            wanted: _Wanted = {"oids": sorted(shown), "names": list(tables)}
            await columns.execute(_SELECT_COLUMNS.text, wanted)
            wanted = {"oids": sorted(oids), "names": list(tables)}
            await types.execute(_SELECT_TYPES.text, wanted)
            await connection.execute(ending)
        live = await columns.fetchall()
        return Descriptions(
            [_description(one, live) for one in answers],
            {one.oid: one for one in await types.fetchall()},
            {table: [one for one in live if one.table_name == table] for table in tables},
        )


def _description(answer: _Answer, live: Sequence[LiveColumn]) -> Description:
    name = answer.statement.name
    if answer.failed is not None:
        return Description(name, _refusal(answer.failed), {}, [])
    nullable = {(one.table_oid, one.number): one.is_nullable for one in live if one.is_table}
    result = answer.results[_DESCRIBED]
    columns = [
        ResultColumn(
            (result.fname(at) or b"").decode(),
            result.ftype(at),
            nullable.get((result.ftable(at), result.ftablecol(at))),
        )
        for at in range(result.nfields)
    ]
    parameters = {one: result.param_type(at) for at, one in enumerate(answer.names)}
    return Description(name, None, parameters, columns)


def _refusal(failed: PGresult) -> Refusal:
    state = (failed.error_field(DiagnosticField.SQLSTATE) or b"").decode()
    if state.startswith(_NO_ANSWER):
        raise error_from_result(failed)
    says = (failed.error_field(DiagnosticField.MESSAGE_PRIMARY) or b"").decode("utf-8", "replace")
    return Refusal(state, says)
