"""References in SQL, found in PostgreSQL's own parse tree."""

import re

from briefsmith.audit.gathering import Gathered
from briefsmith.audit.sql.bodies import body_of, expressions, parameters
from briefsmith.audit.sql.definitions import read_statement
from briefsmith.audit.sql.parsing import Parsed, Unparsed, parse_script, parse_text
from briefsmith.audit.sql.reader import Reader
from briefsmith.audit.sql.tree import Fields, node
from briefsmith.audit.sql.words import read_words
from briefsmith.audit.text import Text, whole

# How a statement begins whoever writes it; prose begins a sentence with a capital and goes on in small
# letters.
_STATEMENT = re.compile(
    r"""\s*(?:(?:--[^\n]*\n|/\*.{0,2000}?\*/)\s*)*(?:
      select\s.*(?:\sfrom\s|\()|insert\s+into\s|update\s.*\sset\s.*=|delete\s+from\s|merge\s+into\s
      |with\s+(?:recursive\s+)?["\w]+(?:\s*\([^)]*\))?\s+as\s+(?:(?:not\s+)?materialized\s*)?\(|truncate\s|copy\s+[\w."(]
      |(?:create|alter|drop)\s+(?:or\s+replace\s|unique\s|temporary\s|temp\s|table|view|materialized\s
        |index|function|procedure|trigger|policy)
      |grant\s.*\son\s|comment\s+on\s|lock\s+table|explain\s|do\s+\$|declare\s+\w+\s+cursor
    )""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_SIGN = re.compile(r"[*=;(),$%?{}<>]|::|(?<!:):\w|_a_hole_|\bwhere\b|\n|_", re.IGNORECASE)
_CODE = re.compile(r"[*=;()$%]|_a_hole_")  # what prose that begins like a statement has not
_FIRST_WORD = re.compile(r"[A-Za-z]+")
_NOT_SQL = re.compile(r"(?m)^\\[^\n]*$")
_COPIED = re.compile(
    r"(?ims)(^copy\s[^;]{1,2000}?\sfrom\s+stdin\b[^;\n]{0,500};[^\n]*\n)(.*?\n\\\.$|.*)"
)


def looks_like_sql(text: str) -> bool:
    """Whether a string is a statement and not a sentence that begins like one."""
    first = _FIRST_WORD.search(text[:4000])
    if first is None or not (first[0].islower() or first[0].isupper()):
        return False
    return _STATEMENT.match(text) is not None and _SIGN.search(text) is not None


def read_sql(text: Text, gathered: Gathered) -> None:
    """References of a string that is SQL."""
    _read(parse_text(text), gathered, Reader(text, gathered), is_file=False)


def read_sql_file(text: str, gathered: Gathered) -> None:
    """References of a `.sql` file: psql's commands and COPY's data are passed over."""
    blanked = _COPIED.sub(lambda found: found[1] + _blank(found[2]), text)
    blanked = _NOT_SQL.sub(lambda found: _blank(found[0]), blanked)
    source = whole(blanked)
    shadowed: set[str] = set()
    for part in parse_script(source):
        _read(part, gathered, Reader(part.text, gathered, shadowed=shadowed), is_file=True)


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _read(part: Parsed | Unparsed, gathered: Gathered, reader: Reader, *, is_file: bool) -> None:
    if isinstance(part, Unparsed):
        if is_file:
            gathered.problems.append((part.text.offset(part.failed.at), part.failed.reason))
        if is_file or _CODE.search(part.text.value):
            read_words(part.text, gathered)
        return
    reader = Reader(part.text, gathered, reader.names, reader.shadowed)
    for statement in part.statements:
        kind, fields = node(statement.get("stmt"))
        start = statement.get("stmt_location", 0)
        reader.statement_bytes = start if isinstance(start, int) else 0
        try:
            if kind in {"CreateFunctionStmt", "DoStmt"}:
                _read_function(reader, kind, fields, statement)
            else:
                read_statement(reader, kind, fields)
        except RecursionError:
            if is_file:
                gathered.problems.append(
                    (part.text.offset(reader.at(reader.statement_bytes)), "nested too deeply")
                )
            read_words(_stretch(reader, statement), gathered)


def _stretch(reader: Reader, statement: Fields) -> Text:
    start = reader.at(reader.statement_bytes)
    length = statement.get("stmt_len", 0)
    end = reader.at(reader.statement_bytes + length) if isinstance(length, int) and length else None
    return reader.text.part(start, len(reader.text.value) if end is None else end)


def _read_function(reader: Reader, kind: str, fields: Fields, statement: Fields) -> None:
    names = parameters(fields)
    if fields.get("sql_body"):
        inner = Reader(reader.text, reader.gathered, names, reader.shadowed)
        read_statement(inner, kind, {"body": fields["sql_body"]})
    own = _stretch(reader, statement)
    found = body_of(own, fields, 0)
    if found is None:
        return
    language, body = found
    if language == "sql":
        inner = Reader(body, reader.gathered, names, reader.shadowed)
        _read(parse_text(body), reader.gathered, inner, is_file=True)
    elif language == "plpgsql":
        _read_plpgsql(reader, own, body, names)
    else:
        read_words(body, reader.gathered)


def _read_plpgsql(reader: Reader, own: Text, body: Text, names: frozenset[str]) -> None:
    found = expressions(own.value, body)
    if found is None:
        read_words(body, reader.gathered)
        return
    for part, variables in found:
        inner = Reader(part.text, reader.gathered, names | variables, reader.shadowed)
        _read(part, reader.gathered, inner, is_file=True)
