"""OpenTelemetry, where it is configured and its packages are installed."""

from starlette.types import ASGIApp

from briefsmith.errors import InvalidSetting


def traced(app: ASGIApp) -> ASGIApp:
    """The application with a span around each request; the usual OTEL_ variables say where they go.

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
        hint = (
            "pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http "
            "opentelemetry-instrumentation-asgi, or unset it."
        )
        raise InvalidSetting(message, hint=hint) from error
    provider = tracing.TracerProvider()
    provider.add_span_processor(exporting.BatchSpanProcessor(sending.OTLPSpanExporter()))
    return layer(app, tracer_provider=provider)
