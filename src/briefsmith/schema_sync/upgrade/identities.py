"""Ids of new rows, the same whenever they are made."""

import re
from uuid import UUID, uuid5

_OURS = UUID("6a1cf0b2-5d0f-5c57-9d0e-7a1b0c5be3f1")
_CANONICAL = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


def is_uuid(value: object) -> bool:
    """Whether this is a uuid as PostgreSQL prints it."""
    return isinstance(value, str) and _CANONICAL.fullmatch(value) is not None


def row_id(table: str, key: str) -> UUID:
    """Of the row that a legacy row becomes: its own id, where no other row has it."""
    return UUID(key) if is_uuid(key) else made_id(table, key)


def made_id(*parts: str) -> UUID:
    """Of a row that is made; the same for the same parts."""
    return uuid5(_OURS, "/".join(parts))
