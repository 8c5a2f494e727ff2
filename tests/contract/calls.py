"""Where the code of store/ and postgres/ uses named queries, read from its syntax."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "briefsmith"


@dataclass(frozen=True, slots=True)
class Use:
    """One place where a named query is run.

    Attributes:
        query: `<file>.<name>`.
        module: Dotted name of the module.
        function: Function that does it.
        method: Method of the session that takes the query; None where the text goes to psycopg itself.
        row: Name of the row class given to the method.
    """

    query: str
    module: str
    function: str
    method: str | None
    row: str | None


def uses() -> list[Use]:
    return [
        use
        for layer in ("store", "postgres")
        for path in sorted((SOURCE / layer).rglob("*.py"))
        for use in _uses_of(path)
    ]


def _uses_of(path: Path) -> Iterator[Use]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    module = ".".join(("briefsmith", *path.relative_to(SOURCE).with_suffix("").parts))
    loaded = dict(_loaded(tree))
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            calls = {id(call.args[0]): call for call in _calls(function) if call.args}
            for node in ast.walk(function):
                name = _query_name(node, loaded)
                if name is not None:
                    method, row = _taker(calls.get(id(node)))
                    yield Use(name, module, function.name, method, row)


def _loaded(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Names at the top of a module that hold the queries of a file, and the file."""
    for node in tree.body:
        match node:
            case ast.Assign(
                targets=[ast.Name(name)],
                value=ast.Call(func=ast.Name("load"), args=[ast.Constant(str(table))]),
            ):
                yield name, table
            case _:
                pass


def _calls(function: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(function) if isinstance(node, ast.Call))


def _query_name(node: ast.AST, loaded: dict[str, str]) -> str | None:
    match node:
        case ast.Subscript(value=ast.Name(name), slice=ast.Constant(str(query))) if name in loaded:
            return f"{loaded[name]}.{query}"
        case _:
            return None


def _taker(call: ast.Call | None) -> tuple[str | None, str | None]:
    match call:
        case ast.Call(func=ast.Attribute(attr=method), args=[_, ast.Name(row), *_]) if (
            method != "execute"
        ):
            return method, row
        case ast.Call(func=ast.Attribute(attr=method)):
            return method, None
        case _:
            return None, None
