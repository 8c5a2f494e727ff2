"""Row models and requests held against the contract."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from briefsmith import models
from briefsmith.postgres.descriptions import LiveType
from briefsmith.schema_sync.catalog import Catalog, Item
from briefsmith.schema_sync.findings import Finding
from briefsmith.schema_sync.python_types import misfit, python_type
from briefsmith.schema_sync.statements import NOT_READ
from briefsmith.schemas.blocks import BlockEdit, NewBlock
from briefsmith.schemas.briefs import BriefListing, NewBrief
from briefsmith.schemas.deployment import NewDeploymentConfig

_BUILTINS = {
    "timestamp with time zone": "timestamptz",
    "integer": "int4",
    "bigint": "int8",
    "boolean": "bool",
    "double precision": "float8",
}
_CAST = re.compile(r"::[\w.\[\] \"]+$")


@dataclass(frozen=True, slots=True)
class Request:
    """A schema that goes into a table, or comes out of one.

    Attributes:
        others: Fields that are no columns, or none of this name.
        is_whole: What it leaves out takes the table's default, so its own defaults are the same.
    """

    model: type[Any]
    table: str
    others: frozenset[str] = field(default_factory=frozenset[str])
    is_whole: bool = False


REQUESTS = (
    Request(NewBlock, "public.context_blocks", is_whole=True),
    Request(BlockEdit, "public.context_blocks"),
    Request(
        NewBrief,
        "public.task_briefs",
        # `mode` is compilation_mode, `kind` becomes task_brief_type_id; the rest says how to choose, and is kept
        # in the snapshot.
        frozenset({"budget_tokens", "mode", "blocks", "files", "tags", "scope", "kind"}),
        is_whole=True,
    ),
    Request(BriefListing, "public.task_briefs", frozenset({"rendered_tokens", "blocks", "state"})),
    Request(NewDeploymentConfig, "public.deployment_configs", is_whole=True),
)


@cache
def row_models() -> Mapping[str, type[BaseModel]]:
    """Row models by their table: a module of `models/` is called like the table and holds one."""
    found: dict[str, type[BaseModel]] = {}
    for module in iter_modules(models.__path__, f"{models.__name__}."):
        for kind in vars(import_module(module.name)).values():
            if (
                isinstance(kind, type)
                and issubclass(kind, BaseModel)
                and kind.__module__ == module.name
            ):
                found[f"public.{module.name.rpartition('.')[2]}"] = kind
    return found


def check_models(catalog: Catalog) -> list[Finding]:
    """In what models, requests and the contract do not agree."""
    return [*_of_rows(catalog), *_of_requests(catalog)]


def _of_rows(catalog: Catalog) -> Iterator[Finding]:
    for table, model in row_models().items():
        columns = {
            name: one
            for name, one in _columns(catalog, table).items()
            if (table, name) not in NOT_READ
        }
        for name in dict.fromkeys((*columns, *model.model_fields)):
            column, found = columns.get(name), model.model_fields.get(name)
            if column is None or found is None:
                expected, got = ("a column", None) if column else (None, "a field")
                yield _finding(model, name, "missing" if column else "extra", expected, got)
                continue
            wanted = python_type(found.annotation)
            nullable = bool(column.facts.get("nullable"))
            if wanted.is_optional != nullable and wanted.kind is not Any:
                said = "may be null" if nullable else "is never null"
                yield _finding(model, name, "changed", str(wanted), f"the column {said}")
            yield from _of_type(catalog, model, name, found, column)


def _of_requests(catalog: Catalog) -> Iterator[Finding]:
    for request in REQUESTS:
        columns = _columns(catalog, request.table)
        for name, found in _fields(request.model).items():
            if name in request.others:
                continue
            column = columns.get(name)
            if column is None:
                yield _finding(request.model, name, "extra", None, "a field")
                continue
            if name != "media":
                yield from _of_type(catalog, request.model, name, found, column)
            if request.is_whole:
                yield from _of_default(request.model, name, found, column)


def _fields(model: type[Any]) -> Mapping[str, FieldInfo]:
    if issubclass(model, BaseModel):
        return model.model_fields
    hints: Mapping[str, Any] = model.__annotations__
    return {name: FieldInfo(annotation=hint) for name, hint in hints.items()}


def _columns(catalog: Catalog, table: str) -> dict[str, Item]:
    parts = catalog.children(("table", table))
    return {part.local_name: part for part in parts if part.kind == "column"}


def _of_type(
    catalog: Catalog, model: type[Any], name: str, found: FieldInfo, column: Item
) -> Iterator[Finding]:
    types: dict[int, LiveType] = {}
    live = _live_type(catalog, str(column.facts["type"]), types)
    wanted = python_type(found.annotation)
    says = misfit(wanted, live, types, "model")
    if says is not None:
        yield _finding(model, name, "changed", str(wanted), str(column.facts["type"]), says=says)


def _live_type(catalog: Catalog, name: str, types: dict[int, LiveType]) -> LiveType:
    element = None
    if name.endswith("[]"):
        element = _live_type(catalog, name.removesuffix("[]"), types).oid
    enum = catalog.items.get(("enum", name))
    labels = enum.facts.get("labels") if enum else None
    live = LiveType(
        len(types),
        name,
        None if enum else _BUILTINS.get(name, name),
        element,
        labels if isinstance(labels, list) else None,
    )
    types[live.oid] = live
    return live


def _of_default(model: type[Any], name: str, found: FieldInfo, column: Item) -> Iterator[Finding]:
    if found.is_required():
        return
    written = column.facts.get("default")
    theirs = None if written is None else _CAST.sub("", str(written)).strip("'")
    value: Any = found.get_default(call_default_factory=True)
    ours = (
        {True: "true", False: "false", None: None}.get(value)
        if value in (True, False, None)
        else value
    )
    ours = "{}" if ours == [] else ours
    if name != "media" and (None if ours is None else str(ours)) != theirs:
        yield _finding(model, name, "changed", f"default {ours}", f"default {theirs}")


def _finding(
    model: type[Any],
    name: str,
    change: Any,
    expected: str | None,
    found: str | None,
    *,
    says: str | None = None,
) -> Finding:
    return Finding(
        "error", "model", f"{model.__name__}.{name}", change, None, expected, found, says=says
    )
