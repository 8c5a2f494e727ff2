"""A real HTTP server on loopback that gives its replies one by one, whatever they do to the client."""

import json
import socket
import ssl
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

from typing_extensions import override


@dataclass
class Request:
    """What the server was sent."""

    path: str
    headers: dict[str, str]
    payload: dict[str, Any]


Reply = Callable[["Handler", Request], None]


@dataclass
class Server:
    """Gives its replies one by one, then the usual one."""

    usual: Reply
    url: str = ""
    requests: list[Request] = field(default_factory=list[Request])
    replies: deque[Reply] = field(default_factory=deque[Reply])
    closing: Event = field(default_factory=Event)


class Handler(BaseHTTPRequestHandler):
    """Hands each request to the next reply."""

    story: Server

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers["content-length"]))))

    def do_GET(self) -> None:
        self._answer({})

    def _answer(self, payload: dict[str, Any]) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.path, headers, payload)
        self.story.requests.append(request)
        reply = self.story.replies.popleft() if self.story.replies else self.story.usual
        reply(self, request)

    def send(self, status: int, body: bytes = b"", /, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


class QuietServer(ThreadingHTTPServer):
    """Does not mind clients that leave."""

    daemon_threads = True

    @override
    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing."""


@contextmanager
def serving(usual: Reply, certificate: Path | None = None) -> Generator[Server]:
    """A server that runs as long as the block does; its address ends in /v1.

    Args:
        usual: What it replies when there are no other replies.
        certificate: With its key, for https; None for http.
    """
    story = Server(usual)
    handler = type("StoryHandler", (Handler,), {"story": story})
    with QuietServer(("127.0.0.1", 0), handler) as listening:
        scheme = "http"
        if certificate is not None:
            scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            # The handshake is the handler's, in a thread of its own: a client may never end it.
            listening.socket = context.wrap_socket(
                listening.socket, server_side=True, do_handshake_on_connect=False
            )
        story.url = f"{scheme}://127.0.0.1:{listening.server_port}/v1"
        thread = Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield story
        finally:
            story.closing.set()
            listening.shutdown()
            thread.join()


class Waits(list[float]):
    """Notes the waits that are asked for, and does not wait."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


# What any server may reply.


def status(code: int, body: bytes = b"", /, **headers: str) -> Reply:
    return lambda handler, _request: handler.send(code, body, **headers)


def cut_connection(handler: Handler, _request: Request) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"data": [')
    handler.connection.shutdown(socket.SHUT_RDWR)


def never(handler: Handler, _request: Request) -> None:
    handler.story.closing.wait()


def drip(handler: Handler, _request: Request) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    while not handler.story.closing.wait(0.01):
        handler.wfile.write(b" ")
