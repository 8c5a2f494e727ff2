"""The HTTP client that a model is asked with: what leaves is known, what comes is bounded."""

import base64
import binascii
from collections.abc import AsyncIterator
from functools import cache
from ssl import SSLContext

import httpx2
from typing_extensions import override

from briefsmith.providers.language_models.address import Endpoint
from briefsmith.providers.language_models.blackout import with_escaped

MOST_BODY_BYTES = 32 * 1024 * 1024
"""Of one answer; a stream takes some 250 bytes a token, so more than 100,000 tokens fit."""

_TAIL_BYTES = 64
_SECRET_HEADERS = ("authorization", "x-api-key", "api-key", "x-goog-api-key")
# All that a chat completion needs. The library would add the machine's system and Python, and whatever
# OPENAI_ORG_ID, OPENAI_PROJECT_ID and OPENAI_CUSTOM_HEADERS hold, which are for another server.
_SENT_HEADERS = frozenset(
    {"host", "connection", "content-type", "content-length", "transfer-encoding", "accept"}
    | {"accept-encoding", "user-agent"}
)


@cache
def _trust() -> SSLContext:
    """Whom to trust; reading it takes longer than all else that a client needs."""
    return httpx2.create_ssl_context()


class Wire:
    """What happened below the library, which its exceptions do not tell.

    Args:
        endpoint: Whose secrets are never to be shown, and which server gets which headers.

    Attributes:
        status: Of the last response; None before one came.
        is_used: Whether anything was sent over it; some providers' libraries have a client of their own.
        is_too_large: Whether it was longer than `MOST_BODY_BYTES`.
        is_packed: Whether it came compressed, unasked.
        is_done: Whether a stream said that it is complete.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.status: int | None = None
        self.is_used = False
        self.is_too_large = False
        self.is_packed = False
        self._tail = b""
        self._sent: set[str] = set()

    @property
    def is_done(self) -> bool:
        """Whether a stream of chat completions ended as it should."""
        return b"[DONE]" in self._tail

    @property
    def secrets(self) -> list[str]:
        """Texts that nothing may show: the settings' own, and what the library sent."""
        return with_escaped([*self.endpoint.secrets, *self._sent])

    def client(self) -> httpx2.AsyncClient:
        """A client that follows no redirect; the caller closes it and bounds its time."""
        return httpx2.AsyncClient(
            verify=_trust(),
            timeout=None,  # the asking bounds the whole of it
            follow_redirects=False,
            event_hooks={"request": [self._send], "response": [self._receive]},
        )

    async def _send(self, request: httpx2.Request) -> None:
        self.status = None
        self.is_used = True
        request.headers["accept-encoding"] = (
            "identity"  # so that counted bytes are what memory holds
        )
        if self.endpoint.url is not None:
            for name in set(request.headers) - _SENT_HEADERS:
                del request.headers[name]
            if self.endpoint.authorization is not None:
                request.headers["authorization"] = self.endpoint.authorization
        for name in _SECRET_HEADERS:
            self._sent |= _secrets_in(request.headers.get(name, ""))

    async def _receive(self, response: httpx2.Response) -> None:
        self.status = response.status_code
        self._tail = b""
        if response.headers.get("content-encoding", "identity") != "identity":
            self.is_packed = True
            message = "compressed"
            raise httpx2.DecodingError(message)
        if isinstance(response.stream, httpx2.AsyncByteStream):
            response.stream = _Counted(response.stream, self)

    def count(self, total_bytes: int, chunk: bytes) -> None:
        """Takes note of a piece of the body.

        Raises:
            httpx2.DecodingError: It is too long.
        """
        self._tail = (self._tail + chunk[-_TAIL_BYTES:])[-_TAIL_BYTES:]
        if total_bytes > MOST_BODY_BYTES:
            self.is_too_large = True
            message = "too large"
            raise httpx2.DecodingError(message)


class _Counted(httpx2.AsyncByteStream):
    """A body that stops when it gets too long."""

    def __init__(self, stream: httpx2.AsyncByteStream, wire: Wire) -> None:
        self._stream = stream
        self._wire = wire

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        total_bytes = 0
        async for chunk in self._stream:
            total_bytes += len(chunk)
            self._wire.count(total_bytes, chunk)
            yield chunk

    @override
    async def aclose(self) -> None:
        await self._stream.aclose()


def _secrets_in(header: str) -> set[str]:
    """The header's value, without its scheme, and the password of a login."""
    scheme, _, token = header.rpartition(" ")
    found = {token}
    if scheme.lower() == "basic":
        try:
            found.add(base64.b64decode(token).decode().partition(":")[2])
        except (binascii.Error, UnicodeDecodeError):
            return found
    return found
