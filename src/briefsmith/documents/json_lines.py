"""Blocks as JSON Lines: what `block export` writes and `import` reads back, losslessly.

The first line is a header, every other one a block, all of it ASCII: no character of a block can
look like the end of a line to any reader. Owner and embedding are not in it.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Literal, NoReturn
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    Strict,
    ValidationError,
)

from briefsmith.documents.labels import one_line
from briefsmith.documents.refusals import refuse, refuse_unstorable, shown
from briefsmith.errors import UnreadableDocument
from briefsmith.models.enums import (
    BlockImportance,
    BlockSource,
    BlockStatus,
    BlockType,
    BlockUpdatePolicy,
)
from briefsmith.schemas.blocks import MAX_CONTENT_CHARS, MAX_LABEL_CHARS

FORMAT = "briefsmith-blocks"
FORMAT_VERSION = 1
HEADER_LINE = json.dumps({"format": FORMAT, "version": FORMAT_VERSION}, separators=(",", ":"))
"""First line of an export, without a line end."""
LINE_BYTES = 16_000_000
"""The longest line that is read or written, in bytes of UTF-8: the largest block, all of it escaped."""
_LINE_LIMIT = f"{LINE_BYTES // 1_000_000} MB"

_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
    r"(Z|[+-][0-9]{2}:[0-9]{2}(:[0-9]{2})?)"
)


def _storable(text: object) -> object:
    if isinstance(text, str) and (found := _unstorable(text)):
        raise ValueError(found)
    return text


def _unstorable(text: str) -> str | None:
    try:
        refuse_unstorable(text, what="it")
    except UnreadableDocument as error:
        return str(error.details["reason"])
    return None


def _parsed_time(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not _TIME.fullmatch(value):
        message = "a time is written as in 2026-01-31T09:30:00.000000+00:00"
        raise ValueError(message)
    return datetime.fromisoformat(value)


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        message = "a time needs an offset"
        raise ValueError(message)
    try:
        return value.astimezone(UTC)
    except OverflowError:  # the first and the last hours of the calendar
        return value


def _written_time(value: datetime) -> str:
    return value.isoformat(timespec="microseconds")


def _not_blank(label: str) -> str:
    if not label.strip(" "):
        message = "a label is more than spaces"
        raise ValueError(message)
    return label


Text = Annotated[str, Strict(), BeforeValidator(_storable)]
Label = Annotated[Text, Field(max_length=MAX_LABEL_CHARS), AfterValidator(_not_blank)]
Flag = Annotated[bool, Strict()]
Time = Annotated[
    datetime,
    Strict(),
    BeforeValidator(_parsed_time),
    AfterValidator(_in_utc),
    PlainSerializer(_written_time, return_type=str),
]


class ExportedBlock(BaseModel):
    """A row of `context_blocks` but for `user_id` and `meta_embedding`; times are in UTC."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: UUID
    type: BlockType
    label: Label
    content: Text
    source: BlockSource
    version: Annotated[int, Strict(), Field(ge=1, le=2**31 - 1)]
    status: BlockStatus
    importance: BlockImportance
    file_ids: tuple[UUID, ...]
    update_policy: BlockUpdatePolicy
    feedback_score: Annotated[float, Strict(), Field(ge=0, le=1)] | None
    last_used_successfully_at: Time | None
    meta_tags: tuple[Text, ...]
    meta_context_scope: Text | None
    meta_agent_notes: Text | None
    meta_derived_from: UUID | None
    meta_refreshable: Flag
    meta_embedding_model: Text | None
    meta_locale: Text | None
    meta_visibility: Literal["visible", "hidden", "system", "shared"]
    meta_emotional_tone: tuple[Text, ...]
    is_auto_generated: Flag
    requires_user_review: Flag
    last_refreshed_at: Time | None
    created_at: Time
    updated_at: Time


def to_line(block: ExportedBlock) -> str:
    """One ASCII line for an export, without a line end.

    Raises:
        UnreadableDocument: The block makes a line of more than 16 MB, which import would refuse.
    """
    values = block.model_dump(mode="json")
    line = json.dumps(values, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    if len(line) > LINE_BYTES:
        reason = (
            f"block {block.id} is a line of {len(line)} bytes; an export holds up to {_LINE_LIMIT}"
        )
        refuse(reason, size_bytes=len(line))
    return line


def read_json_lines(lines: Iterable[str]) -> Iterator[ExportedBlock]:
    """Blocks as the lines come; blank lines are skipped, line ends may be there or not.

    Raises:
        UnreadableDocument: At the first line that is not as it should be, with its number; the
            blocks before it have been given out.
    """
    header_read = False
    for number, line_with_end in enumerate(lines, start=1):
        line = line_with_end.rstrip("\r\n")
        if not line.strip(" \t"):
            continue
        values = _parse(line, number)
        if header_read:
            yield _block(values, number)
        else:
            _check_header(values, number)
            header_read = True
    if not header_read:
        refuse("it is empty; an export begins with a header line", line=1)


def _parse(line: str, number: int) -> Mapping[str, object]:
    if len(line) > LINE_BYTES or len(line.encode("utf-8", "surrogatepass")) > LINE_BYTES:
        refuse(f"line {number} is longer than {_LINE_LIMIT}", line=number)
    try:
        values: object = json.loads(
            line, object_pairs_hook=_object, parse_constant=_refuse_constant
        )
    except json.JSONDecodeError as error:
        reason = f"line {number} is no valid JSON ({error.msg}, column {error.colno})"
        refuse(reason, line=number)
    except RecursionError:
        refuse(f"line {number} is nested too deeply", line=number)
    except _NotAllowed as error:
        refuse(f"line {number} is not allowed ({error})", line=number)
    except ValueError:  # Python's limit on the digits of an integer
        refuse(f"line {number} holds a number that is too long", line=number)
    if not isinstance(values, _Object):
        refuse(f"line {number} is no JSON object", line=number)
    return values


class _NotAllowed(ValueError):
    """JSON that parsers differ about."""


class _Object(dict[str, object]):
    """A JSON object whose keys have been checked."""


def _object(pairs: list[tuple[str, object]]) -> _Object:
    values = _Object()
    for key, value in pairs:
        if key in values:
            message = f"the key {shown(key)} is there twice"
            raise _NotAllowed(message)
        if not key.isprintable():
            message = f"the key {shown(key)} holds characters that do not print"
            raise _NotAllowed(message)
        values[key] = value
    return values


def _refuse_constant(name: str) -> NoReturn:
    message = f"{name} is no JSON number"
    raise _NotAllowed(message)


def _check_header(values: Mapping[str, object], number: int) -> None:
    version = values.get("version")
    if values.get("format") != FORMAT or type(version) is not int:
        reason = f"line {number} is no header; an export begins with the line {HEADER_LINE}"
        refuse(reason, line=number)
    if version != FORMAT_VERSION:
        reason = (
            f"it is version {shown(str(version))} of the format; this Briefsmith reads version 1"
        )
        refuse(reason, line=number)
    if set(values) != {"format", "version"}:
        refuse(f"its header on line {number} has other keys too", line=number)


def _block(values: Mapping[str, object], number: int) -> ExportedBlock:
    try:
        block = ExportedBlock.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        reason = f"line {number} has a wrong {shown(where)} ({one_line(first['msg'])})"
        refuse(reason, line=number)
    if len(block.content) > MAX_CONTENT_CHARS:
        reason = f"line {number} has a wrong 'content' (over {MAX_CONTENT_CHARS:,} characters)"
        refuse(reason, line=number)
    return block
