"""Which types of PostgreSQL go with which of Python."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, TypedDict
from uuid import UUID

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from briefsmith.models.context_blocks import ContextBlock
from briefsmith.models.enums import BlockStatus, BlockUpdatePolicy
from briefsmith.postgres.descriptions import LiveType
from briefsmith.schema_sync.python_types import (
    Way,
    fields_of,
    misfit,
    parameters_of,
    python_type,
    shown,
)

_NAMES = (
    *("uuid", "text", "varchar", "int2", "int4", "int8", "float4", "float8", "numeric", "bool"),
    *("timestamptz", "timestamp", "jsonb", "json", "bytea"),
)
PLAIN = {name: LiveType(oid, name, name, None, None) for oid, name in enumerate(_NAMES, start=1)}
STATUS = LiveType(50, "status", None, None, ["active", "locked", "archived"])
TYPES = {
    **{one.oid: one for one in (*PLAIN.values(), STATUS)},
    **{
        100 + one.oid: LiveType(100 + one.oid, f"{one.name}[]", f"_{one.name}", one.oid, None)
        for one in (*PLAIN.values(), STATUS)
    },
}
BY_NAME = {one.name: one for one in TYPES.values()}


def _fitting(annotation: Any, way: Way) -> set[str]:
    wanted = python_type(annotation)
    return {one.name for one in TYPES.values() if misfit(wanted, one, TYPES, way) is None}


@pytest.mark.parametrize(
    ("annotation", "read", "sent"),
    [
        (UUID, {"uuid"}, {"uuid"}),
        (str, {"text", "varchar"}, {"text", "varchar", "jsonb", "json"}),
        (int, {"int2", "int4", "int8"}, {"int4", "int8"}),
        (float, {"float4", "float8"}, {"float4", "float8"}),
        (bool, {"bool"}, {"bool"}),
        (datetime, {"timestamptz"}, {"timestamptz"}),
        (bytes, {"bytea"}, {"bytea"}),
        (Any, {"jsonb", "json"}, {"jsonb", "json"}),
        (dict[str, Any], {"jsonb", "json"}, {"jsonb", "json"}),
        (ContextBlock, {"jsonb", "json"}, set[str]()),
        (list[UUID], {"uuid[]"}, {"uuid[]"}),
        (tuple[int, ...], {"int2[]", "int4[]", "int8[]"}, {"int4[]", "int8[]"}),
        (NDArray[np.float32], {"float4[]"}, {"float4[]"}),
        (BlockStatus, {"status"}, {"status", "text", "varchar"}),
        (list[BlockStatus], {"status[]"}, {"status[]", "text[]", "varchar[]"}),
        (Decimal, set[str](), set[str]()),
    ],
)
def test_a_python_type_goes_with_these(annotation: Any, read: set[str], sent: set[str]) -> None:
    assert _fitting(annotation, "model") == read
    assert _fitting(annotation, "parameter") == sent
    assert _fitting(annotation | None, "model") == read


@pytest.mark.parametrize("annotation", [str, BlockStatus, list[BlockStatus], list[str]])
def test_a_dataclass_gets_an_enum_as_bytes(annotation: Any) -> None:
    assert not _fitting(annotation, "dataclass") & {"status", "status[]"}
    assert misfit(python_type(str), STATUS, TYPES, "dataclass") == "psycopg gives bytes"


def test_an_enum_needs_the_same_labels_in_any_order() -> None:
    other = LiveType(51, "other", None, None, ["archived", "active"])
    more = LiveType(52, "more", None, None, ["locked", "archived", "active", "new", "old"])
    turned = LiveType(53, "turned", None, None, ["archived", "locked", "active"])
    wanted = python_type(BlockStatus)

    assert misfit(wanted, other, TYPES, "model") == "lacks the label locked"
    assert misfit(wanted, more, TYPES, "model") == "has the unknown labels new, old"
    assert misfit(wanted, turned, TYPES, "model") is None
    assert misfit(python_type(BlockUpdatePolicy), turned, TYPES, "parameter") is not None


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (UUID | None, "UUID | None"),
        (list[BlockStatus], "list[BlockStatus]"),
        (list[str] | None, "list[str] | None"),
        (Annotated[str, Field(max_length=3)], "str"),
        (Literal["a", "b"], "str"),
        (dict[str, Any], "dict"),
        (int | str, "Any"),
        (object, "Any"),
        (NDArray[np.float32] | None, "ndarray | None"),
    ],
)
def test_a_python_type_is_written_as_one_writes_it(annotation: Any, text: str) -> None:
    assert str(python_type(annotation)) == text


def test_a_whole_number_of_the_database_tells_its_range() -> None:
    assert shown(BY_NAME["int4"]) == "int4 (-2147483648 to 2147483647)"
    assert shown(BY_NAME["uuid"]) == "uuid"


def test_fields_are_read_from_models_dataclasses_and_typed_dicts() -> None:
    @dataclass(frozen=True)
    class Row:
        id: UUID
        note: str | None

    class Model(BaseModel):
        id: UUID
        note: str | None

    class Params(TypedDict):
        id: UUID
        note: str | None

    expected = {"id": python_type(UUID), "note": python_type(str | None)}
    assert fields_of(Row) == ("dataclass", expected)
    assert fields_of(Model) == ("model", expected)
    assert parameters_of(Params) == expected
