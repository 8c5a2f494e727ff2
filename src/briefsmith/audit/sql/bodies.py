"""Functions and DO blocks: SQL inside of SQL."""

import json
import re
from collections.abc import Iterator

from briefsmith.audit.parsers import load_sql_parser
from briefsmith.audit.sql.parsing import Parsed, parse_text
from briefsmith.audit.sql.tree import Fields, as_fields, items, node, nodes, strings, word
from briefsmith.audit.text import Text, TextBuilder

_HEAD = 60  # characters of a query, that are looked for where it is not in the body as it is
_NAMES = {"PLpgSQL_var", "PLpgSQL_rec", "PLpgSQL_row"}


def body_of(text: Text, fields: Fields, start: int) -> tuple[str, Text] | None:
    """Language and body of a function or DO block; None where it has no text.

    Args:
        text: The whole, `start` is where the statement begins in it.
        fields: Of `CreateFunctionStmt` or `DoStmt`.
    """
    options = {
        word(one, "defname"): node(one.get("arg"))
        for _, one in nodes(fields.get("options", fields.get("args")))
    }
    kind, body = options.get("as", ("", {}))
    parts = strings(body.get("items")) if kind == "List" else [word(body, "sval")]
    if not parts or not parts[0]:
        return None
    language = word(options.get("language", ("", {}))[1], "sval") or "plpgsql"
    found = _placed(text, parts[0], start)
    return None if found is None else (language.lower(), found)


def _placed(text: Text, body: str, start: int) -> Text | None:
    """The body where it stands, in dollar quotes or in single ones that are doubled inside."""
    at = text.value.find(body, start)
    if at >= 0:
        return text.part(at, at + len(body))
    doubled = body.replace("'", "''")
    at = text.value.find(doubled, start)
    if at < 0:
        return None
    builder = TextBuilder()
    end = at
    for found in re.finditer("''", text.value[at : at + len(doubled)]):
        builder.add_text(text.part(end, at + found.start() + 1))
        end = at + found.end()
    builder.add_text(text.part(end, at + len(doubled)))
    return builder.text()


def parameters(fields: Fields) -> frozenset[str]:
    """Names of a function's parameters, and of the columns that it returns."""
    return frozenset(word(one, "name") for _, one in nodes(fields.get("parameters")))


def expressions(statement: str, body: Text) -> Iterator[tuple[Parsed, frozenset[str]]] | None:
    """Queries and expressions of a PL/pgSQL body, with its variables; None if it cannot be parsed."""
    parser = load_sql_parser()
    try:
        tree: object = json.loads(parser.parse_plpgsql_json(statement))
    except (parser.ParseError, RecursionError, ValueError):
        return None
    names, queries = _walk(tree)
    return _parsed(queries, body, frozenset(names))


def _walk(tree: object) -> tuple[set[str], list[tuple[int, str]]]:
    """Variables, and the texts of expressions with the line of their statement in the body, from 1."""
    names: set[str] = set()
    queries: list[tuple[int, str]] = []
    waiting: list[tuple[object, int]] = [(tree, 1)]
    while waiting:
        one, line = waiting.pop()
        if isinstance(one, list):
            waiting.extend((member, line) for member in reversed(items(one)))  # pyright: ignore[reportUnknownArgumentType]
            continue
        kind, inner = node(one)
        fields = inner if kind else as_fields(one)
        said = fields.get("lineno")
        line = said if isinstance(said, int) else line
        if kind in _NAMES:
            names.add(word(inner, "refname"))
        if kind == "PLpgSQL_expr":
            queries.append((line, word(inner, "query")))
        else:
            waiting.extend((member, line) for member in reversed(list(fields.values())))
    return names - {""}, queries


def _parsed(
    queries: list[tuple[int, str]], body: Text, names: frozenset[str]
) -> Iterator[tuple[Parsed, frozenset[str]]]:
    """The parser cuts INTO and its targets out of a query; all else stands in it as in the source."""
    starts = [0, *(found.end() for found in re.finditer("\n", body.value))]
    searched: dict[tuple[int, str], int] = {}
    for line, query in queries:
        start = searched.get((line, query), starts[min(line, len(starts)) - 1])
        at = _found(query, body.value, start)
        if at is None:
            continue
        searched[line, query] = at + 1
        text = _with_select(body.part(at, at + len(query)), query)
        found = parse_text(text)
        if isinstance(found, Parsed):
            yield found, names


def _found(query: str, body: str, start: int) -> int | None:
    """Where a query begins in the body.

    The parser makes SELECT of PERFORM, and blanks of INTO and its targets.
    """
    kept = query.removeprefix("SELECT")
    at = body.find(kept, start) if kept.strip() else -1
    if at >= 0:
        return max(at - (len(query) - len(kept)), 0)
    head, _, _ = query[:_HEAD].partition("   ")
    at = body.find(head.strip(), start) if head.strip() else -1
    if at < 0:
        return None
    begin = at - (len(head) - len(head.lstrip()))
    return begin if _agree(query, body[begin : begin + len(query)]) else None


def _agree(query: str, stretch: str) -> bool:
    return len(query) == len(stretch) and all(
        one in (other, " ") for one, other in zip(query, stretch, strict=True)
    )


def _with_select(text: Text, query: str) -> Text:
    """A bare expression as a query; the places stay."""
    text = text.replaced(query)
    if re.match(
        r"\s*(select|insert|update|delete|merge|with|values|call|\()\b", query, re.IGNORECASE
    ):
        return text
    assigned = re.match(r"\s*[\w.\[\]\" ]+(:=)", query)
    if assigned is not None:
        # What is assigned to is read like what is assigned.
        at = assigned.start(1)
        text = text.replaced(f"{query[:at]}, {query[at + 2 :]}")
    builder = TextBuilder()
    builder.add("select ", text.offset(0))
    builder.add_text(text)
    return builder.text()
