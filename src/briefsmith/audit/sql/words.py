"""What can be said of SQL that cannot be parsed: which removed names stand in it as identifiers."""

import re

from briefsmith.audit.gathering import Gathered
from briefsmith.audit.text import Text

# Comments and strings are consumed whole, closed or not, so that no name in them is found.
_TOKEN = re.compile(
    r"""--[^\n]*|/\*(?:.*?\*/|.*)|'(?:[^']|'')*(?:'|$)|"(?P<quoted>[^"]*)(?:"|$)"""
    r"|(?P<name>[^\W\d][\w$]*)",
    re.DOTALL,
)
_GOING = re.compile(r"\s*(?:alter\s+table\s.{0,300}?)?drop\s", re.IGNORECASE | re.DOTALL)


def read_words(text: Text, gathered: Gathered) -> None:
    """Reports the removed names, but for those that a DROP takes away."""
    if _GOING.match(text.value):
        return
    schema = gathered.schema
    for found in _TOKEN.finditer(text.value):
        group = "quoted" if found["quoted"] else "name"
        name = found[group]
        if not name:
            continue
        offset = text.offset(found.start(group))
        if name in schema.removed_tables:
            gathered.add_table(offset, name)
        elif name in schema.removed_columns:
            gathered.add_column(offset, (), name)
