from __future__ import annotations

import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from order_api.telemetry_http import TelemetryServer
from tests.test_service import Shop, order, shop

__all__ = ["shop"]

HEALTHCHECK = Path(__file__).parent.parent / "healthcheck.sh"


def get(port: int, path: str, accept: str = "*/*") -> tuple[int, str]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Accept": accept})
    try:
        with urllib.request.urlopen(request, timeout=3) as answer:  # noqa: S310 - on loopback
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.mark.parametrize(("serving", "status"), [(True, 200), (False, 503)])
def test_health_is_what_the_grpc_server_says(shop: Shop, serving: bool, status: int) -> None:
    shop.server.set_serving(serving)
    telemetry = TelemetryServer(0, shop.metrics.registry, shop.server.port, host="127.0.0.1")
    telemetry.start()
    try:
        assert get(telemetry.port, "/healthz")[0] == status
        assert get(telemetry.port, "/nothing")[0] == 404
        metrics = get(telemetry.port, "/metrics")
        assert metrics[0] == 200
        assert "orders_created_total 0.0" in metrics[1]
        check = subprocess.run([HEALTHCHECK, str(telemetry.port)], timeout=5, check=False)
        assert (check.returncode == 0) is serving
    finally:
        telemetry.stop()


def test_a_server_that_does_not_answer_is_not_healthy(shop: Shop) -> None:
    shop.server.set_serving(True)
    telemetry = TelemetryServer(0, shop.metrics.registry, shop.server.port, host="127.0.0.1")
    telemetry.start()
    try:
        shop.server.stop()
        assert get(telemetry.port, "/healthz")[0] == 503
    finally:
        telemetry.stop()
    assert subprocess.run([HEALTHCHECK, "1"], capture_output=True, check=False).returncode != 0


def test_exemplars_are_for_those_who_ask_for_openmetrics(shop: Shop) -> None:
    shop.stub.CreateOrder(order(), timeout=2)
    telemetry = TelemetryServer(0, shop.metrics.registry, shop.server.port, host="127.0.0.1")
    telemetry.start()
    try:
        plain = get(telemetry.port, "/metrics")[1]
        rich = get(telemetry.port, "/metrics", "application/openmetrics-text;version=1.0.0")[1]
    finally:
        telemetry.stop()
    assert "# {" not in plain
    assert ' # {span_id="' in rich
    assert rich.endswith("# EOF\n")
    for name in (
        "orders_created_total 1.0",
        "otel_sdk_processor_span_dropped_total 0.0",
        'otel_sdk_exporter_span_exported_total{error_type=""} 0.0',
        "db_client_connection_timeouts_total 0.0",
        "db_client_connection_pending_requests 0.0",
    ):
        assert f"\n{name}\n" in plain
        assert f"\n{name}\n" in rich
