"""Routes that compose briefs, list and show them."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json
from starlette.responses import Response

from briefsmith import errors
from briefsmith.agents.composer import Composer
from briefsmith.compiler.render_json import render_json
from briefsmith.faces.server import conditional, pages
from briefsmith.faces.server.asking import Asking, again, answer
from briefsmith.faces.server.refusals import refusals
from briefsmith.faces.server.routing import LongRoute, Route, strictly
from briefsmith.models.enums import BlockType
from briefsmith.models.task_briefs import TaskBrief
from briefsmith.operations import brief_differences, brief_replay, briefs
from briefsmith.operations.compose import ComposedBrief
from briefsmith.postgres.session import Session
from briefsmith.schemas.brief_life import BriefState
from briefsmith.schemas.briefs import BriefListing, NewBrief
from briefsmith.schemas.composition import CompositionFailure, CompositionUsage
from briefsmith.schemas.snapshot import Snapshot, SnapshotBlock

router = APIRouter(prefix="/v1/briefs", tags=["briefs"], route_class=Route)
long_router = APIRouter(prefix="/v1/briefs", tags=["briefs"], route_class=LongRoute)

_KIND = "brf"

New = Annotated[NewBrief, strictly(NewBrief)]


class BriefQuery(BaseModel):
    """A page of briefs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    limit: pages.Limit = 50
    cursor: str | None = pages.cursor_field(_KIND)


class ComposeQuery(BaseModel):
    """How a brief is composed.

    Attributes:
        model: False makes the outline by extraction, also where there is a model.
        explain: Find the budget at which each block left out would have come in.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Literal["true", "false"] = "true"
    explain: Literal["true", "false"] = "false"


class ComposedAnswer(BaseModel):
    """A new draft, and how it came about.

    Attributes:
        made_by: Of its outline.
        dropped: Sentences of the model's outline that the budget did not hold.
        brief: The same as `markdown`, in parts.
        labels: Of the blocks that were found, by id.
        lacking: Types of blocks that its kind wants and that it has none of.
    """

    id: UUID
    made_by: Literal["model", "extraction"]
    model: str | None
    usage: CompositionUsage | None
    dropped: int
    failure: CompositionFailure | None
    markdown: str
    brief: dict[str, Any]
    snapshot: Snapshot
    labels: dict[UUID, str]
    lacking: list[BlockType]
    searched_by_meaning: bool


class BriefAnswer(TaskBrief):
    """A brief with its present text.

    Attributes:
        text_sha256: Of the text, which an edit names to say what it was made on.
        labels: Of the blocks in it that still exist, by id.
    """

    state: BriefState
    markdown: str
    text_sha256: str
    labels: dict[UUID, str]


class ReplayedBlock(BaseModel):
    """A block whose text of then is not to be had."""

    cite: str
    block_id: UUID
    version: int
    why: str


class ReplayAnswer(BaseModel):
    """What came of compiling a brief again."""

    id: UUID
    is_same: bool
    outcome: str
    sentence: str
    expected_sha256: str | None
    sha256: str | None
    body_bytes: int | None
    is_stored: bool | None
    gone: list[ReplayedBlock]


class DifferingBlock(BaseModel):
    """A block that is in one brief only, or is not the same in both."""

    block_id: UUID
    a: SnapshotBlock | None
    b: SnapshotBlock | None
    changed: list[str]


class DifferingSetting(BaseModel):
    """A setting with its two values."""

    name: str
    a: Any
    b: Any


class DifferenceAnswer(BaseModel):
    """In what brief B differs from brief A; `text` is a unified diff."""

    is_same: bool
    text: list[str]
    blocks: list[DifferingBlock]
    settings: list[DifferingSetting]


class DifferenceQuery(BaseModel):
    """What to compare with.

    Attributes:
        other: Brief B; without it, A as it was composed with A as it is.
        composed: Compare both as they were composed, without their edits.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    other: UUID | None = None
    composed: Literal["true", "false"] = "false"


@router.get(
    "", operation_id="list_briefs", response_model=pages.Page[BriefListing], responses=refusals()
)
async def list_briefs(
    request: Request, query: Annotated[BriefQuery, Query()], caller: Asking
) -> Response:
    """Briefs, the newest first."""
    before = pages.read(query.cursor)
    async with caller.session(read_only=True) as session:
        listed = briefs.list_briefs(session, limit=query.limit + 1, before=before)
        found = [brief async for brief in listed]
    return pages.page(request, _KIND, found, found, query.limit)


@long_router.post(
    "",
    operation_id="compose_brief",
    status_code=201,
    response_model=ComposedAnswer,
    responses=refusals(
        errors.BlockNotFound,
        errors.BriefTypeNotFound,
        errors.EmptyIntent,
        errors.UnknownMode,
        errors.OverBudget,
        errors.WrongState,
        errors.InvalidSetting,
        errors.WrongEmbedding,
    ),
)
async def compose_brief(
    new: New, query: Annotated[ComposeQuery, Query()], caller: Asking
) -> Response:
    """Compiles the context that a task needs into a new draft; only the language model may make it take long."""
    store = caller.store
    model = store.model if query.model == "true" else None
    async with caller.long("compose") as request:
        if request.first is not None:
            return again(request.first)

        async def stored(session: Session, composed: ComposedBrief) -> None:
            await request.keep(session, _composed(composed))

        composer = Composer(caller.session, store.embedder, store.tokens, model)
        return _composed(
            await composer.compose(new, explain=query.explain == "true", stored=stored)
        )


def _composed(composed: ComposedBrief) -> Response:
    made = composed.composition
    shown = ComposedAnswer(
        id=composed.brief.id,
        made_by=made.made_by if made else "extraction",
        model=made.model if made else None,
        usage=made.usage if made else None,
        dropped=made.dropped if made else 0,
        failure=made.failure if made else None,
        markdown=composed.compiled.markdown,
        brief=render_json(composed.compiled.document),
        snapshot=composed.compiled.snapshot,
        labels=dict(composed.labels),
        lacking=list(composed.lacking),
        searched_by_meaning=composed.by_meaning,
    )
    return answer(shown, status=201, headers={"Location": f"/v1/briefs/{composed.brief.id}"})


@router.get(
    "/{brief_id}",
    operation_id="get_brief",
    response_model=BriefAnswer,
    responses=refusals(errors.BriefNotFound, unmodified=True),
)
async def get_brief(request: Request, brief_id: UUID, caller: Asking) -> Response:
    """A brief with its text, as it was compiled or last edited."""
    async with caller.session(read_only=True) as session:
        stored = await briefs.get_brief(session, brief_id)
    body = to_json(
        {
            **stored.brief.model_dump(),
            "state": stored.state,
            "markdown": stored.markdown,
            "text_sha256": stored.text_sha256,
            "labels": stored.labels,
        },
        inf_nan_mode="null",
    )
    tag = conditional.body_tag(body)
    if (same := conditional.not_modified(request, tag)) is not None:
        return same
    return Response(body, media_type="application/json", headers={"ETag": tag})


@router.get(
    "/{brief_id}/replay",
    operation_id="replay_brief",
    response_model=ReplayAnswer,
    responses=refusals(errors.BriefNotFound),
)
async def replay_brief(brief_id: UUID, caller: Asking) -> Response:
    """Compiles a brief again and compares the bytes; stores nothing."""
    async with caller.session(read_only=True) as session:
        done = await brief_replay.replay_brief(session, brief_id)
    return answer(
        {
            "id": done.brief_id,
            "is_same": done.is_same,
            "outcome": done.outcome,
            "sentence": done.sentence,
            "expected_sha256": done.expected_sha256,
            "sha256": done.sha256,
            "body_bytes": done.body_bytes,
            "is_stored": done.is_stored,
            "gone": done.gone,
        }
    )


@router.get(
    "/{brief_id}/diff",
    operation_id="compare_briefs",
    response_model=DifferenceAnswer,
    responses=refusals(errors.BriefNotFound),
)
async def compare_briefs(
    brief_id: UUID, query: Annotated[DifferenceQuery, Query()], caller: Asking
) -> Response:
    """In what another brief differs from this one, or this one from how it was composed."""
    composed = query.composed == "true"
    async with caller.session(read_only=True) as session:
        found = await brief_differences.compare_briefs(
            session, brief_id, query.other, composed=composed
        )
    shown = [
        {"block_id": one.block_id, "a": one.a, "b": one.b, "changed": one.changed}
        for one in found.blocks
    ]
    return answer(
        {
            "is_same": found.is_same,
            "text": found.text,
            "blocks": shown,
            "settings": found.settings,
        }
    )
