"""Numbers of requests."""

from pydantic import BeforeValidator


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_whole)
"""Of a whole number: 130.0 is one too, as JSON Schema has it. It stands behind the bounds of the number."""
