"""Whether a legacy value can live in a final column, and what can where it cannot."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from briefsmith.schema_sync.upgrade.exact_json import dumps
from briefsmith.schema_sync.upgrade.locales import language_tag
from briefsmith.schema_sync.upgrade.rows import Json

EMBEDDING_WIDTH = 256

_INTEGER = (-(2**31), 2**31 - 1)
# PostgreSQL prints no zeros at the end of a fraction.
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{0,5}[1-9])?\+00:00", re.ASCII
)
# Python reads whole numbers of 4,300 digits, and JSON that is nested about 900 deep.
_MOST_DIGITS = 4_000
_MOST_DEPTH = 200
_WORDS = {"true": True, "t": True, "yes": True, "false": False, "f": False, "no": False}
_NUMBER = "[0-9.e+-]+"
_VECTOR = re.compile(rf"\[{_NUMBER}(?:,{_NUMBER}){{{EMBEDDING_WIDTH - 1}}}\]", re.ASCII)
_BETWEEN_WORDS = re.compile(r"[\s_-]+")


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a column holds in place of a value.

    Attributes:
        value: What it holds.
        is_exact: It is the value itself, and the database prints it as it was.
    """

    value: Json
    is_exact: bool


# None where nothing like the value can live in the column.
Fit = Callable[[Json], Fitted | None]


def text(value: Json) -> Fitted | None:
    """Any text; of other JSON the text."""
    if isinstance(value, str):
        return Fitted(value, is_exact=True)
    return None if value is None else Fitted(dumps(value), is_exact=False)


def texts(value: Json) -> Fitted | None:
    """A list of texts, without nulls, flat."""
    if isinstance(value, str) and value:
        return Fitted([value], is_exact=False)
    if not isinstance(value, list):
        return None
    flat = list(_flat(value))
    is_exact = len(flat) == len(value) and all(isinstance(item, str) for item in value)
    return Fitted([*flat], is_exact=is_exact)


def _flat(items: Iterable[Json]) -> Iterable[str]:
    # PostgreSQL's arrays have six dimensions at most.
    for item in items:
        if isinstance(item, str):
            yield item
        elif isinstance(item, list):
            yield from _flat(item)


def boolean(value: Json) -> Fitted | None:
    """True or false, also in words."""
    if isinstance(value, bool):
        return Fitted(value, is_exact=True)
    word = value.strip().casefold() if isinstance(value, str) else ""
    return Fitted(_WORDS[word], is_exact=False) if word in _WORDS else None


def time(value: Json) -> Fitted | None:
    """A point in time that Python can hold in every time zone."""
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        return None
    try:
        year = datetime.fromisoformat(value).year
    except ValueError:
        return None
    return Fitted(value, is_exact=True) if 1 < year < 9999 else None  # noqa: PLR2004  Python's first and last


def integer(least: int) -> Fit:
    """A whole number that is not less."""

    def fit(value: Json) -> Fitted | None:
        if not isinstance(value, Decimal) or not max(least, _INTEGER[0]) <= value <= _INTEGER[1]:
            return None
        number = int(value)
        if number != value:
            return None
        return Fitted(Decimal(number), is_exact=str(value) == str(number))

    return fit


def double(least: float, most: float) -> Fit:
    """A number of double precision in a range."""

    def fit(value: Json) -> Fitted | None:
        if not isinstance(value, Decimal) or not least <= value <= most:
            return None
        # The shortest digits that give the double again, as PostgreSQL prints it.
        shortest = Decimal(repr(float(value)))
        if shortest == shortest.to_integral_value():
            shortest = Decimal(int(shortest))
        return Fitted(shortest, is_exact=format(shortest, "f") == format(value, "f"))

    return fit


def label_of(labels: type[StrEnum], also: dict[str, str] | None = None) -> Fit:
    """A label of an enum, however it is written.

    Args:
        also: Other words for labels.
    """
    known = {label.value for label in labels}
    alike = {_sameness(name): name for name in known} | (also or {})

    def fit(value: Json) -> Fitted | None:
        if not isinstance(value, str):
            return None
        if value in known:
            return Fitted(value, is_exact=True)
        found = alike.get(_sameness(value))
        return None if found is None else Fitted(found, is_exact=False)

    return fit


def _sameness(name: str) -> str:
    return _BETWEEN_WORDS.sub("_", name.strip().casefold())


def locale(value: Json) -> Fitted | None:
    """A language tag."""
    tag = language_tag(value)
    return None if tag is None else Fitted(tag, is_exact=tag == value)


def vector(value: Json) -> Fitted | None:
    """A vector of the width that the column has."""
    if isinstance(value, str) and _VECTOR.fullmatch(value):
        return Fitted(value, is_exact=True)
    return None


def json(value: Json) -> Fitted | None:
    """JSON that can be read here. A JSON null is none: as a column's value it is hardly told from SQL NULL."""
    return Fitted(value, is_exact=True) if value is not None and is_readable(value) else None


def is_readable(value: Json) -> bool:
    """Whether Python's own reader of JSON takes it: not too deep, no number of thousands of digits."""
    level: list[Json] = [value]
    for _ in range(_MOST_DEPTH):
        if any(isinstance(one, Decimal) and _is_long(one) for one in level):
            return False
        level = [item for one in level for item in _items(one)]
        if not level:
            return True
    return False


def _items(value: Json) -> Iterable[Json]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _is_long(number: Decimal) -> bool:
    return number.adjusted() > _MOST_DIGITS
