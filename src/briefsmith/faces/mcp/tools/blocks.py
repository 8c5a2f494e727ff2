"""The tool that reads blocks."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from fastmcp import Context
from fastmcp.tools.base import ToolResult
from mcp_types import ToolAnnotations
from pydantic import Field

from briefsmith.errors import InvalidInput, WrongState
from briefsmith.faces.mcp import cursors
from briefsmith.faces.mcp.answers import (
    SOURCES,
    Material,
    Structured,
    Values,
    answer,
    page_end,
    paragraphs,
    part_start,
)
from briefsmith.faces.mcp.answers import (
    label as quoted_label,
)
from briefsmith.faces.mcp.asking import Caller, caller_of
from briefsmith.faces.mcp.tool import Arguments
from briefsmith.models.enums import (
    BlockImportance,
    BlockSource,
    BlockStatus,
    BlockType,
    BlockUpdatePolicy,
)

if TYPE_CHECKING:
    from briefsmith.models.block_revisions import BlockRevision
    from briefsmith.models.context_blocks import ContextBlock
    from briefsmith.postgres.session import Session

READS = ToolAnnotations(
    title="Read a block",
    read_only_hint=True,
    destructive_hint=False,
    idempotent_hint=True,
    open_world_hint=False,
)
_MOST_NOTES_CHARS = 4_000
_MOST_REVISIONS = 50
_MOST_VERSION = 2**31 - 1

BlockId = Annotated[
    UUID,
    Field(
        description="As find_context gives it.", examples=["0197d5a4-7c1e-7b52-9f3e-2f6c1a0b9d11"]
    ),
]


class PastVersion(Values):
    """What a block was before a change."""

    version: int
    until: datetime
    changed_by: Annotated[str | None, Field(description="Who made the next version of it.")]
    label: str


class BlockText(Structured):
    """A block, or a part of its text."""

    block_id: UUID
    version: Annotated[int, Field(description="Of this text; propose_change wants the newest.")]
    newest_version: int
    label: str
    type: BlockType
    source: Annotated[BlockSource, Field(description="Who wrote it.")]
    is_trusted: Annotated[bool, Field(description="Whether the person wrote it.")]
    status: BlockStatus
    importance: BlockImportance
    update_policy: Annotated[
        BlockUpdatePolicy, Field(description="manual: a person decides on every change.")
    ]
    awaits_review: Annotated[bool, Field(description="In no brief until a person accepts it.")]
    tags: list[str]
    scope: str | None
    derived_from: UUID | None
    notes: Annotated[str | None, Field(description="What agents should know of it.")]
    text: str
    text_begins_at: Annotated[int, Field(description="Characters of the text before this part.")]
    text_chars: Annotated[int, Field(description="Of the whole text.")]
    history: Annotated[
        list[PastVersion] | None, Field(description="The newest first; null unless asked for.")
    ]
    next_cursor: Annotated[
        str | None, Field(description="For the next part of the text; null where it is whole.")
    ]


class ReadBlock(Arguments):
    """What `read_block` takes."""

    block_id: BlockId
    version: Annotated[
        int | None,
        Field(ge=1, le=_MOST_VERSION, description="As it once was; the newest by default."),
    ] = None
    history: Annotated[bool, Field(description="List its earlier versions as well.")] = False

    cursor: cursors.BlockCursor | None = None


async def read_block(ctx: Context, given: ReadBlock) -> ToolResult:
    """Read one block whole, with its version, who wrote it, and whether agents may change it.

    Use it when the excerpt of find_context is not enough, and always before propose_change. A long text comes in
    parts; earlier versions are there too.
    """
    from briefsmith.operations.blocks import block_history

    caller = await caller_of(ctx)
    of_cursor, offset = cursors.read_block_place(given.cursor)
    if given.version is not None and of_cursor not in {None, given.version}:
        message = "The cursor is of another version."
        raise InvalidInput(message, hint="Give one of `version` and `cursor`.")
    async with caller.session(read_only=True) as session:
        newest, block = await _versions(session, given.block_id, given.version or of_cursor)
        revisions = await block_history(session, given.block_id) if given.history else None
    found = _part(block, newest.version, offset, revisions)
    return answer(readable_block(found), found)


async def block_part(caller: Caller, block_id: UUID, *, part: int) -> BlockText:
    """A part of a block as it is; 1 is the first."""
    async with caller.session(read_only=True) as session:
        newest, block = await _versions(session, block_id, None)
    return _part(block, newest.version, part_start(block.content, part), None)


async def _versions(
    session: "Session", block_id: UUID, version: int | None
) -> "tuple[ContextBlock, ContextBlock]":
    """The block as it is, and as it is wanted."""
    from briefsmith.operations.blocks import get_block, get_block_version

    newest = await get_block(session, block_id)
    if newest.meta_visibility == "hidden":
        message = f"The block {block_id} is hidden, and agents see nothing of it."
        raise WrongState(message, hint="Ask the person for what you need to know.")
    if version is None or version == newest.version:
        return newest, newest
    return newest, await get_block_version(session, block_id, version)


def _part(
    block: "ContextBlock", newest: int, offset: int, revisions: "Sequence[BlockRevision] | None"
) -> BlockText:
    start = cursors.checked_offset(block.content, offset)
    end = page_end(block.content, start)
    is_last = end == len(block.content)
    return BlockText(
        block_id=block.id,
        version=block.version,
        newest_version=newest,
        label=block.label,
        type=block.type,
        source=block.source,
        is_trusted=block.source is BlockSource.USER,
        status=block.status,
        importance=block.importance,
        update_policy=block.update_policy,
        awaits_review=block.requires_user_review,
        tags=block.meta_tags,
        scope=block.meta_context_scope,
        derived_from=block.meta_derived_from,
        notes=(block.meta_agent_notes or "")[:_MOST_NOTES_CHARS] or None,
        text=block.content[start:end],
        text_begins_at=start,
        text_chars=len(block.content),
        history=None if revisions is None else [_past(one) for one in revisions[:_MOST_REVISIONS]],
        next_cursor=None if is_last else cursors.in_block(block.version, end),
    )


def _past(revision: "BlockRevision") -> PastVersion:
    return PastVersion(
        version=revision.version,
        until=revision.created_at,
        changed_by=revision.changed_by,
        label=str(revision.snapshot.get("label", "")),
    )


def readable_block(block: BlockText) -> str:
    """The block for reading."""
    material = Material([block.text, block.notes or ""])
    notes = ""
    if block.notes:
        notes = f"Notes on it:\n{material.fence('block', block.notes)}"
    end = block.text_begins_at + len(block.text)
    part = ""
    if block.next_cursor or block.text_begins_at:
        part = f"Characters {block.text_begins_at} to {end} of {block.text_chars}."
    more = f"It goes on: read_block with cursor {block.next_cursor}." if block.next_cursor else ""
    head = f"{quoted_label(block.label)}, {_facts(block)}.\nblock_id {block.block_id}."
    return paragraphs(
        [
            head,
            material.rule("block"),
            notes,
            f"{part}\n{material.fence('block', block.text)}".lstrip(),
            more,
            _readable_history(block.history),
        ]
    )


def _facts(block: BlockText) -> str:
    facts = [
        f"{block.type}, {block.importance} importance, from {SOURCES[block.source]}",
        f"version {block.version}",
        block.status,
    ]
    if block.version != block.newest_version:
        facts.append(f"the newest is version {block.newest_version}")
    if block.awaits_review:
        facts.append("awaits the person's review and enters no brief before")
    if block.update_policy is BlockUpdatePolicy.MANUAL:
        facts.append("every change is the person's to decide")
    return "; ".join(facts)


def _readable_history(history: list[PastVersion] | None) -> str:
    if history is None:
        return ""
    if not history:
        return "It was never changed."
    lines = [
        f"- version {one.version}, {quoted_label(one.label)}, until {one.until:%Y-%m-%d %H:%M} UTC, "
        f"changed by {quoted_label(one.changed_by or 'nobody known')}"
        for one in history
    ]
    return "Earlier versions:\n" + "\n".join(lines)
