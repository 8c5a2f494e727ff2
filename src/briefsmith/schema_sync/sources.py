"""Where a schema can be read from: a database, a contract, a folder of migrations."""

import os.path
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path

from briefsmith.errors import InvalidContract
from briefsmith.postgres.inspection import Inspection, inspect_database
from briefsmith.postgres.scratch import scratch_database
from briefsmith.schema_sync.catalog import Catalog, Item, catalog_of
from briefsmith.schema_sync.compare import Difference, differences
from briefsmith.schema_sync.contract import Contract, read
from briefsmith.schema_sync.definitions import create_roles, create_schema
from briefsmith.schema_sync.names import schema_of, unquoted
from briefsmith.schema_sync.rights import roles_of

_URLS = ("postgresql://", "postgres://")
_USUAL = ("public",)
_SHOWN = 300  # characters of a name that is none

ScratchServer = Callable[[], AbstractAsyncContextManager[str]]


async def read_contract(
    source: str, schemas: Sequence[str] | None, scratch_server: ScratchServer
) -> Contract:
    """The schema that a source describes.

    Args:
        source: Address of a database, a contract (`.json`), one file of SQL, or a folder of them, which
            are run in the order of their names in a scratch database.
        schemas: What to read; None is all that a contract holds, and `public` of anything else.
        scratch_server: Address of a server for scratch databases; asked for only when it is needed.

    Raises:
        InvalidContract: There is nothing of the kind, or the file is no contract.
        MigrationFailed: Names file and statement.
        Unavailable: No database.
    """
    if _is_address(source):
        async with inspect_database(source) as inspection:
            return await contract_of(inspection, schemas or _USUAL)
    held = _read_files(Path(source))
    if isinstance(held, Contract):
        return held if schemas is None else only(held, schemas)
    async with scratch_server() as url, scratch_database(url) as scratch:
        for name, text in held:
            await scratch.run(name, text)
        return await contract_of(scratch, schemas or _USUAL)


async def read_contracts(
    sources: Sequence[str], schemas: Sequence[str] | None, scratch_server: ScratchServer
) -> list[Contract]:
    """The schemas of several sources, to be compared.

    Args:
        schemas: None is what the contracts among them hold, and `public` where none is one: so what a contract
            was made of is read of the others too.

    Raises:
        InvalidContract, MigrationFailed, Unavailable: As `read_contract`.
    """
    contracts = [source for source in sources if not _is_address(source) and _is_contract(source)]
    if schemas is None and contracts:
        read_first = [await read_contract(source, None, scratch_server) for source in contracts]
        schemas = sorted({name for one in read_first for name in one.catalog.schemas})
    return [await read_contract(source, schemas, scratch_server) for source in sources]


_HINT = (
    "Give a postgresql:// address, a contract (.json), a file of SQL, or a folder of migrations."
)


def _is_address(source: str) -> bool:
    # Of a name that is too long for the system, `Path.exists` raises.
    return source.startswith(_URLS) or ("=" in source and not os.path.exists(source))  # noqa: PTH110


def _is_contract(source: str | Path) -> bool:
    return Path(source).suffix == ".json"


def _read_files(path: Path) -> Contract | list[tuple[str, str]]:
    try:
        if _is_contract(path):
            return read(path.read_text(encoding="utf-8"))
        files = sorted(path.glob("*.sql")) if path.is_dir() else [path]
        texts = [(file.name, file.read_text(encoding="utf-8")) for file in files]
    except (OSError, UnicodeDecodeError) as error:
        says = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        name = str(path)
        shown = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"
        message = f"{shown} cannot be read: {says}."
        raise InvalidContract(message, hint=_HINT) from error
    if not texts:
        message = f"{path} holds no migration."
        raise InvalidContract(message, hint=_HINT)
    return texts


async def contract_of(inspection: Inspection, schemas: Sequence[str]) -> Contract:
    """The schema of a live database, as a contract."""
    rows = await inspection.catalog(schemas)
    catalog = catalog_of(rows, schemas)
    return Contract(
        catalog,
        inspection.server_version // 10_000,
        migrations=tuple(await inspection.migrations() or ()),
    )


async def compare(
    expected: Contract, found: Contract, scratch_server: ScratchServer
) -> list[Difference]:
    """In what the second schema differs from the first.

    Servers of different major versions print the same definition in different ways, so where one printed
    each and they differ, both are made anew in one server, and what it prints is compared. Of what cannot be
    made there, a language that it lacks for one, the first comparison is believed.
    """
    first = differences(expected.catalog, found.catalog, expected.spellings)
    if not first or expected.server_version == found.server_version:
        return first
    roles = sorted(roles_of(expected.catalog) | roles_of(found.catalog))
    async with scratch_server() as url:
        wanted = await _again(expected, roles, url)
        actual = await _again(found, roles, url)
    again = differences(wanted, actual)
    return again + [one for one in first if _is_lost(one, wanted, actual)]


def only(contract: Contract, schemas: Sequence[str]) -> Contract:
    """The part of a contract that lies in some schemas; extensions lie in none."""
    catalog = contract.catalog

    def is_within(item: Item) -> bool:
        while item.parent is not None:
            item = catalog.items[item.parent]
        name = item.name if item.kind == "schema" else schema_of(item.name)
        return item.kind == "extension" or unquoted(name) in schemas

    items = {key: item for key, item in catalog.items.items() if is_within(item)}
    return replace(contract, catalog=replace(catalog, schemas=tuple(schemas), items=items))


def _is_lost(difference: Difference, wanted: Catalog, actual: Catalog) -> bool:
    """Whether a side that has the object could not be made anew with it."""
    item, found = difference.item, difference.actual
    if difference.change != "extra" and item.key not in wanted.items:
        return True
    return found is not None and found.key not in actual.items


async def _again(contract: Contract, roles: Sequence[str], server_url: str) -> Catalog:
    async with scratch_database(server_url) as scratch:
        # Most of them are there already, from another comparison or because every server has them.
        await scratch.attempt(create_roles(roles))
        await scratch.attempt(create_schema(contract.catalog))
        schemas = contract.catalog.schemas
        return catalog_of(await scratch.catalog(schemas), schemas)
