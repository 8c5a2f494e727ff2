"""Pages of a list, each begun behind a row that the cursor names, so that rows may come and go meanwhile."""

import base64
import re
import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from briefsmith.schemas.pages import Place, Placed

T = TypeVar("T")

MOST = 200
_WHOLE = re.compile(r"(?:0|-?[1-9][0-9]{0,18})", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LAST = datetime.max.replace(tzinfo=UTC)
# The list that it is of, the moment in microseconds, the id: 27 bytes, which are 36 characters without any rest.
_FORM = struct.Struct(">3sQ16s")


def _digits(value: object) -> object:
    # Else " 5", "+5" and "5.0" would do, which no schema of a whole number says.
    if isinstance(value, str) and not _WHOLE.fullmatch(value):
        message = "a whole number has nothing but digits"
        raise ValueError(message)
    return value


WHOLE = BeforeValidator(_digits)
"""Of a number in a path or a query."""
Limit = Annotated[int, Field(ge=1, le=MOST, description="Most items of this page."), WHOLE]


def cursor_field(kind: str) -> Any:
    """A field for the cursors of one list: whatever has this form is a place in it.

    Args:
        kind: Three ASCII letters that name the list.
    """
    begins = base64.urlsafe_b64encode(kind.encode("ascii")).decode("ascii")
    return Field(
        default=None,
        pattern=f"^{begins}[A-Za-z0-9_-]{{32}}$",
        description="`next_cursor` of the page before; absent for the first page.",
    )


class Page(BaseModel, Generic[T]):
    """Some of a list.

    Attributes:
        next_cursor: For the page behind this one; null where this is the last.
    """

    items: list[T]
    next_cursor: str | None = None


def written(kind: str, row: Placed) -> str:
    """The cursor of the page behind a row.

    Args:
        kind: As in `cursor_field`.
    """
    moment = max(0, (row.created_at - _EPOCH) // _MICROSECOND)
    packed = _FORM.pack(kind.encode("ascii"), moment, row.id.bytes)
    return base64.urlsafe_b64encode(packed).decode("ascii")


def read(cursor: str | None) -> Place | None:
    """The place that a cursor of the right form names; None for the beginning."""
    if cursor is None:
        return None
    _, moment, row_id = _FORM.unpack(base64.urlsafe_b64decode(cursor))
    try:
        when = _EPOCH + moment * _MICROSECOND
    except OverflowError:
        when = _LAST
    return Place(UUID(bytes=row_id), when)


def page(
    request: Request, kind: str, rows: Sequence[Placed], items: Sequence[Any], limit: int
) -> Response:
    """The answer with one page; also says in `Link` where the next one is.

    Args:
        rows: One more than the page has, where there is another page.
        items: What is shown of the rows.
    """
    following = written(kind, rows[limit - 1]) if len(rows) > limit else None
    headers: dict[str, str] = {}
    if following is not None:
        url = request.url.include_query_params(cursor=following)
        headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
    body = to_json({"items": items[:limit], "next_cursor": following})
    return Response(body, media_type="application/json", headers=headers)
