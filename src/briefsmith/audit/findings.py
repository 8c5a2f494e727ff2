"""What an audit reports."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from briefsmith.audit.schema import FinalSchema

Act = Literal["uses", "creates"]
_MOST_LISTED = 12


@dataclass(frozen=True, slots=True)
class Reference:
    """A place in a text that names what the final schema has not.

    Attributes:
        offset: In characters of the file, from 0.
        tables: The table, or those of which one should have the column; empty where the name alone
            says what is meant.
        column: None means the table itself.
        act: `creates` where a statement makes the thing.
    """

    offset: int
    tables: tuple[str, ...]
    column: str | None
    act: Act = "uses"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A reference with its place, for people and editors.

    Attributes:
        line: From 1.
        column: From 1, in characters.
        what: What is wrong.
        instead: What to use.
        tables: See `Reference`.
        name: Of the table or column that is not there.
    """

    path: str
    line: int
    column: int
    what: str
    instead: str
    tables: tuple[str, ...]
    name: str


@dataclass(frozen=True, slots=True, order=True)
class Unread:
    """A file, or a part of one, that nobody could judge.

    Attributes:
        line: From 1; 0 means the whole file.
    """

    path: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found in all files.

    Attributes:
        findings: By path, line and column.
        history: References in migrations that a later migration of the same folder takes away.
        warnings: What could not be parsed.
        files: How many were read.
        ignored: How many were passed over, by reason.
    """

    findings: Sequence[Finding]
    history: Sequence[Finding]
    warnings: Sequence[Unread]
    files: int
    ignored: Mapping[str, int] = field(default_factory=dict[str, int])

    def as_dict(self) -> dict[str, Any]:
        """What --json prints."""
        return {
            "clean": not self.findings,
            "files": self.files,
            "ignored": dict(self.ignored),
            "findings": [_entry(finding) for finding in self.findings],
            "history": [_entry(finding) for finding in self.history],
            "warnings": [asdict(warning) for warning in self.warnings],
        }


def _entry(finding: Finding) -> dict[str, Any]:
    return {
        "file": finding.path,
        "line": finding.line,
        "column": finding.column,
        "name": finding.name,
        "tables": list(finding.tables),
        "what": finding.what,
        "instead": finding.instead,
    }


def describe(reference: Reference, schema: FinalSchema) -> tuple[str, str]:
    """What is wrong, and what to use instead."""
    if reference.column is None:
        table = reference.tables[0]
        verb = "creates the removed table" if reference.act == "creates" else "removed table"
        return f"{verb} {table}", f"use {schema.removed[table].says}"
    return _describe_column(reference.column, reference, schema)


def _describe_column(column: str, reference: Reference, schema: FinalSchema) -> tuple[str, str]:
    home = schema.removed_columns.get(column)
    if reference.tables and reference.tables[0] in schema.removed_tables:
        home = reference.tables[0]
    if home is not None and (not reference.tables or home in reference.tables):
        verb = "creates the removed column" if reference.act == "creates" else "removed column"
        return f"{verb} {home}.{column}", f"use {schema.removed[f'{home}.{column}'].says}"
    if len(reference.tables) == 1:
        (table,) = reference.tables
        creates = reference.act == "creates"
        what = (
            f"creates {table}.{column}, which the final schema has not"
            if creates
            else f"{table} has no column {column}"
        )
    else:
        what = f"none of {', '.join(reference.tables)} has a column {column}"
    return what, _nearest(column, reference.tables, schema)


def _nearest(column: str, tables: tuple[str, ...], schema: FinalSchema) -> str:
    candidates = {name: table for table in tables for name in sorted(schema.tables[table])}
    close = difflib.get_close_matches(column[:100], candidates, n=1, cutoff=0.7)
    if close:
        return f"perhaps {candidates[close[0]]}.{close[0]}"
    listed = sorted(candidates)
    more = f" and {len(listed) - _MOST_LISTED} more" if len(listed) > _MOST_LISTED else ""
    return f"it has {', '.join(listed[:_MOST_LISTED])}{more}"
