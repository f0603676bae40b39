"""What the customers see, which is not always what the services say of themselves."""

from __future__ import annotations

from typing import Any

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

# The same as in the services, so that their latencies can be laid over each other.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2.5, 5, 10)

# A series that first appears with its first error has no rate until its second one.
_EXPECTED = (
    ("GET", "/api/products"),
    ("POST", "/api/orders"),
    ("GET", "/api/orders/{id}"),
)


class ClientMetrics:
    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = registry
        self._duration = Histogram(
            "http_client_request_duration_seconds",
            "Duration of requests as the customer sees them.",
            ["http_request_method", "url_template", "error_type"],
            buckets=BUCKETS,
            registry=registry,
        )
        for method, route in _EXPECTED:
            for error in ("", "timeout", "503"):
                self._duration.labels(method, route, error)

    def observe(
        self,
        request_type: str,
        name: str,
        response_time: float,
        response: Any,
        exception: BaseException | None = None,
        **_: Any,
    ) -> None:
        error = error_type(response) if exception else ""
        self._duration.labels(request_type, name, error).observe(response_time / 1000)

    def page(self) -> tuple[bytes, dict[str, str]]:
        return generate_latest(self._registry), {"Content-Type": CONTENT_TYPE_LATEST}


def error_type(response: Any) -> str:
    """The status of a failed request, or one of few words where that tells nothing."""
    if status := response.status_code:
        return str(status) if status >= 400 else "unexpected_response"
    # The HTTP client wraps what really happened.
    cause = getattr(response.error, "original", response.error)
    return "timeout" if isinstance(cause, TimeoutError) else "connection_error"
