"""Statements stand in sql/, but for the few that belong to a connection and not to the schema."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "briefsmith"

# By file: how the statement begins, and why it stands there.
ALLOWED = {
    "postgres/session.py": {
        "begin": "the transaction of the session",
        "begin read only": "the transaction of a session that only reads",
        "commit": "the transaction of the session",
        "rollback": "the transaction of the session",
    },
    "postgres/catalog.py": {
        "begin read only": "the transaction of a look",
        "commit": "the transaction of a look",
    },
    "postgres/inspection.py": {
        "begin isolation level repeatable read read only": "one snapshot for all checks",
        "rollback": "the transaction of a look",
    },
    "postgres/scratch.py": {
        "create database": "outside of every schema",
        "drop database": "outside of every schema",
    },
    "postgres/preparing.py": {
        "begin read only": "the transaction of a look",
        "rollback": "the transaction of a look",
        "rollback to savepoint": "the transaction of a look",
    },
    "postgres/asking.py": {
        "savepoint": "each statement is looked at by itself",
        "rollback to savepoint": "each statement is looked at by itself",
        "explain (costs off) execute": "a statement of sql/ by the name that it has for a moment",
        "deallocate": "a statement of sql/ by the name that it has for a moment",
    },
}

# What these write is made of names and definitions that a server printed: it is shown to people, and run in
# scratch databases. No file of sql/ could hold it, because it is not known before a schema is read.
GENERATED = frozenset(
    f"schema_sync/{name}.py"
    for name in (
        "definitions",
        "detours",
        "mend_columns",
        "mend_objects",
        "mend_types",
        "mends",
        "tables",
        "user_types",
    )
)

# The house writes SQL in small letters; prose begins with a capital. Both cases of SQL are found, mixed
# ones ("Select a block") are prose.
_STATEMENT = re.compile(
    r"""^\s*(?:--[^\n]*\n\s*)*(?:
      select\s|insert\s+into\s|update\s+[\w."]+(\s+as\s+\w+)?\s+set\s|delete\s+from\s|merge\s+into\s
      |with\s+(recursive\s+)?\w+(\s*\([^)]*\))?\s+as\s|values\s*\(|truncate\s|copy\s+[\w."(]+.*\s(from|to)\s
      |(create|alter|drop)\s+(or\s+replace\s|unique\s|temporary\s|temp\s|role|user|schema|table|view
        |index|function|procedure|trigger|policy|extension|type|sequence|database|default|event)
      |(grant|revoke)\s+[\w\s,]+\s(on|to|from)\s|comment\s+on\s|lock\s+table|set\s+(local|session|role)\s
      |set\s+\w+\s*(=|to)\s|reset\s+\w+$|show\s+\w+$|discard\s|(un)?listen\s|notify\s|explain\s|analyze\s
      |vacuum|do\s+\$|call\s+\w+\(|prepare\s+\w+|deallocate|declare\s+\w+\s+cursor|refresh\s+materialized
      |(begin|commit|rollback|savepoint|start\s+transaction|release)\b(?!:)(\s+(read|work|to|isolation)\b.*)?$
    )""",
    re.VERBOSE | re.DOTALL,
)


def _is_statement(text: str) -> bool:
    words = text.strip()
    return any(
        _STATEMENT.match(words.lower()) is not None
        for first in re.findall(r"[A-Za-z]+", words)[:1]
        if first.islower() or first.isupper()
    )


def _docstrings(tree: ast.Module) -> set[int]:
    holders = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, holders) and node.body and isinstance(node.body[0], ast.Expr)
    }


def _strings(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    passed_over = _docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in passed_over:
            if isinstance(node.value, str):
                yield node.value
            elif isinstance(node.value, bytes):
                yield node.value.decode("utf-8", "replace")


def _statements() -> Iterator[tuple[str, str]]:
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE).as_posix()
        for text in _strings(path) if name not in GENERATED else ():
            if _is_statement(text):
                yield name, " ".join(text.split())


def _reason(file: str, statement: str) -> str | None:
    for beginning, reason in ALLOWED.get(file, {}).items():
        is_whole = beginning in {"begin", "begin read only", "commit", "rollback"}
        if statement == beginning or (not is_whole and statement.startswith(beginning)):
            return reason
    return None


def test_no_statement_stands_outside_of_sql() -> None:
    strays = [found for found in _statements() if _reason(*found) is None]

    assert strays == []


def test_every_statement_that_may_stand_outside_does() -> None:
    found = list(_statements())

    unused = [
        (file, beginning)
        for file, beginnings in ALLOWED.items()
        for beginning in beginnings
        if not any(file == place and text.startswith(beginning) for place, text in found)
    ]

    assert unused == []


def test_what_generates_sql_sends_none() -> None:
    for name in GENERATED:
        text = (SOURCE / name).read_text(encoding="utf-8")

        assert any(_is_statement(found) for found in _strings(SOURCE / name)), name
        assert not re.search(r"psycopg|briefsmith\.(postgres|store)|\.execute\(", text), name


def test_no_module_composes_sql() -> None:
    composing = [
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if re.search(
            r"psycopg\.sql|from psycopg import [^\n]*\bsql\b", path.read_text(encoding="utf-8")
        )
    ]

    assert composing == []


@pytest.mark.parametrize(
    "text",
    [
        "select 1",
        "  SELECT 1",
        "-- why\nupdate public.a as x set b = 1",
        "with a as (select 1) select * from a",
        "delete from a",
        "create table a (b int)",
        "listen events",
        "rollback",
        "set local role anon",
        "copy public.a (b) from stdin",
    ],
)
def test_a_statement_is_recognised(text: str) -> None:
    assert _is_statement(text)


@pytest.mark.parametrize(
    "text",
    ["Select a block", "selected", "begin:", "Update the block", "with a", "set", "show", "Set to"],
)
def test_prose_is_not_taken_for_a_statement(text: str) -> None:
    assert not _is_statement(text)
