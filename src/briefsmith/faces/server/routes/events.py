"""The route of events as they happen (server-sent events)."""

import re
import time
from collections.abc import AsyncGenerator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response, StreamingResponse

from briefsmith.errors import BriefsmithError, InvalidInput, TooManyRequests
from briefsmith.faces.server import pages
from briefsmith.faces.server.asking import Asking, Caller, json_line
from briefsmith.faces.server.refusals import refusals, streamed
from briefsmith.faces.server.routing import Route
from briefsmith.models.events import Event
from briefsmith.operations.event_stream import StreamPlace, begin_stream, follow_events
from briefsmith.schemas.blocks import Text

router = APIRouter(prefix="/v1/events", tags=["events"], route_class=Route)

_MOST_STREAMS = 200
_MOST_OF_ONE = 8
_BEAT_SECONDS = 15.0
_BEHIND_SECONDS = 0.5
_RETRY_MILLISECONDS = 2_000
_MOST_ID = 2**63 - 1
_DIGITS = 19
_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,100}")
_STREAM: dict[int | str, dict[str, Any]] = {
    200: streamed("Events; the `id` of one is what `Last-Event-ID` takes.")
}


class StreamQuery(BaseModel):
    """Which events.

    Attributes:
        topic: Any of these; all without.
        last_event_id: As the header `Last-Event-ID`, for who can set none; the header goes before.
        follow: False ends the stream when all that there is has been sent.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    topic: list[Annotated[Text, Field(max_length=100)]] = Field(
        default_factory=list[str], max_length=50
    )
    last_event_id: Annotated[int, Field(ge=0, le=_MOST_ID), pages.WHOLE] | None = None
    follow: Literal["true", "false"] = "true"


@router.get(
    "", operation_id="stream_events", response_class=Response, responses=refusals() | _STREAM
)
async def stream_events(
    request: Request, query: Annotated[StreamQuery, Query()], caller: Asking
) -> Response:
    """Events as they happen, none lost: whoever comes back with the last `id` gets all that came behind it.

    While an earlier event may still be committed, later ones are sent without an `id`, and come again after a break:
    tell them apart by the id in `data`.
    """
    last = _last(request, query)
    stream = _Stream(caller, query.topic or None, follows=query.follow == "true")
    stream.open()
    try:
        async with caller.session(read_only=True) as session:
            place = StreamPlace(last) if last is not None else await begin_stream(session)
    except BaseException:
        stream.close()
        raise
    return StreamingResponse(
        stream.events(place),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _last(request: Request, query: StreamQuery) -> int | None:
    header = request.headers.get("last-event-id")
    if not header:
        return query.last_event_id
    if not header.isascii() or not header.isdecimal() or len(header) > _DIGITS:
        message = "Last-Event-ID is the id of an event."
        raise InvalidInput(message, hint="Leave it out to begin now, or send 0 for all.")
    return min(int(header), _MOST_ID)


class _Stream:
    """One follower."""

    def __init__(self, caller: Caller, topics: list[str] | None, *, follows: bool) -> None:
        self._caller = caller
        self._backend = caller.backend
        self._topics = topics
        self._follows = follows

    def open(self) -> None:
        """Takes a place.

        Raises:
            TooManyRequests: There is none.
        """
        user_id = self._caller.identity.actor.user_id
        mine = self._backend.streams[user_id]
        if mine >= _MOST_OF_ONE or self._backend.streams.total() >= _MOST_STREAMS:
            message = "Too many streams of events are open."
            raise TooManyRequests(message, details={"retry_after_seconds": 10})
        self._backend.streams[user_id] += 1
        self._backend.metrics.streams += 1

    def close(self) -> None:
        """Gives it back."""
        user_id = self._caller.identity.actor.user_id
        self._backend.streams[user_id] -= 1
        self._backend.streams += type(self._backend.streams)()  # forgets those at zero
        self._backend.metrics.streams -= 1

    async def events(self, place: StreamPlace) -> AsyncGenerator[str]:
        """The text of the stream, until the server stops or the caller may not ask any more."""
        try:
            yield f"retry: {_RETRY_MILLISECONDS}\n\n"
            async for text in self._followed(place):
                yield text
        except BriefsmithError:
            # Who comes back with the last id misses nothing.
            return
        finally:
            self.close()

    async def _followed(self, place: StreamPlace) -> AsyncGenerator[str]:
        checked = time.monotonic()
        while not self._backend.closing.is_set():
            changed = self._backend.wakes.next()
            async with self._caller.session(read_only=True) as session:
                found = await follow_events(session, place, self._topics)
            is_moved = found.place.after > place.after
            place = found.place
            for event in found.events:
                # Only the id of an event before which nothing can appear is one to come back with.
                yield _event(event, event.id if event.id <= place.after else None)
            if is_moved and not (found.events and found.events[-1].id == place.after):
                yield f"id: {place.after}\n\n"
            if not found.is_all:
                continue
            if not self._follows:
                return
            wait = _BEAT_SECONDS if place.fence is None else _BEHIND_SECONDS
            await self._backend.wakes.wait(changed, wait)
            if time.monotonic() - checked >= _BEAT_SECONDS:
                checked = time.monotonic()
                # Whose token has ended, or whose key was revoked, hears no more.
                await self._backend.identifier.identify(self._caller.request.headers)
                yield ": still here\n\n"


def _event(event: Event, resume: int | None) -> str:
    line = json_line(event)
    head = "" if resume is None else f"id: {resume}\n"
    # Whoever may write events may give them any topic, one with line ends too.
    name = event.topic if _TOPIC.fullmatch(event.topic) else "other"
    return f"{head}event: {name}\ndata: {line}\n\n"
