"""The tool that adds blocks."""

from typing import Annotated
from uuid import UUID

from fastmcp import Context
from fastmcp.tools.base import ToolResult
from mcp_types import ToolAnnotations
from pydantic import Field

from briefsmith.faces.mcp.answers import Structured, answer
from briefsmith.faces.mcp.answers import label as quoted_label
from briefsmith.faces.mcp.asking import caller_of
from briefsmith.faces.mcp.tool import Arguments
from briefsmith.models.enums import BlockSource, BlockType
from briefsmith.schemas.blocks import Content, Label, NewBlock, Scope, Text

ADDS = ToolAnnotations(
    title="Add a block",
    read_only_hint=False,
    destructive_hint=False,
    idempotent_hint=False,
    open_world_hint=False,
)


class AddedBlock(Structured):
    """A block that was added."""

    block_id: UUID
    version: int
    label: str
    awaits_review: Annotated[bool, Field(description="In no brief until a person accepts it.")]


class AddBlock(Arguments):
    """What `add_block` takes."""

    label: Annotated[
        Label,
        Field(
            description="Short title, unique among the person's blocks.",
            examples=["Tone of the newsletter"],
        ),
    ]
    content: Annotated[
        Content,
        Field(
            min_length=1,
            description="The whole text, in Markdown; facts as the person would write them.",
            examples=["We address readers by first name and never use exclamation marks."],
        ),
    ]
    type: Annotated[BlockType, Field(description="What kind of context it is.")] = BlockType.TEXT

    tags: Annotated[
        list[Annotated[Text, Field(max_length=100)]] | None,
        Field(
            max_length=100, description="Words to find it by, as the person's other blocks have."
        ),
    ] = None
    scope: Annotated[
        Scope | None, Field(description="A project or an area that it belongs to.")
    ] = None
    derived_from: Annotated[
        UUID | None, Field(description="block_id of the block that it was made from.")
    ] = None


async def add_block(ctx: Context, given: AddBlock) -> ToolResult:
    """Keep something that you learned and that will be needed again, as a new block of the person's context.

    Use it for lasting facts and decisions, one subject a block; not for the task at hand, and not for what a block says
    already (find_context first; propose_change mends one). It is marked as an agent's, and enters briefs once the
    person has accepted it.
    """
    from briefsmith.operations.blocks import add_block as add

    caller = await caller_of(ctx)
    new = NewBlock(
        label=given.label,
        content=given.content,
        type=given.type,
        source=BlockSource.AGENT,
        meta_tags=given.tags or [],
        meta_context_scope=given.scope,
        meta_derived_from=given.derived_from,
        requires_user_review=not caller.asker.may_apply,
    )
    async with caller.session() as session:
        block = await add(session, caller.store.embedder, new)
    added = AddedBlock(
        block_id=block.id,
        version=block.version,
        label=block.label,
        awaits_review=block.requires_user_review,
    )
    return answer(_readable_added(added), added)


def _readable_added(added: AddedBlock) -> str:
    text = f"Added {quoted_label(added.label)}: block_id {added.block_id}, version {added.version}."
    if not added.awaits_review:
        return f"{text} Briefs may use it, marked as an agent's."
    return (
        f"{text} It awaits the person's review and enters no brief before; the person accepts it with "
        f"`briefsmith block accept {added.block_id}`."
    )
