"""The verbs of the schema: what it is, what it has to be, and how to make it so."""

from collections.abc import Sequence

from briefsmith.postgres.inspection import Inspection
from briefsmith.schema_sync.compare import Difference
from briefsmith.schema_sync.contract import Contract, packaged
from briefsmith.schema_sync.mends import Mend, mend_all
from briefsmith.schema_sync.sources import (
    ScratchServer,
    compare,
    only,
    read_contract,
    read_contracts,
)
from briefsmith.schema_sync.verify import Verification, verify
from briefsmith.sql import Migration, migrations


async def verify_schema(inspection: Inspection, *, data_model: str | None = None) -> Verification:
    """Whether a live database is what this package was written for; nothing is changed.

    Args:
        data_model: Look at the rows as well, with this embedding model as the one that is asked with;
            not while there is drift, which would be in the way.

    Raises:
        Unavailable: The database went away.
    """
    return await verify(inspection, data_model=data_model)


async def read_schema(
    source: str | None, schemas: Sequence[str] | None, scratch_server: ScratchServer
) -> Contract:
    """What a schema is.

    Args:
        source: As `schema_sync.sources.read_contract` takes it; None is what this package needs.

    Raises:
        InvalidContract: The source is none.
        MigrationFailed: A file of the source is refused; names file and statement.
        Unavailable: No database.
    """
    if source is not None:
        return await read_contract(source, schemas, scratch_server)
    return packaged() if schemas is None else only(packaged(), schemas)


async def diff_schemas(
    a: str, b: str, schemas: Sequence[str] | None, scratch_server: ScratchServer
) -> list[tuple[Difference, Mend]]:
    """In what the second schema differs from the first, and what would make it like the first.

    Args:
        a, b: As `schema_sync.sources.read_contract` takes them.
        schemas: None is what a contract among them holds, and `public` where neither is one.

    Raises:
        InvalidContract: One of them is none.
        MigrationFailed: A file is refused; names file and statement.
        Unavailable: No database.
    """
    expected, found = await read_contracts((a, b), schemas, scratch_server)
    found_differences = await compare(expected, found, scratch_server)
    mends = mend_all(found_differences, expected.catalog, found.catalog)
    return list(zip(found_differences, mends, strict=True))


async def pending_migrations(inspection: Inspection) -> tuple[Migration, ...]:
    """Migrations of this package that a database has not had, the oldest first."""
    applied = set(await inspection.migrations() or ())
    return tuple(one for one in migrations() if one.version not in applied)
