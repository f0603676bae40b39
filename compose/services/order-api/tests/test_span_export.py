"""What a collector that is away, slow or back again does to this service: next to nothing."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from prometheus_client import CollectorRegistry

from order_api import span_export, tracing
from order_api.metrics import Metrics


class SwitchableExporter(SpanExporter):
    def __init__(self) -> None:
        self.works = True
        self.exports = 0
        self.open = threading.Event()
        self.open.set()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.exports += 1
        self.open.wait(20)
        return SpanExportResult.SUCCESS if self.works else SpanExportResult.FAILURE

    def shutdown(self) -> None:
        pass


class Collector:
    """Takes spans by OTLP on loopback."""

    def __init__(self) -> None:
        self.spans: list[str] = []
        self.status = 200
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                message = ExportTraceServiceRequest.FromString(body)
                if collector.status == 200 and self.path == "/v1/traces":
                    collector.spans += [
                        span.name
                        for resource in message.resource_spans
                        for scope in resource.scope_spans
                        for span in scope.spans
                    ]
                self.send_response(collector.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self._http = HTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(CollectorRegistry())


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.close()


def exported(metrics: Metrics, error: str) -> float | None:
    return metrics.registry.get_sample_value(
        "otel_sdk_exporter_span_exported_total", {"error_type": error}
    )


def dropped(metrics: Metrics) -> float | None:
    return metrics.registry.get_sample_value("otel_sdk_processor_span_dropped_total")


def sending(metrics: Metrics, exporter: SpanExporter) -> TracerProvider:
    provider = tracing.provider("order-api")
    provider.add_span_processor(span_export.batches(exporter, metrics))
    return provider


def end_spans(provider: TracerProvider, count: int) -> None:
    tracer = provider.get_tracer("test")
    for _ in range(count):
        tracer.start_span("work").end()


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert holds()


def stops_in_time(provider: TracerProvider) -> None:
    started = time.monotonic()
    span_export.flush(provider)
    # Two seconds, and what a busy machine adds; the SDK by itself would take thirty.
    assert time.monotonic() - started < 4


def test_spans_arrive_by_themselves_and_are_counted(metrics: Metrics, collector: Collector) -> None:
    provider = sending(metrics, span_export.otlp(collector.endpoint, metrics))
    end_spans(provider, 3)
    eventually(lambda: exported(metrics, "") == 3)
    assert collector.spans == ["work"] * 3
    assert (exported(metrics, ""), dropped(metrics)) == (3, 0)
    span_export.flush(provider)


def test_stopping_delivers_what_is_queued(metrics: Metrics, collector: Collector) -> None:
    provider = sending(metrics, span_export.otlp(collector.endpoint, metrics))
    end_spans(provider, 600)
    span_export.flush(provider)
    assert len(collector.spans) == 600


def test_a_collector_that_is_away_costs_no_time_and_is_counted(metrics: Metrics) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
    provider = sending(metrics, span_export.otlp(endpoint, metrics))
    end_spans(provider, 100)
    stops_in_time(provider)
    assert exported(metrics, "connection_error") == 100


def test_a_collector_that_comes_back_gets_the_next_spans(
    metrics: Metrics, collector: Collector
) -> None:
    collector.status = 503
    provider = sending(metrics, span_export.otlp(collector.endpoint, metrics))
    end_spans(provider, 1)
    eventually(lambda: exported(metrics, "503") == 1)
    collector.status = 200
    end_spans(provider, 2)
    eventually(lambda: exported(metrics, "") == 2)
    span_export.flush(provider)


def test_nothing_is_encoded_for_a_collector_that_is_not_there(metrics: Metrics) -> None:
    inner = SwitchableExporter()
    there = True
    watched = span_export.WatchedExporter(inner, metrics, is_there=lambda: there)
    inner.works = False
    watched.export([])
    there = False
    watched.export([])
    assert inner.exports == 1
    there = inner.works = True
    assert watched.export([]) is SpanExportResult.SUCCESS


def test_a_collector_that_never_answers_holds_up_nobody(metrics: Metrics) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        provider = sending(metrics, span_export.otlp(endpoint, metrics))
        end_spans(provider, 600)
        stops_in_time(provider)


def test_a_collector_that_refuses_is_told_by_its_status(
    metrics: Metrics, collector: Collector
) -> None:
    collector.status = 400
    provider = sending(metrics, span_export.otlp(collector.endpoint, metrics))
    end_spans(provider, 1)
    span_export.flush(provider)
    assert exported(metrics, "400") == 1


def test_a_full_queue_drops_and_counts(metrics: Metrics) -> None:
    stuck = SwitchableExporter()
    stuck.open.clear()
    provider = sending(metrics, stuck)
    # Returns at all, although the exporter does not until it is let go.
    end_spans(provider, 5000)
    # The queue, and at most the one batch that the exporter has taken from it.
    assert 5000 - 2048 - 512 <= (dropped(metrics) or 0) <= 5000 - 2048
    stuck.open.set()
    span_export.flush(provider)


def test_trouble_is_logged_when_it_begins_and_when_it_ends(
    metrics: Metrics, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    inner = SwitchableExporter()
    watched = span_export.WatchedExporter(inner, metrics, lambda: "timeout")
    for inner.works in (True, False, False, False, True, True):
        watched.export([])
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("WARNING", "trace export failing"),
        ("INFO", "trace export works"),
    ]


def test_failing_export_is_one_log_line_in_all(
    metrics: Metrics, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    exporter = span_export.otlp("http://127.0.0.1:1", metrics)
    provider = sending(metrics, exporter)
    end_spans(provider, 1)
    span_export.flush(provider)
    assert [record.message for record in caplog.records] == ["trace export failing"]
