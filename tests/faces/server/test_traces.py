"""What a collector of OpenTelemetry gets of the server."""

import http.server
from collections.abc import Generator
from threading import Thread
from typing import cast

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from typing_extensions import override

from briefsmith.errors import InvalidSetting
from briefsmith.faces.server.traces import traced
from tests.faces.calls import Shell
from tests.faces.server.process import served


class Collector(http.server.ThreadingHTTPServer):
    """Keeps the spans that it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: list[ExportTraceServiceRequest] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert self.path == "/v1/traces"
        cast("Collector", self.server).received.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.end_headers()

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def collector() -> Generator[Collector]:
    with Collector() as opened:
        thread = Thread(target=opened.serve_forever)
        thread.start()
        yield opened
        opened.shutdown()
        thread.join()


def test_a_collector_gets_a_span_of_each_request_and_nothing_that_was_asked(
    shell: Shell, collector: Collector
) -> None:
    sending = shell.having(
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.address,
        OTEL_EXPORTER_OTLP_COMPRESSION="none",
        OTEL_SERVICE_NAME="briefsmith-of-a-test",
    )
    with served(sending) as address:
        asked = httpx.get(f"{address}/v1/search", params={"q": "my secret plan"})

    spans = [
        span
        for request in collector.received
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    assert asked.status_code == 200
    assert [span.name for span in spans] == ["GET /v1/search"]
    sent = "".join(str(request) for request in collector.received)
    assert "briefsmith-of-a-test" in sent
    assert "secret" not in sent


def test_packages_that_are_missing_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "opentelemetry.sdk.trace", None)

    async def app(*_: object) -> None:
        pass

    with pytest.raises(InvalidSetting, match="not installed") as caught:
        traced(app)

    assert "briefsmith[traces]" in str(caught.value.hint)
