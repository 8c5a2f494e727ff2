"""Routes that run briefs, and show what came of it."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response, StreamingResponse

from briefsmith import errors
from briefsmith.agents.run_items import Delivered, RunItem, RunStarted, RunStored
from briefsmith.agents.run_model import model_for
from briefsmith.agents.runner import Runner
from briefsmith.faces.server import pages
from briefsmith.faces.server.asking import Asking, Caller, LongRequest, again, answer, json_line
from briefsmith.faces.server.problems import problem
from briefsmith.faces.server.receivers import WebReceiver, web_receiver
from briefsmith.faces.server.refusals import refusals, streamed
from briefsmith.faces.server.routing import LongRoute, Route, strictly
from briefsmith.models.task_brief_outputs import TaskBriefOutput
from briefsmith.operations import brief_runs
from briefsmith.postgres.session import Session
from briefsmith.schemas.composition import CompositionUsage
from briefsmith.schemas.deployment import OutputListing, RunRequest

router = APIRouter(prefix="/v1", tags=["runs"], route_class=Route)
long_router = APIRouter(prefix="/v1", tags=["runs"], route_class=LongRoute)

_STREAM = "text/event-stream"
_OUTPUTS = "out"


class NewRun(BaseModel):
    """How to run a brief.

    Attributes:
        config_id: Of the brief's configurations; null takes the newest, or none where there is none.
        receiver: In place of the configuration's: `stdout`, which is this answer, or the address of a webhook.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    config_id: UUID | None = None
    receiver: WebReceiver | None = None


class NewDelivery(BaseModel):
    """Where to send an output; null takes the receiver of its configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    receiver: WebReceiver | None = None


Run = Annotated[NewRun, strictly(NewRun)]
Deliver = Annotated[NewDelivery, strictly(NewDelivery)]


class DeliveryTry(BaseModel):
    """One try to deliver; `problem` is null for the one that arrived."""

    status: int | None
    problem: str | None
    seconds: float


class DeliveryAnswer(BaseModel):
    """Who has an output."""

    receiver: Literal["stdout", "file", "webhook"]
    name: str | None
    tries: list[DeliveryTry]


class RunAnswer(TaskBriefOutput):
    """What a run came to.

    Attributes:
        is_cut_off: Whether the limit of tokens ended it.
        delivery: Null where nobody but the caller gets it, or, in an answer that is given again, where it is not known.
    """

    model: str | None
    usage: CompositionUsage
    is_cut_off: bool
    is_published: bool
    delivery: DeliveryAnswer | None


class DeliveredOutput(TaskBriefOutput):
    """An output that its receiver has."""

    delivery: DeliveryAnswer


class OutputQuery(BaseModel):
    """Which page."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    limit: pages.Limit = 50
    cursor: str | None = pages.cursor_field(_OUTPUTS)


_RUN = refusals(
    errors.BriefNotFound,
    errors.ConfigNotFound,
    errors.InvalidReceiver,
    errors.WrongState,
    errors.InvalidSetting,
    errors.ModelUnavailable,
    errors.ReceiverUnavailable,
    errors.ModelMisbehaved,
)
_STREAMED: dict[int | str, dict[str, Any]] = {
    200: streamed(
        "What came of it; as events where they are asked for: `started`, `text`, `stored`, "
        "`delivered`, and `problem` where it fails on the way."
    )
}


def _runner(caller: Caller) -> Runner:
    settings = caller.store.settings
    return Runner(caller.session, partial(model_for, settings), partial(web_receiver, settings))


@long_router.post(
    "/briefs/{brief_id}/run",
    operation_id="run_brief",
    response_model=RunAnswer,
    responses=_RUN | _STREAMED,
)
async def run_brief(request: Request, brief_id: UUID, wanted: Run, caller: Asking) -> Response:
    """Sends a brief to its model and stores what comes; as a stream of events to who accepts that."""
    is_streamed = _STREAM in request.headers.get("accept", "")
    asked = RunRequest(
        brief_id=brief_id, config_id=wanted.config_id, receiver=wanted.receiver, streams=is_streamed
    )
    if is_streamed:
        return await _streamed(asked, caller)
    async with caller.long("run") as long:
        if long.first is not None:
            return again(long.first)
        items = _Items()
        async with aclosing(_run(asked, caller, long, items)) as running:
            async for _ in running:
                continue
        response = answer(items.values())
        if items.delivered is not None:
            await long.replace(response)
        return response


class _Items:
    """What a run has told so far."""

    def __init__(self) -> None:
        self.started: RunStarted | None = None
        self.stored: RunStored | None = None
        self.delivered: Delivered | None = None

    def take(self, item: RunItem) -> None:
        if isinstance(item, RunStarted):
            self.started = item
        elif isinstance(item, RunStored):
            self.stored = item
        elif isinstance(item, Delivered):
            self.delivered = item

    def values(self) -> dict[str, Any]:
        assert self.started is not None  # noqa: S101  a run that was stored was started
        assert self.stored is not None  # noqa: S101  only asked for then
        return {
            **_stored(self.started, self.stored),
            "delivery": _delivery(self.delivered) if self.delivered else None,
        }


async def _run(
    asked: RunRequest, caller: Caller, long: LongRequest, items: _Items
) -> AsyncGenerator[RunItem]:
    async def stored(session: Session, started: RunStarted, done: RunStored) -> None:
        await long.keep(session, answer({**_stored(started, done), "delivery": None}))

    async with aclosing(_runner(caller).run(asked, stored=stored)) as running:
        async for item in running:
            items.take(item)
            yield item


async def _streamed(asked: RunRequest, caller: Caller) -> Response:
    """The answer as events; what goes wrong before the first one is an answer like any other."""
    events = _events(asked, caller)
    first = await anext(events)
    if isinstance(first, Response):
        return first

    async def all_of_them() -> AsyncGenerator[str]:
        async with aclosing(events):
            yield first
            async for event in events:
                if isinstance(event, str):
                    yield event

    return StreamingResponse(
        all_of_them(), media_type=_STREAM, headers={"Cache-Control": "no-store"}
    )


async def _events(asked: RunRequest, caller: Caller) -> AsyncGenerator[str | Response]:
    async with caller.long("run") as long:
        if long.first is not None:
            yield again(long.first)
            return
        items = _Items()
        async with aclosing(_run(asked, caller, long, items)) as running:
            try:
                async for item in running:
                    yield _event(item)
            except errors.BriefsmithError as error:
                if items.started is None:
                    raise
                yield _text("problem", bytes(problem(error).body).decode())
                return
        if items.delivered is not None:
            await long.replace(answer(items.values()))


def _event(item: RunItem) -> str:
    if isinstance(item, str):
        return _text("text", json_line({"text": item}))
    if isinstance(item, RunStarted):
        begun = {"model": item.model, "receiver": item.receiver}
        return _text("started", json_line({**begun, "output_type": item.plan.output_type}))
    if isinstance(item, RunStored):
        told = {"usage": item.usage.as_dict(), "is_cut_off": item.is_cut_off}
        return _text("stored", json_line({**told, "output_id": item.output.id}))
    return _text("delivered", json_line(_delivery(item)))


def _text(name: str, line: str) -> str:
    return f"event: {name}\ndata: {line}\n\n"


def _stored(started: RunStarted, stored: RunStored) -> dict[str, Any]:
    return {
        **stored.output.model_dump(),
        "model": started.model,
        "usage": stored.usage.as_dict(),
        "is_cut_off": stored.is_cut_off,
        "is_published": started.plan.is_published,
    }


def _delivery(delivered: Delivered) -> Mapping[str, Any]:
    return {
        "receiver": delivered.kind,
        "name": delivered.receiver or None,
        "tries": [one.as_dict() for one in delivered.tries],
    }


@router.get(
    "/briefs/{brief_id}/outputs",
    operation_id="list_outputs",
    response_model=pages.Page[OutputListing],
    responses=refusals(errors.BriefNotFound),
)
async def list_outputs(
    request: Request, brief_id: UUID, query: Annotated[OutputQuery, Query()], caller: Asking
) -> Response:
    """What a brief came to, the newest first, without the texts."""
    before = pages.read(query.cursor)
    async with caller.session(read_only=True) as session:
        found = await brief_runs.list_outputs(
            session, brief_id, limit=query.limit + 1, before=before
        )
    return pages.page(request, _OUTPUTS, found, found, query.limit)


@router.get(
    "/outputs/{output_id}",
    operation_id="get_output",
    response_model=TaskBriefOutput,
    responses=refusals(errors.NotFound),
)
async def get_output(output_id: UUID, caller: Asking) -> Response:
    """One output with its text."""
    async with caller.session(read_only=True) as session:
        return answer(await brief_runs.get_output(session, output_id))


@long_router.post(
    "/outputs/{output_id}/deliver",
    operation_id="deliver_output",
    response_model=DeliveredOutput,
    responses=refusals(
        errors.NotFound,
        errors.InvalidReceiver,
        errors.InvalidSetting,
        errors.ReceiverUnavailable,
    ),
)
async def deliver_output(output_id: UUID, wanted: Deliver, caller: Asking) -> Response:
    """Sends a stored output to its receiver, again if need be; a webhook knows it by the same id."""
    async with caller.long("deliver") as long:
        if long.first is not None:
            return again(long.first)
        delivered = await _runner(caller).deliver(output_id, wanted.receiver)
        response = answer({**delivered.output.model_dump(), "delivery": _delivery(delivered)})
        async with caller.session() as session:
            await long.keep(session, response)
        return response
