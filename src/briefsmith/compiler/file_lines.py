"""What a brief says of the files of its blocks: harmless lines, each text of somebody else in “ ”."""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote
from uuid import UUID

from briefsmith.compiler.fence import one_line
from briefsmith.schemas.snapshot import SnapshotFile

FILES_HEADING = "Files of this block:"

MOST_FILES = 4
"""Files of one block that a brief shows."""

ADDRESS_CHARS = ":/?#[]@!$&'()*+,;=%-._~"
"""What stays as it is in an address, beside letters and digits."""

_LABEL_CHARS = 120
_NAME_CHARS = 80
_NOTE_CHARS = 480
_MOST_ADDRESS_CHARS = 1_000
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,90}")


def file_shown(
    file_id: UUID,
    *,
    label: str,
    note: str | None,
    name: str,
    content_type: str | None,
    size_bytes: int,
    address: str,
    is_primary: bool = False,
) -> SnapshotFile:
    """What a brief says of a file, out of texts that may hold anything."""
    encoded = quote(address[: _MOST_ADDRESS_CHARS + 1], safe=ADDRESS_CHARS, errors="replace")
    is_type = content_type is not None and _MEDIA_TYPE.fullmatch(content_type)
    return SnapshotFile(
        file_id=file_id,
        label=one_line(label, _LABEL_CHARS),
        note=(one_line(note, _NOTE_CHARS) or None) if note else None,
        name=one_line(name, _NAME_CHARS),
        content_type=content_type if is_type else None,
        size_bytes=max(size_bytes, 0),
        address=encoded if len(encoded) <= _MOST_ADDRESS_CHARS else None,
        is_primary=is_primary,
    )


def file_lines(files: Sequence[SnapshotFile], more: int) -> Iterator[str]:
    """The lines under a block; none where it has no file."""
    if not files and not more:
        return
    yield FILES_HEADING
    for file in files:
        yield f"- {_facts(file)}"
        if file.note:
            yield f"  Note: “{file.note}”"
        if file.address:
            yield f"  Address: “{file.address}”"
    if more:
        yield f"- and {more} more"


def _facts(file: SnapshotFile) -> str:
    kind = file.content_type or "unknown type"
    primary = ", primary" if file.is_primary else ""
    return f"“{file.label}” (“{file.name}”, {kind}, {file.size_bytes} bytes{primary})"
