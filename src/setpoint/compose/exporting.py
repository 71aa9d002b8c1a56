"""OpenTelemetry exporters for a process that has set up none of its own.

Where they send to, and with which headers, is read by OpenTelemetry from its standard ``OTEL_…`` variables; without
them it is the collector on this machine, port 4318.
"""

from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

__all__ = ["export"]


def export() -> None:
    """Set up the providers that are missing; both send what is left when the process ends."""
    resource = Resource.create({"service.name": "setpoint"} if _unnamed() else {})
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        traces = TracerProvider(resource=resource)
        traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        trace.set_tracer_provider(traces)
    if not isinstance(metrics.get_meter_provider(), MeterProvider):
        metrics.set_meter_provider(
            MeterProvider(resource=resource, metric_readers=[PeriodicExportingMetricReader(OTLPMetricExporter())])
        )


def _unnamed() -> bool:
    """Whether the user has given the service no name."""
    return str(Resource.create().attributes.get("service.name", "")).startswith("unknown_service")
