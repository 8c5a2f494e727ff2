"""Makes the packaged contract: what each server at hand prints of a fresh migration, in one file.

`python -m tests.contract.packaged` writes it (`make contract`); a test makes it again and compares.
"""

import asyncio
from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from briefsmith.postgres.inspection import inspect_database
from briefsmith.schema_sync.catalog import Catalog
from briefsmith.schema_sync.contract import Contract, merge, write
from briefsmith.schema_sync.sources import contract_of
from tests.conftest import Server, run_server
from tests.integration.servers import running, wheel_programs

SCHEMAS = ("briefsmith", "public")
PLACE = Path(__file__).parents[2] / "src" / "briefsmith" / "schema_sync" / "contract.json"


def contract_at(url: str) -> Contract:
    """The contract that a migrated database makes: an extension may be in any schema."""
    return asyncio.run(_read(url))


async def _read(url: str) -> Contract:
    async with inspect_database(url) as inspection:
        found = await contract_of(inspection, SCHEMAS)
    items = {
        key: replace(item, facts={}) if item.kind == "extension" else item
        for key, item in found.catalog.items.items()
    }
    return replace(found, catalog=Catalog(SCHEMAS, None, items))


def packaged_text(urls: Iterable[str]) -> str:
    """The file, made from fresh databases of several servers, the one to print like first."""
    return write(merge([contract_at(url) for url in urls]))


def main() -> None:
    """Writes the file."""
    with (
        contextmanager(run_server)(18) as newest,
        contextmanager(run_server)(16) as older,
        wheel_programs() as programs,
        running(programs) as oldest,
    ):
        servers = (newest, older, Server(oldest))
        PLACE.write_text(packaged_text(server.migrated_database() for server in servers), "utf-8")


if __name__ == "__main__":
    main()
