"""A bound for the head of a request: the fast parser has none of its own."""

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_BYTES = 65_536

_REFUSED = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
)


class BoundedHeads(HttpToolsProtocol):
    """Cuts off who goes on with headers and never ends."""

    _head_bytes = 0
    _in_head = True

    @override
    def data_received(self, data: bytes) -> None:
        """Counts what comes before a head is complete."""
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > MOST_BYTES and not self.transport.is_closing():
            self.transport.write(_REFUSED)
            self.transport.close()

    @override
    def on_headers_complete(self) -> None:
        """A body comes now, which is counted elsewhere."""
        self._in_head, self._head_bytes = False, 0
        super().on_headers_complete()

    @override
    def on_message_complete(self) -> None:
        """The next head may come."""
        self._in_head = True
        super().on_message_complete()
