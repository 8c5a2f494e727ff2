"""A database in which changes are made and taken back, read as a whole or in part."""

import json
from dataclasses import dataclass, field
from typing import Any, LiteralString, cast

from psycopg import Connection, sql

from briefsmith.postgres.catalog import CatalogRow
from briefsmith.schema_sync.catalog import Catalog, catalog_of
from briefsmith.schema_sync.compare import differences
from briefsmith.schema_sync.findings import Finding, judge
from briefsmith.sql import load
from tests.integration.drift_reach import Scope

SCHEMAS = ("briefsmith", "public")
OWN = ("briefsmith",)


@dataclass
class Looking:
    """A database in which changes are made and taken back."""

    connection: Connection[Any]
    expected: Catalog
    rows: list[CatalogRow]
    prepared: set[str] = field(default_factory=set)
    others: dict[Scope, list[CatalogRow]] = field(default_factory=dict)
    known: dict[str, dict[str, Any]] = field(default_factory=dict)

    def findings(self, scope: Scope | None = None) -> list[Finding]:
        """What is drift now; out of the scope, what there was in the beginning."""
        rows = self.read(scope)
        if scope is not None:
            rows = [*self._rows_out_of(scope), *rows]
        found = catalog_of(rows, SCHEMAS, ours=self.expected.items.keys())
        told = judge(differences(self.expected, found), self.expected, found, OWN)
        return [finding for finding in told if finding.is_drift]

    def read(self, scope: Scope | None = None) -> list[CatalogRow]:
        """The catalog, or what there is of a scope."""
        name = f"read_{'whole' if scope is None else '_'.join(scope.kinds)}"
        called = sql.Identifier(name)
        if name not in self.prepared:
            text = load("catalog")["read_catalog"].text
            text = text.replace("%(schemas)s", "$1").replace("%%", "%")
            text = text if scope is None else scope.read(text)
            prepare = sql.SQL("prepare {} as {}").format(
                called, sql.SQL(cast("LiteralString", text))
            )
            self.connection.execute(prepare)
            self.prepared.add(name)
        arguments = [list(SCHEMAS)] if scope is None else [list(SCHEMAS), sorted(scope.names)]
        listed = sql.SQL(", ").join(map(sql.Literal, arguments))
        rows = self.connection.execute(sql.SQL("execute {} ({})").format(called, listed)).fetchall()
        return [
            CatalogRow(kind, name, parent_kind, parent, self._facts(facts))
            for kind, name, parent_kind, parent, facts in rows
        ]

    def _rows_out_of(self, scope: Scope) -> list[CatalogRow]:
        if scope not in self.others:
            self.others[scope] = [row for row in self.rows if not scope.holds(row)]
        return self.others[scope]

    def _facts(self, text: str) -> dict[str, Any]:
        """What nearly all rows say is what they said before."""
        if text not in self.known:
            self.known[text] = json.loads(text)
        return self.known[text]
