"""What a server that speaks OpenAI's chat completions may reply."""

import json
import socket
from typing import Any

from tests.integration.http_story import Handler, Reply, Request, status

JSON = {"Content_Type": "application/json"}
COUNTED = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}


def completion(text: str | None, *, finish: str = "stop", **message: Any) -> dict[str, Any]:
    """A whole answer."""
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "tiny-v2",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, **message},
                "finish_reason": finish,
            }
        ],
        "usage": COUNTED,
    }


def says(text: str | None, *, finish: str = "stop", **message: Any) -> Reply:
    body = json.dumps(completion(text, finish=finish, **message)).encode()
    return status(200, body, **JSON)


def answers(value: object) -> Reply:
    return says(json.dumps(value))


def refuses_schemas(handler: Handler, request: Request) -> None:
    """As servers do that know neither JSON schema nor tools."""
    if request.payload.keys() & {"response_format", "tools", "functions"}:
        body = b'{"error": {"message": "unknown field response_format"}}'
        handler.send(400, body, **JSON)
    else:
        answers({"title": "Plan", "ids": ["a"]})(handler, request)


# Streams.


def chunk(text: str | None = None, *, finish: str | None = None, **delta: Any) -> bytes:
    content = {} if text is None else {"content": text}
    body = {
        "id": "1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "tiny-v2",
        "choices": [{"index": 0, "delta": {**content, **delta}, "finish_reason": finish}],
    }
    return b"data: %b\n\n" % json.dumps(body).encode()


USED = (
    b"data: %b\n\n"
    % json.dumps(
        {
            "id": "1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "tiny-v2",
            "choices": [],
            "usage": COUNTED,
        }
    ).encode()
)
DONE = b"data: [DONE]\n\n"


def streams(*chunks: bytes) -> Reply:
    """The chunks, then the orderly end of the connection, whatever they hold."""

    def reply(handler: Handler, _request: Request) -> None:
        _begin(handler)
        for part in chunks:
            handler.wfile.write(part)
        handler.close_connection = True

    return reply


def streams_and_is_cut(*chunks: bytes) -> Reply:
    """The chunks, then the end of the connection in the middle of the body."""

    def reply(handler: Handler, _request: Request) -> None:
        _begin(handler, Transfer_Encoding="chunked")
        for part in chunks:
            handler.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
        handler.connection.shutdown(socket.SHUT_RDWR)

    return reply


def streams_and_hangs(*chunks: bytes) -> Reply:
    def reply(handler: Handler, _request: Request) -> None:
        _begin(handler)
        for part in chunks:
            handler.wfile.write(part)
        handler.story.closing.wait()

    return reply


def _begin(handler: Handler, **headers: str) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
