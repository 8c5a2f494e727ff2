"""Which keys there may be: none that leads anywhere but into the storage, whoever made it."""

import re

_SEGMENT = r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,254}"
_KEY = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*")
_MOST_CHARS = 900
"""S3 takes 1,024, and the bucket's own prefix stands before a key."""


def is_key(text: str) -> bool:
    """Whether it is segments of `A-Z a-z 0-9 . _ -` between slashes, none of which begins with a dot."""
    return len(text) <= _MOST_CHARS and _KEY.fullmatch(text) is not None


def segments_of(key: str) -> list[str]:
    """The segments of a key, at least one.

    Raises:
        ValueError: It is no key.
    """
    if not is_key(key):
        message = f"{key!r} is no key of a storage"
        raise ValueError(message)
    return key.split("/")


def segments_of_prefix(prefix: str) -> list[str]:
    """The segments of what keys begin with; none for all keys.

    Raises:
        ValueError: It is neither empty nor a key with a slash behind it.
    """
    if not prefix:
        return []
    if not prefix.endswith("/"):
        message = f"{prefix!r} does not end with a slash"
        raise ValueError(message)
    return segments_of(prefix.removesuffix("/"))
