"""The bytes of a file as an answer: a part of them, and never as something that a browser would run (RFC 9110)."""

import re
from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from briefsmith.documents.labels import one_line
from briefsmith.faces.server.conditional import not_modified, read_tags
from briefsmith.models.block_files import BlockFile
from briefsmith.operations.file_contents import read_file, read_part
from briefsmith.providers.file_types import is_inline_safe
from briefsmith.providers.storage.port import FileStorage

_RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))", re.ASCII)
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,90}")
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9 ._()-]")
_MOST_NAME_CHARS = 200
_ANYTHING = {"*/*": {"schema": {"type": "string", "format": "binary"}}}

PARTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "All of the bytes.",
        "content": _ANYTHING,
    },
    206: {
        "description": "The bytes that `Range` asks for.",
        "content": _ANYTHING,
    },
    416: {"description": "The file has no byte that `Range` asks for."},
}
"""For `responses` of the route."""


def content_of(request: Request, storage: FileStorage, file: BlockFile) -> Response:
    """All bytes of a file, or the part that the request asks for; several parts at once are given as a whole."""
    tag = f'"{file.content_sha256 or file.id}"'
    if (same := not_modified(request, tag)) is not None:
        return same
    size = file.size_bytes
    headers = {**_headers(file), "ETag": tag}
    wanted = _wanted(request, tag, size)
    if wanted is None:
        headers["Content-Length"] = str(size)
        return StreamingResponse(read_file(storage, file), headers=headers)
    start, end = wanted
    if start >= end:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{size}"})
    headers["Content-Length"] = str(end - start)
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    part: AsyncGenerator[bytes] = read_part(storage, file, start, end)
    return StreamingResponse(part, status_code=206, headers=headers)


def _wanted(request: Request, tag: str, size: int) -> tuple[int, int] | None:
    """From which byte up to which; None for all. A `Range` that is none, or is meant for other bytes, is not heeded."""
    found = _RANGE.fullmatch(request.headers.get("range", "").strip())
    if found is None or not _is_for(request, tag):
        return None
    first, last, tail = found.groups()
    if tail is not None:
        return (max(size - int(tail), 0), size) if int(tail) else (size, size)
    start, end = int(first), min(int(last) + 1, size) if last else size
    return None if last and int(last) < start else (start, end)


def _is_for(request: Request, tag: str) -> bool:
    condition = request.headers.get("if-range")
    return condition is None or read_tags(condition) == [(False, tag.strip('"'))]


def _headers(file: BlockFile) -> dict[str, str]:
    kind = file.content_type or ""
    is_known = _MEDIA_TYPE.fullmatch(kind) is not None
    way = "inline" if is_known and is_inline_safe(kind) else "attachment"
    name = one_line(file.file_name)[:_MOST_NAME_CHARS] or "file"
    plain = _NOT_PLAIN.sub("_", name)
    return {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Content-Disposition": f"{way}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Content-Type": kind if is_known else "application/octet-stream",
        "X-Content-Type-Options": "nosniff",
    }
