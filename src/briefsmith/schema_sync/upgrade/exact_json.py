"""JSON as PostgreSQL keeps it: numbers of any length with their last zeros, written in one way."""

import json
import re
import sys
from collections.abc import Generator
from contextlib import contextmanager
from decimal import Decimal
from typing import cast

from briefsmith.errors import UpgradeRefused
from briefsmith.schema_sync.upgrade.rows import Json

# PostgreSQL takes values that are nested some ten thousand times; each level takes a few calls here.
_DEPTH = 200_000

# No text of PostgreSQL holds a NUL, so a string that begins with one is a number on its way through the encoder.
_NUMBER = re.compile(r'"\\u0000(-?[0-9.]+)"')


def loads(text: str) -> Json:
    """A jsonb value as PostgreSQL prints it.

    Raises:
        UpgradeRefused: It is nested more deeply than Python reads.
    """
    try:
        return cast("Json", json.loads(text, parse_float=Decimal, parse_int=Decimal))
    except RecursionError as error:
        message = "A JSON value of the legacy tables is nested too deeply to be read."
        raise UpgradeRefused(message) from error


@contextmanager
def deep_values() -> Generator[None]:
    """In the block, values may be nested as deeply as PostgreSQL takes them."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _DEPTH))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def dumps(value: object) -> str:
    """A value with its keys in order; equal texts are equal values, and others are not."""
    text = json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_marked
    )
    return _NUMBER.sub(r"\1", text)


def _marked(value: object) -> str:
    if isinstance(value, Decimal):
        return f"\0{value:f}"
    message = f"{type(value).__name__} is no JSON"
    raise TypeError(message)
