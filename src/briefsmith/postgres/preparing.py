"""What a live database says of statements that are not run: whether it takes them, and with which types."""

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString, TypedDict

import psycopg
from psycopg import AsyncConnection
from psycopg.pq import DiagnosticField, TransactionStatus
from psycopg.pq.abc import PGresult
from psycopg.rows import class_row

from briefsmith.postgres.asking import LOOK, Answer, ask, demand_answer
from briefsmith.postgres.descriptions import (
    Description,
    Descriptions,
    LiveColumn,
    LiveType,
    Refusal,
    ResultColumn,
)
from briefsmith.postgres.errors import translate
from briefsmith.postgres.statements import Statement, statement


class _Wanted(TypedDict):
    oids: list[int]
    names: list[str]


_SELECT_COLUMNS = statement("preparing.select_columns", _Wanted, LiveColumn, is_of_login=True)
_SELECT_TYPES = statement("preparing.select_types", _Wanted, LiveType, is_of_login=True)


async def describe(
    connection: AsyncConnection[Any],
    statements: Sequence[Statement[Any, Any]],
    tables: Sequence[str] = (),
) -> Descriptions:
    """Has the database analyse each statement as it would be sent, and run none.

    What sessions send is planned as well, as the role and with the search path of a session: that finds a
    right that was taken away and a unique index that is gone. It takes two round trips, up to three more where a
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
        answers = await ask(connection, statements, ["begin read only"] if began else [])
        ending = "rollback" if began else f"release savepoint {LOOK}"
        return await _look_up(connection, answers, tables, ending)
    except psycopg.Error as error:
        if began and not connection.closed:
            await connection.execute("rollback")
        raise translate(error) from error


async def _look_up(
    connection: AsyncConnection[Any],
    answers: Sequence[Answer],
    tables: Sequence[str],
    ending: LiteralString,
) -> Descriptions:
    described = [one.described for one in answers if one.failed is None]
    shown = {result.ftable(at) for result in described for at in range(result.nfields)}
    oids = {result.ftype(at) for result in described for at in range(result.nfields)}
    oids |= {result.param_type(at) for result in described for at in range(result.nparams)}
    async with (
        connection.cursor(row_factory=class_row(LiveColumn), binary=True) as columns,
        connection.cursor(row_factory=class_row(LiveType), binary=True) as types,
    ):
        async with connection.pipeline():
            await connection.execute(f"rollback to savepoint {LOOK}")
            wanted: _Wanted = {"oids": sorted(shown), "names": list(tables)}
            await columns.execute(_SELECT_COLUMNS.text, wanted)
            wanted = {"oids": sorted(oids), "names": list(tables)}
            await types.execute(_SELECT_TYPES.text, wanted)
            await connection.execute(ending)
        live = await columns.fetchall()
        nullable = {(one.table_oid, one.number): one.is_nullable for one in live if one.is_table}
        return Descriptions(
            [_description(one, nullable) for one in answers],
            {one.oid: one for one in await types.fetchall()},
            {table: [one for one in live if one.table_name == table] for table in tables},
        )


def _description(answer: Answer, nullable: Mapping[tuple[int, int], bool]) -> Description:
    name, result = answer.statement.name, answer.described
    if answer.failed is not None:
        return Description(name, _refusal(answer.failed), {}, [])
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
    state = demand_answer(failed)
    says = (failed.error_field(DiagnosticField.MESSAGE_PRIMARY) or b"").decode("utf-8", "replace")
    return Refusal(state, says)
