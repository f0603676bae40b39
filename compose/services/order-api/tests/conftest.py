from __future__ import annotations

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from order_api import tracing

_EXPORTER = InMemorySpanExporter()

# A process has one provider for good, and so have all tests.
_PROVIDER = tracing.provider("order-api")
_PROVIDER.add_span_processor(SimpleSpanProcessor(_EXPORTER))
trace.set_tracer_provider(_PROVIDER)


@pytest.fixture
def spans() -> InMemorySpanExporter:
    """What was traced since the test began."""
    _EXPORTER.clear()
    return _EXPORTER
