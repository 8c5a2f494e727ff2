"""The tool that composes briefs."""

from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

from fastmcp import Context
from fastmcp.tools.base import ToolResult
from mcp_types import ToolAnnotations
from pydantic import Field

from briefsmith.faces.mcp.answers import answer, label, paragraphs, shown
from briefsmith.faces.mcp.asking import Caller, caller_of
from briefsmith.faces.mcp.progress import ComposingProgress
from briefsmith.faces.mcp.tool import Arguments
from briefsmith.faces.mcp.tools.briefs import BriefPlace, BriefText, brief_parts, readable_brief
from briefsmith.models.enums import BlockType
from briefsmith.schemas.blocks import Text
from briefsmith.schemas.brief_life import BriefState
from briefsmith.schemas.briefs import DEFAULT_BUDGET_TOKENS, MAX_BUDGET_TOKENS, NewBrief

if TYPE_CHECKING:
    from briefsmith.operations.compose import ComposedBrief

COMPOSES = ToolAnnotations(
    title="Compose a brief",
    read_only_hint=False,
    destructive_hint=False,
    idempotent_hint=False,
    open_world_hint=False,
)


class ComposedText(BriefText):
    """A new brief."""

    made_by: Annotated[Literal["model", "extraction"], Field(description="Who made the outline.")]
    model: str | None
    model_failure: Annotated[
        str | None,
        Field(description="Why a model's outline is not in it; null where nothing failed."),
    ]
    lacking_types: Annotated[
        list[BlockType], Field(description="What this kind of brief wants and has no block of.")
    ]
    searched_by_meaning: bool


class ComposeBrief(Arguments):
    """What `compose_brief` takes."""

    intent: Annotated[
        Text,
        Field(
            min_length=1,
            max_length=20_000,
            description="What the task is, in the person's words.",
            examples=["Write the launch post for the summer sale"],
        ),
    ]
    budget_tokens: Annotated[
        int,
        Field(ge=0, le=MAX_BUDGET_TOKENS, description="Most tokens of the whole brief."),
    ] = DEFAULT_BUDGET_TOKENS
    instructions: Annotated[
        Text | None,
        Field(max_length=20_000, description="What else to heed, in the person's words."),
    ] = None
    kind: Annotated[
        Text | None,
        Field(
            max_length=500, description="Title or id of a kind of brief, as the prompts name them."
        ),
    ] = None
    mode: Annotated[
        Literal["verbatim", "excerpt", "outline"] | None,
        Field(
            description="verbatim: whole blocks. excerpt: what matters of each. outline: their steps alone. "
            "By default, only long blocks are cut."
        ),
    ] = None
    blocks: Annotated[
        list[UUID] | None, Field(max_length=200, description="Blocks that have to be in it.")
    ] = None
    tags: Annotated[
        list[Annotated[Text, Field(max_length=100)]] | None,
        Field(max_length=20, description="Only blocks that have all of these tags."),
    ] = None
    use_model: Annotated[
        bool, Field(description="Let a model outline it, where the person has set one.")
    ] = True


async def compose_brief(ctx: Context, given: ComposeBrief) -> ToolResult:
    """Compile what the person's context says about a task into one brief within a token budget, with citations.

    Use it at the beginning of a task that has to fit the person: it finds, chooses and cuts blocks better than reading
    them one by one. It gives the brief and stores it as a draft; do the task from it, and cite as it does. It takes
    seconds, or minutes with a model; progress is told.
    """
    new = NewBrief(
        intent=given.intent,
        sub_instructions=given.instructions,
        budget_tokens=given.budget_tokens,
        mode=given.mode,
        kind=given.kind,
        blocks=tuple(dict.fromkeys(given.blocks or ())),
        tags=tuple(given.tags or ()),
    )
    caller = await caller_of(ctx)
    composed = await _composed(ctx, caller, new, use_model=given.use_model)
    text = _composed_text(composed)
    place = BriefPlace(composed.compiled.markdown, 0, composed.compiled.snapshot)
    return answer(paragraphs([_way(text), readable_brief(text, place)]), text)


async def _composed(
    ctx: Context, caller: Caller, new: NewBrief, *, use_model: bool
) -> "ComposedBrief":
    from briefsmith.agents.composer import Composer

    store, progress = caller.store, ComposingProgress(ctx)
    composer = Composer(
        progress.sessions(caller.session),
        store.embedder,
        store.tokens,
        progress.model(store.model if use_model else None),
    )
    async with caller.asker.composing():
        composed = await composer.compose(new)
    await progress.done()
    return composed


def _composed_text(composed: "ComposedBrief") -> ComposedText:
    from briefsmith.compiler.document import sha256_of

    compiled, made = composed.compiled, composed.composition
    failure = made.failure if made else None
    return ComposedText(
        brief_id=composed.brief.id,
        state=BriefState.DRAFT,
        made_by=made.made_by if made else "extraction",
        model=made.model if made else None,
        model_failure=failure.sentence if failure else None,
        lacking_types=list(composed.lacking),
        searched_by_meaning=composed.by_meaning,
        **brief_parts(
            BriefPlace(compiled.markdown, 0, compiled.snapshot),
            composed.labels,
            sha256_of(compiled.markdown),
        ),
    )


def _way(text: ComposedText) -> str:
    """How a new brief came about."""
    found = f"Composed from {text.blocks_in_all} blocks, {text.left_out} left out."
    if text.model_failure:
        found += f" The outline is by extraction: {shown(text.model_failure)}"
    elif text.made_by == "model":
        found += f" The outline is by the model {label(text.model or '')}."
    if text.lacking_types:
        lacking = ", ".join(text.lacking_types)
        found += (
            f" This kind of brief wants blocks of other types too, and none is in it: {lacking}."
        )
    if not text.searched_by_meaning:
        found += " Words alone were searched."
    return found
