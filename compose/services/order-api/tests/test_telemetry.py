from __future__ import annotations

import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from order_api.telemetry_http import TelemetryServer
from tests.test_service import Shop, shop

__all__ = ["shop"]

HEALTHCHECK = Path(__file__).parent.parent / "healthcheck.sh"


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=3) as answer:
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
