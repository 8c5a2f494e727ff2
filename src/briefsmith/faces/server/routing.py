"""How a route takes a request: JSON as strictly as its schema says, so many bytes, so much time."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidatorFunctionWrapHandler, WrapValidator
from starlette.exceptions import HTTPException
from typing_extensions import override

from briefsmith.faces.server.backend import Backend
from briefsmith.faces.server.limits import CountedBody, within

_Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class _Raw(bytes):
    """A body that is JSON by its own word, and was not read yet."""


class JsonRequest(Request):
    """Leaves the reading of JSON to the schema that the body has to have."""

    @override
    async def json(self) -> Any:
        """The bytes as they came."""
        return _Raw(await self.body())


def strictly(model: type[Any]) -> WrapValidator:
    """A validator that reads a body as JSON for this model, without taking text for numbers or the other way round."""
    adapter = TypeAdapter(model)

    def read(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        if isinstance(value, _Raw):
            return adapter.validate_json(bytes(value), strict=True)
        return handler(value)

    return WrapValidator(read)


class Route(APIRoute):
    """Counts the bytes of the body and ends what takes too long."""

    @override
    def get_route_handler(self) -> _Handler:
        """The handler, with its limits."""
        handler = super().get_route_handler()
        takes_body = self.body_field is not None

        async def limited(request: Request) -> Response:
            backend: Backend = request.app.state.backend
            length = request.headers.get("content-length")
            if takes_body:
                _check_type(request)
            counted = CountedBody(request.receive, self.body_bytes(backend), length)
            async with within(self.seconds(backend)):
                return await handler(JsonRequest(request.scope, counted))

        return limited

    def seconds(self, backend: Backend) -> float:
        """Most time until the answer begins."""
        return backend.settings.timeout_seconds

    def body_bytes(self, backend: Backend) -> int:
        """Most bytes of a body."""
        return backend.settings.body_bytes


class UploadRoute(Route):
    """Takes the bytes of a file."""

    @override
    def body_bytes(self, backend: Backend) -> int:
        """As much as a file may have, and a bit: that it is too large is the library's to say."""
        return backend.store.settings.files.max_mb * 1_000_000 + 1


class LongRoute(Route):
    """Waits for a model."""

    @override
    def seconds(self, backend: Backend) -> float:
        """Most time until the answer begins."""
        return backend.long_seconds


def _check_type(request: Request) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(415, "The body has to be application/json")
