"""The final schema as its files say it, and whether rows keep to it: read apart from the mapping's own columns."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from briefsmith.schema_sync.upgrade.exact_json import dumps, loads
from briefsmith.schema_sync.upgrade.rows import Json, NewRow

NOW = "2026-01-01T00:00:00+00:00"

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TABLE = re.compile(r"^create table public\.(\w+) \((.*?)^\);", re.MULTILINE | re.DOTALL)
_FOREIGN = re.compile(r"foreign key \((\w+)\) references public\.(\w+)")
_CHECK = re.compile(r"constraint (\w+)\s+check")
_ENUM = re.compile(r"create type public\.(\w+) as enum \((.*?)\);", re.DOTALL)


@dataclass(frozen=True)
class Column:
    type: str
    is_needed: bool
    default: str | None


@dataclass(frozen=True)
class Table:
    columns: dict[str, Column]
    foreign: dict[str, str]
    checks: frozenset[str]


@cache
def _text() -> str:
    folder = files("briefsmith.sql") / "schema"
    texts = [
        one.read_text()
        for one in sorted(folder.iterdir(), key=lambda one: one.name)
        if one.name.endswith(".sql")
    ]
    return re.sub(r"--[^\n]*", "", "\n".join(texts))


@cache
def enums() -> dict[str, list[str]]:
    return {found[1]: re.findall(r"'([^']+)'", found[2]) for found in _ENUM.finditer(_text())}


@cache
def tables() -> dict[str, Table]:
    return {found[1]: _table(found[2]) for found in _TABLE.finditer(_text())}


def _table(body: str) -> Table:
    columns: dict[str, Column] = {}
    for line in body.split("\n"):
        found = re.fullmatch(r"  (\w+) (double precision|[\w.]+(?:\(\d+\))?(?:\[\])?)(.*?),?", line)
        if found and found[1] != "constraint":
            default = re.search(r"default (\S+)$", found[3])
            type_ = found[2].removeprefix("public.")
            columns[found[1]] = Column(
                type_, "not null" in found[3], default[1] if default else None
            )
    return Table(columns, dict(_FOREIGN.findall(body)), frozenset(_CHECK.findall(body)))


CHECKS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "context_blocks_label_check": lambda v: v["label"].strip(" ") != "" and len(v["label"]) <= 500,
    "context_blocks_version_check": lambda v: v["version"] >= 1,
    "context_blocks_feedback_score_check": lambda v: (
        v["feedback_score"] is None or 0 <= v["feedback_score"] <= 1
    ),
    "context_blocks_meta_visibility_check": lambda v: (
        v["meta_visibility"] in {"visible", "hidden", "system", "shared"}
    ),
    "context_blocks_meta_embedding_check": lambda v: (
        (v["meta_embedding"] is None) == (v["meta_embedding_model"] is None)
    ),
    "block_files_size_bytes_check": lambda v: v["size_bytes"] >= 0,
    "deployment_configs_temperature_check": lambda v: (
        v["temperature"] is None or 0 <= v["temperature"] <= 2
    ),
    "deployment_configs_max_tokens_check": lambda v: v["max_tokens"] is None or v["max_tokens"] > 0,
}


def stored(row: NewRow) -> NewRow:
    """The row as the database prints it: with its id and with defaults."""
    values: dict[str, Any] = {}
    table = tables()[row.table]
    assert set(row.values) <= set(table.columns), set(row.values) - set(table.columns)
    for name, column in table.columns.items():
        if name == "id":
            values[name] = str(row.id)
        else:
            values[name] = row.values[name] if name in row.values else _default(column)
    again = loads(dumps(values))
    assert isinstance(again, dict)
    return NewRow(row.table, row.id, again, row.sources)


def _default(column: Column) -> Json:
    if column.default is None:
        return None
    if column.default == "now()":
        return NOW
    if column.default in {"true", "false"}:
        return column.default == "true"
    if column.default in {"'{}'", "'[]'"}:
        return []
    text = column.default.strip("'")
    return Decimal(text) if text.isdigit() else text


def check(rows: Iterable[NewRow]) -> None:
    """Asserts that a database takes these rows, as it prints them."""
    found = list(rows)
    ids = {(row.table, str(row.id)) for row in found}
    assert len(ids) == len(found)
    for row in found:
        table = tables()[row.table]
        for name, column in table.columns.items():
            _check_value(row.values[name], column, f"{row.table}.{name}")
        for name, other in table.foreign.items():
            if row.values[name] is not None:
                assert (other, row.values[name]) in ids, f"{row.table}.{name}"
        for one in table.checks:
            assert CHECKS[one](dict(row.values)), (one, row)
    _check_unique(found)


def _check_value(value: Json, column: Column, where: str) -> None:
    if value is None:
        assert not column.is_needed, where
        return
    if column.type.endswith("[]"):
        assert isinstance(value, list), where
        for item in value:
            assert item is not None, where  # a row model takes none
            _check_value(item, Column(column.type[:-2], is_needed=True, default=None), where)
        return
    assert _fits(value, column.type), (where, value)


_TYPES: dict[str, Callable[[Any], bool]] = {
    "uuid": lambda value: _UUID.fullmatch(value) is not None,
    "text": lambda value: isinstance(value, str) and "\x00" not in value,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: value == int(value) and -(2**31) <= value < 2**31,
    "double precision": lambda value: isinstance(value, Decimal),
    "timestamptz": lambda value: 1 < datetime.fromisoformat(value).year < 9999,
    "vector(256)": lambda value: len([float(one) for one in value[1:-1].split(",")]) == 256,
    "jsonb": lambda value: value is not None,
}


def _fits(value: Json, type_: str) -> bool:
    return value in enums()[type_] if type_ in enums() else _TYPES[type_](value)


def _check_unique(rows: list[NewRow]) -> None:
    def alone(keys: list[Any]) -> None:
        assert len(keys) == len(set(keys)), keys

    blocks = [row.values for row in rows if row.table == "context_blocks"]
    labels = [str(one["label"]) for one in blocks if one["status"] != "archived"]
    alone([label.lower() for label in labels])
    alone([label.casefold() for label in labels])
    assert all(len(str(one["content"])) <= 1_000_000 for one in blocks)
    files_ = [row.values for row in rows if row.table == "block_files"]
    alone(
        [
            one["associated_block_id"]
            for one in files_
            if one["is_primary"] and one["associated_block_id"]
        ]
    )
    own = {str(row.id) for row in rows if row.table == "block_files"}
    for block in blocks:
        assert isinstance(block["file_ids"], list)
        assert {str(one) for one in block["file_ids"]} <= own
    listed = {str(row.id): row.values["file_ids"] for row in rows if row.table == "context_blocks"}
    for file in (row for row in rows if row.table == "block_files"):
        block = file.values["associated_block_id"]
        assert block is None or str(file.id) in str(listed[str(block)])
    links = [row.values for row in rows if row.table == "block_brief_link"]
    alone([(one["block_id"], one["task_brief_id"], one["transformation"]) for one in links])
    types = [row.values for row in rows if row.table == "task_brief_types"]
    alone([(one["title"], one["version"]) for one in types])
    assert all(len(str(one["title"]).encode()) <= 2_600 for one in types)
