"""The tool that suggests changes."""

from typing import Annotated, Any
from uuid import UUID

from fastmcp import Context
from fastmcp.tools.base import ToolResult
from mcp_types import ToolAnnotations
from pydantic import Field

from briefsmith.errors import InvalidInput
from briefsmith.faces.mcp.answers import Structured, answer
from briefsmith.faces.mcp.asking import caller_of
from briefsmith.faces.mcp.tool import Arguments
from briefsmith.faces.mcp.tools.blocks import BlockId
from briefsmith.schemas.blocks import BlockEdit, Content, Label, Text
from briefsmith.schemas.proposals import MAX_REASON_CHARS


def annotations(*, may_apply: bool) -> ToolAnnotations:
    """What the tool does depends on whether the person lets agents change blocks."""
    return ToolAnnotations(
        title="Propose a change",
        read_only_hint=False,
        destructive_hint=may_apply,
        idempotent_hint=True,
        open_world_hint=False,
    )


class ProposedChange(Structured):
    """What became of a suggestion."""

    outcome: Annotated[
        str,
        Field(
            description="proposed: the person decides. applied: it is done. known: the same was proposed before.",
            json_schema_extra={"enum": ["proposed", "applied", "known"]},
        ),
    ]
    block_id: UUID
    version: Annotated[int, Field(description="Of the block as it is now.")]
    proposal_id: UUID | None
    why_not_applied: Annotated[
        str | None, Field(description="Where agents may change blocks, and not this one so.")
    ]


class ProposeChange(Arguments):
    """What `propose_change` takes."""

    block_id: BlockId
    version: Annotated[
        int, Field(ge=1, le=2**31 - 1, description="Of the block, as read_block gave it to you.")
    ]
    reason: Annotated[
        Text,
        Field(
            min_length=1,
            max_length=MAX_REASON_CHARS,
            description="Why, for the person who decides: what is wrong, and how you know.",
            examples=["The price list of May says 49 EUR; the block says 45 EUR."],
        ),
    ]
    content: Annotated[
        Content | None,
        Field(min_length=1, description="The whole new text, not only what changes."),
    ] = None
    label: Annotated[Label | None, Field(description="A new label.")] = None
    tags: Annotated[
        list[Annotated[Text, Field(max_length=100)]] | None,
        Field(max_length=100, description="All the new tags; [] for none."),
    ] = None
    archive: Annotated[
        bool, Field(description="Take the block out of use instead of changing it.")
    ] = False


async def propose_change(ctx: Context, given: ProposeChange) -> ToolResult:
    """Propose a change of a block that is wrong, outdated or repeated; the person sees the difference and decides.

    Use it after read_block, with the version that it gave. Nothing changes until the person approves, unless the
    person lets agents change such blocks. The same change of the same text is proposed once: do not repeat it.
    """
    from briefsmith.agents.suggestions import Suggestion, suggest_change

    named = {"content": given.content, "label": given.label, "meta_tags": given.tags}
    changes = {name: value for name, value in named.items() if value is not None}
    caller = await caller_of(ctx)
    wanted = Suggestion(
        given.block_id, given.version, _edit(changes, archive=given.archive), given.reason
    )
    async with caller.session() as session:
        outcome = await suggest_change(
            session, caller.store.embedder, wanted, may_apply=caller.asker.may_apply
        )
    proposed = ProposedChange(
        outcome=outcome.outcome,
        block_id=given.block_id,
        version=outcome.block.version,
        proposal_id=outcome.proposal.id if outcome.proposal else None,
        why_not_applied=outcome.kept_from_agents,
    )
    return answer(_readable(proposed), proposed)


def _edit(changes: dict[str, Any], *, archive: bool) -> BlockEdit | None:
    if archive and changes:
        message = "A block is archived or changed, not both."
        raise InvalidInput(message, hint="Leave `archive` out, or content, label and tags.")
    if not archive and not changes:
        message = "There is nothing to change."
        raise InvalidInput(message, hint="Give content, label or tags, or archive.")
    return None if archive else BlockEdit(**changes)


def _readable(proposed: ProposedChange) -> str:
    if proposed.outcome == "applied":
        return (
            f"Applied: the block is at version {proposed.version} now, and keeps what it was before. "
            f"It is noted as proposal {proposed.proposal_id}."
        )
    if proposed.outcome == "known":
        return (
            "The same change of the same text was proposed before; the person decides, or has decided. "
            "Do not propose it again."
        )
    why = (
        f" It was not applied, because {proposed.why_not_applied}."
        if proposed.why_not_applied
        else ""
    )
    return (
        f"Proposed as {proposed.proposal_id}; the block stays as it is until the person decides.{why} "
        f"The person looks at it with `briefsmith review show {proposed.proposal_id}`."
    )
