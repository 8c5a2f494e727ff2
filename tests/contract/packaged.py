"""Makes the packaged contract: what each server at hand prints of a fresh migration, in one file.

`python -m tests.contract.packaged` writes it (`make contract`); a test makes it again and compares.
"""

import asyncio
import sys
from collections.abc import Iterable
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from briefsmith.postgres.inspection import inspect_database
from briefsmith.schema_sync.catalog import Catalog
from briefsmith.schema_sync.contract import Contract, merge, write
from briefsmith.schema_sync.sources import contract_of
from tests.conftest import Server, run_server
from tests.integration.servers import debian_programs, running, wheel_programs

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
    """Writes the file; without PostgreSQL 17 it is the same, for that prints as 18 does, and a test says so."""
    with ExitStack() as stack:
        servers = [
            stack.enter_context(contextmanager(run_server)(18)),
            *_debian(stack),
            stack.enter_context(contextmanager(run_server)(16)),
            Server(stack.enter_context(running(stack.enter_context(wheel_programs())))),
        ]
        PLACE.write_text(packaged_text(server.migrated_database() for server in servers), "utf-8")


def _debian(stack: ExitStack) -> list[Server]:
    try:
        programs = stack.enter_context(debian_programs())
    except pytest.skip.Exception as reason:
        sys.stderr.write(f"without PostgreSQL 17: {reason}\n")
        return []
    return [Server(stack.enter_context(running(programs)))]


if __name__ == "__main__":
    main()
