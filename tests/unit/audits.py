"""Audits of a few lines, and of the fixture set."""

import json
from functools import cache
from pathlib import Path

from briefsmith.audit.findings import Audit, Finding
from briefsmith.audit.run import audit
from briefsmith.audit.schema import FinalSchema, final_schema
from briefsmith.schema_sync.contract import packaged

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "audit"


@cache
def schema() -> FinalSchema:
    items = packaged().catalog.items.values()
    columns = [item for item in items if item.kind == "column" and item.parent]
    return final_schema((item.parent[1], item.local_name) for item in columns if item.parent)


def audited(folder: Path, name: str, text: str) -> list[Finding]:
    """Findings of one file; nothing in it may be unread."""
    report = audited_report(folder, name, text)
    assert report.warnings == []
    return list(report.findings)


def audited_report(folder: Path, name: str, text: str) -> Audit:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return audit([path], schema())


def names(findings: list[Finding]) -> list[str]:
    return [finding.name for finding in findings]


def unpack(folder: Path) -> set[tuple[str, int, str]]:
    """Writes the fixture set out as the files that it stands for; returns its labels."""
    for fixture in FIXTURES.rglob("*.fixture"):
        target = folder / fixture.relative_to(FIXTURES).with_suffix("")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(fixture.read_bytes())
    lines = (FIXTURES / "expected.jsonl").read_text(encoding="utf-8").splitlines()
    return {(one["file"], one["line"], one["name"]) for one in map(json.loads, lines)}
