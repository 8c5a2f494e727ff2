"""What differences mean for whoever runs the database."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from briefsmith.schema_sync.catalog import Catalog, Fact, Item
from briefsmith.schema_sync.compare import Change, Difference
from briefsmith.schema_sync.mends import Mend, mend_all
from briefsmith.schema_sync.names import called

Severity = Literal["error", "warning", "info"]

# Whom a right may be given to by somebody else's decision is not ours to judge.
_OUR_GRANTEES = frozenset({"public", "anon", "authenticated", "service_role"})
# Another index, a comfort; anything else on a table of ours changes what it takes or shows.
_HARMLESS_EXTRAS = frozenset({"index", "statistics", "column"})
_HARMLESS_FACTS = frozenset({"owner", "cost", "rows", "storage", "compression", "cache", "options"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it has to be.

    Attributes:
        severity: `error` breaks the product or opens a door, `warning` does neither yet, `info` is of
            somebody else and no drift.
        kind: What kind of object, for one `column`.
        name: Its name, as SQL writes it.
        change: `missing`, `extra`, `changed`, `renamed`; `refused` and `mistyped` are of statements and
            models, `data` of rows.
        fact: Which fact of it; None for the whole object.
        expected: What it has to be.
        found: What it is.
        mend: How to take it away; None where no SQL would.
        says: What there is to add, one sentence.
    """

    severity: Severity
    kind: str
    name: str
    change: Change | Literal["refused", "mistyped", "data"]
    fact: str | None = None
    expected: Fact = None
    found: Fact = None
    mend: Mend | None = None
    says: str | None = None

    @property
    def is_drift(self) -> bool:
        """Whether database and code are out of sync by it."""
        return self.severity != "info"

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {
            "severity": self.severity,
            "kind": self.kind,
            "name": self.name,
            "change": self.change,
            "fact": self.fact,
            "expected": self.expected,
            "found": self.found,
            "says": self.says,
            "mend": self.mend and {"sql": self.mend.sql, "danger": self.mend.danger},
        }


def as_findings(compared: Iterable[tuple[Difference, Mend]]) -> list[Finding]:
    """Differences between two schemas of anybody's: none is more than another."""
    return [
        Finding(
            "error",
            difference.item.kind,
            difference.item.name,
            difference.change,
            difference.fact,
            difference.expected,
            difference.found,
            mending,
        )
        for difference, mending in compared
    ]


def judge(
    found_differences: Iterable[Difference],
    expected: Catalog,
    found: Catalog,
    own_schemas: Collection[str],
) -> list[Finding]:
    """What differences from a contract mean.

    Args:
        own_schemas: Schemas in which nothing is of somebody else.
    """
    return list(_judge(found_differences, expected, found, own_schemas))


def _judge(
    found_differences: Iterable[Difference],
    expected: Catalog,
    found: Catalog,
    own_schemas: Collection[str],
) -> Iterator[Finding]:
    lost = {
        item.name
        for item in expected.items.values()
        if item.kind == "schema" and item.key not in found.items
    }
    missing = {
        called(item.name)
        for key, item in expected.items.items()
        if item.parent is None and key not in found.items
    }
    judged: list[tuple[Difference, Severity]] = []
    for difference in found_differences:
        item = difference.item
        # What was in a schema that is gone is gone with it.
        if difference.change == "missing" and item.kind != "schema" and _schema_of(item) in lost:
            continue
        if difference.change == "extra" and item.kind == "extension":
            continue
        in_the_way = difference.change == "extra" and called(item.name) in missing
        judged.append((difference, "error" if in_the_way else _severity(difference, own_schemas)))
    drift = [difference for difference, severity in judged if severity != "info"]
    mends = iter(mend_all(drift, expected, found))
    for difference, severity in judged:
        yield Finding(
            severity,
            difference.item.kind,
            difference.item.name,
            difference.change,
            difference.fact,
            difference.expected,
            difference.found,
            None if severity == "info" else next(mends),
        )


def _schema_of(item: Item) -> str:
    root = item.parent[1] if item.parent else item.name
    return root.partition(".")[0]


def _severity(difference: Difference, own_schemas: Collection[str]) -> Severity:
    item = difference.item
    if item.kind == "grant" and item.facts.get("grantee") not in _OUR_GRANTEES:
        return "info"
    if difference.change == "extra":
        return _severity_of_extra(item, own_schemas)
    if (
        difference.change == "changed"
        and difference.fact in _HARMLESS_FACTS
        and item.kind != "view"
    ):
        return "warning"
    return "error"


def _severity_of_extra(item: Item, own_schemas: Collection[str]) -> Severity:
    if item.parent is None:
        return "warning" if _schema_of(item) in own_schemas else "info"
    if item.kind not in _HARMLESS_EXTRAS:
        return "error"
    must_be_given = item.kind == "column" and not item.facts.get("nullable", True)
    return "error" if must_be_given and "default" not in item.facts else "warning"
