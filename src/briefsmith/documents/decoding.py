"""Bytes to text: UTF-8 and nothing else."""

import codecs
import os
from collections.abc import Callable, Iterator

from briefsmith.documents.refusals import refuse

_UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decoded(data: bytes, *, offset: int = 0, line: int | None = None) -> str:
    """Text of UTF-8 bytes; a byte order mark at the start of the file is dropped.

    Args:
        data: Whole characters.
        offset: Where in the file they stand, in bytes from 0, for the error.
        line: Likewise, from 1; None leaves it out.

    Raises:
        UnreadableDocument: Not UTF-8; the sentence says at which byte, or that it is UTF-16.
    """
    if offset == 0 and data.startswith(_UTF_16_MARKS):
        reason = "it is UTF-16, as its byte order mark says, not UTF-8"
        refuse(reason, byte_offset=0)
    mark = len(codecs.BOM_UTF8) if offset == 0 and data.startswith(codecs.BOM_UTF8) else 0
    try:
        return data[mark:].decode("utf-8")
    except UnicodeDecodeError as error:
        at = offset + mark + error.start
        where = f"byte {at}" if line is None else f"line {line}, byte {at}"
        refuse(f"it is not UTF-8 ({where})", line=line, byte_offset=at)


def text_lines(
    descriptor: int, limit_bytes: int, *, on_bytes: Callable[[bytes], None]
) -> Iterator[str]:
    """Lines of a file as they are asked for, split at line feeds only, with their ends.

    Args:
        descriptor: Open for reading, at the start; it stays open.
        limit_bytes: The longest line, in bytes without its line feed.
        on_bytes: Is called with the bytes of every line.

    Raises:
        UnreadableDocument: A line that is too long or not UTF-8.
    """
    offset = 0
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        for number, data in enumerate(iter(lambda: file.readline(limit_bytes + 1), b""), start=1):
            on_bytes(data)
            if len(data) > limit_bytes and not data.endswith(b"\n"):
                reason = f"line {number} is longer than {limit_bytes // 1_000_000} MB"
                refuse(reason, line=number)
            yield decoded(data, offset=offset, line=number)
            offset += len(data)
