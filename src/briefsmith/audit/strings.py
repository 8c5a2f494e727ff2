"""What a string of code refers to, in any language."""

import re

from briefsmith.audit.gathering import Gathered
from briefsmith.audit.postgrest import read_path
from briefsmith.audit.sql import looks_like_sql, read_sql
from briefsmith.audit.text import HOLE, Text

_LIST = re.compile(r"\s*[A-Za-z_][\w$]*(?:\s*,\s*[A-Za-z_][\w$]*)+\s*")
_NAME = re.compile(r"[\w$]+")


def read_string(text: Text, gathered: Gathered) -> None:
    """A string: the name of something removed, a list of columns, a statement, an address, or nothing."""
    value = text.value
    if not gathered.schema.is_mentioned(value):
        return
    name = value.strip().removeprefix(f"{HOLE}.")
    if gathered.schema.removed_name(name) is not None:
        gathered.add_removed(text.offset(value.find(name)), name)
    elif looks_like_sql(value):
        read_sql(text, gathered)
    elif "/rest/v1/" in value:
        read_path(text, gathered)
    elif _LIST.fullmatch(value):
        _read_list(text, gathered)


def _read_list(text: Text, gathered: Gathered) -> None:
    """A list of names is one of columns if all but the removed ones are columns of the same table."""
    names = [(found[0], found.start()) for found in _NAME.finditer(text.value)]
    removed = gathered.schema.removed_columns
    for name, at in names:
        if name in removed:
            columns = gathered.schema.tables[removed[name]]
            if all(other in columns or other in removed for other, _ in names):
                gathered.add_column(text.offset(at), (), name)
