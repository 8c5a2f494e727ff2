"""Functions, procedures and aggregates as statements."""

import re
from collections.abc import Iterator

from briefsmith.schema_sync.catalog import Item
from briefsmith.schema_sync.names import called, list_of, literal, text_of
from briefsmith.schema_sync.pieces import Piece, Turn

# Settings that are lists of names, each written by itself.
_LISTS = frozenset(
    {
        "local_preload_libraries",
        "search_path",
        "session_preload_libraries",
        "shared_preload_libraries",
        "temp_tablespaces",
        "unix_socket_directories",
    }
)
_ELEMENT = re.compile(r'\s*("(?:[^"]|"")*"|[^,]+)\s*(?:,|$)')


def routine_piece(item: Item) -> Piece:
    """What makes a function; its body is not looked into unless PostgreSQL will."""
    needs = " ".join(
        [
            *(text_of(item, fact) or "" for fact in ("arguments", "result", "sql_body")),
            *list_of(item, "aggregate"),
        ]
    )
    return Piece(Turn.FUNCTION, create_routine(item), called(item.name), needs)


def create_routine(item: Item, *, replace: bool = False) -> str:
    """The statement that makes it.

    Args:
        replace: Put it in the place of the one that is there.
    """
    create = "create or replace" if replace else "create"
    arguments = text_of(item, "arguments") or ""
    if text_of(item, "sort") == "aggregate":
        options = list_of(item, "aggregate")
        parallel = text_of(item, "parallel")
        options += [f"parallel = {parallel}"] if parallel else []
        listed = ",\n  ".join(options)
        return f"{create} aggregate {called(item.name)}({arguments or '*'}) (\n  {listed}\n);"
    sort = "procedure" if text_of(item, "sort") == "procedure" else "function"
    head = f"{create} {sort} {called(item.name)}({arguments})"
    return "\n".join([head, *_options(item), _body(item)]) + ";"


def _options(item: Item) -> Iterator[str]:
    result = text_of(item, "result")
    if result is not None:
        yield f"returns {result}"
    words = [f"language {text_of(item, 'language')}"]
    words += ["window"] if text_of(item, "sort") == "window" else []
    words += [text_of(item, "volatility") or ""]
    flags = (("strict", "strict"), ("security_definer", "security definer"))
    words += [word for fact, word in (*flags, ("leakproof", "leakproof")) if item.facts.get(fact)]
    for fact in ("parallel", "cost", "rows"):
        value = item.facts.get(fact)
        if value is not None:
            words.append(f"{fact} {value:g}" if isinstance(value, float) else f"{fact} {value}")
    yield " ".join(word for word in words if word)
    for setting in list_of(item, "settings"):
        yield f"set {_setting(setting)}"


def _setting(setting: str) -> str:
    name, _, value = setting.partition("=")
    if name not in _LISTS:
        return f"{name} = {literal(value)}"
    elements = [_unquoted(element) for element in _ELEMENT.findall(value)]
    return f"{name} = {', '.join(map(literal, elements))}"


def _unquoted(element: str) -> str:
    text = element.strip()
    return text[1:-1].replace('""', '"') if text.startswith('"') else text


def _body(item: Item) -> str:
    sql_body = text_of(item, "sql_body")
    if sql_body is not None:
        return sql_body
    body, library = text_of(item, "body") or "", text_of(item, "library")
    if library is not None:
        return f"as {literal(library)}, {literal(body)}"
    tag = "$$"
    while tag in body or body.endswith("$"):
        tag = f"{tag[:-1]}_$" if tag != "$$" else "$body$"
        if tag not in body:
            break
    return f"as {tag}{body}{tag}"
