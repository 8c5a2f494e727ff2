"""The tool that finds context."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from fastmcp import Context
from fastmcp.tools.base import ToolResult
from mcp_types import ToolAnnotations
from pydantic import Field

from briefsmith.faces.mcp import cursors
from briefsmith.faces.mcp.answers import (
    SOURCES,
    Material,
    Structured,
    Values,
    answer,
    label,
    paragraphs,
)
from briefsmith.faces.mcp.asking import caller_of
from briefsmith.faces.mcp.tool import Arguments
from briefsmith.models.enums import BlockImportance, BlockSource, BlockType
from briefsmith.schemas.blocks import BlockFilter, Text

if TYPE_CHECKING:
    from briefsmith.operations.search import Hit

ANNOTATIONS = ToolAnnotations(
    title="Find context",
    read_only_hint=True,
    destructive_hint=False,
    idempotent_hint=True,
    open_world_hint=False,
)
_MOST_QUESTION_CHARS = 20_000
_MOST_HITS = 1_000  # search ranks no more
_EXCERPT_CHARS = 600


class FoundContext(Values):
    """A block that fits the question."""

    block_id: Annotated[UUID, Field(description="For read_block, propose_change, compose_brief.")]
    version: int
    label: str
    type: BlockType
    importance: BlockImportance
    source: Annotated[BlockSource, Field(description="Who wrote it.")]
    is_trusted: Annotated[bool, Field(description="Whether the person wrote it.")]
    tags: list[str]
    score: Annotated[float, Field(description="In [0, 1]; comparable within one question only.")]
    excerpt: Annotated[str, Field(description="How the text begins.")]
    text_chars: Annotated[int, Field(description="Of the whole text.")]


class FoundContexts(Structured):
    """Blocks by falling score."""

    items: list[FoundContext]
    searched_by_meaning: Annotated[
        bool, Field(description="False where words alone were searched.")
    ]
    next_cursor: Annotated[str | None, Field(description="For more; null where there are none.")]


@dataclass(frozen=True, slots=True)
class _Page:
    hits: "Sequence[Hit]"
    next_cursor: str | None


class FindContext(Arguments):
    """What `find_context` takes."""

    question: Annotated[
        Text,
        Field(
            min_length=1,
            max_length=_MOST_QUESTION_CHARS,
            description="What you need to know, as a question or as words. Any word may match.",
            examples=["How do we write product names?", "pricing enterprise plan"],
        ),
    ]
    types: Annotated[
        list[BlockType] | None,
        Field(max_length=20, description="Only blocks of these types.", examples=[["style_guide"]]),
    ] = None
    tags: Annotated[
        list[Annotated[Text, Field(max_length=100)]] | None,
        Field(max_length=20, description="Only blocks that have all of these tags."),
    ] = None
    limit: Annotated[int, Field(ge=1, le=50, description="Most blocks in this answer.")] = 10
    cursor: cursors.ListCursor | None = None


async def find_context(ctx: Context, given: FindContext) -> ToolResult:
    """Search what the person keeps as context: voice, audience, facts, decisions, guides.

    Use it before you assume anything about the person or their work. It gives blocks, the best first, each with the
    beginning of its text; read_block gives one whole. To do a task with much of the context, compose_brief
    chooses and cites blocks for you.
    """
    from briefsmith.operations.search import search_blocks

    caller = await caller_of(ctx)
    digest = cursors.question_digest(given.question, given.types, given.tags)
    offset, last = cursors.read_list(given.cursor, digest)
    wanted = BlockFilter(types=tuple(given.types or ()), tags=tuple(given.tags or ()))
    most = min(offset + given.limit + 1, _MOST_HITS)
    async with caller.session(read_only=True) as session:
        found = await search_blocks(
            session,
            caller.store.embedder,
            given.question,
            wanted=wanted,
            limit=most,
            usable_only=True,
        )
    page = _page(found.hits, offset, last, given.limit, digest)
    structured = FoundContexts(
        items=[_item(hit) for hit in page.hits],
        searched_by_meaning=found.by_meaning,
        next_cursor=page.next_cursor,
    )
    return answer(_readable(structured), structured)


def _page(hits: "Sequence[Hit]", offset: int, last: UUID | None, limit: int, digest: str) -> _Page:
    start = cursors.place_behind([hit.block.id for hit in hits], offset, last)
    shown = hits[start : start + limit]
    if not shown or start + limit >= len(hits):
        return _Page(shown, None)
    return _Page(shown, cursors.after_hit(digest, start + limit, shown[-1].block.id))


def _item(hit: "Hit") -> FoundContext:
    block = hit.block
    return FoundContext(
        block_id=block.id,
        version=block.version,
        label=block.label,
        type=block.type,
        importance=block.importance,
        source=block.source,
        is_trusted=block.source is BlockSource.USER,
        tags=block.meta_tags,
        score=round(hit.score, 4),
        excerpt=block.content[:_EXCERPT_CHARS],
        text_chars=len(block.content),
    )


def _readable(found: FoundContexts) -> str:
    if not found.items:
        return "No block fits. Ask with other words, or ask the person."
    material = Material([item.excerpt for item in found.items])
    count = len(found.items)
    head = "1 block, the only one" if count == 1 else f"{count} blocks, the best first"
    more = (
        f"There are more: call again with cursor {found.next_cursor}." if found.next_cursor else ""
    )
    parts = [_readable_item(material, item) for item in found.items]
    return paragraphs([f"{head}. {material.rule('block')}", *parts, more])


def _readable_item(material: Material, item: FoundContext) -> str:
    source = SOURCES[item.source]
    rest = item.text_chars - len(item.excerpt)
    end = f"\n{rest} characters more: read_block." if rest else ""
    return (
        f"{label(item.label)}, {item.type}, {item.importance} importance, from {source}.\n"
        f"block_id {item.block_id}, version {item.version}, score {item.score:.2f}.\n"
        f"{material.fence('block', item.excerpt)}{end}"
    )
