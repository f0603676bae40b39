"""The metrics of the service, named as OpenTelemetry's semantic conventions name them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

# The same in all services, so that their latencies can be laid over each other.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2.5, 5, 10)

# A series that first appears with its first error has no rate until its second one. The codes
# that lessons count are therefore there from the start.
_EXPECTED_CODES = ("OK", "UNAVAILABLE", "DEADLINE_EXCEEDED")


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
            "Duration of statements sent to PostgreSQL.",
            ["db_operation_name"],
            buckets=BUCKETS,
            registry=registry,
        )
        self.db_connections = Gauge(
            "db_client_connection_count",
            "Connections of the pool by state.",
            ["state"],
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
        for operation in ("SELECT", "INSERT", "UPDATE", "DELETE", "COMMIT"):
            self.db_duration.labels(operation)

    def expect_methods(self, methods: list[str]) -> None:
        for method in methods:
            for code in _EXPECTED_CODES:
                self.rpc_duration.labels(method, code)

    @contextmanager
    def db_operation(self, name: str) -> Iterator[None]:
        # In a finally: a statement that timed out is the one whose duration matters most.
        started = perf_counter()
        try:
            yield
        finally:
            self.db_duration.labels(name).observe(perf_counter() - started)
