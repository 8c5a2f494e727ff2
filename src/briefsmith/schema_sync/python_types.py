"""Python's types held against PostgreSQL's, as psycopg and pydantic carry values between them."""

import types as kinds
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID

import numpy as np
from pydantic import BaseModel
from typing_extensions import override

from briefsmith.postgres.descriptions import LiveType

# Where a value goes: to the database, into a dataclass as psycopg reads it, or through pydantic.
Way = Literal["parameter", "dataclass", "model"]

_TEXTS = ("text", "varchar", "bpchar", "name")
_JSONS = ("jsonb", "json")
_BUILTINS: Mapping[Any, tuple[str, ...]] = {
    UUID: ("uuid",),
    str: _TEXTS,
    int: ("int4", "int8"),
    float: ("float8", "float4"),
    bool: ("bool",),
    datetime: ("timestamptz",),
    bytes: ("bytea",),
    dict: _JSONS,
    Any: _JSONS,
}
_RANGES = {
    "int2": "-32768 to 32767",
    "int4": "-2147483648 to 2147483647",
    "int8": "-9223372036854775808 to 9223372036854775807",
}


@dataclass(frozen=True, slots=True)
class PythonType:
    """An annotation, taken apart.

    Attributes:
        kind: The class; `list` for every sequence; Any is what JSON may hold.
        element: What a list holds.
    """

    kind: Any
    is_optional: bool
    element: "PythonType | None" = None

    @property
    def model(self) -> type[BaseModel] | None:
        """The class, where it is a model."""
        return _model_of(self.kind)

    @property
    def labels(self) -> tuple[str, ...] | None:
        """Of an enum."""
        return _labels_of(self.kind)

    @override
    def __str__(self) -> str:
        name = "Any" if self.kind is Any else str(self.kind.__name__)
        if self.element is not None:
            name += f"[{self.element}]"
        return f"{name} | None" if self.is_optional and self.kind is not Any else name


@cache
def _model_of(kind: Any) -> type[BaseModel] | None:
    return kind if _is_class_of(kind, BaseModel) else None


@cache
def _labels_of(kind: Any) -> tuple[str, ...] | None:
    if not _is_class_of(kind, StrEnum):
        return None
    return tuple(member.value for member in cast("type[StrEnum]", kind))


def _is_class_of(kind: Any, parent: type) -> bool:
    return isinstance(kind, type) and issubclass(kind, parent)


def python_type(annotation: Any) -> PythonType:
    """An annotation, taken apart; a union of several things is Any."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return python_type(args[0])
    if origin in {Union, kinds.UnionType}:
        return _of_union([one for one in args if one is not type(None)])
    if origin is Literal:
        return python_type(type(args[0]))
    if _is_class_of(origin, Sequence):
        return PythonType(list, is_optional=False, element=python_type(args[0]))
    kind = Any if annotation is object else origin or annotation
    return PythonType(kind, is_optional=kind is Any)


def _of_union(others: list[Any]) -> PythonType:
    if len(others) > 1:
        return python_type(Any)
    return replace(python_type(others[0]), is_optional=True)


@cache
def fields_of(row: type[Any]) -> tuple[Way, Mapping[str, PythonType]]:
    """How values come into a row class, and its fields by name."""
    if issubclass(row, BaseModel):
        annotations = {name: field.annotation for name, field in row.model_fields.items()}
        return "model", {name: python_type(one) for name, one in annotations.items()}
    hints = get_type_hints(row)
    names = [field.name for field in fields(row)] if is_dataclass(row) else list(hints)
    return "dataclass", {name: python_type(hints[name]) for name in names}


@cache
def parameters_of(params: type[Any]) -> Mapping[str, PythonType]:
    """The parameters that a TypedDict holds."""
    return {name: python_type(one) for name, one in get_type_hints(params).items()}


def misfit(
    wanted: PythonType, live: LiveType, types: Mapping[int, LiveType], way: Way
) -> str | None:
    """Why values of the one are none of the other, as half a sentence, maybe an empty one; None where they are.

    Args:
        wanted: The Python type; whether it may be None is not looked at.
        live: The type in the database.
        types: All types by number.
        way: Where the values go.
    """
    element = None if live.element_oid is None else types[live.element_oid]
    if wanted.kind is np.ndarray:
        return None if element is not None and element.builtin == "float4" else ""
    if element is not None and wanted.element is not None:
        if way == "dataclass" and element.labels is not None:
            return "psycopg gives bytes"
        return misfit(wanted.element, element, types, way)
    if element is not None or wanted.element is not None:
        return ""
    return _misfit_of_one(wanted, live, way)


def _misfit_of_one(wanted: PythonType, live: LiveType, way: Way) -> str | None:
    if live.labels is not None:
        return _misfit_of_enum(wanted, live.labels, way)
    if wanted.labels is not None:
        return None if way == "parameter" and live.builtin in _TEXTS else "it is no enum"
    if wanted.model is not None:
        return None if way == "model" and live.builtin in _JSONS else ""
    allowed = _BUILTINS.get(wanted.kind, ())
    if way == "parameter" and wanted.kind is str:
        allowed = (*allowed, *_JSONS)
    if way != "parameter" and wanted.kind is int:
        allowed = (*allowed, "int2")
    return None if live.builtin in allowed else ""


def _misfit_of_enum(wanted: PythonType, live: Sequence[str], way: Way) -> str | None:
    if way == "dataclass":
        return "psycopg gives bytes"
    if wanted.labels is None:
        return "it is an enum"
    missing = [label for label in wanted.labels if label not in live]
    extra = [label for label in live if label not in wanted.labels]
    parts = [f"lacks the label{_s(missing)}", f"has the unknown label{_s(extra)}"]
    said = [part for part, labels in zip(parts, (missing, extra), strict=True) if labels]
    return " and ".join(said) or None


def _s(labels: Sequence[str]) -> str:
    return f"{'s' if len(labels) > 1 else ''} {', '.join(labels)}"


def shown(live: LiveType) -> str:
    """A type as SQL writes it, a whole number with its range."""
    span = _RANGES.get(live.builtin or "")
    return f"{live.name} ({span})" if span else live.name
