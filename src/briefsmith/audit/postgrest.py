"""What clients of PostgREST (supabase-js, supabase-py) say about a table, in any language."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from briefsmith.audit.gathering import Gathered
from briefsmith.audit.text import HOLE, Text

Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Argument:
    """What a call is given.

    Attributes:
        text: Of a string.
        keys: Of an object, or of all objects of a list, with their places.
        options: Texts that an object holds, by key.
    """

    text: Text | None = None
    keys: Sequence[Key] = ()
    options: Mapping[str, Text] = field(default_factory=dict[str, Text])


@dataclass(frozen=True, slots=True)
class Call:
    """One link of a chain: `.eq('id', 1)`.

    Attributes:
        keywords: Arguments that are passed by name.
    """

    method: str
    arguments: Sequence[Argument]
    keywords: Mapping[str, Argument] = field(default_factory=dict[str, Argument])


_FILTERS = frozenset({
    "eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike", "like_all_of", "like_any_of", "ilike_all_of",
    "ilike_any_of", "is", "is_", "in", "in_", "contains", "contained_by", "cs", "cd", "range_gt", "range_gte",
    "range_lt", "range_lte", "range_adjacent", "overlaps", "ov", "text_search", "fts", "plfts", "phfts",
    "wfts", "not", "filter", "order", "regex_match", "regex_i_match",
})  # fmt: skip
_WRITES = frozenset({"insert", "update", "upsert", "match"})
_ELSEWHERE = ("referenced_table", "foreign_table")

_ITEM = re.compile(
    r"""\s*(?:\.\.\.\s*)?(?:(?:"[^"]*"|[\w$]+)\s*:(?!:)\s*)?(?:"(?P<quoted>[^"]*)"|(?P<name>[\w$]+|\*))"""
    r"""(?:![\w$]+)*(?:->>?\s*(?:"[^"]*"|'[^']*'|[\w$-]+))*(?:::[\w$\[\] ]+)?(?:\.\w+\(\))?(?:::[\w$\[\] ]+)?\s*"""
)
_CONDITION = re.compile(
    r"(?:^|[,(])\s*(?P<column>[A-Za-z_][\w$]*)(?:->>?[\w$-]+)*\.(?:not\.)?(?:eq|neq|gte?|lte?|i?like|is|in|i?match"
    r"|cs|cd|ov|fts|plfts|phfts|wfts|sl|sr|nxl|nxr|adj)[.(]"
)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_PATH = re.compile(r"/rest/v1/(?P<table>[A-Za-z_]\w*)(?:\?(?P<query>\S*))?")
_SELECT = re.compile(r"(?:^|&)select=(?P<columns>[^&]*)")


def snake(name: str) -> str:
    """`rangeGt` as `range_gt`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def read_chain(table: str, calls: Sequence[Call], gathered: Gathered) -> None:
    """The columns that the calls behind a table name."""
    for call in calls:
        method = snake(call.method)
        if method == "select":
            for argument in call.arguments:
                if argument.text is not None:
                    read_select(argument.text, table, gathered)
        elif method in _FILTERS:
            _read_filter(table, call, gathered)
        elif method in _WRITES:
            _read_rows(table, call, gathered)
        elif method in {"or", "or_"} and call.arguments and call.arguments[0].text is not None:
            _read_conditions(call.arguments[0].text, _elsewhere(call) or table, gathered)


def _read_filter(table: str, call: Call, gathered: Gathered) -> None:
    first = call.arguments[0] if call.arguments else call.keywords.get("column", Argument())
    if first.text is None or HOLE in first.text.value:
        return
    path = re.split(r"->|::", first.text.value)[0].strip().split(".")
    owner = _elsewhere(call) or table
    if len(path) > 1:
        owner = path[-2]
    name = path[-1].strip('"')
    if re.fullmatch(r"[\w$]+", name):
        at = first.text.value.find(name, len(".".join(path[:-1])))
        check(gathered, owner, name, first.text.offset(max(at, 0)))


def _elsewhere(call: Call) -> str | None:
    """The other table that `order` or `or` is told to look at."""
    listed = [*((key, text) for one in call.arguments for key, text in one.options.items())]
    listed += [(key, one.text) for key, one in call.keywords.items() if one.text is not None]
    return next((text.value for key, text in listed if snake(key) in _ELSEWHERE), None)


def _read_rows(table: str, call: Call, gathered: Gathered) -> None:
    rows = [
        *call.arguments[:1],
        *(call.keywords[name] for name in ("json", "query") if name in call.keywords),
    ]
    for row in rows:
        for name, offset in row.keys:
            check(gathered, table, name, offset)
    options = [
        text
        for one in call.arguments[1:]
        for key, text in one.options.items()
        if snake(key) == "on_conflict"
    ]
    keyword = call.keywords.get("on_conflict")
    if keyword is not None and keyword.text is not None:
        options.append(keyword.text)
    for text in options:
        read_select(text, table, gathered)


def _read_conditions(text: Text, table: str, gathered: Gathered) -> None:
    value = _QUOTED.sub(lambda found: "x" * len(found[0]), text.value)
    for found in _CONDITION.finditer(value):
        check(gathered, table, found["column"], text.offset(found.start("column")))


def check(gathered: Gathered, table: str, name: str, offset: int) -> None:
    """One column of a table that may be removed or nobody's."""
    if HOLE in name:
        return
    home = gathered.schema.removed_columns.get(name)
    if table in gathered.schema.tables:
        gathered.check_column(offset, table, name)
    elif home is not None and HOLE in table:
        gathered.add_column(offset, (), name)


def read_select(text: Text, table: str, gathered: Gathered) -> None:
    """PostgREST's list of columns: `id, author:users!inner(name), meta->a, count:id.count()`."""
    owners: list[str] = [table]
    at, value = 0, text.value
    while at < len(value):
        if value[at] in ", )" or value[at].isspace():
            if value[at] == ")":
                owners.pop()
                if not owners:
                    return
            at += 1
            continue
        found = _ITEM.match(value, at)
        if found is None:
            return
        group = "name" if found["name"] else "quoted"
        name, place = found[group] or "", text.offset(found.start(group))
        at = found.end()
        if at < len(value) and value[at] == "(":
            owners.append(_embedded(name, place, gathered))
            at += 1
        elif name not in {"*", "count"}:
            check(gathered, owners[-1], name, place)


def _embedded(name: str, place: int, gathered: Gathered) -> str:
    """The table that an embedded list is of; a foreign key's column names one that we don't know."""
    if name in gathered.schema.removed_tables:
        gathered.add_table(place, name)
    elif name in gathered.schema.removed_columns:
        gathered.add_column(place, (), name)
    return name


def read_path(text: Text, gathered: Gathered) -> None:
    """A PostgREST address: `/rest/v1/task_briefs?select=id,intent`."""
    found = _PATH.search(text.value)
    if found is None:
        return
    table = found["table"]
    if table in gathered.schema.removed_tables:
        gathered.add_table(text.offset(found.start("table")), table)
    selected = _SELECT.search(found["query"] or "")
    if selected is not None:
        start = found.start("query")
        read_select(
            text.part(start + selected.start("columns"), start + selected.end("columns")),
            table,
            gathered,
        )
