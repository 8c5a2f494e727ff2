"""What the upgrade of a database leaves to a person."""

from briefsmith.postgres.legacy.connections import LegacyConnection
from briefsmith.postgres.legacy.obstacles import mentions, publications
from briefsmith.postgres.legacy.rows import LEGACY_TABLES
from briefsmith.schema_sync.upgrade.obstacles import REMOVED


async def notes_of(connection: LegacyConnection) -> list[str]:
    """What a person has to look after, because nothing here can."""
    found = [
        f"The {one.described} names {' and '.join(one.names)} in its text, which the upgrade removes: "
        "change it before the upgrade, or it fails."
        for one in await mentions(connection, REMOVED)
    ]
    return found + [
        f"The publication {one.publication} has {one.table}: add the new table of this name to it."
        for one in await publications(connection, LEGACY_TABLES)
    ]
