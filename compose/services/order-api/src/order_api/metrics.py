"""The metrics of the service, named as OpenTelemetry's semantic conventions name them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

from order_api import tracing

# The same in all services, so that their latencies can be laid over each other.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2.5, 5, 10)

# A series that first appears with its first error has no rate until its second one. The codes
# that lessons count are therefore there from the start.
_EXPECTED_CODES = ("OK", "UNAVAILABLE", "DEADLINE_EXCEEDED")

_EXPECTED_OPERATIONS = {
    "postgresql": ("SELECT", "INSERT", "UPDATE", "DELETE", "COMMIT"),
    "redis": ("GET", "SET", "XADD", "XRANGE"),
}


class Metrics:
    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self.registry = registry
        self.rpc_duration = Histogram(
            "rpc_server_call_duration_seconds",
            "Duration of gRPC calls that the service answered.",
            ["rpc_method", "rpc_response_status_code"],
            buckets=BUCKETS,
            registry=registry,
        )
        self.orders_created = Counter(
            "orders_created",
            "Orders committed; a replay of an idempotency key does not count.",
            registry=registry,
        )
        self.cache_requests = Counter(
            "catalogue_cache_requests",
            "Reads of the catalogue by whether Redis had it.",
            ["result"],
            registry=registry,
        )
        self.db_duration = Histogram(
            "db_client_operation_duration_seconds",
            "Duration of operations on PostgreSQL and Redis.",
            ["db_system_name", "db_operation_name"],
            buckets=BUCKETS,
            registry=registry,
        )
        self.db_connections = Gauge(
            "db_client_connection_count",
            "Connections of the pool by state.",
            ["state"],
            registry=registry,
        )
        self.db_connections_max = Gauge(
            "db_client_connection_max",
            "Most connections that the pool may have.",
            registry=registry,
        )
        self.db_pending = Gauge(
            "db_client_connection_pending_requests",
            "Requests that wait for a connection of the pool.",
            registry=registry,
        )
        self.db_timeouts = Counter(
            "db_client_connection_timeouts",
            "Requests that got no connection of the pool in time.",
            registry=registry,
        )
        self.spans_exported = Counter(
            "otel_sdk_exporter_span_exported",
            "Spans by the error that kept them from the collector; delivered where it is empty.",
            ["error_type"],
            registry=registry,
        )
        self.spans_dropped = Counter(
            "otel_sdk_processor_span_dropped",
            "Spans dropped because the queue of the exporter was full.",
            registry=registry,
        )
        self.fault_active = Gauge(
            "fault_active",
            "1 while a fault of the kind is injected through the fault API.",
            ["kind"],
            registry=registry,
        )
        for result in ("hit", "miss"):
            self.cache_requests.labels(result)
        for error in ("", "connection_error", "timeout"):
            self.spans_exported.labels(error)
        for system, operations in _EXPECTED_OPERATIONS.items():
            for operation in operations:
                self.db_duration.labels(system, operation)

    def expect_methods(self, methods: list[str]) -> None:
        for method in methods:
            for code in _EXPECTED_CODES:
                self.rpc_duration.labels(method, code)

    def rpc(self, method: str, code: str, seconds: float) -> None:
        self.rpc_duration.labels(method, code).observe(seconds, _exemplar())

    @contextmanager
    def db_operation(self, system: str, name: str) -> Iterator[None]:
        # In a finally: a statement that timed out is the one whose duration matters most.
        started = perf_counter()
        try:
            yield
        finally:
            seconds = perf_counter() - started
            self.db_duration.labels(system, name).observe(seconds, _exemplar())


def _exemplar() -> dict[str, str] | None:
    return tracing.ids() or None
