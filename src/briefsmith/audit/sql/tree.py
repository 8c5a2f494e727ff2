"""PostgreSQL's parse tree as pglast prints it in JSON.

JSON because pglast's own nodes are built without a look at the stack, and end the process where a
statement nests deeply enough; printing JSON heeds PostgreSQL's limit, and is twenty times as fast.

A node is `{"ColumnRef": {…}}`; where its type is fixed, it stands without the wrapper.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias, cast

from briefsmith.audit.parsers import load_sql_parser

# PostgreSQL's scanner takes the square of such a run's length (it begins a comment anew at each `/*`).
_OPERATORS = re.compile(r"[~!@#^&|`?+*/%<>=-]{1000,}")

Fields: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Failed:
    """Why there is no tree.

    Attributes:
        at: The character where the parser stopped.
    """

    reason: str
    at: int


def parse(sql: str) -> list[Fields] | Failed:
    """The statements of a text, each with `stmt`, and `stmt_location` unless 0."""
    long = _OPERATORS.search(sql)
    if long is not None:
        return Failed("an operator without end", long.start())
    parser = load_sql_parser()
    try:
        printed = parser.parse_sql_json(sql)
        return [as_fields(one) for one in items(as_fields(json.loads(printed)).get("stmts"))]
    except parser.ParseError as error:
        reason, where = (*error.args, None, None)[:2]
        return Failed(str(reason or "syntax error"), where if isinstance(where, int) else 0)
    except RecursionError:
        return Failed("nested too deeply", 0)


def as_fields(value: object) -> Fields:
    """The fields of an object; none where the value is no object."""
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def items(value: object) -> list[object]:
    """The members of a list; none where the value is no list."""
    return cast("list[object]", value) if isinstance(value, list) else []


def node(value: object) -> tuple[str, Fields]:
    """Type and fields of a wrapped node; an empty type where it is none."""
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        if len(fields) == 1:
            (kind,) = fields
            if kind[:1].isupper():
                return kind, as_fields(fields[kind])
    return "", {}


def nodes(value: object) -> Iterator[tuple[str, Fields]]:
    """Those of a list."""
    for one in items(value):
        yield node(one)


def word(fields: Fields, name: str) -> str:
    """A field that is text; empty where it is not there."""
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def location(fields: Fields) -> int:
    """Where the node begins, in bytes; the printer leaves out 0."""
    value = fields.get("location", 0)
    return value if isinstance(value, int) else 0


def strings(value: object) -> list[str]:
    """The texts of a list of `String` nodes."""
    return [word(fields, "sval") for kind, fields in nodes(value) if kind == "String"]
