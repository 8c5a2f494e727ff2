"""The live catalog, in one round trip."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import args_row
from psycopg.types.json import set_json_loads
from pydantic_core import from_json

from briefsmith.postgres.errors import translate
from briefsmith.postgres.statements import NoParameters, run, statement


class _Schemas(TypedDict):
    schemas: list[str]


@dataclass(frozen=True, slots=True)
class CatalogRow:
    """One object: what it is, what it is called, what it belongs to, and what is to be said of it.

    Attributes:
        facts: By name; one that has its usual value is left out.
    """

    kind: str
    name: str
    parent_kind: str | None
    parent: str | None
    facts: dict[str, Any]


_PREPARE_TO_READ = statement("catalog.prepare_to_read", NoParameters, None, is_of_login=True)
_READ_CATALOG = statement("catalog.read_catalog", _Schemas, CatalogRow, is_of_login=True)


async def read_catalog(
    connection: AsyncConnection[Any], schemas: Sequence[str]
) -> list[CatalogRow]:
    """Every object of the schemas, with names written out in full.

    The search path is empty while it reads, and so it prints the same whatever the login's own is.

    Args:
        connection: In autocommit mode.

    Raises:
        BriefsmithError: In place of every error of the database.
    """
    try:
        async with connection.pipeline():
            await connection.execute("begin read only")
            await run(connection, _PREPARE_TO_READ, {})
            # Hundreds of rows: built by position and parsed natively they take half as long.
            async with connection.cursor(row_factory=args_row(CatalogRow), binary=True) as cursor:
                set_json_loads(from_json, cursor)
                await cursor.execute(_READ_CATALOG.text, {"schemas": list(schemas)})
                rows = await cursor.fetchall()
            await connection.execute("commit")
    except psycopg.Error as error:
        raise translate(error) from error
    return rows
