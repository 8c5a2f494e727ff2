"""Whether a live database is what this package was written for."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from briefsmith.errors import NotPermitted
from briefsmith.postgres.inspection import Inspection
from briefsmith.schema_sync.catalog import Catalog, catalog_of
from briefsmith.schema_sync.compare import differences
from briefsmith.schema_sync.contract import Contract, packaged
from briefsmith.schema_sync.data_checks import DATA_CHECKS, check_data
from briefsmith.schema_sync.findings import Finding, judge
from briefsmith.schema_sync.models import REQUESTS, check_models, row_models
from briefsmith.schema_sync.statements import all_statements, check_statements, tables_of

# Nothing in it is of somebody else.
OWN_SCHEMAS = frozenset({"briefsmith"})

_LEGACY = ("table", "public.profile_core_data")
# Where one of these is, somebody has migrated it.
_SIGNS = (("schema", "briefsmith"), ("table", "public.context_blocks"))


@dataclass(frozen=True, slots=True)
class Verification:
    """What a look at a database found.

    Attributes:
        place: Which database, without login and password.
        checked: How many objects, statements and models were held against each other.
        findings: What is not as it has to be, and what belongs to somebody else (`info`).
    """

    place: str
    server_version: str
    checked: Mapping[str, int]
    findings: tuple[Finding, ...]

    @property
    def is_in_sync(self) -> bool:
        """Whether no finding is drift."""
        return not any(finding.is_drift for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {
            "in_sync": self.is_in_sync,
            "database": self.place,
            "server_version": self.server_version,
            "checked": dict(self.checked),
            "findings": [finding.as_dict() for finding in self.findings],
        }


async def verify(
    inspection: Inspection, contract: Contract | None = None, *, data_model: str | None = None
) -> Verification:
    """Holds the live catalog, every statement and every model against the contract.

    Nothing is changed, and unless it is asked to, no row of anybody's is read.

    Args:
        data_model: Look at the rows and the server's known faults as well, with this embedding model as the one
            that is asked with.
        contract: None takes the one of this package.

    Raises:
        Unavailable: The database went away.
    """
    contract = contract or packaged()
    rows = await inspection.catalog(contract.catalog.schemas)
    found = catalog_of(rows, contract.catalog.schemas, ours=contract.catalog.items.keys())
    findings = await _of_migrations(inspection, contract, found)
    if not any(finding.kind == "schema" for finding in findings):
        findings += judge(
            differences(contract.catalog, found, contract.spellings),
            contract.catalog,
            found,
            OWN_SCHEMAS,
        )
    findings += _of_packaged_models() if contract is packaged() else check_models(contract.catalog)
    statements = all_statements()
    if not any(finding.kind == "schema" for finding in findings):
        findings += await _of_statements(inspection)
    checked = {
        "object": len(contract.catalog.items),
        "statement": len(statements),
        "model": len(row_models()) + len(REQUESTS),
    }
    if data_model is not None:
        if not any(finding.is_drift for finding in findings):
            findings += await check_data(inspection, data_model)
            checked["data check"] = len(DATA_CHECKS)
        findings += _of_server(inspection)
    return Verification(inspection.place, inspection.server_version_text, checked, tuple(findings))


@cache
def _of_packaged_models() -> tuple[Finding, ...]:
    """Of code against a file, neither of which changes while it runs."""
    return tuple(check_models(packaged().catalog))


async def _of_statements(inspection: Inspection) -> list[Finding]:
    statements = all_statements()
    try:
        live = await inspection.describe(statements, tables_of(statements))
    except NotPermitted as error:
        return [Finding("info", "statements", "all", "refused", says=error.message)]
    return [
        Finding(
            "error",
            "statement",
            one.statement if one.name is None else f"{one.statement}, {one.what} {one.name}",
            "refused" if one.what == "refused" else "mistyped",
            None,
            one.expected,
            one.found,
            says=one.says,
        )
        for one in check_statements(statements, live)
    ]


def _of_server(inspection: Inspection) -> list[Finding]:
    if not inspection.has_unsafe_row_security:
        return []
    says = (
        "Row level security with cached plans is unsafe on this server (CVE-2024-10976); "
        "upgrade it to the latest minor version."
    )
    version = inspection.server_version_text
    return [Finding("warning", "server", f"PostgreSQL {version}", "changed", says=says)]


async def _of_migrations(
    inspection: Inspection, contract: Contract, found: Catalog
) -> list[Finding]:
    if _LEGACY in found.items:
        says = "It is the legacy schema; `briefsmith schema upgrade --plan` shows the way."
        return [Finding("error", "schema", "public", "changed", says=says)]
    if not any(key in found.items for key in _SIGNS):
        says = "The database has none of it; `briefsmith schema migrate` makes it."
        return [Finding("error", "schema", "briefsmith", "missing", says=says)]
    applied = await inspection.migrations()
    if applied is None:
        says = "This login may not read supabase_migrations.schema_migrations."
        return [Finding("info", "migration", "unknown", "missing", says=says)]
    unknown = sorted(set(applied) - set(contract.migrations))
    missing = sorted(set(contract.migrations) - set(applied))
    return [
        *(
            Finding(
                "error",
                "migration",
                version,
                "missing",
                says="`briefsmith schema migrate` applies it.",
            )
            for version in missing
        ),
        *(
            Finding(
                "error",
                "migration",
                version,
                "extra",
                says="The database is newer than this package; upgrade the package.",
            )
            for version in unknown
        ),
    ]
