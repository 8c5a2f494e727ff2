"""JSON as PostgreSQL keeps it: numbers of any length with their last zeros, written in one way."""

import json
import re
from decimal import Decimal
from typing import cast

from briefsmith.schema_sync.upgrade.rows import Json

# No text of PostgreSQL holds a NUL, so a string that begins with one is a number on its way through the encoder.
_NUMBER = re.compile(r'"\\u0000(-?[0-9.]+)"')


def loads(text: str) -> Json:
    """A jsonb value as PostgreSQL prints it."""
    return cast("Json", json.loads(text, parse_float=Decimal, parse_int=Decimal))


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
