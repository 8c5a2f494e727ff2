"""Names as PostgreSQL writes them, and where they occur."""

import re
from collections.abc import Iterable

from briefsmith.schema_sync.catalog import Fact, Item

_PART = re.compile(r'"(?:[^"]|"")*"|[^.("]+')
_QUALIFIED = re.compile(r'(?:"(?:[^"]|"")*"|[^.("]+)(?:\.(?:"(?:[^"]|"")*"|[^.("]+))?')


def schema_of(name: str) -> str:
    """The schema in which something is."""
    return _PART.findall(name)[0]


def unquoted(part: str) -> str:
    """One part of a name as the catalog holds it."""
    return part[1:-1].replace('""', '"') if part.startswith('"') else part


def bare(name: str) -> str:
    """A name without its schema; of a function, without its arguments."""
    return _PART.findall(called(name))[-1]


def called(name: str) -> str:
    """A function's name without its arguments; any other name as it is."""
    found = _QUALIFIED.match(name)
    return found[0] if found else name


def beside(name: str, neighbour: str) -> str:
    """A name in the schema of another."""
    return f"{schema_of(neighbour)}.{name}"


def text_of(item: Item, fact: str) -> str | None:
    """A fact that is one text."""
    value = item.facts.get(fact)
    return None if value is None else str(value)


def list_of(item: Item, fact: str) -> list[str]:
    """A fact that is several texts; none where it has its usual value."""
    value: Fact = item.facts.get(fact)
    return list(value) if isinstance(value, list) else []


def literal(text: str) -> str:
    """A text as a string of SQL."""
    quoted = text.replace("'", "''")
    if "\\" not in text:
        return f"'{quoted}'"
    return "e'" + quoted.replace("\\", "\\\\") + "'"


def mentions(word: str, text: str) -> bool:
    """Whether a name stands in a text, by itself and not within a longer one."""
    return re.search(rf'(?<![\w$"]){re.escape(word)}(?![\w$"])', text) is not None


class Finder:
    """Finds names of a fixed set in texts."""

    def __init__(self, names: Iterable[str]) -> None:
        ordered = sorted(set(names), key=lambda name: (-len(name), name))
        pattern = "|".join(map(re.escape, ordered))
        self._pattern = re.compile(rf'(?<![\w$"])(?:{pattern})(?![\w$"])') if ordered else None

    def names_in(self, text: str) -> set[str]:
        """Which of them stand there."""
        return set() if self._pattern is None else set(self._pattern.findall(text))
