"""A catalog as a page for people: tables of columns, and a diagram of what refers to what."""

import re
from collections.abc import Iterator

from briefsmith.schema_sync.catalog import Catalog, Item

_RELATIONS = ("table", "foreign_table")
_VIEWS = ("view", "materialized_view")
_TARGET = re.compile(r"^FOREIGN KEY \((?P<columns>[^)]*)\) REFERENCES (?P<target>[^(]+)\(")


def as_markdown(catalog: Catalog) -> str:
    """The whole schema as Markdown."""
    lines = [f"# Schema {', '.join(catalog.schemas)}", "", *_diagram(catalog), *_enums(catalog)]
    for item in _of(catalog, *_RELATIONS):
        lines += _table(catalog, item)
    for item in _of(catalog, *_VIEWS):
        lines += _view(catalog, item)
    return "\n".join(lines).rstrip() + "\n"


def _of(catalog: Catalog, *kinds: str) -> list[Item]:
    return sorted(
        (item for item in catalog.items.values() if item.kind in kinds), key=lambda item: item.name
    )


def _diagram(catalog: Catalog) -> Iterator[str]:
    """Source: https://mermaid.js.org/syntax/entityRelationshipDiagram.html."""
    yield "```mermaid"
    yield "erDiagram"
    for item in _of(catalog, *_RELATIONS):
        for part in catalog.children(item.key):
            found = _TARGET.match(str(part.facts.get("definition", "")))
            if part.kind == "constraint" and found:
                target = _entity(found["target"].strip())
                yield f'  {target} ||--o{{ {_entity(item.name)} : "{_plain(found["columns"])}"'
    yield "```"
    yield ""


def _entity(name: str) -> str:
    return f'"{_plain(name.removeprefix("public."))}"'


def _plain(text: str) -> str:
    return text.replace('"', "")


def _enums(catalog: Catalog) -> Iterator[str]:
    enums = _of(catalog, "enum")
    if not enums:
        return
    yield from ("| enum | labels, in order |", "|---|---|")
    for item in enums:
        labels = item.facts.get("labels")
        shown = ", ".join(labels) if isinstance(labels, list) else ""
        yield f"| {_cell(item.name)} | {_cell(shown)} |"
    yield ""


def _table(catalog: Catalog, item: Item) -> Iterator[str]:
    yield from (f"## {item.name}", "", "| column | type | null | default |", "|---|---|---|---|")
    parts = catalog.children(item.key)
    for part in parts:
        if part.kind == "column":
            null = "yes" if part.facts.get("nullable") else "no"
            identity = part.facts.get("identity")
            default = part.facts.get("default") or part.facts.get("generated") or ""
            shown = f"identity, {identity}" if identity else str(default)
            kind = str(part.facts.get("type", ""))
            yield f"| {_cell(part.local_name)} | {_cell(kind)} | {null} | {_cell(shown)} |"
    yield ""
    for part in parts:
        if part.kind in {"constraint", "index", "trigger"}:
            yield f"- {part.kind} `{part.local_name}`: `{_one_line(part.facts.get('definition'))}`"
        elif part.kind == "policy":
            yield f"- policy `{part.local_name}`: {_policy(part)}"
    secured = "forced" if item.facts.get("forced") else "on"
    yield f"- row level security: {secured if item.facts.get('row_security') else 'off'}"
    yield from (f"- rights of {_rights(part)}" for part in parts if part.kind == "grant")
    yield ""


def _view(catalog: Catalog, item: Item) -> Iterator[str]:
    yield from (f"## {item.name}", "")
    options = item.facts.get("options")
    if isinstance(options, list):
        yield from (f"With {', '.join(options)}.", "")
    columns = [part for part in catalog.children(item.key) if part.kind == "column"]
    yield from ("| column | type |", "|---|---|")
    yield from (
        f"| {_cell(part.local_name)} | {_cell(str(part.facts.get('type', '')))} |"
        for part in columns
    )
    yield from ("", "```sql", str(item.facts.get("definition", "")).strip(), "```", "")


def _policy(part: Item) -> str:
    roles = part.facts.get("roles")
    to = ", ".join(roles) if isinstance(roles, list) else ""
    said = [f"{part.facts.get('command')} to {to}"]
    said += [
        f"{name} `{_one_line(part.facts[name])}`"
        for name in ("using", "check")
        if name in part.facts
    ]
    return ", ".join(said)


def _rights(part: Item) -> str:
    privileges = part.facts.get("privileges")
    listed = ", ".join(privileges).lower() if isinstance(privileges, list) else ""
    return f"{part.facts.get('grantee')}: {listed}"


def _one_line(value: object) -> str:
    return " ".join(str(value).split()).replace("`", "'")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
