"""Cursors: where the next part of a text or of a list begins. Whatever has the form is a place, or none."""

import hashlib
from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from pydantic import Field
from pydantic_core import to_json

from briefsmith.errors import InvalidInput, StaleVersion

_AGAIN = "Leave `cursor` out to begin again."

ListCursor = Annotated[
    str,
    Field(
        pattern=r"^q[0-9a-f]{12}-[0-9]{1,4}-[0-9a-f]{32}$",
        description="`next_cursor` of the answer before, for the items behind it; else leave it out.",
    ),
]
BlockCursor = Annotated[
    str,
    Field(
        pattern=r"^v[0-9]{1,9}-[0-9]{1,9}$",
        description="`next_cursor` of the answer before, for the next part of a long text; else leave it out.",
    ),
]
BriefCursor = Annotated[
    str,
    Field(
        pattern=r"^t[0-9a-f]{16}-[0-9]{1,9}$",
        description="`next_cursor` of the answer before, for the next part of a long text; else leave it out.",
    ),
]


def question_digest(*asked: object) -> str:
    """Names a question with all that it was asked with."""
    return hashlib.sha256(to_json(asked)).hexdigest()[:12]


def after_hit(digest: str, offset: int, last: UUID) -> str:
    """The place behind a hit."""
    return f"q{digest}-{offset}-{last.hex}"


def read_list(cursor: str | None, digest: str) -> tuple[int, UUID | None]:
    """How many hits were seen, and the last of them.

    Raises:
        InvalidInput: The cursor is of another question.
    """
    if cursor is None:
        return 0, None
    held, offset, last = cursor[1:].split("-")
    if held != digest:
        message = "The cursor is of another question."
        raise InvalidInput(message, hint=f"Repeat all arguments with it. {_AGAIN}")
    return int(offset), UUID(hex=last)


def place_behind(ids: Sequence[UUID], offset: int, last: UUID | None) -> int:
    """Where to go on in a list that may have changed: behind the hit that was seen last, wherever it is now."""
    if last is None:
        return 0
    return ids.index(last) + 1 if last in ids else offset


def in_block(version: int, offset: int) -> str:
    """A place in the text of a version."""
    return f"v{version}-{offset}"


def read_block_place(cursor: str | None) -> tuple[int | None, int]:
    """Version and offset; None for the present version."""
    if cursor is None:
        return None, 0
    version, offset = cursor[1:].split("-")
    return int(version), int(offset)


def in_brief(text_sha256: str, offset: int) -> str:
    """A place in a brief's text."""
    return f"t{text_sha256[:16]}-{offset}"


def read_brief_place(cursor: str | None, text_sha256: str) -> int:
    """The offset.

    Raises:
        StaleVersion: The brief has another text by now.
    """
    if cursor is None:
        return 0
    held, offset = cursor[1:].split("-")
    if not text_sha256.startswith(held):
        message = "The brief's text has changed since the part before was read."
        raise StaleVersion(message, hint=_AGAIN)
    return int(offset)


def checked_offset(text: str, offset: int) -> int:
    """The offset, if the text goes on there.

    Raises:
        InvalidInput: It ends before.
    """
    if offset and offset >= len(text):
        message = "The text ends before that cursor."
        raise InvalidInput(message, hint=_AGAIN)
    return offset
