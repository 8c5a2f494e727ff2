"""OpenTelemetry, where it is configured and its packages are installed."""

from typing import Any

from starlette.types import ASGIApp, Scope

from briefsmith.errors import InvalidSetting

# What a person asks stands in the query; every convention has another name for it.
_WITH_QUERY = ("http.url", "http.target", "url.full", "url.query")


def traced(app: ASGIApp) -> ASGIApp:
    """The application with a span around each request, without its query; the usual OTEL_ variables say where they go.

    Raises:
        InvalidSetting: OTEL_EXPORTER_OTLP_ENDPOINT is set, and the packages are missing.
    """
    try:
        from importlib import import_module

        layer = import_module("opentelemetry.instrumentation.asgi").OpenTelemetryMiddleware
        sending = import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
        tracing = import_module("opentelemetry.sdk.trace")
        exporting = import_module("opentelemetry.sdk.trace.export")
    except ImportError as error:
        message = "OTEL_EXPORTER_OTLP_ENDPOINT is set, and OpenTelemetry is not installed."
        hint = "pip install 'briefsmith[traces]', or unset it."
        raise InvalidSetting(message, hint=hint) from error
    provider = tracing.TracerProvider()
    provider.add_span_processor(exporting.BatchSpanProcessor(sending.OTLPSpanExporter()))
    return layer(
        app,
        tracer_provider=provider,
        server_request_hook=_forget_query,
        exclude_spans=["receive", "send"],
    )


def _forget_query(span: Any, scope: Scope) -> None:
    if span.is_recording():
        for name in _WITH_QUERY:
            if name in span.attributes:
                span.set_attribute(name, scope["path"])
