"""Row models and tables are two descriptions of one fact."""

import inspect
import re
from datetime import datetime
from enum import StrEnum
from importlib import import_module
from pkgutil import iter_modules
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection
from pydantic import BaseModel

from briefsmith import models
from briefsmith.models import enums
from tests.contract import catalog as read

# Only search reads vectors, as bytes; a row model with 256 numbers in it would cost every reader.
LEFT_OUT = {("context_blocks", "meta_embedding")}

# Narrower than jsonb: a trigger writes it, and always as an object.
NARROWED: dict[tuple[str, str], Any] = {("block_revisions", "snapshot"): dict[str, Any]}

PYTHON_TYPES: dict[str, Any] = {
    "uuid": UUID,
    "text": str,
    "integer": int,
    "bigint": int,
    "boolean": bool,
    "double precision": float,
    "timestamp with time zone": datetime,
    "jsonb": Any,
    "uuid[]": list[UUID],
    "text[]": list[str],
}


def _enum_classes() -> dict[str, type[StrEnum]]:
    """Enum classes by the type that their docstring names."""
    found: dict[str, type[StrEnum]] = {}
    for _, kind in inspect.getmembers(enums, inspect.isclass):
        if issubclass(kind, StrEnum) and kind is not StrEnum:
            named = re.search(r"\(`(\w+)`\)", kind.__doc__ or "")
            assert named, f"the docstring of {kind.__name__} does not name its type"
            found[named[1]] = kind
    return found


def _row_models() -> dict[str, type[BaseModel]]:
    """The only model of each module of models/, by the module's name."""
    found: dict[str, type[BaseModel]] = {}
    for module in iter_modules(models.__path__):
        content = import_module(f"{models.__name__}.{module.name}")
        own = [
            kind
            for _, kind in inspect.getmembers(content, inspect.isclass)
            if issubclass(kind, BaseModel) and kind.__module__ == content.__name__
        ]
        if module.name != "enums":
            assert len(own) == 1, f"models/{module.name}.py has {len(own)} models"
            found[module.name] = own[0]
    return found


def _expected_annotation(column: read.Column) -> Any:
    narrowed = NARROWED.get((column.table, column.name))
    if narrowed is not None:
        return narrowed
    plain = {**PYTHON_TYPES, **_enum_classes()}[column.plain_type]
    if plain is Any:
        return Any
    return plain | None if column.is_nullable else plain


def test_every_table_has_a_row_model_and_every_row_model_a_table(
    catalog: Connection[Any],
) -> None:
    tables = {column.table for column in read.columns(catalog)}

    assert set(_row_models()) == tables


@pytest.mark.parametrize("table", sorted(_row_models()))
def test_a_row_model_equals_its_table_field_for_field(table: str, catalog: Connection[Any]) -> None:
    expected = {
        column.name: _expected_annotation(column)
        for column in read.columns(catalog)
        if column.table == table and (table, column.name) not in LEFT_OUT
    }

    model = _row_models()[table]

    fields = {name: field.annotation for name, field in model.model_fields.items()}
    assert list(fields.items()) == list(expected.items())


@pytest.mark.parametrize("table", sorted(_row_models()))
def test_a_row_model_is_frozen_takes_nothing_else_and_needs_every_field(table: str) -> None:
    model = _row_models()[table]

    assert model.model_config.get("frozen") is True
    assert model.model_config.get("extra") == "forbid"
    assert all(field.is_required() for field in model.model_fields.values())


def test_what_is_left_out_of_a_model_is_there_to_be_left_out(catalog: Connection[Any]) -> None:
    live = {(column.table, column.name) for column in read.columns(catalog)}

    assert live >= LEFT_OUT
    assert live >= set(NARROWED)


def test_enums_have_the_labels_of_the_database_in_their_order(catalog: Connection[Any]) -> None:
    live = read.enums(catalog)

    written = {name: [label.value for label in kind] for name, kind in _enum_classes().items()}

    assert written == live
