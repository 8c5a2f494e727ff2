"""Requests on a condition: `ETag`, `If-Match`, `If-None-Match` (RFC 9110)."""

import hashlib
import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from briefsmith.errors import StaleVersion
from briefsmith.faces.server.problems import problem
from briefsmith.faces.server.refusals import described
from briefsmith.models.context_blocks import ContextBlock

_TAG = re.compile(r'\s*(W/)?"([\x21\x23-\x7e\x80-\xff]*)"\s*(?:,|$)')
_VERSION = re.compile(r"[1-9][0-9]{0,9}")
_MOST_CHARS = 2_000


def block_tag(block: ContextBlock, body: bytes) -> str:
    """The block's version, which a change can be meant for, and what else it shows, which makes no new version."""
    return f'"{block.version}-{hashlib.sha256(body).hexdigest()[:16]}"'


def body_tag(body: bytes) -> str:
    """Of an answer that has no version."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def not_modified(request: Request, tag: str) -> Response | None:
    """The answer to somebody who has this one already; None where it has to be sent."""
    wanted = request.headers.get("if-none-match")
    if wanted is None:
        return None
    tags = read_tags(wanted)
    if tags is not None and tag.strip('"') not in {text for _, text in tags}:
        return None
    return Response(status_code=304, headers={"ETag": tag})


def read_tags(header: str) -> list[tuple[bool, str]] | None:
    """Tags of a header, each with whether it is a weak one; None for `*`, which is any. What is no tag matches nothing."""
    if header.strip() == "*":
        return None
    tags: list[tuple[bool, str]] = []
    at = 0
    while at < len(header):
        found = _TAG.match(header, at) if len(header) <= _MOST_CHARS else None
        if found is None:
            return []
        tags.append((bool(found[1]), found[2]))
        at = found.end()
    return tags


def expected_version(request: Request, block: ContextBlock) -> int | None:
    """The version that a change of the block is meant for; None where the request names none, 0 where it is none."""
    header = request.headers.get("if-match")
    tags = None if header is None else read_tags(header)
    if tags is None:
        return None
    # A weak tag never matches (RFC 9110, 13.1.1); of a strong one, the version says what was read.
    strong = [text for is_weak, text in tags if not is_weak]
    versions = [int(text.partition("-")[0]) for text in strong if _is_ours(text)]
    return block.version if block.version in versions else next(iter(versions), 0)


def _is_ours(text: str) -> bool:
    return _VERSION.fullmatch(text.partition("-")[0]) is not None


def precondition_failed(error: StaleVersion) -> Response:
    """The answer to a change that was meant for another version; shows both sides."""
    return problem(error, status=412)


FAILS: dict[int | str, dict[str, Any]] = {412: described([StaleVersion])}
"""For `responses` of a route that takes `If-Match`."""
