"""What an upgrade may meet: facts of the login, of the legacy tables, and of what others hang on them."""

from collections.abc import Sequence
from dataclasses import dataclass

from briefsmith.postgres.legacy.connections import LegacyConnection
from briefsmith.sql import load_legacy

_SQL = load_legacy("obstacles")


@dataclass(frozen=True, slots=True)
class LoginFacts:
    """What the login may do, and which schemas there are."""

    login: str
    sees_all: bool
    may_create: bool
    may_create_in_public: bool
    has_users: bool
    encoding: str
    has_vector: bool
    is_legacy: bool
    has_briefsmith: bool
    has_staging: bool
    has_legacy_schema: bool


@dataclass(frozen=True, slots=True)
class LegacyColumn:
    """A column of a relation that has a legacy name."""

    table: str
    kind: str
    is_ours: bool
    column: str
    type: str


@dataclass(frozen=True, slots=True)
class Mention:
    """A routine whose text names what goes away."""

    described: str
    names: list[str]


@dataclass(frozen=True, slots=True)
class Published:
    """A legacy table in a publication."""

    publication: str
    table: str


@dataclass(frozen=True, slots=True)
class Size:
    """A legacy table on disk, with its indexes."""

    name: str
    bytes: int


@dataclass(frozen=True, slots=True)
class _Described:
    described: str


@dataclass(frozen=True, slots=True)
class _Name:
    name: str


@dataclass(frozen=True, slots=True)
class _Locked:
    locked: bool


async def login_facts(connection: LegacyConnection) -> LoginFacts:
    """What the login may do here."""
    [facts] = await connection.many(_SQL["login"], LoginFacts)
    return facts


async def legacy_columns(connection: LegacyConnection, tables: Sequence[str]) -> list[LegacyColumn]:
    """The columns of the relations in public that have these names."""
    return await connection.many(_SQL["columns"], LegacyColumn, {"tables": list(tables)})


async def taken_names(
    connection: LegacyConnection, final: Sequence[str], legacy: Sequence[str]
) -> list[str]:
    """What else in public has a name of the final schema, in words."""
    params = {"final": list(final), "legacy": list(legacy)}
    return [row.described for row in await connection.many(_SQL["taken"], _Described, params)]


async def foreign_types(connection: LegacyConnection, types: Sequence[str]) -> list[str]:
    """Enums of these names that belong to another login."""
    found = await connection.many(_SQL["foreign_types"], _Name, {"types": list(types)})
    return [row.name for row in found]


async def dependents(connection: LegacyConnection, schema: str, names: Sequence[str]) -> list[str]:
    """What others have hung on these relations and enums, in words."""
    params = {"schema": schema, "names": list(names)}
    return [row.described for row in await connection.many(_SQL["dependents"], _Described, params)]


async def mentions(connection: LegacyConnection, names: Sequence[str]) -> list[Mention]:
    """Routines of others whose text has one of these words."""
    return await connection.many(_SQL["mentions"], Mention, {"names": list(names)})


async def publications(connection: LegacyConnection, names: Sequence[str]) -> list[Published]:
    """Which of these tables are published."""
    return await connection.many(_SQL["publications"], Published, {"names": list(names)})


async def sizes(connection: LegacyConnection, names: Sequence[str]) -> list[Size]:
    """How large these tables are."""
    return await connection.many(_SQL["sizes"], Size, {"names": list(names)})


async def try_lock(connection: LegacyConnection) -> bool:
    """Whether this connection is now the only runner; it is until it is closed."""
    [found] = await connection.many(_SQL["try_lock"], _Locked)
    return found.locked
