"""Calls that hang together: `client.table('x').select('a').eq('b', 1)`."""

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from briefsmith.audit.postgrest import Argument, Call
from briefsmith.audit.python.literals import start_of
from briefsmith.audit.source import Source
from briefsmith.audit.text import Text

_TABLE = frozenset({"table", "from_"})
TextOf = Callable[[ast.expr], Text | None]
Resolve = Callable[[ast.expr], ast.expr]


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain from its root outward.

    Attributes:
        links: The calls, the innermost first, with their names.
        root: What the first call is made on.
    """

    root: ast.expr
    links: Sequence[tuple[str, ast.Call]]


def unchained(call: ast.Call) -> Chain:
    """The chain that ends with this call."""
    links: list[tuple[str, ast.Call]] = []
    inner: ast.expr = call
    while True:
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute):
            links.append((inner.func.attr, inner))
            inner = inner.func.value
        elif isinstance(inner, ast.Attribute | ast.Await):
            inner = inner.value
        else:
            return Chain(inner, links[::-1])


def table_of(chain: Chain, text_of: TextOf) -> tuple[int, Text] | None:
    """Which link names the table, and the name; None for a chain of something else."""
    for place, (name, call) in enumerate(chain.links):
        if name == "schema" and call.args:
            schema = text_of(call.args[0])
            if schema is None or schema.value != "public":
                return None
        if name in _TABLE and len(call.args) == 1:
            text = text_of(call.args[0])
            return None if text is None else (place, text)
    return None


def is_of_client(chain: Chain) -> bool:
    """Whether the root says that it is a client of Supabase, for tables with a name of anybody's."""
    return (
        "supabase" in ast.unparse(chain.root).lower() if isinstance(chain.root, ast.Name) else False
    )


def as_call(name: str, call: ast.Call, source: Source, text_of: TextOf, resolve: Resolve) -> Call:
    """A link in the terms of PostgREST."""
    arguments = [_argument(one, source, text_of, resolve) for one in call.args]
    keywords = {
        one.arg: _argument(one.value, source, text_of, resolve)
        for one in call.keywords
        if one.arg is not None
    }
    return Call(name, arguments, keywords)


def _argument(value: ast.expr, source: Source, text_of: TextOf, resolve: Resolve) -> Argument:
    text = text_of(value)
    if text is not None:
        return Argument(text)
    value = _inside(resolve(value))
    rows = value.elts if isinstance(value, ast.List | ast.Tuple) else [value]
    if isinstance(value, ast.ListComp | ast.GeneratorExp):
        rows = [value.elt]
    keys: list[tuple[str, int]] = []
    for row in (_inside(resolve(row)) for row in rows):
        if isinstance(row, ast.Dict):
            for key in row.keys:
                named = None if key is None else text_of(key)
                if named is not None and key is not None:
                    keys.append((named.value, named.offset(0)))
        elif isinstance(row, ast.Call) and isinstance(row.func, ast.Name) and row.func.id == "dict":
            keys += [
                (one.arg, start_of(one, source)) for one in row.keywords if one.arg is not None
            ]
    return Argument(keys=keys)


def _inside(value: ast.expr) -> ast.expr:
    """Of `json_safe({…})` and the like the object; what they change is values."""
    if (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Name)
        and len(value.args) == 1
        and any(word in value.func.id for word in ("json", "safe", "encode"))
    ):
        return value.args[0]
    return value
